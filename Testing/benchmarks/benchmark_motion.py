"""How well head motion is found, and what correcting it costs; M0 placed, noise after interpolation, MP-PCA.

Accuracy is that on phantom heads whose anatomy is scanned anew in every pose: nothing is resampled to make them. Time
and memory are those of a phantom of the given size, and of any image file or DICOM folder.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import machine
import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deepasl.brain.masking import brain_mask
from deepasl.geometry import Geometry
from deepasl.images import to_sitk
from deepasl.motion.contrast_alignment import contrast_aligned
from deepasl.motion.head_track import where_to_look
from deepasl.motion.realignment import realign
from deepasl.motion.rigid import Matrix, displacement, matrix_of, parameters_of, sitk_transform
from deepasl.perfusion.mppca import denoise_mppca
from deepasl.phantom import Pose, Protocol
from deepasl.progress import Job, run
from deepasl.readers import read_scan
from deepasl.readers.dicom import Request, reading
from deepasl.readers.dicom.heads import files_in
from deepasl.series import AslSeries, FloatArray, Role

sys.path.append(str(Path(__file__).parents[1]))
from moving_heads import INVERTED_TONES, TONES, image, pose_matrix

SPACING_MM = (3.2, 3.2, 6.0)
PAIR = (Role.CONTROL, Role.LABEL)
SUPPRESSED = {"no background suppression": TONES, "5 % of it left, inverted": INVERTED_TONES}


def main() -> None:
    options = _options()
    geometry = _grid(options.size, options.slices)
    poses = _poses(options.poses)
    print(machine.description())
    print(f"Phantom of {options.size} x {options.size} x {options.slices}, {options.poses} poses", end=" ")
    print("up to 3 mm and 3 degrees\n")
    _print_accuracy(geometry, poses)
    _print_m0(geometry, poses[1:4])
    _print_interpolators(geometry)
    # Five poses, each seen in control and label images: the head must not alternate with labeling.
    kinds = [image(poses[t % 5], PAIR[t % 2], geometry=geometry) for t in range(10)]
    _print_cost("phantom", _scan([kinds[t % 10] for t in range(options.volumes)], geometry, 10.0))
    for scan in options.scans:
        _print_cost(scan.name, _read(scan))


def _print_accuracy(geometry: Geometry, poses: list[Pose]) -> None:
    print(f"{'motion: median (largest) error':46}{'mm':>16}{'degrees':>16}")
    for look, tones in SUPPRESSED.items():
        heads = [image(p, r, tones=tones, geometry=geometry) for p, r in zip(poses, PAIR * len(poses), strict=False)]
        for noise_sd in (10.0, 30.0) if tones is TONES else (1.0, 3.0):
            found = run(realign(_scan(heads, geometry, noise_sd))).parameters
            errors = found - [parameters_of(pose_matrix(pose, geometry), geometry) for pose in poses]
            errors -= np.median(errors, axis=0)
            told = (np.linalg.norm(part, axis=1) for part in (errors[:, :3], errors[:, 3:]))
            name = f"{look}, noise {noise_sd / 10.0:g} % of M0"
            print(f"{name:46}" + "".join(f"{np.median(e):8.3f} ({e.max():.3f})" for e in told))


def _print_m0(geometry: Geometry, poses: list[Pose]) -> None:
    """Correlation ratio beside Mattes mutual information as SimpleITK has it."""
    print(f"\n{'M0 to control images: mean error':46}{'mm':>16}{'CPU s':>16}")
    for look, tones in SUPPRESSED.items():
        fixed = image(tones=tones, geometry=geometry)
        ways: dict[str, Callable[[FloatArray], Matrix]] = {
            "correlation ratio": lambda m0, fixed=fixed: (
                run(contrast_aligned(fixed, geometry, m0, geometry, run(where_to_look(fixed, geometry)))).pose
            ),
            "mutual information": lambda m0, fixed=fixed: _by_mutual_information(fixed, m0, geometry),
        }
        for way, place in ways.items():
            started, errors = time.process_time(), []
            for seed, pose in enumerate(poses):
                noise = np.random.default_rng(seed).normal(0.0, 10.0, geometry.shape)
                m0 = (image(pose, geometry=geometry) + noise).astype(np.float32)
                errors.append(displacement(place(m0), pose_matrix(pose, geometry), geometry))
            seconds = (time.process_time() - started) / len(poses)
            print(f"{way + ', ' + look:46}{np.mean(errors):16.2f}{seconds:16.2f}")


def _by_mutual_information(fixed: FloatArray, moving: FloatArray, geometry: Geometry) -> Matrix:
    search = sitk.ImageRegistrationMethod()
    search.SetMetricAsMattesMutualInformation(32)
    search.SetInterpolator(sitk.sitkLinear)
    search.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 200)
    search.SetOptimizerScalesFromPhysicalShift()
    search.SetShrinkFactorsPerLevel([2, 1])
    search.SetSmoothingSigmasPerLevel([4.0, 2.0])
    search.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    start = sitk.Euler3DTransform()
    start.SetCenter((geometry.ijk_to_lps() @ [*((n - 1) / 2.0 for n in reversed(geometry.shape)), 1.0])[:3].tolist())
    search.SetInitialTransform(start, inPlace=True)
    search.Execute(to_sitk(fixed, geometry), to_sitk(moving, geometry))
    rotation, center = np.reshape(start.GetMatrix(), (3, 3)), np.array(start.GetCenter())
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, center + start.GetTranslation() - rotation @ center
    return matrix


def _print_interpolators(geometry: Geometry) -> None:
    """What is left of white noise, in the worst place (half a voxel away in plane) and on average."""
    noise = np.random.default_rng(0).standard_normal(geometry.shape).astype(np.float32)
    half = matrix_of(np.array([SPACING_MM[0] / 2.0, SPACING_MM[1] / 2.0, 0, 0, 0, 0]), geometry)
    turned = matrix_of(np.array([1.0, 0.7, -1.2, 2.0, 1.0, -2.0]), geometry)
    kinds = {
        "linear": sitk.sitkLinear,
        "B-spline, 3rd order": sitk.sitkBSpline3,
        "B-spline, 5th order": sitk.sitkBSpline5,
        "windowed sinc (Lanczos, 5 voxels)": sitk.sitkLanczosWindowedSinc,
    }
    print(f"\n{'interpolation: what it leaves of noise':46}{'worst':>8}{'mean':>8}{'CPU s':>16}")
    for name, kind in kinds.items():
        left, seconds = [], 0.0
        for pose in (half, turned):
            started = time.process_time()
            volume = sitk.Resample(to_sitk(noise, geometry), sitk_transform(pose), kind)
            seconds = time.process_time() - started
            left.append(sitk.GetArrayViewFromImage(volume)[3:-3, 8:-8, 8:-8].std())
        print(f"{name:46}{left[0]:8.2f}{left[1]:8.2f}{seconds:16.2f}")


def _print_cost(name: str, series: AslSeries) -> None:
    """Wall and CPU time of each stage, the longest step, and memory beyond the series that was given."""
    count, slices, rows, columns = series.volumes.shape
    title = f"{name}: {count} volumes of {columns} x {rows} x {slices}"
    print(f"\n{title:46}{'s':>8}{'CPU s':>8}{'longest step':>16}")
    machine.forget_peak()
    before = machine.peak_memory()
    started = time.perf_counter()
    found = _timed(realign(series))
    print(f"{'whole realignment':46}{time.perf_counter() - started:8.1f}")
    added = (machine.peak_memory() - before) / series.volumes.nbytes
    print(f"memory beyond the series: {added:.1f} times its size; ", end="")
    print(f"moved: {found.moved}, mean framewise displacement {found.framewise_displacement.mean():.2f} mm")
    labeled = [t for t, role in enumerate(series.roles) if role in PAIR]
    mask = brain_mask(found.series.volumes[labeled[0]], series.geometry)
    spread = (s.volumes[labeled][:, mask].std(axis=0).mean() for s in (series, found.series))
    print("SD over volumes in the brain, before and after: " + ", ".join(f"{each:.1f}" for each in spread))
    _timed(denoise_mppca(found.series.volumes[labeled], mask))


def _timed(job: Job[Any]) -> Any:
    """Run a job and print what each of its stages took; a step counts to the stage it ends with."""
    took: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    while True:
        started = time.perf_counter(), time.process_time()
        try:
            stage = next(job).stage
        except StopIteration as end:
            result = end.value
            break
        took[stage].append((time.perf_counter() - started[0], time.process_time() - started[1]))
    for stage, steps in took.items():
        seconds, cpu_seconds = (sum(each) for each in zip(*steps, strict=True))
        longest = max(cpu for _, cpu in steps)
        print(f"{stage:46}{seconds:8.1f}{cpu_seconds:8.1f}{longest:10.2f} CPU s")
    return result


def _scan(volumes: list[FloatArray], geometry: Geometry, noise_sd: float) -> AslSeries:
    noise = np.random.default_rng(0)
    noisy = [(each + noise.normal(0.0, noise_sd, each.shape)).astype(np.float32) for each in volumes]
    roles = tuple(PAIR[t % 2] for t in range(len(volumes)))
    return AslSeries("phantom", np.stack(noisy), geometry, roles, Protocol().acquisition(), origin="phantom")


def _poses(count: int) -> list[Pose]:
    drawn: NDArray[Any] = np.random.default_rng(4).uniform(-3.0, 3.0, (count - 1, 6))
    return [Pose(), *(Pose((x, y, z), (a, b, c)) for x, y, z, a, b, c in drawn.tolist())]


def _grid(size: int, slices: int) -> Geometry:
    shape = (slices, size, size)
    x, y, z = (-(n - 1) / 2.0 * spacing for n, spacing in zip(reversed(shape), SPACING_MM, strict=True))
    return Geometry(shape, SPACING_MM, (x, y, z))


def _read(scan: Path) -> AslSeries:
    return run(reading(files_in(scan), str(scan), Request())).series if scan.is_dir() else read_scan(scan)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=72, help="rows and columns of a slice; default: %(default)s")
    parser.add_argument("--slices", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--volumes", type=int, default=102, help="of the phantom that is timed; default: %(default)s")
    parser.add_argument("--poses", type=int, default=16, help="of which errors are told; default: %(default)s")
    parser.add_argument("--scans", type=Path, nargs="*", default=[], help="image files or DICOM folders to time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
