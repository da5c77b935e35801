"""DICOM folders of Siemens, Philips and GE scanners to an `AslSeries`."""

from deepasl.readers.dicom.evidence import SeriesKind, Vendor, Verdict
from deepasl.readers.dicom.maps import ScannerMap, likeness, scanner_maps
from deepasl.readers.dicom.scan import DicomScan, Request, read_dicom, read_dicom_folder, reading
from deepasl.readers.dicom.series import DicomSeries, find_series, find_series_in, searching

__all__ = [
    "DicomScan",
    "DicomSeries",
    "Request",
    "ScannerMap",
    "SeriesKind",
    "Vendor",
    "Verdict",
    "find_series",
    "find_series_in",
    "likeness",
    "read_dicom",
    "read_dicom_folder",
    "reading",
    "scanner_maps",
    "searching",
]
