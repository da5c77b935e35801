"""What the voxels of a blood-flow map are, in the codes that DICOM and Slicer have for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """An entry of a coding scheme.

    Attributes:
        value: The code, at most 16 characters.
        scheme: Coding scheme designator, e.g. ``"UCUM"``.
        meaning: What people read.
    """

    value: str
    scheme: str
    meaning: str


# DICOM PS3.16, CID 4108 "Perfusion Model Parameter": the quantity, and the unit listed there for flow per mass.
BLOOD_FLOW = Concept("126390", "DCM", "Absolute Regional Blood Flow")
ML_PER_100G_PER_MIN = Concept("ml/(100.g)/min", "UCUM", "ml/(100.g)/min")
