"""Every number of a training, read from a TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deepasl_trainer.invivo.settings import InVivoSettings
from deepasl_trainer.toml_tables import build, read_table

Range = tuple[float, float]
"""Lowest and highest value of a uniform draw."""


@dataclass(frozen=True)
class ModelSettings:
    """The network and the name it goes by.

    Attributes:
        id: Name in the registry.
        title: What users read.
        licence: SPDX identifier of the weights.
        network: Which architecture of `deepasl_trainer.training.networks`.
        filters: Feature maps of its (first) hidden layers.
        depth: Of the paper's network: convolutions with PReLU; of the guided one: resolutions; not for the dilated one.
        slices: How many neighbouring slices the guided network sees; the others see one.
        data: What it is trained on and under which licences, a line for each source; the model card repeats them.
    """

    id: str
    title: str
    licence: str
    network: Literal["paper", "dilated", "guided"]
    filters: int
    depth: int
    slices: int = 1
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class PeopleSettings:
    """Who is kept out of training; everybody else is trained on.

    Attributes:
        validation: People on whom the checkpoint is chosen.
        test: People only ever evaluated on.
    """

    validation: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class GridSettings:
    """A voxel grid to scan on.

    Attributes:
        voxel: Voxel size (i, j, k) in mm.
        per_person: Scans of each person on it.
    """

    voxel: tuple[float, float, float]
    per_person: int


@dataclass(frozen=True)
class ScanSettings:
    """How people lie in the scanner, and its protocol. Lengths in mm, times in s.

    Attributes:
        seed: Of all draws.
        grids: The voxel grids, and how often each person is scanned on them.
        margin: Field of view beyond the brain, in plane.
        tilt_degrees: Largest rotation of the slices about each axis.
        labeling_duration, pld, labeling_efficiency, slice_delay: The protocol; `slice_delay` is the time between two
            slices, in half of the scans; the others have a 3D readout.
        t1_blood: T1 of arterial blood.
        partition_coefficient: Blood-brain partition coefficient, mL/g.
    """

    seed: int
    grids: tuple[GridSettings, ...]
    margin: float
    tilt_degrees: float
    labeling_duration: Range
    pld: Range
    labeling_efficiency: Range
    slice_delay: Range
    t1_blood: float = 1.65
    partition_coefficient: float = 0.9


@dataclass(frozen=True)
class FlowSettings:
    """Blood flow of each patch, each time it is seen. Flow in mL/100g/min, lengths in mm.

    Attributes:
        grey_cbf, white_cbf: Flow of pure tissue.
        regional_sd: SD of smooth regional variation, as a fraction.
        regional_fwhm: Its width, log-uniform.
        lesions: Largest number of lesions in a patch.
        lesion_radius: Log-uniform.
        lesion_stretch: Each axis of a lesion is longer or shorter by at most this factor.
        hypo_factor, hyper_factor: Flow inside as a multiple; every other lesion is hyperperfused.
        null_share: Fraction of draws without any perfusion, so that none is made out of noise.
    """

    grey_cbf: Range
    white_cbf: Range
    regional_sd: Range
    regional_fwhm: Range
    lesions: int
    lesion_radius: Range
    lesion_stretch: float
    hypo_factor: Range
    hyper_factor: Range
    null_share: float


@dataclass(frozen=True)
class M0Settings:
    """M0 of each patch, each time it is seen.

    Attributes:
        white, csf: M0 of pure tissue over that of grey matter.
        white_rare, rare_share: Another range for white matter, as short repetition times make it, and how often.
        receive_bias: Sensitivity of the coil 90 mm from its darkest point against that point, minus 1.
        blur_voxels: FWHM in plane by which the M0 scan is less sharp than the difference image is.
        noise_percent: SD of its noise in percent of mean M0.
        loose_share: Fraction of draws in which the brain mask is a voxel too large, as masks found in images are.
    """

    white: Range
    csf: Range
    receive_bias: Range
    blur_voxels: Range
    noise_percent: Range
    loose_share: float
    white_rare: Range = (1.0, 1.0)
    rare_share: float = 0.0


@dataclass(frozen=True)
class PatchSettings:
    """How scans are cut.

    Attributes:
        size: Side of a patch in voxels.
        count: Number of training patches.
        validation_count: Number of validation patches.
        least_brain: Smallest fraction of brain in a patch.
        rim_voxels: How far outside the brain the removed noise still counts.
    """

    size: int
    count: int
    validation_count: int
    least_brain: float
    rim_voxels: int


@dataclass(frozen=True)
class NoiseSettings:
    """How noise is drawn for each patch, each time it is seen.

    Attributes:
        pairs: Number of pairs of a whole scan with the measured noise.
        fractions: Parts of them that are averaged.
        measured_scale: Factor on the measured SD.
        measured_share: Fraction of draws with the measured noise; the others have a level of their own.
        broad_percent: Range of that level: SD of the averaged difference image in percent of mean M0, log-uniform.
        correlated_share: Fraction of draws with spatially correlated noise.
        correlation_voxels: In-plane FWHM of that correlation.
        through_plane: Largest weight in it of the slices above and below.
    """

    pairs: int
    fractions: tuple[float, ...]
    measured_scale: float
    measured_share: float
    broad_percent: Range
    correlated_share: float
    correlation_voxels: Range
    through_plane: float


@dataclass(frozen=True)
class ArrivalSettings:
    """Scans at several post-labeling delays, in which the label arrives when it will. pCASL, 3D readout; times in s.

    Attributes:
        delays: Post-labeling delays of a scan, two or more; every example is seen at all of them.
        labeling_duration, labeling_efficiency: The same at every delay.
        grey_att, white_att: Arterial transit time of pure tissue.
        regional_sd: SD of its smooth regional variation.
        regional_fwhm: Width of that variation, mm, log-uniform.
        t1_blood: T1 of arterial blood, and of the label in tissue.
    """

    delays: tuple[float, ...]
    labeling_duration: float
    labeling_efficiency: float
    grey_att: Range
    white_att: Range
    regional_sd: Range
    regional_fwhm: Range
    t1_blood: float = 1.65

    def __post_init__(self) -> None:
        if len(set(self.delays)) < 2:
            raise ValueError("delays needs two or more different post-labeling delays")


@dataclass(frozen=True)
class DrawSettings:
    """What is drawn each time a patch is seen.

    Attributes:
        flow, m0, noise: Its parts.
        end_share: Fraction of draws in which the slices above or below are absent, as at the ends of a scan.
        arrival: Scans at several delays, whose protocol stands here and not in [scans]; None for one delay, at which
            all of the label has arrived.
    """

    flow: FlowSettings
    m0: M0Settings
    noise: NoiseSettings
    end_share: float
    arrival: ArrivalSettings | None = None


@dataclass(frozen=True)
class LossSettings:
    """What is minimised: `deepasl_trainer.training.loss`.

    Attributes:
        noise_weight: Lambda of equation 2: weight of the noise term; the CBF term has the rest.
        region_weight: Weight of the error of regional means, beside equation 2.
        region_fwhm: Widths in voxels of the Gaussians that make these means.
        lesion_weight: How much more the CBF of a voxel counts whose flow a lesion changes by 100 %.
        whole_lesion_weight: Weight of the error of the mean over all lesions of a patch, hypo- and hyperperfused apart.
        tissue_weight: Weight of the error of the mean over pure grey and pure white matter of a patch.
        arrival_weight: Weight of the error of the transit time fitted to several delays; needs [draws.arrival].
    """

    noise_weight: float
    region_weight: float = 0.0
    region_fwhm: tuple[float, ...] = ()
    lesion_weight: float = 0.0
    whole_lesion_weight: float = 0.0
    tissue_weight: float = 0.0
    arrival_weight: float = 0.0


@dataclass(frozen=True)
class FitSettings:
    """The optimisation.

    Attributes:
        epochs: Number of epochs.
        epoch_patches: Patches seen in each.
        batch_size: Patches per step, over all devices together.
        learning_rate: The (highest) learning rate of Adam.
        schedule: ``"constant"`` as in the paper, or ``"one-cycle"``.
        gradient_clip: Longest gradient (Euclidean) that a step follows; longer ones are shortened to it; 0 for none.
        precision: Lightning's name: ``"32-true"``, or ``"bf16-mixed"`` where the processor has bfloat16.
        seed: Of weights, order and everything drawn.
    """

    epochs: int
    epoch_patches: int
    batch_size: int
    learning_rate: float
    schedule: Literal["constant", "one-cycle"]
    gradient_clip: float
    precision: str
    seed: int


@dataclass(frozen=True)
class Settings:
    """A whole training, on synthetic scans (`scans` and `draws`) or on real ones (`invivo`)."""

    model: ModelSettings
    people: PeopleSettings
    patches: PatchSettings
    loss: LossSettings
    fit: FitSettings
    scans: ScanSettings | None = None
    draws: DrawSettings | None = None
    invivo: InVivoSettings | None = None

    def __post_init__(self) -> None:
        synthetic = (self.scans is not None, self.draws is not None)
        if synthetic != ((self.invivo is None),) * 2:
            raise ValueError("either [scans] and [draws] are needed, or [invivo]")
        if self.loss.arrival_weight and (self.draws is None or self.draws.arrival is None):
            raise ValueError("arrival_weight needs [draws.arrival]: one delay does not tell the transit time")


def read_settings(path: Path | str) -> Settings:
    """Read the settings of a training: see `toml_tables.read_table`."""
    return read_table(Settings, path)


def settings_from(table: dict[str, Any], where: str) -> Settings:
    """Settings of a training from a table: see `toml_tables.build`."""
    return build(Settings, table, where)
