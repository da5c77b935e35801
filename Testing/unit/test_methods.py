"""The methods paragraph says what was done, and nothing that was not."""

from dataclasses import replace
from math import exp

import pytest
from example_result import acquisition, example_result

from deepasl.acquisition import LabelingType, Source
from deepasl.methods import PASL_EQUATION, PCASL_EQUATION, REFERENCES, equation, methods_text
from deepasl.quantification import cbf_pasl, cbf_pcasl
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
    assert "[1]" not in methods_text(result)


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


def test_every_citation_has_a_reference() -> None:
    text = methods_text(example_result())
    assert [n for n in range(1, 9) if f"[{n}" in text] == [1, 2, 3]
    assert len(REFERENCES) == 3
    assert all(reference.doi.startswith("10.") for reference in REFERENCES)
