"""Parameters: defaults with their source, and values that cannot be."""

import pytest

from deepasl.acquisition.checks import check
from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import SPECS, Acquisition, LabelingType, Source
from deepasl.findings import Severity


def acquisition(**values: object) -> Acquisition:
    usual = {"labeling_type": LabelingType.PCASL, "post_labeling_delay": (1.8,), "labeling_duration": 1.8}
    return Acquisition().with_values(Source.FILE, "a.json", **(usual | values))


def errors(known: Acquisition) -> dict[str, str]:
    return {f.code: f.message for f in check(known) if f.severity is Severity.ERROR}


def warnings(known: Acquisition) -> set[str]:
    return {f.code for f in check(known) if f.severity is Severity.WARNING}


def test_every_parameter_has_a_specification() -> None:
    assert set(SPECS) == {name for name, _ in Acquisition()}


def test_a_usual_acquisition_raises_no_question() -> None:
    known, findings = complete(acquisition(magnetic_field_strength=3.0, background_suppression=False))
    assert check(known) == ()
    assert findings == ()


@pytest.mark.parametrize(
    ("name", "value", "in_seconds"),
    [
        ("post_labeling_delay", (1800.0,), "1.8"),
        ("labeling_duration", 1450.0, "1.45"),
        ("m0_repetition_time", 6000.0, "6"),
        ("t1_blood", 1650.0, "1.65"),
    ],
)
def test_milliseconds_are_recognised_and_the_value_in_seconds_is_named(
    name: str, value: object, in_seconds: str
) -> None:
    found = errors(acquisition(**{name: value}))
    (message,) = [text for code, text in found.items() if code.endswith("milliseconds")]
    assert "looks like milliseconds" in message
    assert message.endswith(f"{in_seconds}.")
    assert "a.json" in message


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_repetition_time_of_zero_is_refused(value: float) -> None:
    assert "m0-repetition-time-impossible" in errors(acquisition(m0_repetition_time=value))


def test_a_delay_of_zero_for_m0_volumes_is_as_the_standard_has_it() -> None:
    assert not errors(acquisition(post_labeling_delay=(0.0, 1.8, 1.8)))
    assert not warnings(acquisition(post_labeling_delay=(0.0, 1.8, 1.8)))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"post_labeling_delay": None}, "missing-post-labeling-delay"),
        ({"labeling_duration": None}, "missing-labeling-duration"),
        ({"labeling_type": None}, "missing-labeling-type"),
        ({"labeling_type": LabelingType.PASL}, "missing-bolus-cutoff-delay"),
    ],
)
def test_what_blood_flow_needs_is_asked_for(values: dict[str, object], code: str) -> None:
    message = errors(acquisition(**values))[code]
    assert "--" in message


def test_everything_that_is_missing_is_asked_for_at_once() -> None:
    known, _ = complete(Acquisition())
    assert set(errors(known)) == {"missing-labeling-type", "missing-post-labeling-delay", "missing-bolus-width"}


def test_an_efficiency_above_one_cannot_be() -> None:
    assert "labeling-efficiency-impossible" in errors(acquisition(labeling_efficiency=85.0))


def test_unusual_values_are_told_with_what_is_usual() -> None:
    (finding,) = check(acquisition(post_labeling_delay=(0.2,)))
    assert finding.code == "post-labeling-delay-unusual"
    assert "0.2 s" in finding.message
    assert "0.5 to 3.5" in finding.message


def test_labeling_and_delay_must_fit_into_the_repetition_time() -> None:
    assert "tr-too-short" in warnings(acquisition(repetition_time=3.0))


def test_protocol_times_have_no_default() -> None:
    known, _ = complete(Acquisition())
    assert not known.post_labeling_delay.known
    assert not known.labeling_duration.known


@pytest.mark.parametrize(("field", "t1"), [(1.5, 1.35), (2.89, 1.65), (3.0, 1.65), (7.0, 2.087), (4.7, 1.833)])
def test_t1_of_blood_follows_the_field_strength(field: float, t1: float) -> None:
    known, _ = complete(acquisition(magnetic_field_strength=field))
    assert known.t1_blood.value == pytest.approx(t1)
    assert known.t1_blood.source is Source.DEFAULT
    assert known.t1_blood.origin


def test_suppression_pulses_lower_the_default_efficiency_by_five_percent_each() -> None:
    known, findings = complete(acquisition(background_suppression=True, background_suppression_pulses=2))
    assert known.labeling_efficiency.value == pytest.approx(0.85 * 0.95**2)
    assert "efficiency-suppression" in {f.code for f in findings}


def test_an_unknown_number_of_suppression_pulses_is_told() -> None:
    known, findings = complete(acquisition(background_suppression=True))
    assert known.labeling_efficiency.value == 0.85
    assert "suppression-pulses-unknown" in {f.code for f in findings}


def test_an_efficiency_from_the_file_is_left_alone() -> None:
    known, _ = complete(acquisition(labeling_efficiency=0.72, background_suppression=True))
    assert known.labeling_efficiency.value == 0.72
    assert known.labeling_efficiency.source is Source.FILE
