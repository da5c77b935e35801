"""What the headers of an ASL series tell before its voxels are read: for lists from which a user chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deepasl.acquisition.parameters import Acquisition, Parameter
from deepasl.readers.dicom import attributes as tag
from deepasl.readers.dicom.choice import require_whole
from deepasl.readers.dicom.facts import from_dicom
from deepasl.readers.dicom.frames import frames_of
from deepasl.readers.dicom.header import places_of_frames, quiet_pydicom, read_header
from deepasl.readers.dicom.series import DicomSeries
from deepasl.readers.dicom.standard import standard_facts
from deepasl.readers.dicom.understanding import PERFUSION_ROLES, vendor_facts
from deepasl.readers.dicom.volumes import HeaderVolume, volumes_of
from deepasl.series import Role


@dataclass(frozen=True)
class Preview:
    """A series as its headers describe it.

    Attributes:
        volumes: How many there are.
        roles: What each is; none where only the signal tells.
        acquisition: The parameters that the headers hold.
    """

    volumes: int
    roles: tuple[Role, ...]
    acquisition: Acquisition


def preview(series: DicomSeries) -> Preview:
    """Look at the headers of a series.

    Raises:
        InputError: If files are damaged, mixed up or missing.
    """
    require_whole(series)
    with quiet_pydicom():
        volumes = volumes_of(tuple(frames_of(series.files)), series.title)
        speaker = _first_perfusion(volumes).first
        places = places_of_frames(read_header(series.files[speaker.file]))[speaker.index]
        private, standard = vendor_facts(series.verdict.vendor, places, volumes), standard_facts(places)
    labels = [volume.first.label for volume in volumes]
    parameters: dict[str, Parameter[Any]] = {**private.parameters, **standard.parameters, **_delays(volumes)}
    return Preview(
        len(volumes), tuple(Role(label) for label in labels) if all(labels) else (), Acquisition(**parameters)
    )


def _first_perfusion(volumes: tuple[HeaderVolume, ...]) -> HeaderVolume:
    return next((volume for volume in volumes if volume.first.label in PERFUSION_ROLES), volumes[0])


def _delays(volumes: tuple[HeaderVolume, ...]) -> dict[str, Parameter[Any]]:
    """The delays of perfusion volumes, each once, where every one of them has its own."""
    told = [volume.first.delay for volume in volumes if volume.first.label in PERFUSION_ROLES]
    delays = tuple(dict.fromkeys(delay for delay in told if delay is not None))
    return {"post_labeling_delay": from_dicom(delays, tag.SIEMENS_XA_DELAY)} if delays and None not in told else {}
