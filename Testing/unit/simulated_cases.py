"""Small simulated scans and evaluations, for the tests of the evaluation."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer_cases import dome_noise, write_people

from deepasl_trainer.evaluation.cases import Case, build_case
from deepasl_trainer.evaluation.settings import (
    BaselineSettings,
    EvaluationSettings,
    LesionSettings,
    ProtocolSettings,
)
from deepasl_trainer.people.anatomies import Person, read_person

SEED = 3

LESIONS = LesionSettings(each=1, factors=(0.4, 1.8), radius=(9.0, 10.0), apart=6.0)

PERFUSED = ProtocolSettings(
    name="perfused",
    scans=1,
    voxels=((5.0, 5.0, 6.0),),
    pairs=(4, 8),
    labeling_duration=(1.8, 1.8),
    pld=(1.6, 1.6),
    grey_cbf=(65.0, 65.0),
    white_cbf=(20.0, 20.0),
    image_noise=(0.5, 0.5),
    measured_share=0.0,
    slice_delay=(0.03, 0.03),
    lesions=LESIONS,
)
"""A 2D readout of grey matter with 65 and white matter with 20 mL/100g/min, even noise of 0.5 %, two lesions."""

EMPTY = dataclasses.replace(PERFUSED, name="empty", grey_cbf=(0.0, 0.0), white_cbf=(0.0, 0.0), lesions=None)
"""Nothing flows."""

BASELINES = BaselineSettings(
    methods=("Gaussian", "NLM", "TV", "wavelet", "MP-PCA"),
    gaussian_fwhm=8.0,
    nlm_patch=3,
    nlm_reach=3,
    nlm_strength=0.8,
    tv_weight=1.0,
    wavelet="db2",
    mppca_radius=1,
)


def quick_evaluation() -> EvaluationSettings:
    """Two protocols, with averaging and Gaussian smoothing alone."""
    baselines = dataclasses.replace(BASELINES, methods=("Gaussian",))
    return EvaluationSettings(SEED, ("person_1",), baselines, (PERFUSED, EMPTY))


@cache
def somebody() -> Person:
    """The first of `write_people`."""
    with TemporaryDirectory() as folder:
        write_people(Path(folder), 1)
        return read_person(Path(folder) / "person_1.nii.gz")


@cache
def case(protocol: ProtocolSettings = PERFUSED, scan: int = 0) -> Case:
    """A scan of `somebody`."""
    return build_case(somebody(), protocol, scan, dome_noise(), SEED)
