"""What becomes of each volume: pairs, M0, and everything that is left out with its reason."""

from dataclasses import replace

import numpy as np
import pytest

from deepasl.labeling.volume_use import brain_signal, signal_range, volume_uses
from deepasl.pipeline import Settings, prepare
from deepasl.progress import Clock, run
from deepasl.series import AslSeries, M0Scan, Role

C, L, M = Role.CONTROL, Role.LABEL, Role.M0SCAN


def with_roles(series: AslSeries, **by_number: Role) -> AslSeries:
    roles = list(series.roles)
    for number, role in by_number.items():
        roles[int(number[1:])] = role
    return replace(series, roles=tuple(roles))


def test_every_volume_of_a_clean_scan_is_used_for_its_pair_or_as_m0(series: AslSeries) -> None:
    uses = volume_uses(series)
    assert all(use.used for use in uses)
    assert [use.reason for use in uses[:5]] == ["M0", "pair 1", "pair 1", "pair 2", "pair 2"]
    assert [use.delay for use in uses[:2]] == [None, 1.8]


def test_volumes_that_are_used_are_those_of_the_pipeline(series: AslSeries) -> None:
    spoiled = with_roles(series, t4=Role.UNUSED, t7=Role.CBF)
    ready = run(prepare(spoiled, Settings(pairs=3), Clock()))
    averaged = {t for pair in ready.differences.pairs for t in pair}
    in_m0 = set(spoiled.indices(M))
    assert {use.index for use in volume_uses(spoiled, pairs=3) if use.used} == averaged | in_m0


def test_a_volume_without_a_partner_is_left_out(series: AslSeries) -> None:
    uses = volume_uses(with_roles(series, t12=Role.UNUSED))
    assert not uses[12].used
    assert uses[12].reason == "its role is n/a"
    assert not uses[11].used
    assert uses[11].reason == "no partner"


def test_pairs_beyond_the_chosen_number_are_left_out(series: AslSeries) -> None:
    uses = volume_uses(series, pairs=2)
    assert [use.used for use in uses] == [True] * 5 + [False] * 8
    assert uses[5].reason == "only 2 pairs are averaged"


def test_a_separate_m0_scan_replaces_the_m0_volumes_of_the_series(series: AslSeries) -> None:
    separate = M0Scan(series.volumes[:1], series.geometry, "m0scan")
    use = volume_uses(replace(series, m0scan=separate))[0]
    assert not use.used
    assert use.reason == "there is a separate M0 scan"


def test_of_several_delays_all_are_used_or_the_chosen_one(series: AslSeries) -> None:
    delays = (0.0, *(1.0,) * 6, *(2.0,) * 6)
    several = replace(series, acquisition=replace(series.acquisition, post_labeling_delay=_each(series, delays)))
    unchosen = volume_uses(several)
    assert all(use.used for use in unchosen)
    assert (unchosen[1].reason, unchosen[12].reason) == ("pair 1 at 1 s", "pair 3 at 2 s")
    assert [use.used for use in volume_uses(several, pairs=2)] == [True] + 2 * ([True] * 4 + [False] * 2)
    absent = volume_uses(several, pld=1.5)
    assert not any(use.used for use in absent[1:])
    assert absent[1].reason == "the scan has no delay of 1.5 s"
    chosen = volume_uses(several, pld=2.0)
    assert [use.used for use in chosen] == [True] + [False] * 6 + [True] * 6
    assert chosen[1].reason == "another delay than 2 s"
    assert chosen[12].reason == "pair 3"


def test_subtracted_volumes_are_used_unless_there_are_pairs(series: AslSeries) -> None:
    subtracted = replace(series, roles=(M, *[Role.DELTAM] * 12))
    assert all(use.used for use in volume_uses(subtracted))
    assert not volume_uses(with_roles(series, t11=Role.DELTAM, t12=Role.DELTAM))[12].used


def test_an_unknown_delay_is_not_shown_as_zero(series: AslSeries) -> None:
    unknown = replace(series, acquisition=type(series.acquisition)())
    assert {use.delay for use in volume_uses(unknown)} == {None}


def test_control_is_brighter_than_label_in_the_brain_and_m0_is_outside_the_shown_range(series: AslSeries) -> None:
    brightness = np.where(np.arange(13) == 0, 4, 1).astype(np.float32)
    signal = run(brain_signal(replace(series, volumes=series.volumes * brightness[:, None, None, None])))
    control, label = signal[list(series.indices(C))], signal[list(series.indices(L))]
    assert (control > label).all()
    low, high = signal_range(signal, series.roles)
    assert low < label.min() < control.max() < high < signal[0]
    assert high - low < 0.1 * signal[0]


@pytest.mark.parametrize("level", [0.0, 5.0, -3.0])
def test_a_constant_signal_still_has_a_range(level: float) -> None:
    low, high = signal_range(np.full(4, level), (C, L, C, L))
    assert low < level < high


def _each(series: AslSeries, delays: tuple[float, ...]):
    return replace(series.acquisition.post_labeling_delay, value=delays)
