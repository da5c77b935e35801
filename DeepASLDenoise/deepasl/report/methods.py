"""What was done to a scan, in the sentences of a methods section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deepasl.acquisition.parameters import Acquisition, LabelingType, Parameter, Source
from deepasl.calibration.settings import M0Method
from deepasl.report.citations import Reference, numbered
from deepasl.report.methods_preparation import preparation_sentences
from deepasl.results import Result


@dataclass(frozen=True)
class Methods:
    """A methods section.

    Attributes:
        text: How the maps were made; numbers in brackets cite `references`.
        references: In the order of their numbers.
    """

    text: str
    references: tuple[Reference, ...]


PCASL_EQUATION = "CBF = 6000 · λ · ΔM · exp(PLD / T1b) / (2 · α · T1b · M0 · (1 − exp(−τ / T1b)))"
PASL_EQUATION = "CBF = 6000 · λ · ΔM · exp(TI / T1b) / (2 · α · TI1 · M0)"
"""How `deepasl.quantification.buxton` computes, as people read it: white paper, equations 1 and 2."""


def equation(result: Result) -> str:
    """The equation that gave CBF; empty where none was computed, or where a model was fitted to several delays."""
    if result.conventional.cbf is None or result.conventional.att is not None:
        return ""
    return PASL_EQUATION if _is_pasl(result.acquisition) else PCASL_EQUATION


def methods_of(result: Result) -> Methods:
    """How the maps were made, and the publications that this rests on."""
    sentences = (
        *preparation_sentences(result),
        _denoising(result),
        *_quantification(result),
        *_blood(result.acquisition),
        *_tissue(result),
        *_errors(result),
    )
    return Methods(*numbered(" ".join(sentences)))


def methods_text(result: Result) -> str:
    """How the maps were made; numbers in brackets are those of the references of `methods_of`."""
    return methods_of(result).text


def _denoising(result: Result) -> str:
    model = result.model
    return (
        f"{model.title} (model {model.id}, SHA-256 {model.sha256[:12]}…), a residual convolutional network [@deepasl], "
        f"estimated the noise in each slice of ΔM{', for each delay apart' if _fits_delays(result) else ''}; "
        "this estimate was subtracted."
    )


def _quantification(result: Result) -> tuple[str, ...]:
    if _fits_delays(result):
        return _fit(result)
    if result.conventional.cbf is None or result.m0 is None:
        return ("No CBF was computed, because there was no M0 image that could be used; maps are in arbitrary units.",)
    number = 2 if _is_pasl(result.acquisition) else 1
    return (
        f"CBF was computed from conventional and denoised ΔM alike with the single-compartment model of the ASL "
        f"white paper (equation {number} of [@alsop]), after Buxton [@buxton], with {_constants(result.acquisition)}.",
        _m0(result),
        "Negative values were kept; CBF was set to 0 outside the brain mask.",
    )


def _fit(result: Result) -> tuple[str, ...]:
    """Several delays: the general kinetic model."""
    acquisition, m0 = result.acquisition, result.m0
    delays = sorted({delay for delay in acquisition.post_labeling_delay.value or () if delay > 0.0})
    later = " plus the delay of each slice" if acquisition.slice_timing.known else ""
    fitted = "Arterial transit time was" if m0 is None else "CBF and arterial transit time (ATT) were"
    return (
        f"{fitted} fitted to conventional and denoised ΔM alike at {len(delays)} delays ({delays[0]:g} to "
        f"{delays[-1]:g} s{later}) with the general kinetic model of Buxton [@buxton], the label decaying with the T1 "
        "of blood as is recommended for clinical use [@woods], by least squares over all transit times that these "
        f"delays can tell, with {_constants(replace(acquisition, post_labeling_delay=Parameter()))}.",
        _m0(result) or "No CBF was computed, because there was no M0 image that could be used.",
        "Maps were set to 0 outside the brain mask.",
    )


def _m0(result: Result) -> str:
    m0 = result.m0
    if m0 is None:
        return ""
    factor = f", multiplied by {m0.recovery:.3f} for incomplete recovery at its repetition time"
    by_tissue = result.record is not None and result.record.settings.m0.method is not M0Method.VOXELWISE
    one = ", one value for the whole brain by T1, T2 and water content as in the BASIL tools [@chappell]"
    return f"M0: {m0.origin}{'' if m0.recovery == 1.0 else factor}{one if by_tissue else ''}."


def _blood(acquisition: Acquisition) -> tuple[str, ...]:
    if not acquisition.hematocrit.known or acquisition.t1_blood.source is not Source.COMPUTED:
        return ()
    return (f"T1b followed from a hematocrit of {acquisition.hematocrit.value:g} [@hales].",)


def _tissue(result: Result) -> Iterator[str]:
    """What grey and white matter were told by, and what was made of it."""
    if result.record is None or not result.record.tissue_origin:
        return
    yield f"Grey and white matter were told by {result.record.tissue_origin}."
    if result.conventional.cbf_grey is not None:
        yield "CBF of pure grey and pure white matter came from partial-volume correction by regression [@asllani]."


def _errors(result: Result) -> tuple[str, ...]:
    """Standard errors that were asked for; those of a fit come with it."""
    if result.denoised.cbf_error is None:
        return ()
    by = "of the fit" if _fits_delays(result) else "from the scatter of the pairs"
    return (
        f"Standard errors of conventional CBF are those {by}; those of denoised CBF came from the answer of the "
        "network to noise of the scan itself, scaled by Stein's unbiased estimate of its squared error "
        "[@stein;ramani].",
    )


def _fits_delays(result: Result) -> bool:
    return result.conventional.att is not None


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
