"""Training: one Lightning module, and one function that runs or resumes it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, TensorDataset

from deepasl.errors import DeepASLError, ModelError
from deepasl_trainer.averaging import draw_noise
from deepasl_trainer.loss import LossTerms, loss_terms
from deepasl_trainer.networks import PaperNetwork
from deepasl_trainer.patches import Patches
from deepasl_trainer.settings import Settings, settings_from

logger = logging.getLogger(__name__)

VALIDATION_SEED = 20180917
WARM_UP = 0.1
"""Part of the schedule in which the learning rate rises."""

MONITORED = "val/loss"

BEST = Path("checkpoints", "best.ckpt")
LAST = Path("checkpoints", "last.ckpt")

Batch = tuple[Tensor, ...]
"""deltam, m0, noise_shape, noise_percent, gain, near_brain: the fields of `Patches`, in order."""


class DenoisingModule(L.LightningModule):  # type: ignore[misc]
    """A network, its loss, and the noise it is trained on."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Args: settings: `Settings` as `dataclasses.asdict` gives it, so that checkpoints hold plain values."""
        super().__init__()
        self.save_hyperparameters()
        self.settings = settings_from(settings, "checkpoint")
        self.network = PaperNetwork(self.settings.model.filters, self.settings.model.depth)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """One step. The noise depends on seed and step alone, so that a resumed training goes on as it would have."""
        seed = self.settings.fit.seed * 1_000_003 + self.global_step
        return self._judged(batch, torch.Generator().manual_seed(seed), "train")

    def validation_step(self, batch: Batch, index: int) -> None:
        """Judged on the same noise after every epoch."""
        self._judged(batch, torch.Generator().manual_seed(VALIDATION_SEED + index), "val")

    def configure_optimizers(self) -> dict[str, Any]:
        """Adam with a one-cycle schedule over all steps."""
        rate = self.settings.fit.learning_rate
        optimizer = torch.optim.Adam(self.network.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=rate, total_steps=int(self.trainer.estimated_stepping_batches), pct_start=WARM_UP
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _judged(self, batch: Batch, generator: torch.Generator, stage: str) -> Tensor:
        terms = self._terms(batch, generator)
        loss = terms.weighted(self.settings.fit.noise_weight)
        values = {f"{stage}/loss": loss, f"{stage}/noise_term": terms.noise, f"{stage}/cbf_term": terms.cbf}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(batch[0]), prog_bar=stage == "val")
        return loss

    def _terms(self, batch: Batch, generator: torch.Generator) -> LossTerms:
        deltam, m0, noise_shape, noise_percent, gain, near_brain = batch
        noise = draw_noise(noise_shape.cpu(), noise_percent.cpu(), self.settings.noise, generator).to(deltam.device)
        perfused = torch.rand(len(deltam), generator=generator) >= self.settings.fit.null_share
        deltam = deltam * perfused[:, None, None].to(deltam.device)
        noisy = (deltam + noise)[:, None].contiguous(memory_format=torch.channels_last)
        return loss_terms(self.network(noisy)[:, 0], noise, deltam, m0, gain, near_brain)


class EpochSampler(Sampler[int]):
    """Another part of the patches in each epoch, the same for the same seed and epoch."""

    def __init__(self, total: int, count: int, seed: int) -> None:
        self.total, self.count, self.seed, self.epoch = total, min(count, total), seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning at the start of an epoch, after a resume too."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Any:
        generator = torch.Generator().manual_seed(self.seed * 7919 + self.epoch)
        return iter(torch.randperm(self.total, generator=generator)[: self.count].tolist())


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


def fit(
    settings: Settings,
    training: Patches,
    validation: Patches,
    output: Path,
    *,
    start_from: Path | None = None,
    stop_after: int | None = None,
    report: Callable[[Reached], object] = lambda reached: None,
) -> Path:
    """Train, or go on where a training in `output` stopped.

    Args:
        settings: Everything.
        training: Patches to train on.
        validation: Patches of other people.
        output: Folder of the checkpoints and, in ``logs``, a CSV table of every (re)start.
        start_from: Checkpoint whose weights a new training starts with; None for random weights.
        stop_after: Stop after this epoch and leave the others for later; None for all of them.
        report: Called after every epoch.

    Returns:
        The checkpoint that was best on the validation people: `BEST` in `output`.

    Raises:
        ModelError: If a checkpoint to go on or to start from is damaged or of another network.
    """
    L.seed_everything(settings.fit.seed, verbose=False)
    module = DenoisingModule(dataclasses.asdict(settings)).to(memory_format=torch.channels_last)
    if start_from is not None:
        _take_weights(module, start_from)
    checkpoints = ModelCheckpoint(
        output / "checkpoints", "best", monitor=MONITORED, save_last=True, enable_version_counter=False
    )
    trainer = L.Trainer(
        max_epochs=settings.fit.epochs,
        precision=settings.fit.precision,
        gradient_clip_val=settings.fit.gradient_clip,
        logger=CSVLogger(output, name="logs"),
        callbacks=[checkpoints, LearningRateMonitor("epoch"), TQDMProgressBar(20), _EndOfEpoch(stop_after, report)],
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        enable_model_summary=False,
    )
    last = output / LAST
    if last.is_file():
        load_module(last)
        logger.info("going on from %s", last)
    sampler = EpochSampler(len(training), settings.fit.epoch_patches, settings.fit.seed)
    trainer.fit(
        module,
        DataLoader(_dataset(training), settings.fit.batch_size, sampler=sampler, drop_last=True),
        DataLoader(_dataset(validation), settings.fit.batch_size),
        ckpt_path=str(last) if last.is_file() else None,
    )
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


def _take_weights(module: DenoisingModule, checkpoint: Path) -> None:
    try:
        module.network.load_state_dict(load_module(checkpoint).network.state_dict())
    except RuntimeError as error:
        raise ModelError(
            "the network to start from has other layers",
            where=checkpoint,
            remedy="Give the new configuration the same filters and depth.",
        ) from error


class _EndOfEpoch(L.Callback):  # type: ignore[misc]
    """Says how far the training is, and ends it early if asked, without shortening its schedule."""

    def __init__(self, stop_after: int | None, report: Callable[[Reached], object]) -> None:
        self.stop_after, self.report = stop_after, report

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        epochs = trainer.current_epoch + 1
        self.report(Reached(epochs, trainer.global_step, float(trainer.callback_metrics[MONITORED])))
        trainer.should_stop = epochs == self.stop_after


def _dataset(patches: Patches) -> Dataset[Batch]:
    arrays = (getattr(patches, field.name) for field in dataclasses.fields(patches))
    return TensorDataset(*(torch.from_numpy(array) for array in arrays))
