"""Networks, their loss, and how they are trained."""
