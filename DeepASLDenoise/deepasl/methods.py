"""What was done to a scan, in the sentences of a methods section."""

from __future__ import annotations

from dataclasses import dataclass

from deepasl.acquisition import Acquisition, LabelingType
from deepasl.results import Result
from deepasl.series import Role


@dataclass(frozen=True)
class Reference:
    """A publication.

    Attributes:
        text: Authors, title, journal, as a reference list has them.
        doi: Digital object identifier, without a resolver.
    """

    text: str
    doi: str


WHITE_PAPER = Reference(
    "Alsop DC, Detre JA, Golay X, et al. Recommended implementation of arterial spin-labeled perfusion MRI for "
    "clinical applications. Magn Reson Med 2015;73:102-116.",
    "10.1002/mrm.25197",
)
BUXTON = Reference(
    "Buxton RB, Frank LR, Wong EC, et al. A general kinetic model for quantitative perfusion imaging with arterial "
    "spin labeling. Magn Reson Med 1998;40:383-396.",
    "10.1002/mrm.1910400308",
)
DEEPASL = Reference(
    "Ulas C, Tetteh G, Kaczmarz S, Preibisch C, Menze BH. DeepASL: kinetic model incorporated loss for denoising "
    "arterial spin labeled MRI via deep residual learning. MICCAI 2018, LNCS 11070:30-38.",
    "10.1007/978-3-030-00928-1_4",
)

REFERENCES = (WHITE_PAPER, BUXTON, DEEPASL)
"""In the order in which `methods_text` cites them: [1], [2], [3]."""

PCASL_EQUATION = "CBF = 6000 · λ · ΔM · exp(PLD / T1b) / (2 · α · T1b · M0 · (1 − exp(−τ / T1b)))"
PASL_EQUATION = "CBF = 6000 · λ · ΔM · exp(TI / T1b) / (2 · α · TI1 · M0)"
"""How `deepasl.quantification` computes, as people read it: white paper, equations 1 and 2."""


def equation(result: Result) -> str:
    """The equation that gave CBF; empty where none was computed."""
    if result.conventional.cbf is None:
        return ""
    return PASL_EQUATION if _is_pasl(result.acquisition) else PCASL_EQUATION


def methods_text(result: Result) -> str:
    """How the maps were made; numbers in brackets cite `REFERENCES`."""
    return " ".join((*_smoothing(result), _averaging(result), _denoising(result), *_quantification(result)))


def _smoothing(result: Result) -> tuple[str, ...]:
    if not result.smoothing_fwhm:
        return ()
    return (f"Images were smoothed with a Gaussian of {result.smoothing_fwhm:g} mm (FWHM).",)


def _averaging(result: Result) -> str:
    if result.pairs:
        pairs = "pair was" if len(result.pairs) == 1 else "pairs were"
        return f"{len(result.pairs)} control-label {pairs} subtracted and averaged (ΔM)."
    count = result.roles.count(Role.DELTAM)
    if count > 1:
        return f"The scan came subtracted; its {count} difference images were averaged (ΔM)."
    return "The scan came subtracted: one difference image (ΔM)."


def _denoising(result: Result) -> str:
    model = result.model
    return (
        f"{model.title} (model {model.id}, SHA-256 {model.sha256[:12]}…), a residual convolutional network [3], "
        "estimated the noise in each slice of ΔM; this estimate was subtracted."
    )


def _quantification(result: Result) -> tuple[str, ...]:
    if result.conventional.cbf is None or result.m0 is None:
        return ("No CBF was computed, because there was no M0 image that could be used; maps are in arbitrary units.",)
    number = 2 if _is_pasl(result.acquisition) else 1
    recovery = (
        f", multiplied by {result.m0.recovery:.3f} for incomplete recovery at its repetition time"
        if result.m0.recovery != 1.0
        else ""
    )
    return (
        f"CBF was computed from conventional and denoised ΔM alike with the single-compartment model of the ASL "
        f"white paper ([1], equation {number}), after Buxton [2], with {_constants(result.acquisition)}.",
        f"M0: {result.m0.origin}{recovery}.",
        "Negative values were kept; CBF was set to 0 outside the brain mask.",
    )


def _constants(acquisition: Acquisition) -> str:
    """The parameters that entered the equation, with symbol and unit."""
    by_slice = acquisition.slice_timing.known
    delay = "TI" if _is_pasl(acquisition) else "PLD"
    named = (
        (delay, _delays(acquisition), " s" + (" plus the delay of each slice" if by_slice else "")),
        ("TI1", acquisition.bolus_cutoff_delay.value if _is_pasl(acquisition) else None, " s"),
        ("τ", None if _is_pasl(acquisition) else acquisition.labeling_duration.value, " s"),
        ("T1b", acquisition.t1_blood.value, " s"),
        ("α", acquisition.labeling_efficiency.value, ""),
        ("λ", acquisition.partition_coefficient.value, " mL/g"),
    )
    return ", ".join(f"{symbol} {value:g}{unit}" for symbol, value, unit in named if value is not None)


def _delays(acquisition: Acquisition) -> float | None:
    """The one delay of the volumes that were averaged; M0 volumes have 0."""
    return max(acquisition.post_labeling_delay.value or (), default=None)


def _is_pasl(acquisition: Acquisition) -> bool:
    return acquisition.labeling_type.value is LabelingType.PASL
