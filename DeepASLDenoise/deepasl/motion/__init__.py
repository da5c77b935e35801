"""The head in one place: how it moved between volumes, and the volumes as if it had not."""
