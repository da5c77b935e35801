import dataclasses
from pathlib import Path

import numpy as np
import pytest
from invivo_cases import NOISE_SD, STILL, person, read_phantom

from deepasl.quality.metrics import rmse
from deepasl_trainer.invivo.held_out import HeldOutImage, held_out_images
from deepasl_trainer.invivo.scans import InVivoScan, read_people
from deepasl_trainer.people.bids import find_bids_people

PAPER = dataclasses.replace(STILL, reference="mean-of-all")


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> InVivoScan:
    """Twenty noisy pairs."""
    return read_phantom(tmp_path_factory.mktemp("scan"), pairs=20)


def noise(image: np.ndarray, scan: InVivoScan) -> np.ndarray:
    """What an image in percent of mean M0 has more than the person's true difference signal, in the brain."""
    brain = scan.observation.brain
    return image[brain] - (person().cbf[brain] / scan.cbf_per_percent()[brain])


def correlation(held_out: HeldOutImage) -> float:
    noisy, reference = noise(held_out.noisy.deltam, held_out.scan), noise(held_out.reference.deltam, held_out.scan)
    return float(np.corrcoef(noisy, reference)[0, 1])


def test_each_level_has_its_pairs_and_all_levels_one_reference(scan: InVivoScan) -> None:
    images = list(held_out_images([scan], STILL, seed=0))
    assert [image.fraction for image in images] == [0.2, 0.4, 0.6, 0.8]
    assert [len(image.noisy.control) for image in images] == [2, 4, 6, 8]
    assert all(np.array_equal(image.reference.deltam, images[0].reference.deltam) for image in images)
    assert [len(image.noisy.control) for image in held_out_images([scan], PAPER, seed=0)] == [4, 8, 12, 16]


def test_noise_falls_with_the_number_of_pairs(scan: InVivoScan) -> None:
    one_pair = 100.0 * NOISE_SD * np.sqrt(2.0) / scan.observation.mean_m0
    for image in held_out_images([scan], STILL, seed=0):
        expected = one_pair / np.sqrt(len(image.noisy.control))
        # M0 was measured once, with noise: it changes the scale of each voxel by a percent.
        assert noise(image.noisy.deltam, scan).std() == pytest.approx(expected, rel=0.05)
        assert image.reference.noise_percent == pytest.approx(one_pair / np.sqrt(10), rel=0.1)


def test_disjoint_halves_share_no_noise_and_the_papers_protocol_does(scan: InVivoScan) -> None:
    for halves, paper in zip(held_out_images([scan], STILL, 0), held_out_images([scan], PAPER, 0), strict=True):
        assert abs(correlation(halves)) < 0.05
        assert correlation(paper) == pytest.approx(np.sqrt(paper.fraction), abs=0.05)


def test_the_papers_protocol_flatters(scan: InVivoScan) -> None:
    """As many pairs look closer to a reference that holds them than they are to the truth."""
    (image,) = held_out_images([scan], dataclasses.replace(PAPER, fractions=(0.8,)), seed=0)
    truth = person().cbf * image.judged
    cbf, reference = (one.deltam * image.cbf_per_percent for one in (image.noisy, image.reference))
    assert rmse(cbf, reference, image.judged) < 0.6 * rmse(cbf, truth, image.judged)
    (fair,) = held_out_images([scan], dataclasses.replace(STILL, fractions=(0.8,)), seed=0)
    cbf, reference = (one.deltam * fair.cbf_per_percent for one in (fair.noisy, fair.reference))
    assert rmse(cbf, reference, fair.judged) > 1.2 * rmse(cbf, truth, fair.judged)


def test_top_and_bottom_slices_are_not_judged(scan: InVivoScan) -> None:
    image = next(held_out_images([scan], STILL, seed=0))
    inside = np.flatnonzero(scan.observation.brain.any(axis=(1, 2)))
    assert np.flatnonzero(image.judged.any(axis=(1, 2))).tolist() == inside[1:-1].tolist()


def test_what_is_drawn_depends_on_seed_person_and_scan(scan: InVivoScan) -> None:
    other = dataclasses.replace(scan, person="sub-02")
    one, again, elsewhere = (
        next(held_out_images([one], STILL, seed)) for one, seed in ((scan, 0), (scan, 0), (other, 0))
    )
    assert np.array_equal(one.noisy.control, again.noisy.control)
    assert not np.array_equal(one.noisy.control, elsewhere.noisy.control)
    assert not np.array_equal(one.noisy.control, next(held_out_images([scan], STILL, 1)).noisy.control)


def test_every_real_scan_is_held_out_at_every_level(shared_data: Path) -> None:
    scans = read_people(find_bids_people(shared_data / "bids" / "ds000240"), STILL)["sub-01"]
    images = list(held_out_images(scans, STILL, seed=0))
    assert [(image.scan.name, len(image.noisy.control), len(image.reference.control)) for image in images[:4]] == [
        ("sub-01_asl", 2, 8),
        ("sub-01_asl", 3, 8),
        ("sub-01_asl", 4, 8),
        ("sub-01_asl", 6, 8),
    ]
    assert len(images) == 8
