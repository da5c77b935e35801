"""Training: one Lightning module, and one function that runs or resumes it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import lightning as L
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from deepasl.errors import DeepASLError, InputError, ModelError, OutputError
from deepasl_trainer.training.examples import Examples, PatchSet
from deepasl_trainer.training.layers import DenoisingNetwork
from deepasl_trainer.training.loss import loss_terms
from deepasl_trainer.training.networks import build_network
from deepasl_trainer.training.settings import Settings, settings_from

logger = logging.getLogger(__name__)

VALIDATION_SEED = 20180917
WARM_UP = 0.1
"""Part of the one-cycle schedule in which the learning rate rises."""

MONITORED = "val/loss"

BEST = Path("checkpoints", "best.ckpt")
LAST = Path("checkpoints", "last.ckpt")


@dataclass(frozen=True)
class Devices:
    """Where a training runs, in Lightning's words.

    Attributes:
        accelerator: ``"auto"``, ``"cpu"`` or ``"gpu"``.
        count: How many processors or GPUs; several train together (distributed data parallel).
    """

    accelerator: str = "auto"
    count: int = 1


@dataclass(frozen=True)
class Reached:
    """How far a training has come, over all resumptions.

    Attributes:
        epochs: Epochs finished.
        steps: Steps taken.
        loss: Loss on the validation people after the last epoch.
    """

    epochs: int
    steps: int
    loss: float


class DenoisingModule(L.LightningModule):  # type: ignore[misc]
    """A network, its loss, and the patches it is trained on, which live on its device."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Args: settings: `Settings` as `dataclasses.asdict` gives it, so that checkpoints hold plain values."""
        super().__init__()
        self.save_hyperparameters()
        self.settings = settings_from(settings, "checkpoint")
        self.network: DenoisingNetwork = build_network(self.settings.model)
        self._training: PatchSet | None = None
        self._validation: PatchSet | None = None

    def learn_from(self, training: PatchSet, validation: PatchSet) -> None:
        """The patches to train on, and those of other people to choose the checkpoint on."""
        self._training, self._validation = training, validation

    def on_fit_start(self) -> None:
        """Move all patches once: no example ever crosses from the processor to a GPU."""
        training, validation = self._require_patches()
        self.learn_from(training.to(self.device), validation.to(self.device))

    def train_dataloader(self) -> DataLoader[Tensor]:
        """Numbers of the patches of each step of this epoch, on this device."""
        training, _ = self._require_patches()
        fit, trainer = self.settings.fit, self.trainer
        seed = fit.seed * 7919 + trainer.current_epoch
        rank, devices = trainer.global_rank, trainer.world_size
        return _loader(steps_of_epoch(len(training), fit.epoch_patches, fit.batch_size, seed, rank, devices))

    def val_dataloader(self) -> DataLoader[Tensor]:
        """All validation patches, on every device the same."""
        _, validation = self._require_patches()
        return _loader(torch.split(torch.arange(len(validation)), self.settings.fit.batch_size))

    def training_step(self, chosen: Tensor, index: int) -> Tensor:
        """One step. What is drawn depends on seed, step and device alone, so that a resumed training is the same."""
        training, _ = self._require_patches()
        seed = (self.settings.fit.seed * 1_000_003 + self.global_step) * 257 + self.trainer.global_rank
        return self._judged(training.draw(chosen, self._generator(seed)), "train")

    def validation_step(self, chosen: Tensor, index: int) -> None:
        """Judged on the same examples after every epoch."""
        _, validation = self._require_patches()
        self._judged(validation.draw(chosen, self._generator(VALIDATION_SEED + index)), "val")

    def configure_optimizers(self) -> dict[str, Any] | torch.optim.Optimizer:
        """Adam, with the learning rate of the settings throughout or a one-cycle schedule over all steps."""
        rate = self.settings.fit.learning_rate
        optimizer = torch.optim.Adam(self.network.parameters(), lr=rate)
        if self.settings.fit.schedule == "constant":
            return optimizer
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=rate, total_steps=int(self.trainer.estimated_stepping_batches), pct_start=WARM_UP
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _judged(self, examples: Examples, stage: str) -> Tensor:
        weights = self.settings.loss
        seen = [examples.noisy, examples.m0] if self.network.spec.m0 else [examples.noisy]
        image = torch.cat(seen, dim=1).contiguous(memory_format=torch.channels_last)
        terms = loss_terms(self.network(image)[:, 0], examples, weights)
        loss = terms.weighted(weights)
        if not torch.isfinite(loss):
            raise InputError(
                "the loss is not a number: patches hold NaN, or the learning rate is too high",
                remedy="Check the images, or lower learning_rate; the last finished epoch is kept.",
            )
        values = {"loss": loss} | {f"{name}_term": term for name, term in vars(terms).items()}
        self.log_dict(
            {f"{stage}/{name}": value for name, value in values.items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(image),
            prog_bar=stage == "val",
            sync_dist=True,
        )
        return loss

    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator(device=self.device).manual_seed(seed)

    def _require_patches(self) -> tuple[PatchSet, PatchSet]:
        if self._training is None or self._validation is None:
            raise ValueError("learn_from() comes before training")
        return self._training, self._validation


def steps_of_epoch(total: int, count: int, batch: int, seed: int, rank: int, devices: int) -> list[Tensor]:
    """Which patches each step of an epoch sees on one of several devices.

    Every epoch (seed) sees another part of the patches; what does not fill a batch is left out. All devices take
    equal parts of each batch.

    Raises:
        InputError: If there is not a single full batch.
    """
    order = torch.randperm(total, generator=torch.Generator().manual_seed(seed))[:count]
    steps = len(order) // batch
    if not steps or batch % devices:
        raise InputError(
            f"{len(order)} patches do not make a batch of {batch} on {devices} device(s)",
            remedy="Use a smaller batch_size that all devices can share, or more patches.",
        )
    part = batch // devices
    return [step[rank * part : (rank + 1) * part] for step in torch.split(order[: steps * batch], batch)]


def fit(
    settings: Settings,
    training: PatchSet,
    validation: PatchSet,
    output: Path,
    *,
    devices: Devices = Devices(),
    start_from: Path | None = None,
    stop_after: int | None = None,
    report: Callable[[Reached], object] = lambda reached: None,
) -> Path:
    """Train, or go on where a training in `output` stopped.

    Args:
        settings: Everything.
        training: Patches to train on.
        validation: Patches of other people.
        output: Folder of the checkpoints and, in ``logs``, of CSV tables and TensorBoard files of every (re)start.
        devices: Where it runs.
        start_from: Checkpoint whose weights a new training starts with; None for random weights.
        stop_after: Stop after this epoch and leave the others for later; None for all of them.
        report: Called after every epoch.

    Returns:
        The checkpoint that was best on the validation people: `BEST` in `output`.

    Raises:
        ModelError: If a checkpoint to go on or to start from is damaged or of another network.
        InputError: If the loss is not a number.
        OutputError: If a checkpoint cannot be written; the one before it is kept.
    """
    L.seed_everything(settings.fit.seed, verbose=False)
    module = DenoisingModule(dataclasses.asdict(settings)).to(memory_format=torch.channels_last)
    module.learn_from(training, validation)
    last = output / LAST
    if last.is_file():
        load_module(last)
        logger.info("going on from %s", last)
    elif start_from is not None:
        _take_weights(module, start_from)
    trainer = _trainer(settings, output, devices, _EndOfEpoch(stop_after, report))
    try:
        trainer.fit(module, ckpt_path=str(last) if last.is_file() else None)
    except OSError as error:
        raise OutputError(
            f"the training stopped because a file cannot be written ({error})",
            where=output,
            remedy="Make room and run the same command again: it goes on after the last epoch that was kept.",
        ) from error
    return output / BEST


def load_module(checkpoint: Path) -> DenoisingModule:
    """The network of a checkpoint, ready for evaluation.

    Raises:
        ModelError: If the file is absent, damaged, or of another network.
    """
    try:
        module: DenoisingModule = DenoisingModule.load_from_checkpoint(
            checkpoint, map_location="cpu", weights_only=True
        )
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, UnpicklingError, DeepASLError) as error:
        logger.debug("%s cannot be loaded: %r", checkpoint, error)
        raise ModelError(
            "the checkpoint cannot be loaded: it is absent, damaged, or of another network",
            where=checkpoint,
            remedy="Train again, or name the folder of a finished training.",
        ) from error
    module.eval()
    return module


def _loader(steps: Sequence[Tensor]) -> DataLoader[Tensor]:
    """Steps in their order; Lightning would take a bare list for as many loaders."""
    return DataLoader(cast(Dataset[Tensor], steps), batch_size=None)


def _trainer(settings: Settings, output: Path, devices: Devices, end: L.Callback) -> L.Trainer:
    folder = output / LAST.parent
    best = ModelCheckpoint(folder, BEST.stem, monitor=MONITORED, enable_version_counter=False)
    # Its own, because `save_last` leaves out the epochs that were not the best.
    last = ModelCheckpoint(folder, LAST.stem, save_on_train_epoch_end=True, enable_version_counter=False)
    csv = CSVLogger(output, name="logs")
    return L.Trainer(
        accelerator=devices.accelerator,
        devices=devices.count,
        strategy="ddp" if devices.count > 1 else "auto",
        max_epochs=settings.fit.epochs,
        precision=settings.fit.precision,
        gradient_clip_val=settings.fit.gradient_clip or None,
        # Both loggers write into one folder for each (re)start.
        logger=[csv, TensorBoardLogger(output, name="logs", version=f"version_{csv.version}")],
        callbacks=[best, last, LearningRateMonitor("epoch"), TQDMProgressBar(20), end],
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        use_distributed_sampler=False,
        reload_dataloaders_every_n_epochs=1,
    )


def _take_weights(module: DenoisingModule, checkpoint: Path) -> None:
    try:
        module.network.load_state_dict(load_module(checkpoint).network.state_dict())
    except RuntimeError as error:
        raise ModelError(
            "the network to start from has other layers",
            where=checkpoint,
            remedy="Give the new configuration the same network, filters and depth.",
        ) from error


class _EndOfEpoch(L.Callback):  # type: ignore[misc]
    """Says how far the training is, and ends it early if asked, without shortening its schedule."""

    def __init__(self, stop_after: int | None, report: Callable[[Reached], object]) -> None:
        self.stop_after, self.report = stop_after, report

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        epochs = trainer.current_epoch + 1
        if trainer.is_global_zero:
            self.report(Reached(epochs, trainer.global_step, float(trainer.callback_metrics[MONITORED])))
        trainer.should_stop = epochs == self.stop_after
