import numpy as np
import pytest

from deepasl_trainer.training.patches import cut, near, places_in, windows


def brain() -> np.ndarray:
    """Slices 2 to 7 hold a brain of 30 x 30 voxels."""
    mask = np.zeros((10, 40, 80), dtype=np.bool_)
    mask[2:8, 5:35, 10:40] = True
    return mask


def test_windows_cover_a_slice_once_and_stay_inside() -> None:
    seen = np.zeros((120, 80), dtype=int)
    for window in windows(120, 80, 40):
        assert seen[window].shape == (40, 40)
        seen[window] += 1
    assert (seen == 1).all()


def test_windows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not divide"):
        list(windows(100, 80, 40))


def test_top_and_bottom_slices_of_the_brain_are_left_out() -> None:
    assert sorted({place.k for place in places_in(brain(), 20, 0.0)}) == [3, 4, 5, 6]


def test_patches_without_enough_brain_are_left_out() -> None:
    for place in places_in(brain(), 20, 0.5):
        assert brain()[place.k, place.rows, place.columns].mean() >= 0.5
    assert len(places_in(brain(), 20, 0.5)) < len(places_in(brain(), 20, 0.01))


def test_a_patch_has_its_own_slice_in_the_middle_of_its_neighbours() -> None:
    volume = np.broadcast_to(np.arange(10.0, dtype=np.float32)[:, None, None], (10, 40, 80))
    places = places_in(brain(), 20, 0.1)
    stacks = cut(volume, places, 5)
    assert stacks.shape == (len(places), 5, 20, 20)
    for stack, place in zip(stacks, places, strict=True):
        assert stack[:, 0, 0].tolist() == [place.k + offset for offset in (-2, -1, 0, 1, 2)]


def test_beyond_the_ends_of_a_scan_there_is_nothing() -> None:
    full = np.ones((3, 20, 20), dtype=np.bool_)
    (stack,) = cut(full.astype(np.float32), places_in(full, 20, 0.1), 5)
    assert stack[:, 0, 0].tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_the_rim_of_a_brain_lies_in_its_slices() -> None:
    grown = near(brain(), 2)
    assert grown[2, 3, 20]
    assert not grown[2, 2, 20]
    assert not grown[1].any()
