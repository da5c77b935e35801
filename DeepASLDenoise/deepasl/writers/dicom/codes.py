"""Coded concepts of DICOM PS3.16, each with the context group (CID) it comes from."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from deepasl.writers.concepts import Concept


def code_sequence(*concepts: Concept) -> DicomSequence:
    """A code sequence with these concepts, in this order."""
    return DicomSequence([_item(concept) for concept in concepts])


def _item(concept: Concept) -> Dataset:
    """A concept as an item of a code sequence (PS3.3, table 8.8-1)."""
    item = Dataset()
    item.CodeValue = concept.value
    item.CodingSchemeDesignator = concept.scheme
    item.CodeMeaning = concept.meaning
    return item


# CID 9000 "Physical Quantity Descriptor": what is said of a quantity.
QUANTITY = Concept("246205007", "SCT", "Quantity")
MEASUREMENT_METHOD = Concept("370129005", "SCT", "Measurement Method")
FINDING_SITE = Concept("363698007", "SCT", "Finding Site")

# CID 4106 "Quantitative Method Used for Perfusion And Tracer Kinetic Model".
ASL_METHOD = Concept("126302", "DCM", "Perfusion analysis by Arterial Spin Labeling MR technique")

# TID 4019 "Algorithm Identification".
ALGORITHM_NAME = Concept("111001", "DCM", "Algorithm Name")
ALGORITHM_PARAMETERS = Concept("111002", "DCM", "Algorithm Parameters")
ALGORITHM_VERSION = Concept("111003", "DCM", "Algorithm Version")

# CID 4030 "CT, MR and PET Anatomy Imaged".
BRAIN = Concept("12738006", "SCT", "Brain")

# CID 7203 "Image Derivation".
PERFUSION_ANALYSIS = Concept("129104", "DCM", "Perfusion image analysis")
SUBTRACTION = Concept("113062", "DCM", "Pixel by pixel subtraction")
MEAN = Concept("113049", "DCM", "Pixel by pixel mean")
GAUSSIAN_BLUR = Concept("113088", "DCM", "Gaussian blur")

# CID 7202 "Source Image Purpose of Reference".
SOURCE_IMAGE = Concept("121322", "DCM", "Source image for image processing operation")

# CID 7005 "Contributing Equipment Purpose of Reference".
ACQUISITION_EQUIPMENT = Concept("109101", "DCM", "Acquisition Equipment")
PROCESSING_EQUIPMENT = Concept("109102", "DCM", "Processing Equipment")

# CID 7050 "De-identification Method".
BASIC_PROFILE = Concept("113100", "DCM", "Basic Application Confidentiality Profile")
CLEAN_DESCRIPTORS = Concept("113105", "DCM", "Clean Descriptors Option")
