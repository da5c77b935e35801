"""The network: which there are, what they see, what runs them, and what they make of a scan."""
