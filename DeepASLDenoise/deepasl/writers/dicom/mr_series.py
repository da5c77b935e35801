"""A map as single-frame MR images: what every viewer and every PACS opens."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import format_number_as_ds

from deepasl.readers.dicom.header import number_of
from deepasl.writers.dicom import codes
from deepasl.writers.dicom.codes import code_sequence
from deepasl.writers.dicom.context import new_uid
from deepasl.writers.dicom.derivation import CbfMap, real_world_values
from deepasl.writers.dicom.header import referenced_series
from deepasl.writers.dicom.plan import Plan
from deepasl.writers.dicom.scaling import Int16Array, stored_values
from deepasl.writers.dicom.scan_facts import SLICE_THICKNESS, completed


def mr_images(cbf: CbfMap, header: Dataset, plan: Plan) -> Iterator[Dataset]:
    """The slices of a map as MR images (PS3.3, A.4), one after the other.

    The stored integers times the rescale slope are CBF in mL/100g/min, off by at most half a step. The MR Image IOD
    has no Modality LUT module of its own: with rescale slope and intercept, which viewers and converters apply to MR as
    to CT, these are instances of a Standard Extended SOP Class (PS3.4, B.3.1.4).

    Args:
        cbf: The map.
        header: As `common_header` makes it.
        plan: The export it belongs to.
    """
    shared = deepcopy(header)
    shared.update(completed(plan.context.facts, plan.result.acquisition))
    shared.update(_plane_attributes(plan))
    shared.update(_pixel_attributes(cbf, plan))
    shared.SOPClassUID = MRImageStorage
    shared.ImageType = ["DERIVED", "SECONDARY", "OTHER", "CBF", cbf.name.upper()]
    shared.AnatomicRegionSequence = code_sequence(codes.BRAIN)
    for plane, stored in enumerate(plan.planes.frames(stored_values(cbf.values, plan.step))):
        yield _image(shared, plan, plane, stored)


def _image(shared: Dataset, plan: Plan, plane: int, stored: Int16Array) -> Dataset:
    image = deepcopy(shared)
    image.SOPInstanceUID = new_uid()
    image.InstanceNumber = plane + 1
    image.AcquisitionNumber = None
    position = plan.planes.position(plane)
    image.ImagePositionPatient = [decimal(value) for value in position]
    image.SliceLocation = decimal(float(np.dot(position, plan.planes.normal)))
    image.Rows, image.Columns = stored.shape
    image.SmallestImagePixelValue = int(stored.min())
    image.LargestImagePixelValue = int(stored.max())
    image.PixelData = stored.astype("<i2").tobytes()
    if references := plan.references[plane]:
        image.SourceImageSequence = DicomSequence([reference.item() for reference in references])
        image.ReferencedSeriesSequence = referenced_series(references)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image


def decimal(value: float) -> str:
    """A number as value representation DS: 16 characters at most, and no trace of rounding about 0."""
    return format_number_as_ds(round(value, 12) + 0.0)


def _plane_attributes(plan: Plan) -> Dataset:
    """Image Plane module (PS3.3, C.7.6.2), without the position. Gaps between slices are none of their thickness."""
    planes, told = plan.planes, number_of(SLICE_THICKNESS, (plan.context.facts,))
    thickness = told if told and told < planes.spacing else planes.spacing
    attributes = Dataset()
    attributes.ImageOrientationPatient = [decimal(value) for value in planes.orientation]
    attributes.PixelSpacing = [decimal(value) for value in planes.pixel_spacing]
    attributes.SliceThickness = decimal(thickness)
    attributes.SpacingBetweenSlices = decimal(planes.spacing)
    return attributes


def _pixel_attributes(cbf: CbfMap, plan: Plan) -> Dataset:
    """Image Pixel (without the pixels), VOI LUT and Modality LUT modules, and the real-world value map."""
    attributes = Dataset()
    attributes.SamplesPerPixel = 1
    attributes.PhotometricInterpretation = "MONOCHROME2"
    attributes.BitsAllocated = attributes.BitsStored = 16
    attributes.HighBit = 15
    attributes.PixelRepresentation = 1
    attributes.RescaleIntercept = "0"
    attributes.RescaleSlope = format(plan.step, "f")
    attributes.RescaleType = "US"
    attributes.WindowCenter, attributes.WindowWidth = (decimal(value) for value in plan.window)
    attributes.WindowCenterWidthExplanation = "CBF"
    attributes.RealWorldValueMappingSequence = DicomSequence([real_world_values(cbf, plan.step)])
    return attributes
