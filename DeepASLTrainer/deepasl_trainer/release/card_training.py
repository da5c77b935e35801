"""The parts of a model card that say what a network was made from, as its settings have it."""

from __future__ import annotations

from collections.abc import Iterable

from deepasl_trainer.invivo.settings import InVivoSettings
from deepasl_trainer.training.runs import Run, summary
from deepasl_trainer.training.settings import (
    DrawSettings,
    FitSettings,
    FlowSettings,
    M0Settings,
    NoiseSettings,
    ScanSettings,
)


def domain_section(run: Run) -> str:
    """Where the network may be trusted."""
    domain, settings = run.domain, run.settings
    details = "" if settings.scans is None or settings.draws is None else _protocols(settings.scans, settings.draws)
    return f"""
## Domain

What it was trained on; outside these ranges nothing is known.

- Voxels {between(domain.in_plane_mm)} mm in plane, slices {between(domain.slice_mm)} mm apart.
- Noise SD of the averaged difference image {between(domain.noise_percent)} % of mean M0.
- Mean signal of grey matter {between(domain.signal_percent)} % of mean M0.
{details}"""


def training_section(run: Run) -> str:
    """Data, people, loss and schedule."""
    settings, patches = run.settings, run.settings.patches
    sources = settings.model.data or ("Where the data came from is not stated.",)
    return f"""
## Training

{_listed(sources)}
- People: trained on {_people((*run.training, *run.seen))}; checkpoint chosen on {_people(settings.people.validation)};
  kept out for evaluation: {_people(settings.people.test)}.
{_data(run)}
- {run.patches:,} patches of {patches.size}x{patches.size} voxels.
- Loss: {_loss(run)}
- Adam, {_schedule(settings.fit)}.
- {summary(run)}.{_unfinished(run)}
- The checkpoint with the lowest loss on the people it was chosen on.
- Command: `{run.command}`
"""


def between(limits: tuple[float, float]) -> str:
    """A range in words."""
    low, high = (f"{limit:.3g}" for limit in limits)
    if low == high:
        return low
    return f"{low} to {high}" if limits[0] < 0 else f"{low}-{high}"


def voxel_sizes(voxels: Iterable[tuple[float, float, float]]) -> str:
    """Voxel sizes in mm, each once."""
    return ", ".join(dict.fromkeys("x".join(f"{size:g}" for size in voxel) for voxel in voxels)) + " mm"


def _protocols(scans: ScanSettings, draws: DrawSettings) -> str:
    flow = draws.flow
    return f"""\
- Axial slices, tilted by up to {scans.tilt_degrees:g} degrees; voxels of {voxel_sizes(g.voxel for g in scans.grids)}.
- pCASL with labeling duration {between(scans.labeling_duration)} s, PLD {between(scans.pld)} s, labeling efficiency
  {between(scans.labeling_efficiency)}; 3D readouts, and 2D ones with {between(scans.slice_delay)} s between slices.
- Flow of pure grey matter {between(flow.grey_cbf)}, of white matter {between(flow.white_cbf)} mL/100g/min, regional
  variation (SD) {between(flow.regional_sd)} of it.
{_lesions(flow)}"""


def _lesions(flow: FlowSettings) -> str:
    if not flow.lesions:
        return "- No lesions."
    return f"""\
- Up to {flow.lesions} lesions in a patch, radius {between(flow.lesion_radius)} mm, without a trace in M0; flow inside
  x {between(flow.hypo_factor)} or x {between(flow.hyper_factor)}."""


def _data(run: Run) -> str:
    settings = run.settings
    if settings.invivo is not None:
        return _invivo(settings.invivo)
    assert settings.draws is not None  # so `Settings` has it
    return _synthetic(settings.draws)


def _synthetic(draws: DrawSettings) -> str:
    return f"""\
- Scans: synthetic. Flow, lesions, M0 and noise are drawn each time a patch is seen;
  {draws.flow.null_share:.0%} of draws without perfusion, {draws.end_share:.0%} at an end of the scan, without slices
  above or below.
{_m0(draws.m0)}
{_noise(draws.noise)}"""


def _m0(m0: M0Settings) -> str:
    return f"""\
- M0 of white matter {between(m0.white)} and of CSF {between(m0.csf)} of that of grey matter, noise
  {between(m0.noise_percent)} %, blurred by up to {m0.blur_voxels[1]:g} voxels, coil sensitivity varying by up to
  {m0.receive_bias[1]:.0%}; in {m0.loose_share:.0%} of draws the brain mask is a voxel too large."""


def _noise(noise: NoiseSettings) -> str:
    fractions = ", ".join(f"{fraction:.0%}" for fraction in noise.fractions)
    return f"""\
- Noise: in {noise.measured_share:.0%} of draws the measured SD x {noise.measured_scale:g} after averaging {fractions}
  of {noise.pairs} pairs, else any SD of {between(noise.broad_percent)} % of mean M0; correlated between neighbours
  (FWHM {between(noise.correlation_voxels)} voxels) in {noise.correlated_share:.0%}."""


def _invivo(invivo: InVivoSettings) -> str:
    fractions = ", ".join(f"{fraction:.0%}" for fraction in invivo.fractions)
    if invivo.reference == "halves":
        reference = (
            "some pairs of one half of a scan, against the mean of the other half, which shares no noise with them"
        )
    else:
        reference = "some pairs of a scan, against the mean of all, which shares noise with them and flatters"
    smoothing = f"smoothed by {invivo.smoothing_fwhm:g} mm beforehand" if invivo.smoothing_fwhm else "not smoothed"
    return f"""\
- Scans: real. Noisy image and reference: {reference}; {fractions} of them averaged.
  Control and label images {smoothing}.
- Slices turned by up to {invivo.turn_degrees:g} degrees, {invivo.mirror_share:.0%} mirrored."""


def _loss(run: Run) -> str:
    loss = run.settings.loss
    paper = f"equation 2 of the DeepASL paper, lambda {loss.noise_weight:g}, each term over its reference variance"
    widths = ", ".join(f"{fwhm:g}" for fwhm in loss.region_fwhm)
    regions = (
        f";\n  plus {loss.region_weight:g} x the error of regional means of CBF (Gaussians of {widths} voxels FWHM)"
    )
    lesions = f";\n  CBF of a voxel counts {loss.lesion_weight:g} x more where a lesion changes its flow by 100 %"
    whole = f";\n  plus {loss.whole_lesion_weight:g} x the error of the mean over whole lesions"
    tissue = f";\n  plus {loss.tissue_weight:g} x the error of the mean over pure grey and white matter"
    terms = (
        (loss.region_weight, regions),
        (loss.lesion_weight, lesions),
        (loss.whole_lesion_weight, whole),
        (loss.tissue_weight, tissue),
    )
    return "".join([paper, *(words for weight, words in terms if weight)]) + "."


def _schedule(fit: FitSettings) -> str:
    rate = "learning rate" if fit.schedule == "constant" else "one-cycle learning rate up to"
    clip = f"gradients clipped at {fit.gradient_clip:g}, " if fit.gradient_clip else ""
    return (
        f"{rate} {fit.learning_rate:g}, batches of {fit.batch_size}, {clip}precision {fit.precision}, seed {fit.seed}"
    )


def _unfinished(run: Run) -> str:
    planned = run.settings.fit.epochs
    return "" if run.epochs >= planned else f" Its schedule has {planned} epochs: it was exported before its end."


def _people(names: Iterable[str]) -> str:
    everyone = sorted(set(names))
    return f"{len(everyone)} ({', '.join(everyone)})" if everyone else "nobody"


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
