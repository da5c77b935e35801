"""Signal and head motion of each volume, as the table of confounds that BIDS derivatives have beside their maps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from deepasl.run_record import HeadMotion, RunRecord

SUFFIX = "desc-confounds_timeseries"

COLUMNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "global_signal": {"Description": "Mean in the brain, as it was subtracted", "Units": "arbitrary"},
        "trans_x": {"Description": "Shift of the head to the right against where it mostly was", "Units": "mm"},
        "trans_y": {"Description": "Shift to the front", "Units": "mm"},
        "trans_z": {"Description": "Shift up", "Units": "mm"},
        "rot_x": {"Description": "Rotation about the axis to the right, right-handed", "Units": "rad"},
        "rot_y": {"Description": "Rotation about the axis to the front", "Units": "rad"},
        "rot_z": {"Description": "Rotation about the axis up", "Units": "rad"},
        "framewise_displacement": {
            "Description": "Against the volume before of the same kind, rotations as arcs of 50 mm radius; 0 for the "
            "first of each kind and for volumes that show no head",
            "Units": "mm",
        },
    }
)
"""What the columns mean, in their order: the sidecar of the table."""


def confounds_tsv(record: RunRecord, motion: HeadMotion) -> str:
    """A row for each volume under a header, columns as in `COLUMNS`.

    Args:
        record: Of the run.
        motion: How the head moved in it.
    """
    rows = [[f"{value:.6g}" for value in row] for row in _table(record, motion)]
    return "".join("\t".join(row) + "\n" for row in [list(COLUMNS), *rows])


def _table(record: RunRecord, motion: HeadMotion) -> NDArray[np.float64]:
    shifts, degrees = motion.parameters[:, :3], motion.parameters[:, 3:]
    return np.column_stack([record.volume_signal, shifts, np.radians(degrees), motion.framewise_displacement])
