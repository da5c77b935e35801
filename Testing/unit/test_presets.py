"""Published values: what they change of a scan, and what they leave alone; and what is marked as doubtful."""

import pytest

from deepasl.acquisition.checks import check
from deepasl.acquisition.defaults import complete
from deepasl.acquisition.marks import CONCERNS, fields_of, marks
from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.acquisition.presets import Preset, presets_for
from deepasl.findings import Severity


def told(**values: object) -> Acquisition:
    """A scan whose file says these values, the others filled in."""
    return complete(Acquisition().with_values(Source.FILE, "sidecar", **values))[0]


def preset(acquisition: Acquisition, words: str) -> Preset:
    (found,) = (p for p in presets_for(acquisition) if words in p.title)
    return found


def test_a_protocol_gives_a_bare_scan_the_times_of_the_white_paper() -> None:
    bare = told(magnetic_field_strength=3.0)
    changes = preset(bare, "healthy adults below 70").changes_to(bare)
    assert changes["post_labeling_delay"].value == (1.8,)
    assert changes["labeling_duration"].value == 1.8
    assert changes["labeling_type"].value is LabelingType.PCASL
    assert {p.origin for p in changes.values()} == {"white paper, Alsop 2015"}


def test_children_have_a_shorter_delay_than_the_elderly() -> None:
    bare = told()
    offered = (preset(bare, people).parameters for people in ("children", "above 70", "neonates"))
    delays = [parameters["post_labeling_delay"].value[0] for parameters in offered]
    assert delays == [1.5, 2.0, 2.0]


def test_a_protocol_never_contradicts_what_the_file_says() -> None:
    scan = told(labeling_type=LabelingType.PCASL, post_labeling_delay=(1.2,), labeling_duration=1.5)
    assert preset(scan, "children").changes_to(scan) == {}


def test_pulsed_labeling_has_a_bolus_cutoff_instead_of_a_labeling_duration() -> None:
    scan = told(labeling_type=LabelingType.PASL)
    changes = preset(scan, "children").changes_to(scan)
    assert changes["bolus_cutoff_delay"].value == 0.8
    assert "labeling_duration" not in changes


def test_consensus_constants_stand_above_those_of_the_file_and_count_suppression_pulses() -> None:
    scan = told(
        labeling_type=LabelingType.PCASL,
        magnetic_field_strength=1.5,
        labeling_efficiency=0.72,
        background_suppression=True,
        background_suppression_pulses=2,
    )
    changes = preset(scan, "Consensus constants at 1.5 T").changes_to(scan)
    assert changes["labeling_efficiency"].value == pytest.approx(0.85 * 0.95**2)
    assert "t1_blood" not in changes  # the default already
    assert scan.t1_blood.value == 1.35


def test_blood_of_women_and_men_is_offered_where_it_was_measured() -> None:
    at_3t = told(magnetic_field_strength=2.89)
    women = preset(at_3t, "women").changes_to(at_3t)["t1_blood"]
    assert (women.value, women.origin) == (1.908, "Li 2017")
    assert not [p for p in presets_for(told(magnetic_field_strength=7.0)) if "women" in p.title]


def test_milliseconds_are_marked_as_an_error_at_their_parameter() -> None:
    found = marks(told(labeling_duration=1800.0))
    assert found["labeling_duration"][0].severity is Severity.ERROR
    assert "milliseconds" in found["labeling_duration"][0].message


def test_unusual_values_are_marked_with_the_usual_range() -> None:
    found = marks(told(post_labeling_delay=(0.2,)))
    assert "0.5 to 3.5" in found["post_labeling_delay"][0].message
    assert "labeling_efficiency" not in found


def test_times_that_contradict_each_other_are_marked_at_each() -> None:
    found = marks(told(labeling_duration=1.8, post_labeling_delay=(1.8,), repetition_time=3.0))
    for field in ("labeling_duration", "post_labeling_delay", "repetition_time"):
        assert found[field][0].code == "tr-too-short"


def test_every_finding_about_a_value_marks_a_parameter() -> None:
    """Nothing that the checks can say is lost on the way to the table."""
    wrong = told(
        post_labeling_delay=(-1.0,),
        labeling_duration=99.0,
        magnetic_field_strength=30.0,
        labeling_efficiency=1.4,
        repetition_time=1.0,
        readout="2D",
    )
    findings = [*check(wrong), *check(Acquisition())]
    assert len(findings) >= 8
    assert [f.code for f in findings if not fields_of(f.code)] == []
    assert all(field in dict(Acquisition()) for fields in CONCERNS.values() for field in fields)
