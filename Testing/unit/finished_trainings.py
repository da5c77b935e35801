"""Folders of trainings as `deepasl-train fit` leaves them, with random weights, and figures for them that are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import lightning
import torch
from trainer_cases import tiny_settings

from deepasl.denoising.registry import Domain
from deepasl_trainer.evaluation.baselines import AVERAGE, GAUSSIAN
from deepasl_trainer.evaluation.halves import GREY_CHANGE, HALVES, UNSELECTED_GREY_CHANGE
from deepasl_trainer.evaluation.records import Condition, Record
from deepasl_trainer.evaluation.settings import (
    BaselineSettings,
    CurveSettings,
    EvaluationSettings,
    LesionSettings,
    ProtocolSettings,
)
from deepasl_trainer.experiments.held_out import HeldOut
from deepasl_trainer.invivo.settings import InVivoSettings
from deepasl_trainer.training.layers import PRELU_SLOPE, DenoisingNetwork
from deepasl_trainer.training.runs import Run, write_run
from deepasl_trainer.training.settings import ModelSettings, Settings
from deepasl_trainer.training.training import BEST, DenoisingModule

MODELS = {
    "paper": ModelSettings("tiny-paper", "Tiny, of the paper", "MIT", "paper", filters=4, depth=2, data=("Made up.",)),
    "dilated": ModelSettings("tiny-dilated", "Tiny, dilated", "MIT", "dilated", filters=4, depth=0),
    "guided": ModelSettings("tiny-guided", "Tiny, guided", "MIT", "guided", filters=4, depth=3, slices=3),
}
"""One of each architecture."""

DOMAIN = Domain(
    in_plane_mm=(2.0, 8.0), slice_mm=(3.0, 8.0), noise_percent=(0.05, 1.0), signal_percent=(0.31234567, 0.92)
)


def settings_of(network: str) -> Settings:
    """A synthetic training of one of `MODELS`."""
    return dataclasses.replace(tiny_settings(), model=MODELS[network])


def run_of(network: str) -> Run:
    """It went on from another one that had seen person_0."""
    return Run(
        settings=settings_of(network),
        training=("person_1",),
        patches=24,
        domain=DOMAIN,
        epochs=4,
        steps=8,
        minutes=2.0,
        machine="a computer",
        command="deepasl-train fit --config tiny",
        before="an earlier training",
        seen=("person_0",),
    )


def invivo_run() -> Run:
    """A training on real scans, as in the paper."""
    run = run_of("paper")
    invivo = InVivoSettings(reference="mean-of-all", smoothing_fwhm=4.0)
    return dataclasses.replace(
        run, settings=dataclasses.replace(run.settings, scans=None, draws=None, invivo=invivo), before="", seen=()
    )


def draw_weights(network: DenoisingNetwork, seed: int) -> None:
    """Weights of every layer at random, of layers too that start at zero."""
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, a=PRELU_SLOPE, generator=generator)


def write_training(folder: Path, network: str, seed: int = 0) -> Path:
    """A finished training with weights that `seed` draws."""
    run = run_of(network)
    module = DenoisingModule(dataclasses.asdict(run.settings))
    draw_weights(module.network, seed)
    checkpoint = {
        "state_dict": module.state_dict(),
        "hyper_parameters": dict(module.hparams),
        "pytorch-lightning_version": lightning.__version__,
    }
    (folder / BEST).parent.mkdir(parents=True, exist_ok=True)
    torch.save(checkpoint, folder / BEST)
    write_run(run, folder)
    return folder


LEVELS = (6, 24)

LESIONS = LesionSettings(each=1, factors=(0.4, 1.8), radius=(7.0, 10.0), apart=6.0)


def small_evaluation() -> EvaluationSettings:
    """A protocol with lesions that decides, one without perfusion, and a curve."""
    perfused = ProtocolSettings(
        name="deciding",
        scans=1,
        voxels=((6.0, 6.0, 8.0),),
        pairs=LEVELS,
        labeling_duration=(1.8, 1.8),
        pld=(1.6, 2.2),
        grey_cbf=(65.0, 65.0),
        white_cbf=(20.0, 20.0),
        image_noise=(0.4, 1.0),
        lesions=LESIONS,
    )
    null = dataclasses.replace(perfused, name="empty", grey_cbf=(0.0, 0.0), white_cbf=(0.0, 0.0), lesions=None)
    return EvaluationSettings(
        seed=1,
        people=("person_3",),
        baselines=BaselineSettings(("Gaussian",), 4.0, 5, 6, 0.5, 1.0, "db2", 2),
        protocols=(perfused, null),
        curves=(CurveSettings("factor on M0", "deciding", "m0_scale", (0.5, 2.0), 6),),
    )


def known_figures() -> HeldOut:
    """The network has 3 dB more than Gaussian smoothing at 6 pairs and 1 dB less at 24; lesions fade in person_4."""
    records = []
    for person, left in (("person_3", 0.9), ("person_4", 0.5)):
        for protocol in ("deciding", "factor on M0 0.5", "factor on M0 2"):
            for pairs in LEVELS if protocol == "deciding" else (6,):
                condition = Condition(protocol, person, 0, pairs)
                mine = {6: 20.0, 24: 22.0}[pairs]
                records += [
                    _record(condition, AVERAGE, psnr=10.0, ccc=0.3, grey_bias=0.1, left=1.0),
                    _record(condition, GAUSSIAN, psnr={6: 17.0, 24: 23.0}[pairs], ccc=0.5, grey_bias=-5.0, left=0.8),
                    _record(condition, "trained", psnr=mine, ccc=0.8, grey_bias=-1.0 - pairs / 10, left=left),
                ]
        for pairs in LEVELS:
            condition = Condition("empty", person, 0, pairs)
            for method, null in ((AVERAGE, 20.0), (GAUSSIAN, 10.0), ("trained", 1.5)):
                records.append(Record(condition, method, "v", 0.3, {"null": null}))
    return HeldOut(small_evaluation(), "trained", tuple(records), tuple(_on_scans()))


def _on_scans() -> Iterator[Record]:
    """Two real scans; on the second one the network is further from the other half than smoothing."""
    for scan, change, mine in (("sub-01_asl", -1.2, 15.0), ("sub-02_asl", 4.0, 18.0)):
        condition = Condition(HALVES, scan, 0, 15)
        for method, rmse, moved in ((AVERAGE, 30.0, 0.0), (GAUSSIAN, 17.0, -8.0), ("trained", mine, change)):
            changes = {GREY_CHANGE: -9.0, UNSELECTED_GREY_CHANGE: moved}
            yield Record(condition, method, "v", 0.3, {"rmse": rmse, "ccc": 0.5, **changes})


def _record(condition: Condition, method: str, *, psnr: float, ccc: float, grey_bias: float, left: float) -> Record:
    figures = {"psnr": psnr, "ccc": ccc, "grey_bias": grey_bias, "white_bias": 0.5, "lesions": left}
    return Record(condition, method, "v", 0.3, {**figures, "lesions x0.4": left - 0.1, "lesions x1.8": left + 0.1})
