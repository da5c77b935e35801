"""The part of a model card that says where a network fails: from its figures, and from what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from deepasl.denoising.network_input import InputSpec
from deepasl.results import CBF_UNIT
from deepasl_trainer.evaluation.baselines import AVERAGE, GAUSSIAN
from deepasl_trainer.evaluation.halves import GREY_CHANGE, HALVES, UNSELECTED_GREY_CHANGE
from deepasl_trainer.evaluation.judging import CCC, GREY_BIAS, LESIONS, NULL, PSNR, RMSE, WHITE_BIAS
from deepasl_trainer.evaluation.records import Condition, Record, levels_of, select, summarise
from deepasl_trainer.experiments.held_out import HeldOut
from deepasl_trainer.training.runs import Run

GREY_CHANGES = {
    GREY_CHANGE: "told from the same pairs (so that noise counts as grey matter, and any smoothing lowers the mean)",
    UNSELECTED_GREY_CHANGE: "told from the other half of the pairs",
}
"""Changes of grey matter on real scans, and what they are changes of."""


def limits_section(run: Run, spec: InputSpec, held_out: HeldOut | None) -> str:
    """What to be wary of."""
    measured = ["How well it works is not known: it was not evaluated."] if held_out is None else _measured(held_out)
    lines = "\n".join(f"- {line}" for line in (*measured, *_by_nature(run, spec)))
    return f"## Limits\n\n{lines}"


def worse_than(held_out: HeldOut, other: str) -> list[str]:
    """Where the network is not better than another method in PSNR or CCC, in words; empty if everywhere."""
    failures = []
    for protocol in dict.fromkeys(record.condition.protocol for record in held_out.records):
        for pairs in levels_of(select(held_out.records, protocol=protocol)):
            level = select(held_out.records, protocol=protocol, pairs=pairs)
            for name in (PSNR, CCC):
                mine, theirs = (summarise(select(level, method=m), name) for m in (held_out.network, other))
                if mine is not None and theirs is not None and not mine.mean > theirs.mean:
                    where = f"{protocol}, {pairs} pairs"
                    failures.append(f"{name.upper()} on {where}: {mine.mean:.2f} against {theirs.mean:.2f}")
    return failures


def _measured(held_out: HeldOut) -> Iterator[str]:
    protocols = [protocol.name for protocol in held_out.settings.protocols]
    every = select(held_out.records, method=held_out.network)
    # The curves leave the domain on purpose; their tables show it.
    mine = [record for record in every if record.condition.protocol in protocols]
    for other, words in ((AVERAGE, "the average itself"), (GAUSSIAN, "Gaussian smoothing")):
        if select(held_out.records, method=other):
            failures = "; ".join(worse_than(held_out, other)) or "nowhere in these tables"
            yield f"Where it is not better than {words}: {failures}."
    yield from _biases(held_out, mine)
    yield from _lesions(held_out, mine)
    yield from _null(held_out)
    yield from _real_scans(held_out)
    yield "Most figures are those of simulated scans: see how it does on scans of your own before trusting it."


def _biases(held_out: HeldOut, mine: Sequence[Record]) -> Iterator[str]:
    deciding = select(mine, protocol=held_out.settings.protocols[0].name)
    for name, tissue in ((GREY_BIAS, "grey"), (WHITE_BIAS, "white")):
        levels = [(pairs, summarise(select(deciding, pairs=pairs), name)) for pairs in levels_of(deciding)]
        means = [f"{summary.mean:+.1f} at {pairs} pairs" for pairs, summary in levels if summary is not None]
        if (worst := _extreme(mine, name, lambda value: -abs(value))) is not None:
            bias, where = worst.figures[name], _where(worst.condition)
            yield (
                f"Mean bias in {tissue} matter: {', '.join(means)} ({deciding[0].condition.protocol}); "
                f"largest of a single scan: {bias:+.1f} {CBF_UNIT} ({where})."
            )


def _lesions(held_out: HeldOut, mine: Sequence[Record]) -> Iterator[str]:
    weakest = [
        (record.figures[name], name, record)
        for record in mine
        for name in record.figures
        if name.startswith(LESIONS + " ")
    ]
    if not weakest:
        return
    left, name, record = min(weakest, key=lambda one: one[0])
    flow, where = name.removeprefix(LESIONS + " "), _where(record.condition)
    yield (
        f"Weakest lesions: those of flow {flow} kept {left:.0%} of their contrast ({where}). A small lesion in a noisy "
        "scan may fade: look at the removed noise, and at the conventional map."
    )
    smooth = {record.condition: record for record in select(held_out.records, method=GAUSSIAN)}
    pairs = [(one, smooth[one.condition]) for one in mine if LESIONS in one.figures and one.condition in smooth]
    if pairs:
        faded = sum(one.figures[LESIONS] < other.figures[LESIONS] for one, other in pairs)
        yield f"Lesions lose more contrast than under Gaussian smoothing in {faded} of {len(pairs)} scans and levels."


def _null(held_out: HeldOut) -> Iterator[str]:
    for protocol in held_out.null_protocols():
        records = select(held_out.records, protocol=protocol.name)
        left = []
        for pairs in levels_of(records):
            before, after = (
                summarise(select(records, pairs=pairs, method=method), NULL) for method in (AVERAGE, held_out.network)
            )
            if before is not None and after is not None:
                left.append(f"{after.mean:.1f} of {before.mean:.1f} {CBF_UNIT} at {pairs} pairs")
        yield f"Of noise without any perfusion it leaves, as mean absolute CBF, {', '.join(left)}."


def _real_scans(held_out: HeldOut) -> Iterator[str]:
    mine = select(held_out.on_scans, protocol=HALVES, method=held_out.network)
    for name, words in GREY_CHANGES.items():
        if changes := [f"{one.figures[name]:+.1f} % ({one.condition.person})" for one in mine if name in one.figures]:
            yield f"On real scans the mean CBF of grey matter, {words}, changes by {', '.join(changes)}."
    smooth = {one.condition: one for one in select(held_out.on_scans, protocol=HALVES, method=GAUSSIAN)}
    further = [
        one.condition.person
        for one in mine
        if one.condition in smooth and not one.figures[RMSE] < smooth[one.condition].figures[RMSE]
    ]
    if smooth:
        where = ", ".join(further) or "none of them"
        yield f"Real scans on which it is no closer to the other half of the pairs than Gaussian smoothing: {where}."


def _by_nature(run: Run, spec: InputSpec) -> Iterator[str]:
    invivo = run.settings.invivo
    if invivo is None:
        yield "Trained on synthetic scans alone: no motion, physiological noise, vessels or effects of arrival times."
    else:
        yield "Trained on the real scans named above: other scanners, protocols and diseases are not known to it."
        if invivo.reference == "mean-of-all":
            yield "Its references held the noise of its inputs, so it was taught to keep some of it."
    yield "Training on squared errors pulls towards the mean where noise is strong: compare the means of grey matter."
    if spec.slices == 1:
        yield "One slice at a time: neighbouring slices are not seen."
    if spec.m0:
        yield "It sees M0 and cannot do without: M0 has to be of the same scan, in place, and not saturated."
    else:
        yield "M0 is not seen."


def _extreme(records: Sequence[Record], name: str, key: Callable[[float], float]) -> Record | None:
    having = [record for record in records if name in record.figures]
    return min(having, key=lambda record: key(record.figures[name]), default=None)


def _where(condition: Condition) -> str:
    return f"{condition.protocol}, {condition.pairs} pairs, {condition.person}"
