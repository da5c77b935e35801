"""What the voxels of a map measure, in the codes DICOM has for it."""

from __future__ import annotations

from dataclasses import dataclass

import slicer

from DeepASLDenoiseLib.nodes import Node


@dataclass(frozen=True)
class Term:
    """An entry of a coding scheme.

    Attributes:
        value: The code.
        scheme: Coding scheme designator, e.g. ``"UCUM"``.
        meaning: What people read.
    """

    value: str
    scheme: str
    meaning: str

    def entry(self) -> Node:
        """The term as a `vtkCodedEntry`."""
        entry = slicer.vtkCodedEntry()
        entry.SetValueSchemeMeaning(self.value, self.scheme, self.meaning)
        return entry


# DICOM PS3.16, CID 4108 "Perfusion Model Parameter": the quantity, and the unit listed there for flow per mass.
BLOOD_FLOW = Term("126390", "DCM", "Absolute Regional Blood Flow")
ML_PER_100G_PER_MIN = Term("ml/(100.g)/min", "UCUM", "ml/(100.g)/min")
# DICOM PS3.16, CID 7181 "Abstract Multi-dimensional Image Model Component Unit".
ARBITRARY_UNIT = Term("[arb'U]", "UCUM", "arbitrary unit")
