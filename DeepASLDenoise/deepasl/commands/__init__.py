"""The parts of the `deepasl` command: options, texts for a terminal, and how a command ends."""
