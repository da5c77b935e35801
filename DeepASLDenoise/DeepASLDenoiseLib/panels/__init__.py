"""The sections of the module, each with its own .ui file."""
