"""What networks and other methods do to scans of people they never saw."""
