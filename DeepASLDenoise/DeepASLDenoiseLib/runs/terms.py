"""What the voxels of a map measure, in the codes DICOM has for it."""

from __future__ import annotations

from dataclasses import astuple

import slicer

from deepasl.writers import concepts
from deepasl.writers.concepts import Concept
from DeepASLDenoiseLib.nodes import Node


class Term(Concept):
    """An entry of a coding scheme that MRML nodes can hold."""

    def entry(self) -> Node:
        """The term as a `vtkCodedEntry`."""
        entry = slicer.vtkCodedEntry()
        entry.SetValueSchemeMeaning(self.value, self.scheme, self.meaning)
        return entry


BLOOD_FLOW = Term(*astuple(concepts.BLOOD_FLOW))
ML_PER_100G_PER_MIN = Term(*astuple(concepts.ML_PER_100G_PER_MIN))
# DICOM PS3.16, CID 7181 "Abstract Multi-dimensional Image Model Component Unit".
ARBITRARY_UNIT = Term("[arb'U]", "UCUM", "arbitrary unit")
# UCUM, base units.
SECOND = Term("s", "UCUM", "s")
