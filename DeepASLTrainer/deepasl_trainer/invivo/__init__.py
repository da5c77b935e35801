"""Real scans, their pairs averaged anew each time they are seen."""
