"""What the core says, as users of the panels need it: without what to type on a command line."""

from __future__ import annotations

import re
from dataclasses import replace

from deepasl.findings import Finding

_HINT = re.compile(r"\s*\((?:command line: [^()]*|--[^()]*|deepasl [a-z]+)\)")


def withoutCommandLine(text: str) -> str:
    """The text without options and commands in brackets, such as ``(command line: --pld)``."""
    return _HINT.sub("", text)


def forPanels(finding: Finding) -> Finding:
    """The finding in words for the panels."""
    return replace(finding, message=withoutCommandLine(finding.message))
