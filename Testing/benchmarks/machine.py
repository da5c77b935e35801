"""What the benchmarks say about the machine they ran on, and how they measure its memory."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

MEBIBYTE = 2**20


def description() -> str:
    """Cores and CPU model, e.g. ``"2 cores, Intel(R) Xeon(R) Processor @ 2.50GHz, Linux"``."""
    cpuinfo = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text()) if cpuinfo.is_file() else None
    return f"{os.cpu_count()} cores, {named[1] if named else platform.processor()}, {platform.system()}"


def peak_memory() -> int:
    """Largest resident set of this process so far, in bytes.

    Linux counts a started program's `ru_maxrss` from that of the program that started it; ``VmHWM`` is its own.
    """
    status = Path("/proc/self/status")
    if status.is_file() and (peak := re.search(r"VmHWM:\s*(\d+) kB", status.read_text())):
        return int(peak[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """Let `peak_memory` begin anew, where the system can (Linux, proc(5): clear_refs); else it goes on rising."""
    switch = Path("/proc/self/clear_refs")
    if switch.exists():
        switch.write_text("5")
