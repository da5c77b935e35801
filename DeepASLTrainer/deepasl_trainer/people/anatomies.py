"""People to make synthetic scans of: label maps of whole heads, and the tissue they put into voxels of any size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import read_image, to_sitk
from deepasl.phantom import TissueMaps

ClassMap = NDArray[np.uint8]

GREY_LABELS = (3, 42, 8, 47, 10, 49, 11, 50, 12, 51, 13, 52, 17, 53, 18, 54, 26, 58)
"""FreeSurfer: cortex of cerebrum and cerebellum, thalamus, basal ganglia, hippocampus, amygdala, accumbens."""

WHITE_LABELS = (2, 41, 7, 46, 16, 28, 60, 85, 77, 25, 57, 136, 137, 163, 164)
"""FreeSurfer: cerebral and cerebellar white matter, brain stem, ventral diencephalon, chiasm, white matter lesions, and
four small labels of the SynthSeg maps that lie in white matter beside the ventricles."""

CSF_LABELS = (4, 43, 5, 44, 14, 15, 72, 24, 30, 62)
"""FreeSurfer: ventricles, CSF around the brain, perivascular spaces. Labels of 500 and more (SynthSeg) are skull,
scalp and face: not brain, as everything else that is not listed here."""

GREY, WHITE, CSF = 1, 2, 3

SAMPLE_STEP_MM = 1.0
"""Largest distance between the points averaged into a voxel."""


@dataclass(frozen=True)
class Person:
    """The anatomy of one person.

    Attributes:
        name: Who, e.g. ``"labels_07"``.
        tissue: ``[k, j, i]`` uint8: 1 grey matter, 2 white matter, 3 CSF, 0 anything else.
        geometry: Its grid.
    """

    name: str
    tissue: ClassMap
    geometry: Geometry


def find_people(folder: Path | str) -> tuple[Path, ...]:
    """The label maps (NIfTI) in a folder, by name; each is another person.

    Raises:
        InputError: If there is none.
    """
    files = tuple(sorted(Path(folder).glob("*.nii.gz"))) + tuple(sorted(Path(folder).glob("*.nii")))
    if not files:
        raise InputError(
            "there are no label maps (*.nii.gz)", where=folder, remedy="Name a folder with one label map per person."
        )
    return files


def person_name(path: Path | str) -> str:
    """The name of the person in a file: the file name without its suffixes."""
    return Path(path).name.split(".")[0]


def read_person(path: Path | str) -> Person:
    """Read a FreeSurfer-like label map.

    Raises:
        InputError: If it cannot be read, is not 3D, or holds no grey or white matter.
    """
    image = read_image(path)
    if image.dimension != 3:
        raise InputError("a label map has three dimensions, not four", where=path)
    labels = np.rint(image.volumes[0]).astype(np.int32)
    tissue = np.zeros(labels.shape, dtype=np.uint8)
    for kind, members in ((GREY, GREY_LABELS), (WHITE, WHITE_LABELS), (CSF, CSF_LABELS)):
        tissue[np.isin(labels, members)] = kind
    if not (np.any(tissue == GREY) and np.any(tissue == WHITE)):
        raise InputError("no grey or no white matter is labelled", where=path, remedy="FreeSurfer labels are needed.")
    return Person(person_name(path), tissue, image.geometry)


def axial_grid(
    person: Person,
    voxel: Sequence[float],
    *,
    margin: float = 10.0,
    multiple: int = 1,
    offset: Sequence[float] = (0.0, 0.0, 0.0),
    tilt_degrees: Sequence[float] = (0.0, 0.0, 0.0),
) -> Geometry:
    """A grid of axial slices over the brain of a person.

    Args:
        person: Who is scanned.
        voxel: Voxel size (i, j, k) in mm.
        margin: Field of view beyond the brain on each side in mm, in plane.
        multiple: Rows and columns are rounded up to a multiple of this.
        offset: Where the brain lies in the room that is left, along (i, j, k): -1 to 1, 0 for the middle.
        tilt_degrees: Rotation of the slices about the patient axes (x, y, z).
    """
    low, high = _parenchyma_box(person)
    extent = high - low + np.array([2.0 * margin, 2.0 * margin, 0.0])
    counts = np.ceil(extent / voxel).astype(int)
    counts[:2] = np.ceil(counts[:2] / multiple).astype(int) * multiple
    direction = Rotation.from_euler("xyz", tilt_degrees, degrees=True).as_matrix()
    room = counts * np.asarray(voxel) - extent
    centre = (low + high) / 2.0 + direction @ (room / 2.0 * np.asarray(offset))
    origin = centre - direction @ ((counts - 1) / 2.0 * np.asarray(voxel))
    (ni, nj, nk), (si, sj, sk) = counts.tolist(), [float(s) for s in voxel]
    ox, oy, oz = origin.tolist()
    return Geometry((nk, nj, ni), (si, sj, sk), (ox, oy, oz), tuple(direction.ravel().tolist()))


def random_grid(
    person: Person,
    voxel: Sequence[float],
    rng: np.random.Generator,
    *,
    margin: float,
    multiple: int,
    tilt_degrees: float,
) -> Geometry:
    """`axial_grid` with the brain anywhere in the room that is left, and slices tilted by at most `tilt_degrees`."""
    offset = rng.uniform(-1.0, 1.0, 3).tolist()
    tilt = rng.uniform(-tilt_degrees, tilt_degrees, 3).tolist()
    return axial_grid(person, voxel, margin=margin, multiple=multiple, offset=offset, tilt_degrees=tilt)


def tissue_maps(person: Person, grid: Geometry) -> TissueMaps:
    """Partial volumes of a person on an acquisition grid.

    Every voxel averages the labels at points at most `SAMPLE_STEP_MM` apart that fill it evenly.
    """
    per_axis = [max(1, math.ceil(s / SAMPLE_STEP_MM - 1e-6)) for s in grid.spacing]
    fine = sitk.Resample(
        to_sitk(person.tissue, person.geometry),
        _reference(_refined(grid, per_axis)),
        sitk.Transform(),
        sitk.sitkNearestNeighbor,
    )
    (nk, nj, ni), (mi, mj, mk) = grid.shape, per_axis
    blocks = sitk.GetArrayViewFromImage(fine).reshape(nk, mk, nj, mj, ni, mi)
    grey, white, csf = ((blocks == kind).mean(axis=(1, 3, 5), dtype=np.float32) for kind in (GREY, WHITE, CSF))
    return TissueMaps(grey, white, csf, grid)


def _parenchyma_box(person: Person) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest LPS coordinate in mm of grey and white matter."""
    inside = np.argwhere((person.tissue == GREY) | (person.tissue == WHITE))
    (k0, j0, i0), (k1, j1, i1) = inside.min(axis=0), inside.max(axis=0)
    # The sides of the outermost voxels, not their centres.
    sides = ((i0 - 0.5, i1 + 0.5), (j0 - 0.5, j1 + 0.5), (k0 - 0.5, k1 + 0.5))
    corners = np.array([[*corner, 1.0] for corner in itertools.product(*sides)])
    points = corners @ person.geometry.ijk_to_lps()[:3].T
    return points.min(axis=0), points.max(axis=0)


def _refined(grid: Geometry, per_axis: Sequence[int]) -> Geometry:
    """The same field of view with each voxel cut into `per_axis` (i, j, k) parts."""
    first = [0.5 / n - 0.5 for n in per_axis]
    ox, oy, oz = (grid.ijk_to_lps() @ [*first, 1.0])[:3].tolist()
    (nk, nj, ni), (mi, mj, mk), (si, sj, sk) = grid.shape, per_axis, grid.spacing
    return Geometry((nk * mk, nj * mj, ni * mi), (si / mi, sj / mj, sk / mk), (ox, oy, oz), grid.direction)


def _reference(grid: Geometry) -> sitk.Image:
    image = sitk.Image([int(n) for n in reversed(grid.shape)], sitk.sitkUInt8)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    return image
