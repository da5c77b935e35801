"""The part of `compare_aslprep` that runs in the interpreter of aslprep: its routines on the arrays of a file.

Usage: ``python peer_aslprep.py given.npz made.npz``. Arrays come and go as ``[..., k, j, i]``; times are CPU seconds.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import time
import types
from pathlib import Path

os.environ |= {"NO_ET": "1", "NIPYPE_NO_ET": "1"}  # No word to its makers that it was used.
os.environ.setdefault("TEMPLATEFLOW_HOME", str(Path(tempfile.gettempdir()) / "templateflow"))

try:
    # These two packages import all of fMRIPrep, which nothing here needs: empty ones let single modules be imported.
    for package in ("aslprep.utils", "aslprep.interfaces"):
        empty = types.ModuleType(package)
        empty.__path__ = list(importlib.util.find_spec(package).submodule_search_locations)
        sys.modules[package] = empty

    import nibabel as nib
    import numpy as np
    from aslprep import __version__
    from aslprep.interfaces.cbf import ComputeCBF
    from aslprep.utils.cbf import (
        _getcbfscore,
        _scrubcbf,
        calculate_deltam_pcasl,
        estimate_cbf_pcasl_multipld,
        fit_deltam_multipld,
    )
    from aslprep.utils.confounds import compute_qei
except ImportError as problem:
    sys.exit(
        f"{sys.executable} has no aslprep that can be used ({problem}): install it as Testing/benchmarks/README.md "
        "says, and name its interpreter by --python."
    )

TISSUE_SHARE = 0.7
"""Their default."""


def main() -> None:
    given = dict(np.load(sys.argv[1]))
    made = {"version": np.array(__version__)}
    with tempfile.TemporaryDirectory() as folder:
        files = Files(Path(folder), given["affine"])
        made |= single_delay(given, files) | quality(given, files)
    made |= several_delays(given) | outliers(given)
    np.savez(sys.argv[2], **made)


class Files:
    """Images written for routines that take nothing else."""

    def __init__(self, folder: Path, affine: np.ndarray) -> None:
        self.folder, self.affine = folder, affine

    def write(self, name: str, volume: np.ndarray) -> str:
        path = self.folder / f"{name}.nii"
        nib.Nifti1Image(volume.T, self.affine).to_filename(path)
        return str(path)


def single_delay(given: dict, files: Files) -> dict:
    # Twice: of a series with a single volume it makes an error, with the nilearn that it asks for.
    deltam, m0 = files.write("deltam", np.stack([given["deltam"]] * 2)), files.write("m0", given["m0"])
    made = {}
    for number, case in enumerate(json.loads(str(given["cases"]))):
        m0_time = {} if case["m0_tr"] is None else {"m0tr": case["m0_tr"]}
        interface = ComputeCBF(
            deltam=deltam, m0_file=m0, metadata=case["metadata"], m0_scale=1.0, cbf_only=False, **m0_time
        )
        started = time.process_time()
        try:
            result = interface.run(cwd=str(files.folder))
        except ValueError as refusal:
            made[f"refusal{number}"] = np.array(str(refusal).strip().splitlines()[-1])
            continue
        made[f"seconds{number}"] = np.array(time.process_time() - started)
        made[f"cbf{number}"] = np.array(nib.load(result.outputs.mean_cbf).dataobj).T
    return made


def several_delays(given: dict) -> dict:
    """Signals ``[n, p]``, by both of their ways, and their model of signals that were made of a known flow."""
    constants = json.loads(str(given["constants"]))
    m0 = np.full(len(given["pcasl"]), constants["m0"])
    delays = np.tile(given["delays"], (len(m0), 1))
    shared = {"scaled_m0data": m0, "plds": delays, "t1blood": constants["t1_blood"], "partition_coefficient": 0.9}
    made = {}
    ways = {
        "fit": lambda: fit_deltam_multipld(
            given["pcasl"], labeleff=0.85, is_casl=True, tau=constants["duration"], **shared
        )[:2],
        "weighted": lambda: estimate_cbf_pcasl_multipld(
            given["pcasl"],
            labeleff=0.85,
            tau=np.array([constants["duration"]]),
            t1tissue=constants["t1_blood"],
            unit_conversion=6000,
            **shared,
        )[::-1],
        "pasl": lambda: fit_deltam_multipld(
            given["pasl"], labeleff=0.98, is_casl=False, ti1=constants["bolus"], **shared
        )[:2],
    }
    for name, way in ways.items():
        started = time.process_time()
        made[f"{name}_cbf"], made[f"{name}_att"] = way()
        made[f"{name}_seconds"] = np.array(time.process_time() - started)
    known = np.zeros((len(given["delays"]), 6))
    known[0, :4] = 0.85, constants["t1_blood"], constants["m0"] / 0.9, constants["m0"] / 0.9
    known[:, 4], known[:, 5] = given["delays"], constants["duration"]
    pairs = zip(given["cbf"], given["att"], strict=True)
    made["signal"] = np.array([calculate_deltam_pcasl(known, cbf, att, 0.0, 0.0) for cbf, att in pairs])
    return made


def outliers(given: dict) -> dict:
    grey, white, csf, mask = (given[name].T.astype(float) for name in ("grey", "white", "csf", "mask"))
    made = {}
    for number in range(len(given["series"])):
        series = given["series"][number].T.astype(float)
        started = time.process_time()
        kept, flags = _getcbfscore(series, wm=white, gm=grey, csf=csf, mask=mask, thresh=TISSUE_SHARE)
        made[f"score_seconds{number}"] = np.array(time.process_time() - started)
        made[f"rejected{number}"] = np.flatnonzero(flags)
        made[f"score{number}"] = kept.mean(axis=3).T
        started = time.process_time()
        made[f"scrub{number}"] = _scrubcbf(kept, gm=grey, wm=white, csf=csf, mask=mask, thresh=TISSUE_SHARE).T
        made[f"scrub_seconds{number}"] = np.array(time.process_time() - started)
    return made


def quality(given: dict, files: Files) -> dict:
    tissue = [files.write(name, given[name]) for name in ("grey", "white", "csf")]
    rows, seconds = [], []
    for number, cbf in enumerate(given["maps"]):
        path = files.write(f"map{number}", cbf)
        started = time.process_time()
        rows.append(compute_qei(*tissue, path, TISSUE_SHARE))
        seconds.append(time.process_time() - started)
    return {"quality": np.array(rows), "quality_seconds": np.array(seconds)}


if __name__ == "__main__":
    main()
