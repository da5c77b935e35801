"""Lets the next import read every module of this project from its file again."""

from __future__ import annotations

import importlib
import sys

PACKAGES = ("deepasl", "DeepASLDenoiseLib")


def forgetModules() -> None:
    """Forget all modules of the project at once.

    Reloading them one by one would leave classes of the old modules beside those of the new.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]
    importlib.invalidate_caches()
