"""Which volume is control, label or M0, at which delay, and whether it is used."""
