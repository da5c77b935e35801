"""Last chapter."""

from teller import Teller


class Surviving(Teller):
    """To come."""
