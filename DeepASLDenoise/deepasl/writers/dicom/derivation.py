"""How a map came about, in the sentences and codes DICOM has places for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

import deepasl
from deepasl.display.windows import suitable_windows
from deepasl.errors import OutputError
from deepasl.report.methods import methods_text
from deepasl.results import CBF_UNIT, Result
from deepasl.series import FloatArray
from deepasl.writers.concepts import BLOOD_FLOW, ML_PER_100G_PER_MIN, Concept
from deepasl.writers.dicom import codes
from deepasl.writers.dicom.codes import code_sequence
from deepasl.writers.dicom.scaling import LARGEST
from deepasl.writers.provenance import RESEARCH_USE, software_versions

SHORT_TEXT = 1024
"""Characters that fit into value representation ST."""

ASCII = str.maketrans({"Δ": "delta ", "τ": "tau", "α": "alpha", "λ": "lambda", "…": "...", "·": "*", "−": "-"})

CITATION = re.compile(r"\[\d+\], (?=equation)|(?: of)? \[\d+\]")
"""Numbers that refer to a reference list, which a DICOM file does not have."""


@dataclass(frozen=True)
class CbfMap:
    """A map to be written.

    Attributes:
        name: ``"conventional"`` or ``"denoised"``.
        values: CBF ``[k, j, i]`` float32 in mL/100g/min.
        algorithm: What made it different from the other.
        parameters: Of the algorithm.
    """

    name: str
    values: FloatArray
    algorithm: str
    parameters: str


def cbf_maps(result: Result) -> tuple[CbfMap, CbfMap]:
    """The conventional and the denoised CBF of a result.

    Raises:
        OutputError: If there is none.
    """
    conventional, denoised = result.conventional.cbf, result.denoised.cbf
    if conventional is None or denoised is None:
        raise OutputError(
            "there is no CBF to write as DICOM, because there was no M0 image that could be used",
            remedy="Give an M0 image and compute again.",
        )
    model = result.model
    return (
        CbfMap("conventional", conventional, "Mean control-label difference", "no denoising"),
        CbfMap("denoised", denoised, f"{model.title} ({model.id})", f"network SHA-256 {model.sha256}"),
    )


def description(result: Result, cbf: CbfMap) -> str:
    """How a map was made: ASCII, whole sentences, as many as fit. No word comes from file names or headers."""
    own = ", not denoised" if cbf.name == "conventional" else ""
    sentences = re.split(r"(?<=\.) (?=[A-Z0-9])", CITATION.sub("", _in_ascii(methods_text(_without_names(result)))))
    told = f"{RESEARCH_USE} DeepASL {deepasl.__version__}: {cbf.name} CBF{own}."
    for sentence in sentences:
        if len(told) + 1 + len(sentence) > SHORT_TEXT:
            break
        told = f"{told} {sentence}"
    return told


def derivation_codes(result: Result) -> DicomSequence:
    """The steps of the derivation that CID 7203 has a code for."""
    smoothing = [codes.GAUSSIAN_BLUR] if result.smoothing_fwhm else []
    subtraction = [codes.SUBTRACTION, codes.MEAN] if result.pairs else [codes.MEAN]
    return code_sequence(*smoothing, *subtraction, codes.PERFUSION_ANALYSIS)


def quantity(cbf: CbfMap) -> DicomSequence:
    """What the values are: the items of Quantity Definition Sequence (PS3.3, C.7.6.16.2.11; PS3.17, annex OOOO)."""
    return DicomSequence(
        [
            _coded(codes.QUANTITY, BLOOD_FLOW),
            _coded(codes.MEASUREMENT_METHOD, codes.ASL_METHOD),
            _coded(codes.FINDING_SITE, codes.BRAIN),
            _text(codes.ALGORITHM_NAME, cbf.algorithm),
            _text(codes.ALGORITHM_VERSION, deepasl.__version__),
            _text(codes.ALGORITHM_PARAMETERS, cbf.parameters),
        ]
    )


LUT_LABEL = "CBF"
LUT_EXPLANATION = f"Cerebral blood flow in {CBF_UNIT}"


def real_world_values(cbf: CbfMap, step: Decimal) -> Dataset:
    """The item of Real World Value Mapping Sequence for integers that are multiples of `step`."""
    item = Dataset()
    item.LUTLabel = LUT_LABEL
    item.LUTExplanation = LUT_EXPLANATION
    # Ambiguous by the dictionary; the stored values are signed.
    item.add_new("RealWorldValueFirstValueMapped", "SS", -LARGEST)
    item.add_new("RealWorldValueLastValueMapped", "SS", LARGEST)
    item.RealWorldValueIntercept = 0.0
    item.RealWorldValueSlope = float(step)
    item.MeasurementUnitsCodeSequence = code_sequence(ML_PER_100G_PER_MIN)
    item.QuantityDefinitionSequence = quantity(cbf)
    return item


def window(result: Result, maps: tuple[CbfMap, CbfMap]) -> tuple[float, float]:
    """Center and width of the window that shows both maps, in mL/100g/min."""
    inside = [np.asarray(cbf.values[result.mask]) for cbf in maps]
    low, high = suitable_windows(*inside).maps
    return (low + high) / 2, high - low


def software() -> list[str]:
    """What computed the maps, with versions."""
    return [f"{name} {version}" for name, version in software_versions().items()]


def _in_ascii(text: str) -> str:
    """The text in the characters that every character set of DICOM has."""
    return unicodedata.normalize("NFKD", text.translate(ASCII)).encode("ascii", "ignore").decode()


def _without_names(result: Result) -> Result:
    """The result with the M0 file, which may be named after a person, described by its kind."""
    if result.m0 is None or result.m0.volumes:
        return result
    return replace(result, m0=replace(result.m0, origin="a separate scan"))


def _content(name: Concept, kind: str) -> Dataset:
    """An item of the Content Item macro (PS3.3, table 10-2)."""
    item = Dataset()
    item.ValueType = kind
    item.ConceptNameCodeSequence = code_sequence(name)
    return item


def _coded(name: Concept, value: Concept) -> Dataset:
    item = _content(name, "CODE")
    item.ConceptCodeSequence = code_sequence(value)
    return item


def _text(name: Concept, value: str) -> Dataset:
    item = _content(name, "TEXT")
    item.TextValue = value
    return item
