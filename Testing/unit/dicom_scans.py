"""Synthetic scanner files: small DICOM headers with voxels, made from the standard, as sources of maps."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from deepasl.geometry import Geometry

PATIENT_NAME = "Müller^Jürgen"


def study_header(**attributes: object) -> Dataset:
    """Patient and study of a scan, with a name that needs a character set."""
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 100"
    header.PatientName = PATIENT_NAME
    header.PatientID = "PID-4711-X"
    header.PatientBirthDate = "19500229"
    header.PatientSex = "M"
    header.PatientAge = "076Y"
    header.StudyInstanceUID = generate_uid()
    header.StudyDate, header.StudyTime, header.StudyID = "20260101", "101500", "S7"
    header.AccessionNumber, header.ReferringPhysicianName = "A99", "Gruß^Eva"
    header.StudyDescription = "Schädel MRT"
    header.SeriesInstanceUID, header.FrameOfReferenceUID = generate_uid(), generate_uid()
    header.SeriesNumber = 12
    header.Modality = "MR"
    header.Manufacturer, header.ManufacturerModelName = "Scanner Works", "Three Tesla"
    header.DeviceSerialNumber, header.InstitutionName = "SN-1", "Krankenhaus Köln"
    header.PatientPosition = "HFS"
    header.ImageType = ["ORIGINAL", "PRIMARY", "ASL"]
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    return header


def write_slices(folder: Path, grid: Geometry, volumes: int, header: Dataset) -> list[Path]:
    """A series of single slices: `volumes` images at each slice position."""
    folder.mkdir(parents=True, exist_ok=True)
    matrix = grid.ijk_to_lps()
    direction = np.reshape(grid.direction, (3, 3))
    paths = []
    for _ in range(volumes):
        for k in range(grid.shape[0]):
            image = Dataset()
            image.update(header)
            image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, generate_uid()
            image.InstanceNumber = len(paths) + 1
            image.ScanningSequence, image.SequenceVariant, image.ScanOptions = "EP", "SK", ["FS", "PPG"]
            image.RepetitionTime, image.EchoTime, image.EchoTrainLength = "4000", "14", "35"
            image.SliceThickness = "5"
            image.ImagePositionPatient = [f"{value:.8g}" for value in (matrix @ [0, 0, k, 1])[:3]]
            image.ImageOrientationPatient = [f"{value:.10g}" for value in direction[:, :2].T.ravel()]
            paths.append(_save(image, grid.shape[1:], folder / f"{len(paths):04d}.dcm"))
    return paths


def write_mosaics(folder: Path, volumes: int, header: Dataset) -> list[Path]:
    """A series of mosaics: one image a volume, whose position is not that of any slice."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for volume in range(volumes):
        image = Dataset()
        image.update(header)
        image.ImageType = ["ORIGINAL", "PRIMARY", "ASL", "MOSAIC"]
        image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, generate_uid()
        image.InstanceNumber = volume + 1
        image.ImagePositionPatient = ["-500", "-500", "1000"]
        image.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        paths.append(_save(image, (60, 60), folder / f"{volume:04d}.dcm"))
    return paths


def write_enhanced(folder: Path, grid: Geometry, volumes: int, header: Dataset) -> Path:
    """One enhanced MR image with `volumes` frames at each slice position, spin echo EPI, TR 4 s, TE 12.5 ms."""
    folder.mkdir(parents=True, exist_ok=True)
    matrix = grid.ijk_to_lps()
    image = Dataset()
    image.update(header)
    image.SOPClassUID, image.SOPInstanceUID = EnhancedMRImageStorage, generate_uid()
    image.EchoPulseSequence, image.EchoPlanarPulseSequence = "SPIN", "YES"
    image.SegmentedKSpaceTraversal, image.InversionRecovery = "PARTIAL", "NO"
    image.MRAcquisitionType = "2D"
    shared, timing, echo, orientation = Dataset(), Dataset(), Dataset(), Dataset()
    timing.RepetitionTime, timing.EchoTrainLength, timing.FlipAngle = 4000.0, 31, 90.0
    echo.EffectiveEchoTime = 12.5
    orientation.ImageOrientationPatient = list(np.reshape(grid.direction, (3, 3))[:, :2].T.ravel())
    shared.MRTimingAndRelatedParametersSequence = [timing]
    shared.MREchoSequence = [echo]
    shared.PlaneOrientationSequence = [orientation]
    image.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for _ in range(volumes):
        for k in range(grid.shape[0]):
            frame, position = Dataset(), Dataset()
            position.ImagePositionPatient = list((matrix @ [0, 0, k, 1])[:3])
            frame.PlanePositionSequence = [position]
            frames.append(frame)
    image.PerFrameFunctionalGroupsSequence = frames
    image.NumberOfFrames = len(frames)
    return _save(image, (len(frames), *grid.shape[1:]), folder / "enhanced.dcm")


def _save(image: Dataset, shape: tuple[int, ...], path: Path) -> Path:
    image.Rows, image.Columns = shape[-2:]
    image.SamplesPerPixel, image.PhotometricInterpretation, image.PixelRepresentation = 1, "MONOCHROME2", 0
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
    image.PixelData = np.zeros(shape, np.uint16).tobytes()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.save_as(path, enforce_file_format=True)
    return path
