"""Single numbers drawn from the ranges of settings."""

from __future__ import annotations

import numpy as np

from deepasl_trainer.training.settings import Range


def draw(limits: Range, rng: np.random.Generator) -> float:
    """A value between two limits, each as likely."""
    return float(rng.uniform(*limits))
