"""Time-encoded volumes decode to the difference image that each block alone would have given."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import LabelingType, Source
from deepasl.errors import InputError
from deepasl.labeling.time_encoding import TimeEncoding, decoded, hadamard_encoding, read_time_encoding
from deepasl.phantom import Protocol, Subject
from deepasl.progress import run
from deepasl.quantification.label_timing import LabelModel
from deepasl.quantification.multidelay import choose_pairs_of_delays, quantify_delays, subtract_delays
from deepasl.results import M0Map
from deepasl.series import AslSeries, Role
from multidelay_scans import late_subject

BLOCKS = (0.7, 0.6, 0.5, 0.5, 0.4, 0.4, 0.4)
STATIC = 1000.0
MODEL = LabelModel(LabelingType.PCASL, 1.65, 1.65, 0.85, 0.9)


@pytest.fixture(scope="module")
def late() -> Subject:
    return late_subject()


def encoded_volumes(blocks: np.ndarray, encoding: TimeEncoding) -> np.ndarray:
    """What a scanner gives: static tissue less the label of every block that was labeled."""
    labeled = np.array(encoding.labeled, dtype=np.float64)
    return (STATIC - np.tensordot(labeled, blocks, axes=1)).astype(np.float32)


def encoded_scan(subject: Subject, encoding: TimeEncoding, cycles: int, noise_sd: float = 0.0) -> AslSeries:
    """An M0 volume, then cycles of time-encoded volumes of a subject."""
    assert subject.transit is not None
    flow = MODEL.signal(subject.transit.att.ravel(), encoding.timing).reshape(-1, *subject.cbf.shape)
    cycle = encoded_volumes(flow * subject.cbf * subject.m0, encoding)
    volumes = np.concatenate([subject.m0[None], *[cycle] * cycles])
    volumes += np.random.default_rng(3).normal(0.0, noise_sd, volumes.shape).astype(np.float32)
    acquisition = Protocol().acquisition().with_values(Source.FILE, "phantom", post_labeling_delay=(0.6,))
    roles = (Role.M0SCAN, *(Role.LABEL,) * (len(volumes) - 1))
    return AslSeries("encoded", volumes.astype(np.float32), subject.tissue.geometry, roles, acquisition)


def test_each_block_has_the_delay_of_all_that_comes_after_it():
    timing = hadamard_encoding((1.0, 0.6, 0.4), 0.7).timing
    assert timing.durations == (1.0, 0.6, 0.4)
    assert timing.delays == pytest.approx((1.7, 1.1, 0.7))


def test_blocks_come_back_exactly_without_noise():
    blocks = np.random.default_rng(0).uniform(0.0, 10.0, (7, 2, 3, 4))
    encoding = hadamard_encoding(BLOCKS, 0.6)
    np.testing.assert_allclose(encoding.decode(encoded_volumes(blocks, encoding)), blocks, atol=1e-3)


def test_eight_volumes_give_seven_blocks_with_a_quarter_of_the_noise_variance():
    volumes = np.random.default_rng(1).standard_normal((8, 20, 20, 20), dtype=np.float32)
    decoded_blocks = hadamard_encoding(BLOCKS, 0.6).decode(volumes)
    # Of one volume; that of the difference of two is 2, of the mean of four such differences 0.5.
    assert decoded_blocks.var() == pytest.approx(0.5, rel=0.02)
    assert abs(np.corrcoef(decoded_blocks[0].ravel(), decoded_blocks[1].ravel())[0, 1]) < 0.05


def test_an_encoding_with_label_and_control_exchanged_gives_negative_perfusion():
    blocks = np.full((3, 2, 2, 2), 5.0)
    encoding = hadamard_encoding((0.5, 0.5, 0.5), 0.6)
    opposite = TimeEncoding(tuple(tuple(not on for on in row) for row in encoding.labeled), (0.5, 0.5, 0.5), 0.6)
    np.testing.assert_allclose(opposite.decode(encoded_volumes(blocks, encoding)), -5.0, atol=1e-3)


def test_a_time_encoded_scan_gives_flow_and_transit_time(late: Subject):
    encoding = hadamard_encoding(BLOCKS, 0.6)
    series = decoded(encoded_scan(late, encoding, cycles=2), encoding)
    assert series.roles == (Role.M0SCAN, *(Role.DELTAM,) * 14)
    pairs, findings = choose_pairs_of_delays(series, None)
    assert (pairs, findings) == ((), ())
    images = run(subtract_delays(series, pairs))
    assert images.counts == (2,) * 7
    assert images.timing.delays == pytest.approx(encoding.timing.delays[::-1])
    acquisition, _ = complete(series.acquisition)
    maps = run(quantify_delays(images, M0Map(late.m0, "phantom", 1.0), late.mask, acquisition))
    assert late.transit is not None
    assert maps.cbf is not None
    assert maps.att is not None
    flowing = late.mask & (late.cbf > 10.0) & (late.transit.att < 1.5)
    assert flowing.sum() > 1000
    np.testing.assert_allclose(maps.cbf[flowing], late.cbf[flowing], rtol=2e-3)
    np.testing.assert_allclose(maps.att[flowing], late.transit.att[flowing], atol=2e-3)


def test_an_unfinished_cycle_is_refused(late: Subject):
    encoding = hadamard_encoding(BLOCKS, 0.6)
    series = encoded_scan(late, encoding, cycles=1)
    cut = AslSeries("cut", series.volumes[:-1], series.geometry, series.roles[:-1], series.acquisition)
    with pytest.raises(InputError, match="7 volumes are no whole number of cycles of 8"):
        decoded(cut, encoding)


def test_a_matrix_that_cannot_tell_blocks_apart_is_refused():
    with pytest.raises(InputError, match="do not tell 2 blocks apart"):
        TimeEncoding(((True, True), (False, False), (True, True)), (0.5, 0.5), 0.7)


def test_rows_of_another_length_than_there_are_blocks_are_refused():
    with pytest.raises(InputError, match="each of its 3 blocks"):
        TimeEncoding(((True, False), (False, True), (True, True)), (0.5, 0.5, 0.5), 0.7)


@pytest.mark.parametrize("blocks", [0, 2, 5])
def test_only_one_fewer_than_a_power_of_two_blocks_have_a_hadamard_matrix(blocks: int):
    with pytest.raises(InputError, match="no Hadamard matrix"):
        hadamard_encoding((0.5,) * blocks, 0.7)


def test_an_encoding_is_read_from_its_file(tmp_path: Path):
    path = tmp_path / "encoding.json"
    content = {"Labeled": [[1, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]], "BlockDurations": [1, 0.6, 0.4]}
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="PostLabelingDelay"):
        read_time_encoding(path)
    path.write_text(json.dumps(content | {"PostLabelingDelay": 0.7}))
    encoding = read_time_encoding(path)
    assert encoding.labeled[1] == (False, True, False)
    assert encoding.timing.delays == pytest.approx((1.7, 1.1, 0.7))
