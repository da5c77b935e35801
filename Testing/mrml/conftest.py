"""A result with known truth for the scene and picture tests, and the headless application they run in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.commands.demo import write_demo_scan
from deepasl.geometry import Geometry
from deepasl.phantom import Lesion, Protocol, acquire, default_anatomy, make_subject
from deepasl.quantification.buxton import pcasl_gain
from deepasl.results import M0Map, ModelRun, PerfusionMaps, Result
from deepasl.series import Role
from DeepASLDenoiseLib.pictures.comparisonpicture import PictureError, requireRendering

pytest.importorskip("slicer", reason="slicer-core is not installed")

PROTOCOL = Protocol(pairs=30)

LESION_ON_THE_RIGHT = Lesion((40.0, 0.0, 10.0), 18.0, 2.0)
"""Patient right is +x in RAS: flow is doubled in a ball on that side only."""


def phantomResult(geometry: Geometry | None = None) -> Result:
    """A scan of the phantom with a bright ball on its right; smoothing stands in for the network."""
    subject = make_subject(default_anatomy(geometry), lesions=[LESION_ON_THE_RIGHT])
    series = acquire(subject, PROTOCOL, noise_sd=6.0, seed=1)
    deltam = (series.volumes_of(Role.CONTROL) - series.volumes_of(Role.LABEL)).mean(axis=0)
    smooth = ndimage.gaussian_filter(deltam, 0.8)
    gain = pcasl_gain(
        pld=PROTOCOL.pld,
        labeling_duration=PROTOCOL.labeling_duration,
        t1_blood=PROTOCOL.t1_blood,
        labeling_efficiency=PROTOCOL.labeling_efficiency,
        partition_coefficient=PROTOCOL.partition_coefficient,
    )
    scale = np.where(subject.mask, gain / np.maximum(subject.m0, 1.0), 0.0).astype(np.float32)
    return Result(
        name="phantom",
        origin="made by code",
        geometry=subject.tissue.geometry,
        conventional=PerfusionMaps(deltam, deltam * scale),
        denoised=PerfusionMaps(smooth, smooth * scale),
        removed=deltam - smooth,
        mask=subject.mask,
        grey_matter=subject.mask & (subject.tissue.grey > 0.8),
        white_matter=subject.mask & (subject.tissue.white > 0.8),
        m0=M0Map(subject.m0, "phantom", 1.0),
        acquisition=Acquisition().with_values(
            Source.USER, "phantom", labeling_type=LabelingType.PCASL, post_labeling_delay=(PROTOCOL.pld,)
        ),
        roles=series.roles,
        role_evidence=("made by code",),
        pairs=tuple((t, t + 1) for t in range(1, len(series.roles) - 1, 2)),
        smoothing_fwhm=0.0,
        noise=6.0 * float(np.sqrt(2 / PROTOCOL.pairs)),
        statistics=(),
        statistics_unit="mL/100g/min",
        findings=(),
        model=ModelRun("test-smoothing", "Smoothing", "0" * 64, "CPUExecutionProvider", "there is no other", 1.0),
        seconds={},
    )


@pytest.fixture(scope="session")
def phantom() -> Result:
    """The phantom on its own grid, axial."""
    return phantomResult()


@pytest.fixture(scope="session")
def coarsePhantom() -> Result:
    """The phantom on voxels as large as those of ASL often are, axial."""
    shape, spacing = (24, 56, 48), (4.0, 4.0, 6.0)
    return phantomResult(Geometry(shape, spacing, (-94.0, -110.0, -60.0)))


@pytest.fixture(scope="session")
def obliquePhantom() -> Result:
    """The phantom on coarse voxels, 30 degrees off axial and 10 degrees off the midline."""
    tilt, turn = np.deg2rad(30), np.deg2rad(10)
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    shape, spacing = (24, 50, 48), (4.0, 4.2, 6.0)
    direction = about_z @ about_x
    middle = direction @ (np.array(spacing) * (np.array(shape[::-1]) - 1) / 2)
    return phantomResult(Geometry(shape, spacing, tuple(-middle), tuple(direction.ravel())))


@pytest.fixture(scope="session")
def rendering() -> None:
    """Skips where VTK cannot render."""
    try:
        requireRendering()
    except PictureError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def demoScan(tmp_path_factory) -> Path:
    """The phantom of the demo, as a BIDS file."""
    return write_demo_scan(tmp_path_factory.mktemp("demo"))
