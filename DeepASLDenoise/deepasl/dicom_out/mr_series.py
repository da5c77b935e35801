"""A map as single-frame MR images: what every viewer and every PACS opens."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import format_number_as_ds

from deepasl.acquisition import Acquisition
from deepasl.dicom_out import codes
from deepasl.dicom_out.codes import code_sequence
from deepasl.dicom_out.context import StudyContext, new_uid
from deepasl.dicom_out.derivation import CbfMap, real_world_values
from deepasl.dicom_out.header import referenced_series
from deepasl.dicom_out.planes import Planes
from deepasl.dicom_out.scaling import Int16Array, stored_values
from deepasl.dicom_out.scan_facts import completed, copy_present
from deepasl.dicom_out.sources import references_at


def mr_images(
    cbf: CbfMap,
    header: Dataset,
    context: StudyContext,
    planes: Planes,
    acquisition: Acquisition,
    step: Decimal,
    window: tuple[float, float],
) -> Iterator[Dataset]:
    """The slices of a map as MR images (PS3.3, A.4), one after the other.

    The stored integers times the rescale slope are CBF in mL/100g/min, off by at most half a `step`. The MR Image IOD
    has no Modality LUT module of its own: with rescale slope and intercept, which viewers and converters apply to MR as
    to CT, these are instances of a Standard Extended SOP Class (PS3.4, B.3.1.4).

    Args:
        cbf: The map.
        header: As `common_header` makes it.
        context: Patient, study, and source images.
        planes: The planes of the map's grid.
        acquisition: The parameters of the result.
        step: What one stored unit is worth, mL/100g/min.
        window: Center and width shown at first, mL/100g/min.
    """
    shared = deepcopy(header)
    shared.update(completed(context.facts, acquisition))
    shared.update(_plane_attributes(planes, context.facts))
    shared.update(_pixel_attributes(cbf, step, window))
    shared.SOPClassUID = MRImageStorage
    shared.ImageType = ["DERIVED", "SECONDARY", "OTHER", "CBF", cbf.name.upper()]
    shared.AnatomicRegionSequence = code_sequence(codes.BRAIN)
    for plane, stored in enumerate(planes.frames(stored_values(cbf.values, step))):
        yield _image(shared, context, planes, plane, stored)


def _image(shared: Dataset, context: StudyContext, planes: Planes, plane: int, stored: Int16Array) -> Dataset:
    image = deepcopy(shared)
    image.SOPInstanceUID = new_uid()
    image.InstanceNumber = plane + 1
    image.AcquisitionNumber = None
    position = planes.position(plane)
    image.ImagePositionPatient = [decimal(value) for value in position]
    image.SliceLocation = decimal(float(np.dot(position, planes.normal)))
    image.Rows, image.Columns = stored.shape
    image.SmallestImagePixelValue = int(stored.min())
    image.LargestImagePixelValue = int(stored.max())
    image.PixelData = stored.astype("<i2").tobytes()
    if references := references_at(context.images, planes, plane):
        image.SourceImageSequence = DicomSequence([reference.item() for reference in references])
        image.ReferencedSeriesSequence = referenced_series(references)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image


def decimal(value: float) -> str:
    """A number as value representation DS: 16 characters at most, and no trace of rounding about 0."""
    return format_number_as_ds(round(value, 12) + 0.0)


def _plane_attributes(planes: Planes, facts: Dataset) -> Dataset:
    """Image Plane module (PS3.3, C.7.6.2), without the position. Gaps between slices are none of their thickness."""
    told = copy_present(facts, ["SliceThickness"]).get("SliceThickness")
    thickness = float(told) if told and float(told) < planes.spacing else planes.spacing
    attributes = Dataset()
    attributes.ImageOrientationPatient = [decimal(value) for value in planes.orientation]
    attributes.PixelSpacing = [decimal(value) for value in planes.pixel_spacing]
    attributes.SliceThickness = decimal(thickness)
    attributes.SpacingBetweenSlices = decimal(planes.spacing)
    return attributes


def _pixel_attributes(cbf: CbfMap, step: Decimal, window: tuple[float, float]) -> Dataset:
    """Image Pixel (without the pixels), VOI LUT and Modality LUT modules, and the real-world value map."""
    attributes = Dataset()
    attributes.SamplesPerPixel = 1
    attributes.PhotometricInterpretation = "MONOCHROME2"
    attributes.BitsAllocated = attributes.BitsStored = 16
    attributes.HighBit = 15
    attributes.PixelRepresentation = 1
    attributes.RescaleIntercept = "0"
    attributes.RescaleSlope = format(step, "f")
    attributes.RescaleType = "US"
    attributes.WindowCenter, attributes.WindowWidth = (decimal(value) for value in window)
    attributes.WindowCenterWidthExplanation = "CBF"
    attributes.RealWorldValueMappingSequence = DicomSequence([real_world_values(cbf, step)])
    return attributes
