"""Control and label images of a scan without the components that are noise, where this was chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deepasl.findings import Finding, note, warning
from deepasl.perfusion.mppca import FEWEST_VOLUMES, denoise_mppca
from deepasl.progress import Job
from deepasl.results import BoolArray
from deepasl.series import AslSeries, Role


@dataclass(frozen=True)
class Cleaned:
    """A scan after MP-PCA.

    Attributes:
        series: The scan; M0 and all other volumes as they were.
        done: Whether anything was denoised.
        findings: What is to be said about it.
    """

    series: AslSeries
    done: bool
    findings: tuple[Finding, ...]


def without_noise_components(series: AslSeries, mask: BoolArray) -> Job[Cleaned]:
    """Denoise control and label images of all delays together by MP-PCA; a scan that has too few is left as it is.

    Args:
        series: The scan; it is not changed.
        mask: The brain, ``[k, j, i]`` bool.
    """
    chosen = [t for t, role in enumerate(series.roles) if role in (Role.CONTROL, Role.LABEL)]
    if len(chosen) < FEWEST_VOLUMES:
        doubt = warning(
            "mppca-too-few",
            f"MP-PCA was left out: it needs {FEWEST_VOLUMES} control and label images or more, and this scan has "
            f"{len(chosen)}.",
        )
        return Cleaned(series, False, (doubt,))
    denoised = yield from denoise_mppca(series.volumes[chosen], mask)
    volumes = series.volumes.copy()
    volumes[chosen] = denoised
    told = note(
        "mppca",
        f"{len(chosen)} control and label images were denoised together by MP-PCA before subtraction. It takes weak "
        "perfusion away too: lesions of noisy scans may lose half of their contrast, in the conventional map as well.",
    )
    return Cleaned(replace(series, volumes=volumes), True, (told,))
