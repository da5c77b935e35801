"""Which images make one volume, and in which order the volumes were acquired: from headers alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deepasl.errors import InputError
from deepasl.readers.dicom.frames import Frame

LABEL_ORDER = ("m0scan", "control", "label", "deltam", "cbf", "")
"""Of volumes acquired at the same time, as Philips scanners write pairs."""


@dataclass(frozen=True)
class HeaderVolume:
    """The images of one volume, in order of their position.

    Attributes:
        frames: At least one; exactly one for a mosaic.
    """

    frames: tuple[Frame, ...]

    @property
    def first(self) -> Frame:
        """The image that speaks for the volume."""
        return self.frames[0]

    @property
    def slices(self) -> int:
        """How many slices it has."""
        return self.first.tiles if self.first.tiles > 1 else len(self.frames)

    @property
    def middle(self) -> Frame:
        """An image that shows something: from the middle of the volume."""
        return self.frames[len(self.frames) // 2]


Key = Callable[[Frame], tuple[object, ...]]


def _by_state(frame: Frame) -> tuple[object, ...]:
    return (frame.temporal, frame.phase, frame.label)


def _by_acquisition(frame: Frame) -> tuple[object, ...]:
    return (*_by_state(frame), frame.acquisition)


def _by_file(frame: Frame) -> tuple[object, ...]:
    return (*_by_state(frame), frame.file)


def volumes_of(frames: Sequence[Frame], where: str) -> tuple[HeaderVolume, ...]:
    """Sort images into volumes, and volumes into the order of acquisition.

    Scanners number volumes differently; the coarsest numbering under which every volume has one image at each
    position is the right one.

    Args:
        frames: All images of a series.
        where: The series, for messages.

    Raises:
        InputError: If images are missing or of different grids.
    """
    _require_one_grid(frames, where)
    for key in (_by_state, _by_acquisition, _by_file):
        groups = _grouped(frames, key)
        if all(_is_complete(group, frames) for group in groups):
            return _ordered(groups)
    if all(frame.tiles == 1 for frame in frames) and (groups := _in_order_at_each_position(frames)):
        return _ordered(groups)
    raise _missing(frames, where)


def missing_volumes(volumes: Sequence[HeaderVolume]) -> tuple[int, ...]:
    """The numbers left out where volumes are numbered one by one; none where they are not."""
    numbers = [volume.first.temporal or volume.first.acquisition for volume in volumes]
    if len(set(numbers)) != len(numbers):
        return ()
    return tuple(sorted(set(range(min(numbers), max(numbers) + 1)) - set(numbers)))


def _grouped(frames: Sequence[Frame], key: Key) -> list[list[Frame]]:
    groups: dict[tuple[object, ...], list[Frame]] = {}
    for frame in frames:
        groups.setdefault(key(frame), []).append(frame)
    return list(groups.values())


def _is_complete(group: Sequence[Frame], frames: Sequence[Frame]) -> bool:
    if group[0].tiles > 1:
        return len(group) == 1
    positions = {frame.plane.position for frame in frames}
    return len(group) == len(positions) == len({frame.plane.position for frame in group})


def _in_order_at_each_position(frames: Sequence[Frame]) -> list[list[Frame]]:
    """The t-th image at each position, where no numbering tells volumes apart; empty if their counts differ."""
    stacks: dict[float, list[Frame]] = {}
    for frame in sorted(frames, key=lambda frame: (frame.time, frame.instance, frame.index)):
        stacks.setdefault(frame.plane.position, []).append(frame)
    counts = {len(stack) for stack in stacks.values()}
    if len(counts) != 1 or any(frame.label for frame in frames):
        return []
    return [list(group) for group in zip(*stacks.values(), strict=True)]


def _ordered(groups: Sequence[Sequence[Frame]]) -> tuple[HeaderVolume, ...]:
    volumes = [HeaderVolume(tuple(sorted(group, key=lambda frame: frame.plane.position))) for group in groups]
    return tuple(sorted(volumes, key=_acquired))


def _acquired(volume: HeaderVolume) -> tuple[object, ...]:
    first = min(volume.frames, key=lambda frame: (frame.time, frame.instance))
    order = LABEL_ORDER.index(first.label) if first.temporal else 0
    return (first.temporal, first.acquisition, first.phase, order, first.time, first.instance, first.index)


def _require_one_grid(frames: Sequence[Frame], where: str) -> None:
    grids = Counter((*frame.plane.shape, frame.tiles, *frame.plane.spacing) for frame in frames)
    axes = {tuple(round(v, 3) + 0.0 for v in (*frame.plane.row, *frame.plane.column)) for frame in frames}
    if len(grids) > 1 or len(axes) > 1:
        raise InputError(
            "the images of this series lie on different grids or are tilted against each other",
            where=where,
            remedy="Export the ASL series alone, without localizers or reformatted copies.",
        )


def _missing(frames: Sequence[Frame], where: str) -> InputError:
    """Say what is missing: the positions that have fewer images than the others."""
    at = Counter(frame.plane.position for frame in frames)
    most = max(at.values())
    lacking = sum(most - count for count in at.values())
    remedy = "Export the whole series again."
    if lacking:
        return InputError(
            f"{lacking} of {most * len(at)} images are missing: there are {len(at)} slice positions, "
            f"and {sum(count < most for count in at.values())} of them have fewer than {most} images",
            where=where,
            remedy=remedy,
        )
    return InputError("the images of this series cannot be sorted into volumes", where=where, remedy=remedy)
