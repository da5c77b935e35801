"""The model card: what a network is for, what it was made from, what it does and where it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from deepasl_trainer.evaluation import AVERAGE, GAUSSIAN, NETWORK, Figures
from deepasl_trainer.runs import Run, summary
from deepasl_trainer.settings import NoiseSettings

METHODS = (AVERAGE, GAUSSIAN, NETWORK)


def metrics_of(figures: Sequence[Figures]) -> dict[str, Any]:
    """The held-out figures of the network and the baselines on the deciding scan, by noise level."""
    first = [one for one in figures if one.scan == figures[0].scan]
    levels = list(dict.fromkeys(one.level for one in first))
    return {
        "scan": figures[0].scan,
        "people": sorted({one.person for one in first}),
        "levels": {level: {m: _means(first, level, m) for m in METHODS} for level in levels},
    }


def beats_gaussian(figures: Sequence[Figures]) -> list[str]:
    """Where the network is not better than Gaussian smoothing in PSNR and CCC, in words; empty if everywhere."""
    failures = []
    for scan, level in dict.fromkeys((one.scan, one.level) for one in figures):
        chosen = [one for one in figures if one.scan == scan]
        network, smooth = (_means(chosen, level, method) for method in (NETWORK, GAUSSIAN))
        for name in ("psnr", "ccc"):
            if not network[name] > smooth[name]:
                failures.append(f"{name.upper()} on {scan}, {level}: {network[name]:.3f} against {smooth[name]:.3f}")
    return failures


def model_card(run: Run, figures: Sequence[Figures], sha256: str, parameters: int, receptive_field: int) -> str:
    """The card in Markdown."""
    parts = [
        f"# {run.settings.model.title} (`{run.settings.model.id}`)",
        _use(run, sha256, parameters, receptive_field),
        _domain(run),
        _training(run),
        _results(run, figures),
        _limits(figures),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _use(run: Run, sha256: str, parameters: int, receptive_field: int) -> str:
    model = run.settings.model
    network = f"{model.depth} x (convolution 3x3, {model.filters} filters, PReLU per channel) + convolution 3x3"
    return f"""
Estimates the noise in a difference image (control minus label) of arterial spin labeling MRI, slice by slice;
subtract it to denoise. For research on brain perfusion in people. **Not a medical device; not for diagnosis.**

| | |
|---|---|
| Network | {network}; {parameters:,} parameters; Ulas et al., DeepASL, MICCAI 2018 |
| Input | float32 `[n, 1, height, width]`: difference image, 100 x dM / mean M0 of the brain |
| Output | noise, same shape and unit |
| Receptive field | {receptive_field} voxels |
| Licence | {model.licence} |
| SHA-256 of the ONNX file | `{sha256}` |
"""


def _domain(run: Run) -> str:
    scans, noise = run.settings.scans, run.settings.noise
    voxels = ", ".join("x".join(f"{s:g}" for s in grid.voxel) for grid in scans.grids)
    return f"""
## Domain

What it was trained on; outside these ranges nothing is known.

- Axial slices, voxels of {voxels} mm.
- Noise SD of the averaged difference image {_range(noise.broad_percent)} % of mean M0.
- Mean grey-matter signal {_range(run.signal_percent, ".2f")} % of mean M0.
- Flow of pure grey matter {_range(scans.grey_cbf)}, of white matter {_range(scans.white_cbf)} mL/100g/min, regional
  variation (SD) {_range(scans.regional_sd)} of it.
- pCASL with labeling duration {_range(scans.labeling_duration)} s, PLD {_range(scans.pld)} s, labeling efficiency
  {_range(scans.labeling_efficiency)}; 3D readouts, and 2D ones with {_range(scans.slice_delay)} s between slices.
- Lesions: {scans.lesions} per scan, radius {_range(scans.lesion_radius)} mm, flow x {_range(scans.lesion_factor)},
  without a trace in M0.
"""


def _training(run: Run) -> str:
    people, patches = run.settings.people, run.settings.patches
    seen = sorted({*run.training, *run.seen})
    sources = run.settings.model.data or ("Where the anatomies came from is not stated.",)
    data = "\n".join(f"- {source}" for source in sources)
    return f"""
## Training

{data}
- Scans: synthetic, drawn by `deepasl_trainer` within the domain above.
- People: trained on {len(seen)} ({", ".join(seen)}),
  checkpoint chosen on
  {", ".join(people.validation)}, tested on {", ".join(people.test)}.
- {run.patches:,} patches of {patches.size}x{patches.size} voxels, top and bottom slices left out, slices placed and
  tilted (up to {run.settings.scans.tilt_degrees:g} degrees) at random.
{_noise(run.settings.noise)}
{_optimisation(run)}
- Command: `{run.command}`
"""


def _noise(noise: NoiseSettings) -> str:
    fractions = ", ".join(f"{f:.0%}" for f in noise.fractions)
    return f"""\
- Noise drawn afresh each time a patch is seen. In {noise.measured_share:.0%} of draws the measured SD x
  {noise.measured_scale:g} after averaging {fractions} of {noise.pairs} pairs, else any level of the domain; in
  {noise.correlated_share:.0%} correlated between neighbours (FWHM {_range(noise.correlation_voxels)} voxels)."""


def _optimisation(run: Run) -> str:
    fit = run.settings.fit
    return f"""\
- Loss: equation 2 of the paper, lambda {fit.noise_weight:g}, each term divided by its reference variance.
- Adam, one-cycle learning rate up to {fit.learning_rate:g}, batches of {fit.batch_size}, gradients clipped at
  {fit.gradient_clip:g}, precision {fit.precision}, seed {fit.seed}; {fit.null_share:.0%} of draws without perfusion.
- {summary(run)}.
  The paper's protocol is longer (200 epochs of 18,000 patches)."""


def _results(run: Run, figures: Sequence[Figures]) -> str:
    tables = "\n\n".join(_table(scan, figures) for scan in dict.fromkeys(one.scan for one in figures))
    evaluation = run.settings.evaluation
    return f"""
## Held-out figures

People never trained on: {", ".join(run.settings.people.test)}; means over them. True flow
{evaluation.grey_cbf:g} in grey and {evaluation.white_cbf:g} mL/100g/min in white matter, regional variation
{evaluation.regional_sd:.0%}. "Gaussian" is the average smoothed in 3D with {evaluation.gaussian_fwhm:g} mm FWHM.

- PSNR: of the difference image; the peak is its largest true value in the brain.
- RMSE, CCC (Lin's concordance), bias: of CBF, mL/100g/min; bias in voxels at least 90 % grey or white matter.
- Lesion: how much of the contrast of a lesion of {evaluation.lesion_radius:g} mm radius is left (1: all), by what
  flow is multiplied with in it.
- Null: mean |CBF| of a scan without any perfusion, mL/100g/min (0 is best).

{tables}
"""


def _table(scan: str, figures: Sequence[Figures]) -> str:
    chosen = [one for one in figures if one.scan == scan]
    factors = list(chosen[0].lesions)
    head = ["level (noise SD)", "method", "PSNR dB", "RMSE", "CCC", "bias grey", "bias white"]
    head += [f"lesion {f}" for f in factors] + ["null"]
    rows = [head, ["---"] * len(head)]
    for level in dict.fromkeys(one.level for one in chosen):
        for method in METHODS:
            m = _means(chosen, level, method)
            cells = [f"{level} ({m['noise_percent']:.2f} %)", method]
            cells += [f"{m['psnr']:.1f}", f"{m['rmse']:.1f}", f"{m['ccc']:.3f}"]
            cells += [f"{m['grey_bias']:+.1f}", f"{m['white_bias']:+.1f}"]
            rows.append(cells + [f"{m['lesions'][f]:.2f}" for f in factors] + [f"{m['null']:.1f}"])
    return f"### {scan}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _limits(figures: Sequence[Figures]) -> str:
    mine = [one for one in figures if one.method == NETWORK]
    grey = max(mine, key=lambda one: abs(one.grey_bias))
    white = max(mine, key=lambda one: abs(one.white_bias))
    contrasts = [(value, factor, one) for one in mine for factor, value in one.lesions.items()]
    contrast, factor, weakest = min(contrasts, key=lambda item: item[0])
    return f"""
## Limits

- Where it is not better than Gaussian smoothing: {"; ".join(beats_gaussian(figures)) or "nowhere in these tables"}.
{_beside_gaussian(figures)}
- Largest bias of a single person: grey matter {grey.grey_bias:+.1f} ({_where(grey)}), white matter
  {white.white_bias:+.1f} mL/100g/min ({_where(white)}). Training on squared errors pulls towards the mean where
  noise is strong: compare the means of grey matter before and after.
- Weakest lesion: flow {factor}, {contrast:.0%} of its contrast left ({_where(weakest)}). A small lesion in a noisy scan
  may fade: look at the removed noise, and at the conventional map.
- Trained and tested on synthetic scans alone: no motion, no physiological noise, no vessels, no arrival-time effects.
- One slice at a time: neighbouring slices and M0 are not seen.
"""


def _beside_gaussian(figures: Sequence[Figures]) -> str:
    """In how many cases the network harms lesions and grey matter more than smoothing does."""
    pairs = [
        (mine, smooth)
        for mine in figures
        for smooth in figures
        if (mine.method, smooth.method) == (NETWORK, GAUSSIAN) and _where(mine) == _where(smooth)
    ]
    faded = sum(mine.lesions[factor] < smooth.lesions[factor] for mine, smooth in pairs for factor in mine.lesions)
    lesions = sum(len(mine.lesions) for mine, _ in pairs)
    shifted = sum(abs(mine.grey_bias) > abs(smooth.grey_bias) for mine, smooth in pairs)
    return f"""\
- Lesions lose more contrast than under Gaussian smoothing in {faded} of {lesions} cases (person, scan, level, lesion),
  and the mean of grey matter shifts more in {shifted} of {len(pairs)}."""


def _where(one: Figures) -> str:
    return f"{one.scan}, {one.level}, {one.person}"


def _means(figures: Iterable[Figures], level: str, method: str) -> dict[str, Any]:
    chosen = [one for one in figures if one.level == level and one.method == method]

    def mean(value: Callable[[Figures], float]) -> float:
        return round(float(np.mean([value(one) for one in chosen])), 4)

    names = ("noise_percent", "psnr", "rmse", "ccc", "grey_bias", "white_bias", "null")
    means: dict[str, Any] = {name: mean(lambda one, name=name: getattr(one, name)) for name in names}  # type: ignore[misc]
    means["lesions"] = {f: mean(lambda one, f=f: one.lesions[f]) for f in chosen[0].lesions}  # type: ignore[misc]
    return means


def _range(limits: tuple[float, float], form: str = "g") -> str:
    return f"{limits[0]:{form}}-{limits[1]:{form}}" if limits[0] >= 0 else f"{limits[0]:{form}} to {limits[1]:{form}}"
