"""How a scan was acquired: its parameters, what they are where nobody said, and whether they are possible."""
