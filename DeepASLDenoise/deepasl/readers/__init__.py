"""From files or arrays to an `AslSeries`."""

from deepasl.readers.scan import read_scan, series_from_arrays

__all__ = ["read_scan", "series_from_arrays"]
