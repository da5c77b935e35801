"""How a command of the project ends: done, or with one sentence for the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from deepasl.errors import DeepASLError

DONE = 0
REFUSED = 1
INTERRUPTED = 130
"""What a shell reports for a program that was stopped by Ctrl+C."""


def exit_code(program: str, command: Callable[[], None], *, when_interrupted: str, debug: bool) -> int:
    """Run a command; a user's problem becomes one sentence on the error stream.

    Args:
        program: Its name, which begins the sentence.
        command: What to do.
        when_interrupted: What is said after Ctrl+C, such as what became of the files.
        debug: Raise problems with their traceback.

    Returns:
        0 when done, 1 for a problem of the user, 130 when interrupted.
    """
    try:
        command()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has read enough, as in `deepasl inspect scan | head`. Nothing may write to it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except DeepASLError as error:
        if debug:
            raise
        sys.stderr.write(f"{program}: {error}\n")
        return REFUSED
    except KeyboardInterrupt:
        sys.stderr.write(f"{program}: {when_interrupted}\n")
        return INTERRUPTED
    return DONE
