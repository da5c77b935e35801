"""What a map is written as for a PACS."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    """One way to write a map as DICOM; the value names its folder."""

    SERIES = "mr-series"
    """Single-frame MR images: every viewer opens them."""
    PARAMETRIC_MAP = "parametric-map"
    """One file with the 32-bit values themselves."""


ALL_FORMS = tuple(Form)
