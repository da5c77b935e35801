"""The methods paragraph says what was done, and nothing that was not."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from example_result import acquisition, example_result

from deepasl.acquisition.parameters import LabelingType, Source
from deepasl.quantification.buxton import cbf_pasl, cbf_pcasl
from deepasl.report.citations import PUBLICATIONS, numbered
from deepasl.report.methods import PASL_EQUATION, PCASL_EQUATION, equation, methods_of, methods_text
from deepasl.series import Role


def test_the_text_states_pairs_network_and_every_constant_of_the_equation() -> None:
    text = methods_text(example_result())
    for said in ("2 control-label pairs", "deepasl-paper", "3f3f3f3f3f3f", "equation 1", "PLD 1.8 s", "τ 1.8 s"):
        assert said in text
    for constant in ("T1b 1.65 s", "α 0.85", "λ 0.9 mL/g", "multiplied by 1.405"):
        assert constant in text


def test_slice_timing_is_mentioned_only_where_it_was_used() -> None:
    assert "delay of each slice" not in methods_text(example_result())
    timed = acquisition().with_values(Source.FILE, "", slice_timing=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5))
    assert "PLD 1.8 s plus the delay of each slice" in methods_text(example_result(acquisition=timed))


def test_pulsed_labeling_has_its_own_equation_and_no_labeling_duration() -> None:
    pulsed = acquisition().with_values(
        Source.FILE, "", labeling_type=LabelingType.PASL, bolus_cutoff_delay=0.7, post_labeling_delay=(2.0,)
    )
    result = example_result(acquisition=pulsed)
    assert equation(result) == PASL_EQUATION
    text = methods_text(result)
    assert "equation 2" in text
    assert "TI 2 s, TI1 0.7 s" in text
    assert "τ" not in text


def test_without_m0_no_equation_and_no_flow_is_claimed() -> None:
    result = example_result(with_m0=False)
    assert equation(result) == ""
    assert "No CBF was computed" in methods_text(result)
    assert [reference.doi for reference in methods_of(result).references] == ["10.1007/978-3-030-00928-1_4"]


def test_a_scan_that_came_subtracted_is_not_said_to_be_subtracted_here() -> None:
    result = replace(example_result(), roles=(Role.M0SCAN, Role.DELTAM), pairs=())
    assert methods_text(result).startswith("The scan came subtracted: one difference image")


@pytest.mark.parametrize(
    ("text", "computed", "symbols"),
    [
        (
            PCASL_EQUATION,
            lambda: cbf_pcasl(10.0, 1000.0, pld=1.8, labeling_duration=1.7),
            {"PLD": 1.8, "τ": 1.7, "α": 0.85},
        ),
        (
            PASL_EQUATION,
            lambda: cbf_pasl(10.0, 1000.0, inversion_time=2.0, bolus_duration=0.7),
            {"TI1": 0.7, "TI": 2.0, "α": 0.98},
        ),
    ],
    ids=["pCASL", "PASL"],
)
def test_the_equation_as_printed_gives_what_is_computed(text: str, computed, symbols: dict[str, float]) -> None:
    right = text.removeprefix("CBF = ").replace("·", "*").replace("−", "-")
    values = {"ΔM": 10.0, "M0": 1000.0, "T1b": 1.65, "λ": 0.9} | symbols
    for symbol in sorted(values, key=len, reverse=True):
        right = right.replace(symbol, f"({values[symbol]})")
    evaluated = eval(right, {"__builtins__": {}, "exp": exp})  # a constant of the project, not input
    assert evaluated == pytest.approx(computed(), rel=1e-12)


def test_every_citation_has_its_reference_in_order_of_appearance() -> None:
    methods = methods_of(example_result())
    assert [methods.text.index(f"[{n}]") for n in (1, 2, 3)] == sorted(methods.text.index(f"[{n}]") for n in (1, 2, 3))
    assert [reference.text.split()[0] for reference in methods.references] == ["Ulas", "Alsop", "Buxton"]
    assert all(reference.doi.startswith("10.") for reference in PUBLICATIONS.values())


def test_a_publication_cited_twice_keeps_its_number_and_an_unknown_one_is_an_error() -> None:
    text, references = numbered("A [@buxton]. B [@alsop;buxton]. C [@buxton].")
    assert text == "A [1]. B [2, 1]. C [1]."
    assert references == (PUBLICATIONS["buxton"], PUBLICATIONS["alsop"])
    with pytest.raises(KeyError, match="nobody"):
        numbered("[@nobody]")


def test_several_delays_are_fitted_with_the_kinetic_model_and_have_no_closed_equation() -> None:
    several = acquisition().with_values(Source.FILE, "", post_labeling_delay=(0.0, 1.0, 1.0, 2.0, 2.0, 2.0))
    result = example_result(acquisition=several)
    att = np.ones_like(result.removed)
    result = replace(result, conventional=replace(result.conventional, att=att))
    text = methods_text(result)
    assert equation(result) == ""
    for said in (
        "by delay",
        "for each delay apart",
        "at 2 delays (1 to 2 s)",
        "kinetic model",
        "τ 1.8 s",
        "T1b 1.65 s",
    ):
        assert said in text
    assert "single-compartment" not in text
    assert "PLD" not in text
