"""Every number of a training, read from a TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        filters: Feature maps of every hidden layer.
        depth: Number of convolutions with PReLU; one more convolution follows.
        data: What it is trained on and under which licences, a line for each source; the model card repeats them.
    """

    id: str
    title: str
    licence: str
    filters: int
    depth: int
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
    """How synthetic scans are drawn. Lengths in mm, times in s, flow in mL/100g/min.

    Attributes:
        seed: Of all draws.
        grids: The voxel grids, and how often each person is scanned on them.
        margin: Field of view beyond the brain, in plane.
        tilt_degrees: Largest rotation of the slices about each axis.
        labeling_duration, pld, labeling_efficiency, slice_delay: The protocol; `slice_delay` is the time between two
            slices, 0 for a 3D readout.
        grey_cbf, white_cbf: Flow of pure tissue.
        regional_sd: SD of smooth regional variation, as a fraction.
        receive_bias: Sensitivity at the rim of the head against its centre.
        lesions: Number of lesions in each scan.
        lesion_radius, lesion_factor: Their radius, and flow inside as a multiple.
    """

    seed: int
    grids: tuple[GridSettings, ...]
    margin: float
    tilt_degrees: float
    labeling_duration: Range
    pld: Range
    labeling_efficiency: Range
    slice_delay: Range
    grey_cbf: Range
    white_cbf: Range
    regional_sd: Range
    receive_bias: Range
    lesions: int
    lesion_radius: Range
    lesion_factor: Range


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
    """

    pairs: int
    fractions: tuple[float, ...]
    measured_scale: float
    measured_share: float
    broad_percent: Range
    correlated_share: float
    correlation_voxels: Range


@dataclass(frozen=True)
class FitSettings:
    """The optimisation.

    Attributes:
        noise_weight: Lambda of the loss: weight of the noise term; the CBF term has the rest.
        epochs: Number of epochs.
        epoch_patches: Patches seen in each.
        batch_size: Patches per step.
        learning_rate: Highest learning rate of the one-cycle schedule (Adam).
        gradient_clip: Longest gradient (Euclidean) that a step follows; longer ones are shortened to it.
        precision: Lightning's name: ``"32-true"``, or ``"bf16-mixed"`` where the processor has bfloat16.
        seed: Of weights, order and noise.
        null_share: Fraction of draws without any perfusion, so that none is made out of noise.
    """

    noise_weight: float
    epochs: int
    epoch_patches: int
    batch_size: int
    learning_rate: float
    gradient_clip: float
    precision: str
    seed: int
    null_share: float = 0.0


@dataclass(frozen=True)
class TestScan:
    """A protocol to evaluate on.

    Attributes:
        name: What tables call it.
        voxel: Voxel size (i, j, k) in mm.
        labeling_duration, pld: In s.
        noise_percent: SD of the averaged difference image in percent of mean M0, the same everywhere, for each level.
            Empty for the measured noise at the levels of `NoiseSettings`.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    name: str
    voxel: tuple[float, float, float]
    labeling_duration: float
    pld: float
    noise_percent: tuple[float, ...]


@dataclass(frozen=True)
class EvaluationSettings:
    """What is measured on the test people.

    Attributes:
        seed: Of the noise.
        grey_cbf, white_cbf: True flow in mL/100g/min.
        regional_sd: SD of its smooth regional variation, as a fraction.
        gaussian_fwhm: Width in mm of the Gaussian filter that stands for conventional smoothing.
        lesion_radius: In mm.
        lesion_factors: One hypo- and one hyperperfused lesion.
        scans: The first is the one that decides.
    """

    seed: int
    grey_cbf: float
    white_cbf: float
    regional_sd: float
    gaussian_fwhm: float
    lesion_radius: float
    lesion_factors: tuple[float, ...]
    scans: tuple[TestScan, ...]


@dataclass(frozen=True)
class Settings:
    """A whole training."""

    model: ModelSettings
    people: PeopleSettings
    scans: ScanSettings
    patches: PatchSettings
    noise: NoiseSettings
    fit: FitSettings
    evaluation: EvaluationSettings


def read_settings(path: Path | str) -> Settings:
    """Read the settings of a training: see `toml_tables.read_table`."""
    return read_table(Settings, path)


def settings_from(table: dict[str, Any], where: str) -> Settings:
    """Settings of a training from a table: see `toml_tables.build`."""
    return build(Settings, table, where)
