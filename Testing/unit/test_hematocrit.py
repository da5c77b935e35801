"""T1 of arterial blood from the hematocrit: published measurements, and what stands above what."""

import pytest

from deepasl.acquisition.checks import check
from deepasl.acquisition.defaults import complete
from deepasl.acquisition.hematocrit import blood_t1
from deepasl.acquisition.marks import marks
from deepasl.acquisition.parameters import Acquisition, Source
from deepasl.acquisition.presets import presets_for
from deepasl.findings import Finding, Severity


def scan(**values: object) -> Acquisition:
    return Acquisition().with_values(Source.USER, "blood test", **values)


def codes(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in findings}


@pytest.mark.parametrize(
    ("field", "saturation", "measured", "within"),
    [(3.0, 0.92, 1.664, 0.014), (7.0, 1.0, 2.171, 0.039)],
    ids=["Lu 2004", "Grgac 2013"],
)
def test_arterial_blood_outside_the_body_has_the_t1_that_was_measured(
    field: float, saturation: float, measured: float, within: float
) -> None:
    """Both at a hematocrit of 0.42; the tolerance is the SD that the authors give."""
    assert blood_t1(0.42, field, saturation) == pytest.approx(measured, abs=within)


@pytest.mark.parametrize(("field", "measured"), [(1.5, 1.480), (3.0, 1.649), (7.0, 2.087)])
def test_blood_of_people_has_the_t1_that_was_measured_within_the_error_of_the_model(
    field: float, measured: float
) -> None:
    """Zhang 2013; Hales 2016 find their model within 87 ms of measurements in people."""
    assert blood_t1(0.42, field) == pytest.approx(measured, abs=0.087)


def test_blood_slows_down_with_anemia_field_strength_and_oxygen() -> None:
    assert blood_t1(0.30, 3.0) > blood_t1(0.42, 3.0) > blood_t1(0.55, 3.0)
    assert blood_t1(0.42, 1.5) < blood_t1(0.42, 3.0) < blood_t1(0.42, 7.0)
    assert blood_t1(0.42, 3.0, saturation=0.69) < blood_t1(0.42, 3.0)


def test_blood_without_cells_is_plasma_and_without_plasma_is_cells() -> None:
    assert 1.0 / blood_t1(1e-9, 3.0) == pytest.approx(0.496 - 0.023 * 3.0)
    assert 1.0 / blood_t1(1.0 - 1e-9, 3.0, saturation=1.0) == pytest.approx(1.099 - 0.057 * 3.0)


@pytest.mark.parametrize("hematocrit", [0.0, -0.1, 1.0, 42.0])
def test_what_is_no_fraction_has_no_t1(hematocrit: float) -> None:
    with pytest.raises(ValueError, match="no fraction"):
        blood_t1(hematocrit, 3.0)


def test_no_t1_is_told_for_a_field_strength_nobody_measured_at() -> None:
    with pytest.raises(ValueError, match=r"1\.5 to 7 T"):
        blood_t1(0.42, 0.5)


def test_t1_of_blood_follows_from_the_hematocrit_and_says_so() -> None:
    known, findings = complete(scan(magnetic_field_strength=3.0, hematocrit=0.30))
    assert known.t1_blood.value == pytest.approx(blood_t1(0.30, 3.0), abs=5e-4)
    assert known.t1_blood.value != 1.65
    assert known.t1_blood.source is Source.COMPUTED
    assert known.t1_blood.origin == "hematocrit 0.3 (blood test) at 3 T, Hales 2016"
    (told,) = (finding for finding in findings if finding.code == "t1-blood-of-hematocrit")
    assert "1.65 s" in told.message


def test_a_given_t1_stands_above_the_hematocrit() -> None:
    known, findings = complete(scan(magnetic_field_strength=3.0, hematocrit=0.30, t1_blood=1.9))
    assert (known.t1_blood.value, known.t1_blood.source) == (1.9, Source.USER)
    assert "hematocrit-unused" in codes(findings)


def test_without_a_hematocrit_t1_follows_from_the_field_strength() -> None:
    known, _ = complete(scan(magnetic_field_strength=3.0))
    assert (known.t1_blood.value, known.t1_blood.source) == (1.65, Source.DEFAULT)
    assert not known.hematocrit.known


def test_at_a_field_strength_nobody_measured_at_the_hematocrit_is_left_out_and_this_is_told() -> None:
    with_it, findings = complete(scan(magnetic_field_strength=0.5, hematocrit=0.30))
    without, _ = complete(scan(magnetic_field_strength=0.5))
    assert with_it.t1_blood == without.t1_blood
    (told,) = (finding for finding in findings if finding.code == "hematocrit-unused")
    assert told.severity is Severity.WARNING


def test_a_hematocrit_in_percent_is_an_error_that_names_the_fraction_and_changes_no_t1() -> None:
    known, _ = complete(scan(magnetic_field_strength=3.0, hematocrit=42.0))
    (found,) = (finding for finding in check(known) if finding.code == "hematocrit-impossible")
    assert found.severity is Severity.ERROR
    assert found.message.endswith("give 0.42.")
    assert known.t1_blood.value == 1.65
    assert found in marks(known)["hematocrit"]


def test_anemia_raises_a_question_and_a_usual_hematocrit_none() -> None:
    assert "hematocrit-unusual" in codes(check(scan(hematocrit=0.2)))
    assert "hematocrit-unusual" not in codes(check(scan(hematocrit=0.42)))


def test_consensus_constants_leave_the_hematocrit_out_to_compare_studies() -> None:
    known, _ = complete(scan(magnetic_field_strength=3.0, hematocrit=0.30))
    (consensus,) = (preset for preset in presets_for(known) if "Consensus" in preset.title)
    assert consensus.changes_to(known)["t1_blood"].value == 1.65
