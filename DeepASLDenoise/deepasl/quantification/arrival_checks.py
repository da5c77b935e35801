"""Whether the post-labeling delays of a scan cover the arrival of blood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepasl.acquisition.parameters import Acquisition
from deepasl.findings import Finding, note, warning
from deepasl.quantification.label_timing import LabelTiming, label_model
from deepasl.results import BoolArray
from deepasl.series import FloatArray

EDGE = 0.002
"""Transit times so close to the end of what the delays can tell lie at it, s."""

MANY_AT_EDGE = 0.1
"""A fraction of grey matter."""


def check_arrival(
    att: FloatArray, grey: BoolArray, timing: LabelTiming, acquisition: Acquisition
) -> tuple[Finding, ...]:
    """Whether the delays cover the arrival of blood in grey matter.

    Args:
        att: Arterial transit time ``[k, j, i]`` in s, 0 where unknown.
        grey: Grey matter.
        timing: The delays in the first slice.
        acquisition: Complete parameters.
    """
    known = grey & (att > 0.0)
    if not known.any():
        return ()
    shortest, longest = _limits(timing, acquisition, len(att))
    early = float((att <= shortest + EDGE)[known].mean())
    late = float((att >= longest - EDGE)[known].mean())
    found = [note("transit-time", f"The median arterial transit time of grey matter is {np.median(att[known]):.2f} s.")]
    if late > MANY_AT_EDGE:
        found.append(
            warning(
                "arrival-late",
                f"In {100 * late:.0f} % of grey matter blood arrives too late for these delays to tell when (about "
                f"{longest.max():.1f} s or later): CBF and transit time are unreliable there. Scan with longer delays.",
            )
        )
    if early > MANY_AT_EDGE:
        found.append(
            note(
                "arrival-early",
                f"In {100 * early:.0f} % of grey matter blood had arrived before the first delay: the transit time is "
                f"that of the first delay ({shortest.min():.2g} s) or shorter. Large arteries look like this too.",
            )
        )
    return tuple(found)


def _limits(timing: LabelTiming, acquisition: Acquisition, slices: int) -> tuple[FloatArray, FloatArray]:
    """The shortest and the longest ATT that can be told in each slice, ``[k, 1, 1]`` both."""
    model = label_model(acquisition)
    later: Sequence[float] = acquisition.slice_timing.value or (0.0,) * slices
    limits = np.array([model.told_by(timing.later_by(seconds)) for seconds in later], dtype=np.float32)
    return limits[:, 0, None, None], limits[:, 1, None, None]
