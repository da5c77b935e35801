"""Synthetic scans of real anatomies, drawn anew each time they are seen."""
