"""Words by which people name ASL scans."""

import re

ASL_WORD = re.compile(r"(?<![a-z])(p|pc|c|v|vs|3d|2d)?asl(?![a-z])", re.IGNORECASE)
"""``asl``, ``pcasl``, ``pasl`` ... as a word of its own: not within ``Oslasla``."""
