"""Paired tests: what they say of figures that are known."""

import numpy as np
import pytest
from scipy.stats import wilcoxon

from deepasl_trainer.evaluation.comparison import Comparison, caveat, compare
from deepasl_trainer.evaluation.records import Condition, Record

SCANS = [Condition("p", f"person_{person}", scan, 6) for person in range(3) for scan in range(4)]


def records(method: str, figure: str, values: list[float]) -> list[Record]:
    return [
        Record(condition, method, "v", 0.3, {figure: value}) for condition, value in zip(SCANS, values, strict=False)
    ]


def only(comparisons: tuple[Comparison, ...]) -> Comparison:
    (one,) = comparisons
    return one


def test_a_method_that_is_better_on_every_scan_gains_significantly() -> None:
    other = [10.0 + 0.1 * n for n in range(12)]
    mine = [value + 1.0 + 0.01 * n for n, value in enumerate(other)]
    one = only(compare([*records("other", "psnr", other), *records("mine", "psnr", mine)], "mine"))
    assert one.gain == pytest.approx(1.055)
    assert (one.units, one.people, one.better_in) == (12, 3, 3)
    assert one.p == pytest.approx(2.0 / 2**12)
    assert one.is_significant


@pytest.mark.parametrize(
    ("figure", "mine", "other"),
    [
        ("rmse", 5.0, 8.0),
        ("grey_bias", 1.0, -4.0),
        ("lesions", 1.1, 0.5),
        ("lesions x1.8", 0.9, 1.4),
        ("null", 1.0, 9.0),
    ],
)
def test_less_error_is_a_gain_whatever_its_sign(figure: str, mine: float, other: float) -> None:
    one = only(compare([*records("mine", figure, [mine]), *records("other", figure, [other])], "mine"))
    assert one.gain > 0.0


def test_equal_figures_are_no_gain() -> None:
    same = [float(n) for n in range(12)]
    one = only(compare([*records("mine", "ccc", same), *records("other", "ccc", same)], "mine"))
    assert (one.gain, one.p, one.better_in) == (0.0, 1.0, 0)


def test_p_values_are_corrected_for_all_comparisons_together() -> None:
    rng = np.random.default_rng(1)
    mine = rng.normal(10.0, 1.0, 12)
    others = {name: mine - rng.normal(shift, 1.0, 12) for name, shift in (("a", 0.3), ("b", 0.8), ("c", 2.0))}
    everything = records("mine", "psnr", mine.tolist())
    for name, values in others.items():
        everything += records(name, "psnr", values.tolist())
    found = {one.method: one for one in compare(everything, "mine")}
    raw = {name: float(wilcoxon(mine - values).pvalue) for name, values in others.items()}
    assert {name: found[name].p for name in raw} == pytest.approx(raw)
    # Holm: the smallest p times 3, the next times 2, the largest times 1, never falling.
    corrected, highest = {}, 0.0
    for rank, name in enumerate(sorted(raw, key=raw.__getitem__)):
        highest = max(highest, min(1.0, raw[name] * (3 - rank)))
        corrected[name] = highest
    assert {name: found[name].p_holm for name in raw} == pytest.approx(corrected)


def test_only_scans_that_both_methods_have_are_compared() -> None:
    one = only(compare([*records("mine", "psnr", [20.0] * 12), *records("other", "psnr", [19.0] * 7)], "mine"))
    assert (one.units, one.people) == (7, 2)


def test_too_few_scans_give_no_p() -> None:
    one = only(compare([*records("mine", "psnr", [20.0] * 5), *records("other", "psnr", [10.0] * 5)], "mine"))
    assert np.isnan(one.p)
    assert np.isnan(one.p_holm)
    assert not one.is_significant


def test_three_people_prove_nothing_of_people_and_it_is_said() -> None:
    assert "With 3 people no test over people can reach p < 0.05 (the smallest possible is 0.25)" in caveat(3)
    assert "could reach p = 0.031" in caveat(6)
