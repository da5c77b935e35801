"""Figures of maps in the regions of a label image, whatever its grid, with the names of its sidecar."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import Image
from deepasl.tissue.region_tables import labels_onto, read_names, statistics_of_labels

GRID = Geometry((4, 6, 8), (3.0, 3.0, 6.0), (10.0, -5.0, 2.0))


def labels_left_right() -> np.ndarray:
    """Label 2 in one half, 7 in the other, nothing in the last slice."""
    labels = np.full(GRID.shape, 2.0, dtype=np.float32)
    labels[:, :, 4:] = 7.0
    labels[3] = 0.0
    return labels


def test_every_map_has_its_own_figures_in_every_region() -> None:
    labels = labels_left_right()
    cbf = np.where(labels == 2, 60.0, 20.0).astype(np.float32)
    everywhere = np.ones(GRID.shape, dtype=bool)
    table = statistics_of_labels({"conventional": cbf, "denoised": cbf + 1.0}, labels, {2: "Putamen"}, everywhere)
    assert [(row.region, row.map, row.mean, row.voxels) for row in table] == [
        ("Putamen", "conventional", 60.0, 72),
        ("Putamen", "denoised", 61.0, 72),
        ("label 7", "conventional", 20.0, 72),
        ("label 7", "denoised", 21.0, 72),
    ]


def test_voxels_outside_the_brain_do_not_count_and_regions_outside_are_left_out() -> None:
    labels = labels_left_right()
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[1, :2, :4] = True
    table = statistics_of_labels({"conventional": labels}, labels, {2: "A", 7: "B"}, mask)
    assert [(row.region, row.voxels) for row in table] == [("A", 8)]


def test_a_fine_label_image_is_brought_onto_the_grid_by_what_fills_a_voxel() -> None:
    fine = Geometry((12, 18, 24), (1.0, 1.0, 2.0), (9.0, -6.0, 0.0))
    labels = np.repeat(np.repeat(np.repeat(labels_left_right(), 3, 0), 3, 1), 3, 2)
    labels[:, :, 12] = 2.0
    onto = labels_onto(Image(labels[None], fine, 3), GRID)
    np.testing.assert_array_equal(onto, labels_left_right())


def test_a_label_image_that_is_turned_around_keeps_its_sides() -> None:
    flipped = replace(
        GRID, origin=(10.0 + 7 * 3.0, -5.0, 2.0), direction=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    )
    onto = labels_onto(Image(labels_left_right()[None, :, :, ::-1], flipped, 3), GRID)
    np.testing.assert_array_equal(onto, labels_left_right())


def test_beyond_the_label_image_is_no_region() -> None:
    small = Geometry((4, 6, 2), GRID.spacing, GRID.origin)
    onto = labels_onto(Image(np.full((1, *small.shape), 3.0, dtype=np.float32), small, 3), GRID)
    assert (onto[:, :, :2] == 3.0).all()
    assert not onto[:, :, 2:].any()


@pytest.mark.parametrize("spoil", ["fraction", "negative", "two volumes", "not a number"])
def test_what_is_no_label_image_is_refused(spoil: str) -> None:
    labels = labels_left_right()[None]
    if spoil == "two volumes":
        labels = np.concatenate([labels, labels])
    else:
        labels[0, 0, 0, 0] = {"fraction": 0.5, "negative": -1.0, "not a number": np.nan}[spoil]
    with pytest.raises(InputError, match="no label image"):
        labels_onto(Image(labels, GRID, 3), GRID, "atlas.nii.gz")


def test_names_come_from_a_bids_lookup_table(tmp_path: Path) -> None:
    table = tmp_path / "atlas_dseg.tsv"
    table.write_text("index\tname\tabbreviation\n2\tLeft putamen\tLPu\n7\tRight putamen\tRPu\n")
    assert read_names(table) == {2: "Left putamen", 7: "Right putamen"}


def test_names_come_from_json(tmp_path: Path) -> None:
    names = tmp_path / "atlas.json"
    names.write_text('{"2": "Left putamen"}')
    assert read_names(names) == {2: "Left putamen"}


@pytest.mark.parametrize(
    ("file", "content"),
    [("a.tsv", "label\tname\n2\tx\n"), ("a.tsv", "index\tname\ntwo\tx\n"), ("a.json", "[1]"), ("a.json", "{")],
)
def test_a_table_without_names_is_refused(tmp_path: Path, file: str, content: str) -> None:
    path = tmp_path / file
    path.write_text(content)
    with pytest.raises(InputError, match="names of the labels"):
        read_names(path)
