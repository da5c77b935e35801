"""The DICOM attributes that say what an ASL image is, by number, name and place: public ones and those of vendors.

Public attributes: DICOM PS3.6 and PS3.3, C.8.13.5.14 (MR Arterial Spin Labeling macro). Private ones are documented by
the conversion tool dcm2niix (Siemens XA, Philips, GE) and by what the scanners write.
"""

from __future__ import annotations

from dataclasses import dataclass

SIEMENS_CSA = "SIEMENS CSA HEADER"
SIEMENS_HEADER = "SIEMENS MR HEADER"
SIEMENS_SERIES = "SIEMENS MR SDS 01"
SIEMENS_IMAGE = "SIEMENS MR SDI 02"
PHILIPS_IMAGING = "Philips Imaging DD 001"
PHILIPS_MR = "Philips MR Imaging DD 001"
PHILIPS_MR_5 = "Philips MR Imaging DD 005"
GE_ACQUISITION = "GEMS_IMAG_01"
GE_PARAMETERS = "GEMS_PARM_01"


@dataclass(frozen=True)
class Attribute:
    """Where one value stands.

    Attributes:
        group, element: Its number. Of a private element only the last two digits count: the block is found by creator.
        name: Its name, for people.
        creator: The private creator; empty for a public attribute.
        inside: The sequences it lies in, the outermost first; scanners also write it outside of them.
    """

    group: int
    element: int
    name: str
    creator: str = ""
    inside: tuple[Attribute, ...] = ()

    @property
    def tag(self) -> int:
        """The number as pydicom takes it."""
        return self.group << 16 | self.element

    def __str__(self) -> str:
        return f"({self.group:04X},{self.element:04X}) {self.name}"


ASL = Attribute(0x0018, 0x9251, "MR Arterial Spin Labeling Sequence")
SLAB = Attribute(0x0018, 0x9260, "ASL Slab Sequence")
CUTOFF = Attribute(0x0018, 0x925D, "ASL Bolus Cut-off Timing Sequence")
CONTENT = Attribute(0x0020, 0x9111, "Frame Content Sequence")
TIMING = Attribute(0x0018, 0x9112, "MR Timing and Related Parameters Sequence")
MODIFIER = Attribute(0x0018, 0x9115, "MR Modifier Sequence")
ECHO = Attribute(0x0018, 0x9114, "MR Echo Sequence")
POSITION = Attribute(0x0020, 0x9113, "Plane Position Sequence")
ORIENTATION = Attribute(0x0020, 0x9116, "Plane Orientation Sequence")
MEASURES = Attribute(0x0028, 0x9110, "Pixel Measures Sequence")
TRANSFORMATION = Attribute(0x0028, 0x9145, "Pixel Value Transformation Sequence")
SIEMENS_SERIES_SEQUENCE = Attribute(0x0021, 0x10FE, "Siemens series data", SIEMENS_SERIES)
SIEMENS_IMAGE_SEQUENCE = Attribute(0x0021, 0x11FE, "Siemens image data", SIEMENS_IMAGE)
PHILIPS_SEQUENCE = Attribute(0x2005, 0x140F, "Philips frame data", PHILIPS_MR_5)

IMAGE_TYPE = Attribute(0x0008, 0x0008, "Image Type")
MANUFACTURER = Attribute(0x0008, 0x0070, "Manufacturer")
MODEL = Attribute(0x0008, 0x1090, "Manufacturer's Model Name")
ACQUISITION_CONTRAST = Attribute(0x0008, 0x9209, "Acquisition Contrast")
ACQUISITION_DATE = Attribute(0x0008, 0x0022, "Acquisition Date")
ACQUISITION_TIME = Attribute(0x0008, 0x0032, "Acquisition Time")
READOUT = Attribute(0x0018, 0x0023, "MR Acquisition Type")
SEQUENCE_NAME = Attribute(0x0018, 0x0024, "Sequence Name")
REPETITION_TIME = Attribute(0x0018, 0x0080, "Repetition Time", inside=(TIMING,))
ECHO_TIME = Attribute(0x0018, 0x0081, "Echo Time")
EFFECTIVE_ECHO_TIME = Attribute(0x0018, 0x9082, "Effective Echo Time", inside=(ECHO,))
FLIP_ANGLE = Attribute(0x0018, 0x1314, "Flip Angle", inside=(TIMING,))
INVERSION_TIME = Attribute(0x0018, 0x0082, "Inversion Time")
INVERSION_TIMES = Attribute(0x0018, 0x9079, "Inversion Times", inside=(MODIFIER,))
NUMBER_OF_AVERAGES = Attribute(0x0018, 0x0083, "Number of Averages")
FIELD_STRENGTH = Attribute(0x0018, 0x0087, "Magnetic Field Strength")
SOFTWARE = Attribute(0x0018, 0x1020, "Software Versions")
PROTOCOL_NAME = Attribute(0x0018, 0x1030, "Protocol Name")
TRIGGER_TIME = Attribute(0x0018, 0x1060, "Trigger Time")
LABELING = Attribute(0x0018, 0x9250, "Arterial Spin Labeling Contrast")
TECHNIQUE = Attribute(0x0018, 0x9252, "ASL Technique Description", inside=(ASL,))
CONTEXT = Attribute(0x0018, 0x9257, "ASL Context", inside=(ASL,))
PULSE_TRAIN = Attribute(0x0018, 0x9258, "ASL Pulse Train Duration", inside=(ASL, SLAB))
CUTOFF_FLAG = Attribute(0x0018, 0x925C, "ASL Bolus Cut-off Flag", inside=(ASL,))
CUTOFF_TECHNIQUE = Attribute(0x0018, 0x925E, "ASL Bolus Cut-off Technique", inside=(ASL, CUTOFF))
CUTOFF_DELAY = Attribute(0x0018, 0x925F, "ASL Bolus Cut-off Delay Time", inside=(ASL, CUTOFF))
FRAME_TIME = Attribute(0x0018, 0x9074, "Frame Acquisition DateTime", inside=(CONTENT,))
TEMPORAL_INDEX = Attribute(0x0020, 0x9128, "Temporal Position Index", inside=(CONTENT,))
TEMPORAL_IDENTIFIER = Attribute(0x0020, 0x0100, "Temporal Position Identifier", inside=(PHILIPS_SEQUENCE,))
ACQUISITION_NUMBER = Attribute(0x0020, 0x0012, "Acquisition Number")
INSTANCE_NUMBER = Attribute(0x0020, 0x0013, "Instance Number")
FRAME_OF_REFERENCE = Attribute(0x0020, 0x0052, "Frame of Reference UID")
IMAGE_POSITION = Attribute(0x0020, 0x0032, "Image Position (Patient)", inside=(POSITION,))
IMAGE_ORIENTATION = Attribute(0x0020, 0x0037, "Image Orientation (Patient)", inside=(ORIENTATION,))
ROWS = Attribute(0x0028, 0x0010, "Rows")
COLUMNS = Attribute(0x0028, 0x0011, "Columns")
PIXEL_SPACING = Attribute(0x0028, 0x0030, "Pixel Spacing", inside=(MEASURES,))
RESCALE_SLOPE = Attribute(0x0028, 0x1053, "Rescale Slope", inside=(TRANSFORMATION,))
RESCALE_INTERCEPT = Attribute(0x0028, 0x1052, "Rescale Intercept", inside=(TRANSFORMATION,))

SIEMENS_MOSAIC = Attribute(0x0019, 0x100A, "Number Of Images In Mosaic", SIEMENS_HEADER)
SIEMENS_SLICE_TIMES = Attribute(0x0019, 0x1029, "Mosaic Reference Acquisition Times", SIEMENS_HEADER)
SIEMENS_IMAGE_HEADER = Attribute(0x0029, 0x1010, "CSA Image Header", SIEMENS_CSA)
SIEMENS_SERIES_HEADER = Attribute(0x0029, 0x1020, "CSA Series Header", SIEMENS_CSA)
SIEMENS_XA_PROTOCOL = Attribute(0x0021, 0x1019, "Phoenix protocol", SIEMENS_SERIES, (SIEMENS_SERIES_SEQUENCE,))
SIEMENS_XA_DELAY = Attribute(0x0021, 0x1189, "inflow time", SIEMENS_IMAGE, (SIEMENS_IMAGE_SEQUENCE,))

PHILIPS_LABEL = Attribute(0x2005, 0x1429, "MR Image Label Type", PHILIPS_MR_5, (PHILIPS_SEQUENCE,))
PHILIPS_PHASE = Attribute(0x2001, 0x1008, "Phase Number", PHILIPS_IMAGING, (PHILIPS_SEQUENCE,))
PHILIPS_SCALE_SLOPE = Attribute(0x2005, 0x100E, "Scale Slope", PHILIPS_MR, (PHILIPS_SEQUENCE,))
PHILIPS_TRIGGER_TIME = Attribute(0x0018, 0x1060, "Trigger Time", inside=(PHILIPS_SEQUENCE,))

GE_LABELING = Attribute(0x0043, 0x10A3, "ASL Contrast Technique", GE_PARAMETERS)
GE_TECHNIQUE = Attribute(0x0043, 0x10A4, "ASL Labeling Technique", GE_PARAMETERS)
GE_LABELING_DURATION = Attribute(0x0043, 0x10A5, "Duration of the Label Pulse", GE_PARAMETERS)
GE_EXCITATIONS = Attribute(0x0027, 0x1062, "Number of Excitations", GE_ACQUISITION)
