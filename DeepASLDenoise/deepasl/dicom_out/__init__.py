"""CBF maps as DICOM for a PACS: a derived MR series every viewer opens, and a Parametric Map that keeps every bit."""

from deepasl.dicom_form import Form
from deepasl.readers.dicom.header import quiet_pydicom

# Says what is missing where pydicom is.
with quiet_pydicom():
    from deepasl.dicom_out.context import Patient
    from deepasl.dicom_out.export import Export, ready_export, write_dicom

__all__ = ["Export", "Form", "Patient", "ready_export", "write_dicom"]
