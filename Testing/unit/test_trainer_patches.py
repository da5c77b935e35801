import dataclasses
from pathlib import Path

import numpy as np
import pytest
from trainer_cases import tiny_scan, tiny_settings

from deepasl.errors import InputError
from deepasl_trainer.patches import cut, split_people, windows
from deepasl_trainer.settings import PeopleSettings

FILES = tuple(Path(f"person_{number}.nii.gz") for number in range(1, 6))


def test_windows_cover_a_slice_once_and_stay_inside() -> None:
    seen = np.zeros((120, 80), dtype=int)
    for window in windows(120, 80, 40):
        assert seen[window].shape == (40, 40)
        seen[window] += 1
    assert (seen == 1).all()


def test_no_person_is_in_two_groups() -> None:
    split = split_people(FILES, PeopleSettings(validation=("person_2",), test=("person_4", "person_5")))
    assert [file.name[7] for file in split.training] == ["1", "3"]
    assert set(split.training).isdisjoint(split.validation + split.test)
    assert set(split.training + split.validation + split.test) == set(FILES)


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        (("person_2",), ("person_2",), "two groups"),
        (("person_9",), ("person_2",), "no label map of person_9"),
        (("person_1", "person_2"), ("person_3", "person_4", "person_5"), "nobody is left"),
    ],
)
def test_impossible_splits_are_refused(validation: tuple[str, ...], test: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_people(FILES, PeopleSettings(validation, test))


def test_top_and_bottom_slices_of_the_brain_are_left_out(tmp_path: Path) -> None:
    settings = tiny_settings()
    scan = tiny_scan(settings, tmp_path)
    patches = cut(scan, dataclasses.replace(settings.patches, least_brain=0.0))
    filled = np.flatnonzero(scan.brain.any(axis=(1, 2)))
    assert len(patches) > 5
    for k in (filled[0], filled[-1]):
        planes = [scan.deltam[k][window] for window in windows(*scan.brain.shape[1:], settings.patches.size)]
        assert not any(np.array_equal(patch, plane) for patch in patches.deltam for plane in planes if plane.any())


def test_patches_keep_signal_and_m0_together(tmp_path: Path) -> None:
    settings = tiny_settings()
    patches = cut(tiny_scan(settings, tmp_path), settings.patches)
    brain = patches.m0 > 0
    cbf = (patches.gain[:, None, None] * patches.deltam)[brain] / patches.m0[brain]
    assert cbf.min() >= 0.0
    low, high = settings.scans.grey_cbf[0], settings.scans.grey_cbf[1] * settings.scans.lesion_factor[1] * 1.8
    assert low / 2 < np.percentile(cbf, 90) < high
    assert (patches.near_brain >= brain).all()
    assert brain.mean(axis=(1, 2)).min() >= settings.patches.least_brain


def test_signal_and_m0_are_percent_of_mean_m0(tmp_path: Path) -> None:
    scan = tiny_scan(tiny_settings(), tmp_path)
    assert scan.m0[scan.brain].mean() == pytest.approx(100.0, rel=1e-4)
    assert 0.2 < scan.grey_signal < 2.0
