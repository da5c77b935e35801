"""Which volumes are control, label and M0: read from the signal, checked against it, paired, swapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepasl.brain.masking import brain_mask
from deepasl.findings import Finding, note, warning
from deepasl.geometry import Geometry
from deepasl.results import BoolArray
from deepasl.series import AslSeries, FloatArray, Role

M0_BRIGHTER_BY = 1.10
"""A leading volume this much brighter than the rest is an M0 scan: controls differ from labels by about 1 %."""

MOST_M0 = 10
"""Nobody acquires more M0 volumes than this before the pairs."""

CERTAIN_T = 3.0
"""Below this t value a pattern in the mean signal is not told from noise."""

OPPOSITE = {Role.CONTROL: Role.LABEL, Role.LABEL: Role.CONTROL}


@dataclass(frozen=True)
class RoleDecision:
    """What each volume was taken for, and why.

    Attributes:
        roles: One for each volume.
        evidence: The reasons, in words.
        findings: What remains doubtful.
    """

    roles: tuple[Role, ...]
    evidence: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def detect_roles(volumes: FloatArray, geometry: Geometry) -> RoleDecision:
    """Tell M0, control and label apart by the mean signal in the brain.

    Leading volumes much brighter than the rest are M0 scans. The rest alternates, or comes in two blocks; the
    brighter of each kind is control, because inverted blood lowers the signal of label images.

    Args:
        volumes: ``[t, k, j, i]``, at least two.
        geometry: Their grid.
    """
    signal = mean_signal(volumes, brain_mask(volumes.mean(axis=0), geometry))
    leading = _leading_m0(signal)
    evidence = []
    if leading:
        ratio = signal[:leading].mean() / np.median(signal[leading:])
        evidence.append(f"the first {leading} volume(s) are {ratio:.1f} times as bright as the rest: M0 scan")
    arranged = _arrange(signal[leading:])
    return RoleDecision(
        roles=(*[Role.M0SCAN] * leading, *arranged.roles),
        evidence=(*evidence, *arranged.evidence),
        findings=arranged.findings,
    )


def mean_signal(volumes: FloatArray, mask: BoolArray) -> NDArray[np.float64]:
    """Mean of each volume in the mask (in the whole image where the mask is empty), scanner units, ``[t]``."""
    inside = np.flatnonzero(mask if mask.any() else np.ones_like(mask))
    return np.array([volume.take(inside).mean(dtype=np.float64) for volume in volumes])


def pair_up(roles: Sequence[Role], delays: Sequence[float]) -> tuple[tuple[int, int], ...]:
    """Pair the n-th control with the n-th label of the same post-labeling delay.

    Args:
        roles: What each volume is.
        delays: Post-labeling delay of each volume, s.

    Returns:
        (control, label) volume indices in order of acquisition. Volumes without a partner, such as the last one of
        an aborted scan, are in no pair.
    """
    pairs: list[tuple[int, int]] = []
    for delay in dict.fromkeys(delays):
        at = [t for t, d in enumerate(delays) if d == delay]
        controls = [t for t in at if roles[t] is Role.CONTROL]
        labels = [t for t in at if roles[t] is Role.LABEL]
        pairs += zip(controls, labels, strict=False)
    return tuple(sorted(pairs))


def check_sign(differences: FloatArray, mask: BoolArray, evidence: Sequence[str]) -> tuple[Finding, ...]:
    """Compare the sign of control minus label in the brain with what blood flow makes it: positive.

    Args:
        differences: Control minus label of each pair, ``[p, k, j, i]``.
        mask: The brain.
        evidence: Why the volumes have their roles.

    Returns:
        A warning if the brain is darker in control than in label images, else nothing.
    """
    signal = mean_signal(differences, mask)
    if _t_value(signal) >= -CERTAIN_T if len(signal) > 1 else signal[0] >= 0:
        return ()
    negative = int((signal < 0).sum())
    said_by = "; ".join(evidence) or "an unknown source"
    return (
        warning(
            "control-label-swapped",
            f"Control minus label is negative in the brain in {negative} of {len(signal)} pairs, although the roles "
            f"come from: {said_by}. Control and label are probably swapped (or background suppression inverted the "
            "signal): swap them and compare.",
        ),
    )


def swap_control_label(series: AslSeries) -> AslSeries:
    """The same series with control and label exchanged."""
    return replace(
        series,
        roles=tuple(OPPOSITE.get(role, role) for role in series.roles),
        role_evidence=(*series.role_evidence, "control and label swapped by the user"),
    )


def _leading_m0(signal: NDArray[np.float64]) -> int:
    """How many volumes at the start are M0 scans.

    A longer bright run is something else, such as the first of several post-labeling delays.
    """
    rest = float(np.median(signal[len(signal) // 2 :]))
    bright = signal > M0_BRIGHTER_BY * rest
    count = int(np.argmin(bright)) if not bright.all() else 0
    return count if count <= min(MOST_M0, len(signal) // 2, len(signal) - 2) else 0


def _arrange(signal: NDArray[np.float64]) -> RoleDecision:
    """Control and label among volumes that are nothing else."""
    pairs = len(signal) // 2
    alternating = signal[0 : 2 * pairs : 2] - signal[1 : 2 * pairs : 2]
    first, second = signal[:pairs], signal[pairs : 2 * pairs]
    t_alternating, t_blocks = _t_value(alternating), _t_two_groups(first, second)
    if abs(t_alternating) < CERTAIN_T <= abs(t_blocks) and pairs >= 3:
        return _blocks(len(signal), first_is_control=first.mean() > second.mean(), t=t_blocks)
    first_is_control = bool(alternating.mean() > 0)
    order = (Role.CONTROL, Role.LABEL) if first_is_control else (Role.LABEL, Role.CONTROL)
    roles = tuple(order[t % 2] for t in range(len(signal)))
    if len(signal) % 2 and _breaks_alternation(signal):
        rest = _arrange(signal[1:])
        told = warning(
            "first-volume-unused",
            "The first volume breaks the alternation of control and label and is left out. If it is an M0 scan, say "
            "so (command line: --roles m0scan,control-label or m0scan,label-control).",
        )
        return RoleDecision((Role.UNUSED, *rest.roles), rest.evidence, (told, *rest.findings))
    percent = 100.0 * abs(alternating.mean()) / signal.mean() if signal.mean() else 0.0
    evidence = (
        f"volumes alternate, {order[0].value} first: the {'first' if first_is_control else 'second'} of each pair is "
        f"brighter by {percent:.2f} % in the brain (t = {abs(t_alternating):.1f})"
    )
    findings: tuple[Finding, ...] = ()
    if pairs < 2 or abs(t_alternating) < CERTAIN_T:
        findings = (
            warning(
                "roles-uncertain",
                "Control and label differ too little in the brain to be told apart with certainty; "
                f"{order[0].value} first is a guess. Check the order with the scan protocol, or swap.",
            ),
        )
    return RoleDecision(roles, (evidence,), findings)


def _breaks_alternation(signal: NDArray[np.float64]) -> bool:
    """Whether the first of an odd number of volumes is more like its neighbour in time than like its own kind."""
    own, other = signal[2::2].mean(), signal[1::2].mean()
    return bool(len(signal) > 3 and abs(signal[0] - other) < abs(signal[0] - own))


def _blocks(count: int, *, first_is_control: bool, t: float) -> RoleDecision:
    half = count // 2
    order = (Role.CONTROL, Role.LABEL) if first_is_control else (Role.LABEL, Role.CONTROL)
    roles = (*[order[0]] * half, *[order[1]] * half, *[Role.UNUSED] * (count - 2 * half))
    evidence = f"two blocks, all {order[0].value} volumes first (t = {abs(t):.1f})"
    finding = note("roles-in-blocks", "Volumes come in two blocks, not in alternation: slow drift enters the maps.")
    return RoleDecision(roles, (evidence,), (finding,))


def _t_value(values: NDArray[np.float64]) -> float:
    """Mean over standard error; 0 for fewer than two values, infinite for equal values other than 0."""
    if len(values) < 2:
        return 0.0
    spread = values.std(ddof=1) / np.sqrt(len(values))
    return _ratio(float(values.mean()), float(spread))


def _t_two_groups(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    if len(first) < 2:
        return 0.0
    spread = np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    return _ratio(float(first.mean() - second.mean()), float(spread))


def _ratio(difference: float, spread: float) -> float:
    if spread > 0:
        return difference / spread
    return float(np.copysign(np.inf, difference)) if difference else 0.0
