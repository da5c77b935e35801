"""A map as a Parametric Map: one file with the computed 32-bit values, bit for bit, and what they mean."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import MRImageStorage

import deepasl
from deepasl.errors import OutputError
from deepasl.writers.concepts import BLOOD_FLOW, ML_PER_100G_PER_MIN
from deepasl.writers.dicom import codes
from deepasl.writers.dicom.codes import code_sequence
from deepasl.writers.dicom.context import new_uid
from deepasl.writers.dicom.derivation import LUT_EXPLANATION, LUT_LABEL, CbfMap, derivation_codes, quantity
from deepasl.writers.dicom.header import PROGRAM, referenced_series
from deepasl.writers.dicom.mr_series import decimal
from deepasl.writers.dicom.plan import Plan
from deepasl.writers.dicom.planes import Planes
from deepasl.writers.dicom.sources import Reference

if TYPE_CHECKING:
    from highdicom.pm import RealWorldValueMapping


IMAGE_TYPE = ["DERIVED", "PRIMARY", "PERFUSION", "QUANTITY"]
"""Which quantity, its real-world value map says. RCBF, as scanners write it, is read as relative blood flow by many."""

CREATION = ("InstanceCreationDate", "InstanceCreationTime")
"""Written by highdicom, but only told where dates may be told at all."""

STAND_IN_REFERENCES = (
    "SourceImageSequence",
    "ReferencedSeriesSequence",
    "StudiesContainingOtherReferencedInstancesSequence",
)


def require_highdicom() -> None:
    """Find out before the work whether Parametric Maps can be made.

    Raises:
        OutputError: If highdicom is not installed.
    """
    try:
        import highdicom  # noqa: F401
    except ImportError as error:
        raise OutputError(
            "Parametric Maps need the Python package highdicom",
            remedy="Install it with: pip install 'deepasl[dicom]'. Or write the MR series alone.",
        ) from error


def parametric_map(cbf: CbfMap, header: Dataset, plan: Plan) -> Dataset:
    """The map as a Parametric Map (PS3.3, A.75) with 32-bit floating-point voxels in mL/100g/min.

    Args:
        cbf: The map.
        header: As `common_header` makes it.
        plan: The export it belongs to.
    """
    import highdicom as hd

    planes, (center, width) = plan.planes, plan.window
    frames = planes.frames(cbf.values)
    image = hd.pm.ParametricMap(
        source_images=[_stand_in(header, planes, frames.shape[1:])],
        pixel_array=frames,
        series_instance_uid=header.SeriesInstanceUID,
        series_number=header.SeriesNumber,
        sop_instance_uid=new_uid(),
        instance_number=1,
        manufacturer=PROGRAM,
        manufacturer_model_name=PROGRAM,
        software_versions=deepasl.__version__,
        device_serial_number=header.DeviceSerialNumber,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_real_world_values(cbf)],
        voi_lut_transformations=[hd.VOILUTTransformation(window_center=center, window_width=width)],
        content_label="CBF",
        content_description=f"{cbf.name} cerebral blood flow",
        image_flavor=hd.pm.ImageFlavorValues.PERFUSION,
        pixel_measures=hd.PixelMeasuresSequence(
            [float(decimal(spacing)) for spacing in planes.pixel_spacing], planes.spacing, planes.spacing
        ),
        plane_orientation=hd.PlaneOrientationSequence(hd.CoordinateSystemNames.PATIENT, planes.orientation),
        plane_positions=[
            hd.PlanePositionSequence(hd.CoordinateSystemNames.PATIENT, planes.position(plane))
            for plane in range(planes.count)
        ],
    )
    _order_frames(image, planes)
    _refer_to_sources(image, plan)
    _name_the_quantity(image)
    # After highdicom has built the frames: patient and study as they are in the source, valid or not.
    for keyword in CREATION:
        image.pop(keyword, None)
    image.update(deepcopy(header))
    image.ContentCreatorName = None
    return image


def _stand_in(header: Dataset, planes: Planes, shape: tuple[int, ...]) -> Dataset:
    """An image on the grid of the map that belongs to nobody; highdicom takes the frame of reference from it."""
    image = Dataset()
    image.SOPClassUID = MRImageStorage
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(image, keyword, new_uid())
    for keyword in (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "StudyID",
        "StudyDate",
        "StudyTime",
    ):
        setattr(image, keyword, None)
    image.FrameOfReferenceUID = header.FrameOfReferenceUID
    image.Rows, image.Columns = shape
    image.ImageOrientationPatient = [decimal(value) for value in planes.orientation]
    image.ImagePositionPatient = [decimal(value) for value in planes.position(0)]
    image.PixelSpacing = [decimal(value) for value in planes.pixel_spacing]
    image.SliceThickness = decimal(planes.spacing)
    return image


def _real_world_values(cbf: CbfMap) -> RealWorldValueMapping:
    """Stored values are CBF themselves: slope 1, over the range that occurs."""
    import highdicom as hd

    unit, flow = ML_PER_100G_PER_MIN, BLOOD_FLOW
    mapping = hd.pm.RealWorldValueMapping(
        lut_label=LUT_LABEL,
        lut_explanation=LUT_EXPLANATION,
        unit=hd.sr.CodedConcept(unit.value, unit.scheme, unit.meaning),
        value_range=(float(np.min(cbf.values)), float(np.max(cbf.values))),
        slope=1.0,
        intercept=0.0,
        quantity_definition=hd.sr.CodedConcept(flow.value, flow.scheme, flow.meaning),
    )
    mapping["QuantityDefinitionSequence"].value = quantity(cbf)
    return mapping


def _order_frames(image: Dataset, planes: Planes) -> None:
    """Put the frames into the order of the planes.

    highdicom sorts them against the normal. That is valid, since every frame tells its position, but dcmqi, with which
    Slicer loads Parametric Maps, takes them as they come and would show the head upside down.
    """
    frames = list(image.PerFrameFunctionalGroupsSequence)
    heights = [np.dot(frame.PlanePositionSequence[0].ImagePositionPatient, planes.normal) for frame in frames]
    order = np.argsort(heights)
    voxels = np.frombuffer(image.FloatPixelData, dtype="<f4").reshape(len(frames), -1)
    image.FloatPixelData = voxels[order].tobytes()
    image.PerFrameFunctionalGroupsSequence = DicomSequence([frames[n] for n in order])
    for number, frame in enumerate(image.PerFrameFunctionalGroupsSequence, start=1):
        frame.FrameContentSequence[0].DimensionIndexValues = [number]


def _refer_to_sources(image: Dataset, plan: Plan) -> None:
    """Put the scan in the place of the stand-in, frame by frame (PS3.3, C.7.6.16.2.6)."""
    for keyword in STAND_IN_REFERENCES:
        image.pop(keyword, None)
    for frame, of_frame in zip(image.PerFrameFunctionalGroupsSequence, plan.references, strict=True):
        frame.pop("DerivationImageSequence", None)
        if of_frame:
            item = Dataset()
            item.DerivationCodeSequence = derivation_codes(plan.result)
            item.SourceImageSequence = DicomSequence([reference.item() for reference in of_frame])
            frame.DerivationImageSequence = DicomSequence([item])
    everything = {each.image.uid: Reference(each.image) for of_frame in plan.references for each in of_frame}
    if everything:
        image.ReferencedSeriesSequence = referenced_series(list(everything.values()))


def _name_the_quantity(image: Dataset) -> None:
    """Image type and frame type (PS3.3, C.8.13.1.1.1), and Frame Anatomy (C.7.6.16.2.8): blood flow of the brain."""
    image.ImageType = IMAGE_TYPE
    anatomy, frame_type = Dataset(), Dataset()
    anatomy.AnatomicRegionSequence = code_sequence(codes.BRAIN)
    anatomy.FrameLaterality = "U"
    frame_type.FrameType = IMAGE_TYPE
    shared = image.SharedFunctionalGroupsSequence[0]
    shared.FrameAnatomySequence = DicomSequence([anatomy])
    shared.ParametricMapFrameTypeSequence = DicomSequence([frame_type])
