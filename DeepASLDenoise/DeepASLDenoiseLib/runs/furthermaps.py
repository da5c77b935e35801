"""The maps that only some runs have beside perfusion: transit times, standard errors, what a fit leaves."""

from __future__ import annotations

from dataclasses import dataclass

from deepasl.results import PerfusionMaps, Result
from deepasl.series import FloatArray
from DeepASLDenoiseLib.runs import terms

KINDS = ("conventional", "denoised")


@dataclass(frozen=True)
class FurtherMap:
    """One of them.

    Attributes:
        part: The field of `deepasl.results.PerfusionMaps` it is.
        field: Beginning of the fields of `runs.ResultNodes` it becomes; the kind of map follows.
        name: What nodes are named.
        unit: Of its voxels.
    """

    part: str
    field: str
    name: str
    unit: terms.Term

    def fieldOf(self, kind: str) -> str:
        """The field of `runs.ResultNodes` for one of `KINDS`."""
        return self.field + kind.capitalize()

    def arrayName(self, kind: str) -> str:
        """Its name among the arrays of a run, see `record.arraysOf`."""
        return f"{kind} {self.part}"

    def of(self, maps: PerfusionMaps) -> FloatArray | None:
        """The map ``[k, j, i]``; None if there is none."""
        found: FloatArray | None = getattr(maps, self.part)
        return found


FURTHER_MAPS = (
    FurtherMap("att", "att", "ATT", terms.SECOND),
    FurtherMap("cbf_error", "cbfError", "CBF standard error", terms.ML_PER_100G_PER_MIN),
    FurtherMap("att_error", "attError", "ATT standard error", terms.SECOND),
    FurtherMap("fit_error", "fitError", "deltam fit residual", terms.ARBITRARY_UNIT),
    FurtherMap("cbf_grey", "cbfGrey", "CBF of pure grey matter", terms.ML_PER_100G_PER_MIN),
    FurtherMap("cbf_white", "cbfWhite", "CBF of pure white matter", terms.ML_PER_100G_PER_MIN),
)


def mapsOf(result: Result, kind: str) -> PerfusionMaps:
    """The maps of a result of one of `KINDS`."""
    return {"conventional": result.conventional, "denoised": result.denoised}[kind]
