"""Pictures of an evaluation: agreement in grey matter, maps beside the truth, where a method stops to hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from deepasl.errors import OutputError
from deepasl.quality.bland_altman import bland_altman, differences
from deepasl.results import CBF_UNIT, BoolArray
from deepasl.series import FloatArray
from deepasl_trainer.evaluation.example_maps import HYPERPERFUSED, HYPOPERFUSED, Example
from deepasl_trainer.evaluation.figure_kinds import kind_of
from deepasl_trainer.evaluation.judging import CCC, LESIONS, PSNR
from deepasl_trainer.evaluation.records import Record, methods_of, select, summarise
from deepasl_trainer.evaluation.settings import CurveSettings, EvaluationSettings

COLUMNS = 4
"""Panels side by side."""

PANEL_INCHES = 2.6
DOTS_PER_INCH = 150
COLORS = "inferno"
OUTLINES = {HYPOPERFUSED: "cyan", HYPERPERFUSED: "lime"}
SLICES = 3
APART_MM = 12.0
"""Least distance of the slices that are shown."""

CURVES = (PSNR, CCC, LESIONS)

SHOWN_PERCENT = (0.05, 99.95)

Extent = tuple[float, float, float, float]
"""Left, right, bottom, top."""


def bland_altman_figure(examples: Sequence[Example], methods: Sequence[str], file: Path) -> None:
    """Error of flow against flow in pure grey matter outside lesions, a panel for each method, people together."""
    rows = -(-len(methods) // COLUMNS)
    figure = _figure(COLUMNS * PANEL_INCHES * 1.15, rows * PANEL_INCHES * 1.1)
    panels = np.atleast_1d(figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False).ravel())
    truth = np.concatenate([example.truth[example.grey] for example in examples])
    flows = {m: np.concatenate([example.cbf[m][example.grey] for example in examples]) for m in methods}
    extent = _extent(flows.values(), truth)
    for panel, (method, flow) in zip(panels, flows.items(), strict=False):
        _agreement(panel, flow, truth, extent)
        panel.set_title(method, fontsize=9)
    for hidden, above in zip(panels[len(methods) :], panels[len(methods) - COLUMNS :], strict=False):
        hidden.set_visible(False)
        above.tick_params(labelbottom=True)
    people = ", ".join(example.person for example in examples)
    figure.suptitle(f"Bland-Altman, pure grey matter outside lesions: {people}", fontsize=10)
    figure.supxlabel(f"mean of method and truth ({CBF_UNIT})", fontsize=9)
    figure.supylabel(f"method - truth ({CBF_UNIT})", fontsize=9)
    _save(figure, file)


def maps_figure(example: Example, methods: Sequence[str], file: Path) -> None:
    """True flow and what each method makes of the scan; lesions outlined on the truth."""
    shown = {"truth": example.truth, **{method: example.cbf[method] for method in methods}}
    slices, window = _slices(example), _window(example.brain)
    top = float(np.percentile(example.truth[example.brain], 99.5))
    height, width = (window[0].stop - window[0].start), (window[1].stop - window[1].start)
    dy, dx = example.geometry.spacing[1], example.geometry.spacing[0]
    tall = PANEL_INCHES * (height * dy) / (width * dx)
    figure = _figure(len(shown) * PANEL_INCHES * 0.72 + 0.9, len(slices) * tall * 0.72 + 0.7)
    panels = figure.subplots(len(slices), len(shown), squeeze=False)
    for row, k in zip(panels, slices, strict=True):
        for panel, (name, flow) in zip(row, shown.items(), strict=True):
            masked = np.where(example.brain, flow, np.float32(0.0))[k][window]
            image = panel.imshow(masked, cmap=COLORS, vmin=0.0, vmax=top, aspect=dy / dx, interpolation="nearest")
            _bare(panel)
            if name == "truth":
                for kind, color in OUTLINES.items():
                    _outline(panel, example.regions[k][window] == kind, color)
                _sides(panel)
            if k == slices[0]:
                panel.set_title(name, fontsize=9)
    bar = figure.colorbar(image, ax=panels, fraction=0.025, pad=0.01)
    bar.set_label(f"CBF ({CBF_UNIT})", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    title = f"{example.person}: axial slices, radiological convention"
    outlines = "on the truth, hypoperfused lesions are outlined in cyan, hyperperfused ones in green"
    figure.suptitle(f"{title}\n{outlines}", fontsize=9)
    _save(figure, file)


def curves_figure(records: Sequence[Record], settings: EvaluationSettings, file: Path) -> None:
    """PSNR, CCC and lesion contrast of every method while one number of the protocol changes."""
    curves = settings.curves
    figure = _figure(max(2, len(curves)) * PANEL_INCHES * 1.5, len(CURVES) * PANEL_INCHES)
    panels = figure.subplots(len(CURVES), len(curves), squeeze=False)
    for row, name in zip(panels, CURVES, strict=True):
        for panel, curve in zip(row, curves, strict=True):
            for method in methods_of(records):
                values, means = _steps(records, settings, curve, method, name)
                panel.plot(values, means, marker="o", markersize=3, linewidth=1.2, label=method)
            panel.set_xscale("log")
            # Level, labels of values that lie close together would run into each other.
            panel.set_xticks(curve.values, [f"{value:g}" for value in curve.values], fontsize=7, rotation=45)
            panel.set_xticks([], minor=True)
            panel.tick_params(axis="y", labelsize=7)
            panel.grid(alpha=0.3)
            panel.set_ylabel(kind_of(name).title, fontsize=8)
            if name == CURVES[-1]:
                panel.set_xlabel(curve.name, fontsize=8)
                panel.set_ylim(-0.1, 1.3)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 6), fontsize=8)
    _save(figure, file)


def _extent(flows: Iterable[FloatArray], truth: FloatArray) -> Extent:
    """Means and differences of nearly all voxels of all methods: the same frame for every panel."""
    clouds = [differences(flow, truth, np.ones(truth.shape, dtype=np.bool_)) for flow in flows]
    left, right = np.percentile(np.concatenate([cloud.mean for cloud in clouds]), SHOWN_PERCENT)
    bottom, top = np.percentile(np.concatenate([cloud.difference for cloud in clouds]), SHOWN_PERCENT)
    return float(left), float(right), float(bottom), float(top)


def _agreement(panel: Axes, flow: FloatArray, truth: FloatArray, extent: Extent) -> None:
    everywhere = np.ones(truth.shape, dtype=np.bool_)
    agreement, points = bland_altman(flow, truth, everywhere), differences(flow, truth, everywhere)
    panel.hexbin(points.mean, points.difference, gridsize=35, extent=extent, bins="log", cmap="Greys", linewidths=0.1)
    panel.set_xlim(extent[:2])
    panel.set_ylim(extent[2:])
    panel.axhline(0.0, color="black", linewidth=0.6)
    panel.axhline(agreement.mean_difference, color="tab:red", linewidth=1.2)
    for limit in (agreement.lower, agreement.upper):
        panel.axhline(limit, color="tab:red", linewidth=1.0, linestyle="--")
    words = f"bias {agreement.mean_difference:+.1f}\n{agreement.lower:+.0f} to {agreement.upper:+.0f}"
    panel.text(0.03, 0.97, words, transform=panel.transAxes, va="top", fontsize=7, color="tab:red")
    panel.tick_params(labelsize=7)


def _steps(
    records: Sequence[Record], settings: EvaluationSettings, curve: CurveSettings, method: str, name: str
) -> tuple[list[float], list[float]]:
    """The values of a curve at which a method has the figure, and its mean over people there."""
    steps = zip(curve.values, settings.protocols_of(curve), strict=True)
    summaries = [
        (value, summarise(select(records, protocol=step.name, method=method), name, kind_of(name).value))
        for value, step in steps
    ]
    there = [(value, summary.mean) for value, summary in summaries if summary is not None]
    return [value for value, _ in there], [mean for _, mean in there]


def _slices(example: Example) -> list[int]:
    """The slices with most of the lesions, then with most of the brain, from the top down."""
    lesions, brain = (inside.sum(axis=(1, 2)) for inside in (example.regions >= HYPOPERFUSED, example.brain))
    apart = APART_MM / example.geometry.spacing[2]
    chosen: list[int] = []
    for k in np.lexsort((-brain, -lesions)).tolist():
        if len(chosen) < SLICES and all(abs(k - other) >= apart for other in chosen):
            chosen.append(k)
    return sorted(chosen, reverse=True)


def _window(brain: BoolArray) -> tuple[slice, slice]:
    """Rows and columns around the brain."""
    rows, columns = np.flatnonzero(brain.any(axis=(0, 2))), np.flatnonzero(brain.any(axis=(0, 1)))
    return slice(max(0, rows[0] - 2), rows[-1] + 3), slice(max(0, columns[0] - 2), columns[-1] + 3)


def _outline(panel: Axes, lesion: NDArray[np.bool_], color: str) -> None:
    if lesion.any():
        panel.contour(lesion, levels=[0.5], colors=color, linewidths=0.9)


def _sides(panel: Axes) -> None:
    """Columns of these grids run from the patient's right to the left."""
    for x, side in ((0.03, "R"), (0.97, "L")):
        panel.text(
            x,
            0.5,
            side,
            transform=panel.transAxes,
            color="white",
            fontsize=8,
            va="center",
            ha="left" if side == "R" else "right",
        )


def _bare(panel: Axes) -> None:
    panel.set_xticks([])
    panel.set_yticks([])


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file)
    except OSError as error:
        raise OutputError(
            f"the picture cannot be written ({error.strerror})", where=file, remedy="Check the disk and its rights."
        ) from error
