"""DICOM in and out of the application: series recognised, loaded, and maps sent back beside them."""
