"""Sample scans are scans like any other, and what is true of them lies beside them."""

from pathlib import Path

import pytest
import slicer

from deepasl.phantom import lesion_mask
from deepasl.pipeline import prepare
from deepasl.progress import Clock, run
from DeepASLDenoiseLib.nodes import readGeometry
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.scans.phantomsamples import SAMPLES
from DeepASLDenoiseLib.scans.sampledata import loadSample
from DeepASLDenoiseLib.scans.understanding import Choice, chosenSeries

pytestmark = pytest.mark.mrml


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda sample: sample.name)
def sample(request):
    return request.param


@pytest.fixture(scope="module")
def loaded(sample):
    application = startApplication()
    return application, loadSample(application.scene, sample)


def test_a_sample_needs_no_correction(loaded):
    _, sample = loaded
    series = chosenSeries(Choice(sample.scan))
    codes = {finding.code for finding in series.findings}
    assert codes <= {"m0-tr-short"}
    assert series.acquisition.labeling_duration.value == 1.8
    assert str(series.origin).startswith("ASL phantom")


def test_the_truth_is_a_volume_of_blood_flow_on_the_grid_of_the_scan(loaded):
    _, sample = loaded
    assert sample.truth.GetName() == f"{sample.scan.GetName()} true CBF"
    assert sample.truth.GetVoxelValueUnits().GetCodeValue() == "ml/(100.g)/min"
    assert readGeometry(sample.truth).matches(readGeometry(sample.scan.GetNthDataNode(0)))


def test_the_lesion_can_be_seen_in_truth_and_scan(loaded, sample):
    _, nodes = loaded
    subject = sample.subject()
    (lesion,) = subject.lesions
    series = chosenSeries(Choice(nodes.scan))
    inside = lesion_mask(subject.tissue.geometry, lesion) & subject.mask
    mirrored = inside[:, :, ::-1] & subject.mask
    ready = run(prepare(series, Choice(nodes.scan).settings, Clock()))
    for flow in (slicer.util.arrayFromVolume(nodes.truth), ready.differences.mean):
        ratio = flow[inside].mean() / flow[mirrored].mean()
        assert (ratio < 0.6) if lesion.factor < 1 else (ratio > 1.5)


def test_thumbnails_are_there(sample):
    resources = Path(__file__).resolve().parents[2] / "DeepASLDenoise" / "Resources"
    assert (resources / sample.thumbnail).read_bytes().startswith(b"\x89PNG")
