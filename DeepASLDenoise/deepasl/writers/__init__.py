"""A result as files: BIDS derivatives and their tables, a BIDS data set, DICOM."""
