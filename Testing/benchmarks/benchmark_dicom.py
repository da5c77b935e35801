"""What reading DICOM costs: a series to an `AslSeries` beside dcm2niix alone, and the search of a large folder.

Memory is the largest resident set beyond that of the interpreter with its libraries, also in sizes of the series as
float32. Each measurement runs in a process of its own. CPU seconds hardly depend on what else a
machine is doing; wall seconds do.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
import numpy as np

from deepasl.geometry import Geometry
from deepasl.readers.dicom import DicomScan, Request, find_series, read_dicom
from deepasl.readers.dicom.conversion import Converted, convert

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synthetic_dicom import siemens_header, write_slices

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "dicom" / "siemens-ve11" / "pcasl2d"

SLICES_PER_FILE_SERIES = 100
"""Images of each series of the large folder."""


def main() -> None:
    options = _options()
    if options.measure:
        print(json.dumps(MEASURES[options.measure](options.folder)))
        return
    print(machine.description())
    if options.folder.is_dir():
        _compare(options.folder, options.repeats)
    else:
        print(f"no such folder: {options.folder}; the first part is left out")
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), options.files)
        found = _measured("find", Path(folder))
        print(f"\nfind_series in {options.files} files ({found['series']} series): ", end="")
        print(f"{found['cpu']:.1f} s CPU, {found['wall']:.1f} s wall, ", end="")
        print(f"{found['memory'] / machine.MEBIBYTE:.0f} MiB beyond the interpreter")


def _compare(folder: Path, repeats: int) -> None:
    count = sum(1 for _ in folder.glob("*.dcm"))
    print(f"{count} files, median of {repeats} runs\n")
    print(f"{'':34}{'CPU s':>8}{'wall s':>8}{'ratio':>8}{'MiB':>7}{'series':>8}")
    rows = {kind: [_measured(kind, folder) for _ in range(repeats)] for kind in ("dcm2niix", "convert", "read")}
    base = statistics.median(run["cpu"] for run in rows["dcm2niix"])
    for kind, title in TITLES.items():
        cpu, wall, memory = (statistics.median(run[name] for run in rows[kind]) for name in ("cpu", "wall", "memory"))
        size = rows[kind][0]["voxels"]
        sizes = f"{memory / size:8.1f}" if size else ""
        print(f"{title:34}{cpu:8.2f}{wall:8.2f}{cpu / base:8.1f}{memory / machine.MEBIBYTE:7.0f}{sizes}")


TITLES = {
    "dcm2niix": "dcm2niix alone",
    "convert": "dcm2niix and reading its image",
    "read": "folder to AslSeries, all checks",
}


def _measured(kind: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", kind, "--folder", str(folder)]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return told


def _timed(action: object, folder: Path) -> dict[str, float]:
    before, wall, cpu = machine.peak_memory(), time.perf_counter(), _cpu()
    result = action(folder)  # type: ignore[operator]
    spent = {"wall": time.perf_counter() - wall, "cpu": _cpu() - cpu, "memory": machine.peak_memory() - before}
    return spent | {"series": len(result) if isinstance(result, tuple) else 1, "voxels": _voxel_bytes(result)}


def _voxel_bytes(result: object) -> int:
    """Of the series that was read, M0 included; 0 where none was."""
    if isinstance(result, DicomScan):
        m0 = result.series.m0scan
        return result.series.volumes.nbytes + (0 if m0 is None else m0.volumes.nbytes)
    images = result if isinstance(result, tuple) else ()
    return sum(image.volumes.nbytes for image in images if isinstance(image, Converted))


def _cpu() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _dcm2niix_alone(folder: Path) -> None:
    from deepasl.readers.dicom.conversion import dcm2niix_path

    with tempfile.TemporaryDirectory() as made:
        command = [str(dcm2niix_path()), "-b", "y", "-z", "n", "-o", made, str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


MEASURES = {
    "dcm2niix": lambda folder: _timed(_dcm2niix_alone, folder),
    "convert": lambda folder: _timed(lambda f: convert(sorted(f.glob("*.dcm")), str(f)), folder),
    "read": lambda folder: _timed(lambda f: read_dicom(f, Request()), folder),
    "find": lambda folder: _timed(find_series, folder),
}


def _fill(folder: Path, files: int) -> None:
    """Series of small images, each with a protocol as large as a real one."""
    header = siemens_header({"tSequenceFileName": "x\\ep2d_bold", "filler": "x" * 60_000})
    geometry = Geometry((SLICES_PER_FILE_SERIES, 16, 16))
    volume = np.random.default_rng(0).normal(500, 50, geometry.shape).astype(np.float32)
    first = folder / "0"
    write_slices(first, [volume], geometry, {**header, "SeriesInstanceUID": "1.2.3.0"})
    for number in range(1, files // SLICES_PER_FILE_SERIES):
        uid = f"1.2.3.{number}"
        write_slices(folder / str(number), [volume], geometry, {**header, "SeriesInstanceUID": uid})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=SHARED, help="one ASL series; default: the shared pcasl2d")
    parser.add_argument("--files", type=int, default=10_000, help="of the large folder; default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--measure", choices=MEASURES, help="measure once and print JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
