"""What is written of parameters, findings and choices is read again as it was."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.calibration.settings import M0Method, M0Settings
from deepasl.errors import InputError
from deepasl.findings import note, warning
from deepasl.run_record import DroppedVolumes, HeadMotion, RunRecord
from deepasl.settings import Settings
from deepasl.writers.provenance import findings_as_data, parameters_as_data
from DeepASLDenoiseLib.runs.provenancedata import acquisitionFrom, asData, builtFrom, findingsFrom


def written(data):
    return json.loads(json.dumps(data))


def test_parameters_keep_value_type_source_and_origin():
    known = {"labeling_type": LabelingType.PASL, "post_labeling_delay": (0.5, 1.0), "background_suppression": True}
    acquisition = Acquisition().with_values(Source.FILE, "sub-01_asl.json", **known)
    assert acquisitionFrom(written(parameters_as_data(acquisition))) == acquisition


def test_findings_keep_code_severity_and_message():
    findings = (warning("seen", "Müller said: 50 %"), note("known", "nothing"))
    assert findingsFrom(written(findings_as_data(findings))) == findings


@pytest.mark.parametrize(
    "settings", [Settings(), Settings(12, 1.8, 4.0), Settings(m0=M0Settings(method=M0Method.CSF))], ids=str
)
def test_choices_keep_what_was_chosen_and_its_kind(settings):
    record = RunRecord(settings, np.array([1.5, 2.5]))
    found = builtFrom(RunRecord, written(asData(record))).settings
    assert found == settings
    assert isinstance(found.m0.method, M0Method)


def test_what_was_done_before_the_network_is_kept_with_all_its_figures():
    motion = HeadMotion(np.arange(12.0).reshape(2, 6), np.array([0.0, 0.25]), corrected=True)
    dropped = (DroppedVolumes((2, 3), "the head moved"), DroppedVolumes((4,), "bright"))
    record = RunRecord(Settings(), np.array([1.5, np.nan]), motion, dropped, tissue_origin="maps of a T1 scan")
    found = builtFrom(RunRecord, written(asData(record)))
    np.testing.assert_equal(asdict(found), asdict(record))
    assert found.motion.parameters.shape == (2, 6)


def test_choices_that_are_not_said_are_as_by_default():
    found = builtFrom(RunRecord, {"settings": {"pairs": 3}, "volume_signal": []})
    assert found.settings == replace(Settings(), pairs=3)


def test_a_choice_of_the_future_is_not_ignored():
    with pytest.raises(InputError, match="Settings has no future"):
        builtFrom(RunRecord, {"settings": {"future": True}, "volume_signal": []})
