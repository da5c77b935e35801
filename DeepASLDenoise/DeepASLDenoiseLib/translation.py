"""Translation of what users read; without a desktop (slicer-core) there is none, and texts stay as they are."""

from __future__ import annotations

try:
    from slicer.i18n import tr
except ImportError:

    def tr(text: str) -> str:
        """The text itself."""
        return text


__all__ = ["tr"]
