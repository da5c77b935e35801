"""Scans in the scene: how they get there, what was understood of them, and what the user says of it."""
