"""Synthetic DICOM scans, made from the documented attributes: no scanner wrote them.

Voxels come from phantoms, so that blood flow is known; the grid is tilted, so that a mistake of orientation shows.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from deepasl.geometry import Geometry

TILT = np.deg2rad(12.0)
PATIENT = "Zschopau^Xenia"

Values = Mapping[str | int, Any]


def tilted(geometry: Geometry) -> Geometry:
    """The grid turned about the left-right axis."""
    cos, sin = float(np.cos(TILT)), float(np.sin(TILT))
    direction = (1.0, 0.0, 0.0, 0.0, cos, -sin, 0.0, sin, cos)
    return Geometry(geometry.shape, geometry.spacing, geometry.origin, direction)


def mr_header(**values: Any) -> Values:
    """Values every MR image has; given ones stand above them."""
    usual = {
        "PatientName": PATIENT,
        "PatientID": "4711",
        "Modality": "MR",
        "SOPClassUID": MRImageStorage,
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.1",
        "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.1.5",
        "FrameOfReferenceUID": "1.2.826.0.1.3680043.8.498.1.9",
        "SeriesNumber": 5,
        "StudyDate": "20240101",
        "StudyTime": "100000",
        "AcquisitionDate": "20240101",
        "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
        "MagneticFieldStrength": 3,
        "MRAcquisitionType": "3D",
        "ScanningSequence": "SE",
        "RepetitionTime": 4800,
        "EchoTime": 10.5,
        "FlipAngle": 111,
        "PatientPosition": "HFS",
    }
    return {**usual, **values}


def write_slices(
    folder: Path,
    volumes: Sequence[np.ndarray],
    geometry: Geometry,
    header: Values,
    of_volume: Callable[[int], Values] = lambda t: {},
    scale: float = 1.0,
) -> list[Path]:
    """Write one file for each slice; stored pixels are voxels divided by `scale`.

    Args:
        folder: Where to; made if it is absent.
        volumes: Each ``[k, j, i]``.
        geometry: Their grid.
        header: Values of every image.
        of_volume: Values of the images of volume t.
        scale: Rescale slope.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    axes = np.reshape(geometry.direction, (3, 3))[:, :2]
    for t, volume in enumerate(volumes):
        for k, image in enumerate(volume):
            number = t * len(volume) + k + 1
            place = geometry.ijk_to_lps() @ (0, 0, k, 1)
            values = {
                **header,
                "InstanceNumber": number,
                "AcquisitionTime": f"10{t // 12:02d}{t % 12 * 5:02d}",
                "ImagePositionPatient": [f"{v:.6f}" for v in place[:3]],
                "ImageOrientationPatient": [f"{v:.8f}" for v in axes.T.ravel()],
                "PixelSpacing": [geometry.spacing[1], geometry.spacing[0]],
                "SliceThickness": geometry.spacing[2],
                "SpacingBetweenSlices": geometry.spacing[2],
                "RescaleSlope": scale,
                "RescaleIntercept": 0,
                **of_volume(t),
            }
            stored = np.clip(np.rint(image / scale), -32768, 32767).astype(np.int16)
            path = folder / f"im{number:05d}.dcm"
            dataset(values, stored).save_as(path, enforce_file_format=True)
            files.append(path)
    return files


def dataset(values: Values, stored: np.ndarray) -> FileDataset:
    """A data set of one image; keys are keywords, or numbers of private elements with (creator, VR, value)."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = values["SOPClassUID"]
    meta.MediaStorageSOPInstanceUID = values.get("SOPInstanceUID") or generate_uid()
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    for key, value in values.items():
        if isinstance(key, int):
            add_private(made, key, *value)
        else:
            setattr(made, key, value)
    made.Rows, made.Columns = stored.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 1
    made.PixelData = stored.tobytes()
    return made


def add_private(made: Dataset, tag: int, creator: str, vr: str, value: Any) -> None:
    """Add a private element in the block its number names."""
    block = (tag & 0xFFFF) >> 8
    made.add(DataElement((tag >> 16) << 16 | block, "LO", creator))
    made.add(DataElement(tag, vr, value))


def ge_header(labeling: str = "PSEUDOCONTINUOUS", excitations: float | None = 3.0, **values: Any) -> Values:
    """What GE writes for 3D ASL, as dcm2niix documents it: (0043,10A3) to (0043,10A5), (0027,1062)."""
    private: dict[str | int, Any] = {
        0x004310A3: ("GEMS_PARM_01", "CS", labeling),
        0x004310A4: ("GEMS_PARM_01", "LO", "3D pulsed continuous ASL technique"),
        0x004310A5: ("GEMS_PARM_01", "IS", "1450"),
    }
    if excitations is not None:
        private[0x00271062] = ("GEMS_IMAG_01", "FL", excitations)
    described = mr_header(Manufacturer="GE MEDICAL SYSTEMS", SeriesDescription="3D ASL", ProtocolName="ASL", **values)
    return {**described, **private}


def ge_volume(t: int) -> Values:
    """The subtracted image first, then the proton density image, whose header calls the labeling continuous."""
    if t == 0:
        return {"ImageType": ["DERIVED", "PRIMARY", "ASL", "PERFUSION", "ASL"], "InversionTime": 2025}
    return {
        "ImageType": ["ORIGINAL", "PRIMARY", "ASL"],
        0x004310A3: ("GEMS_PARM_01", "CS", "CONTINUOUS"),
    }


def siemens_header(protocol: Mapping[str, object], **values: Any) -> Values:
    """What Siemens writes before XA: the measurement protocol between its marks."""
    lines = "".join(f"{name}\t = \t{value}\n" for name, value in protocol.items())
    text = f"noise ### ASCCONV BEGIN object=MrProtDataImpl ###\n{lines}### ASCCONV END ### noise"
    described = mr_header(Manufacturer="SIEMENS", SeriesDescription="asl", SoftwareVersions="syngo MR E11", **values)
    return {**described, 0x00291020: ("SIEMENS CSA HEADER", "OB", text.encode("latin-1") + b"\0" * (len(text) % 2))}


def philips_label(t: int) -> Values:
    """Control and label of one dynamic after the other, by (2005,1429)."""
    return {
        "TemporalPositionIdentifier": t // 2 + 1,
        0x20051429: ("Philips MR Imaging DD 005", "CS", ("CONTROL", "LABEL")[t % 2]),
        0x2005100E: ("Philips MR Imaging DD 001", "FL", 0.05),
    }
