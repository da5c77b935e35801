"""CBF maps as DICOM for a PACS: a derived MR series every viewer opens, and a Parametric Map that keeps every bit."""

from deepasl.readers.dicom.header import quiet_pydicom
from deepasl.writers.dicom_form import Form

# Says what is missing where pydicom is.
with quiet_pydicom():
    from deepasl.writers.dicom.context import Patient
    from deepasl.writers.dicom.export import Export, ready_export, write_dicom

__all__ = ["Export", "Form", "Patient", "ready_export", "write_dicom"]
