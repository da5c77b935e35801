"""The equilibrium magnetisation M0: what a difference image is divided by to become blood flow."""
