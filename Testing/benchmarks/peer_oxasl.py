"""The part of `compare_oxasl` that runs in the interpreter of oxasl: its routines on the arrays of a file.

Usage: ``python peer_oxasl.py given.npz made.npz``. Arrays come and go as ``[..., k, j, i]``; times are CPU seconds.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import sys
import tempfile
import time
import warnings

warnings.simplefilter("ignore")

try:
    import numpy as np
    from fsl.data.image import Image
    from oxasl import AslImage, Workspace, calibration, m0
except ImportError as problem:
    sys.exit(
        f"{sys.executable} has no oxasl that can be used ({problem}): install it as Testing/benchmarks/README.md says, "
        "and name its interpreter by --python."
    )


def main() -> None:
    given = dict(np.load(sys.argv[1]))
    made = {"version": np.array(importlib.metadata.version("oxasl"))}
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder  # Its workspaces leave theirs behind.
        made |= differences(given) | voxelwise(given) | reference(given)
    np.savez(sys.argv[2], **made)


def workspace(**attributes: object) -> Workspace:
    """A workspace that writes no log."""
    made = Workspace(log=io.StringIO())
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def calibrated_by(wsp: Workspace, image: np.ndarray) -> Workspace:
    """The same, with a calibration image as its corrections leave it."""
    wsp.sub("corrected")
    wsp.corrected.calib = Image(image)
    return wsp


def timed(work) -> tuple:
    started = time.process_time()
    return work(), np.array(time.process_time() - started)


def pairs(given: dict) -> AslImage:
    return AslImage(given["pairs"].T, iaf="ct", plds=[1.8], tau=1.8, casl=True)


def differences(given: dict) -> dict:
    series = pairs(given)
    plain, seconds = timed(lambda: series.diff().mean_across_repeats())
    blocks = json.loads(str(given["blocks"]))
    size = len(blocks["durations"]) + 1
    encoded = AslImage(
        given["encoded"].T,
        iaf="hadamard",
        hadamard_size=size,
        plds=[blocks["delay"]],
        tau=blocks["durations"],
        casl=True,
    )
    decoded, decoding = timed(encoded.diff)
    return {
        "difference": plain.data.reshape(plain.shape[:3]).T,
        "difference_seconds": seconds,
        "decoded": decoded.data.T,
        "decoded_seconds": decoding,
        "decoded_plds": np.array(decoded.plds),
        "decoded_durations": np.array(decoded.taus),
    }


def voxelwise(given: dict) -> dict:
    """M0 of blood voxel by voxel, as it is and with its rim mended, and flow by it."""
    constants = json.loads(str(given["constants"]))
    wsp = calibrated_by(workspace(tr=constants["m0_tr"], t1=constants["t1_tissue"]), given["m0"].T)
    wsp.calib_edgecorr = False
    _, seconds = timed(lambda: m0.get_m0_voxelwise(wsp))
    made = {"m0": wsp.m0.data.T, "m0_seconds": seconds}
    wsp.asldata = pairs(given)
    relative = Image(given["relative"].T)
    flow, flow_seconds = timed(lambda: calibration.run(wsp, relative, multiplier=6000.0))
    made |= {"cbf": flow.data.T, "cbf_seconds": flow_seconds}

    wsp = calibrated_by(workspace(), given["noisy_m0"].T)
    wsp.sub("rois")
    wsp.rois.mask = Image(given["mask"].T.astype(np.int32))
    _, seconds = timed(lambda: m0.get_m0_voxelwise(wsp))
    return made | {"mended": wsp.m0.data.T, "mended_seconds": seconds}


def reference(given: dict) -> dict:
    """M0 of blood by one tissue."""
    made = {}
    for number, case in enumerate(json.loads(str(given["references"]))):
        wsp = calibrated_by(workspace(calib_aslreg=True, **case), given["m0"].T.copy())
        wsp.refmask = Image(given["region"].T.astype(np.int32))
        m0.get_m0_refregion(wsp)
        made[f"reference{number}"] = np.array(wsp.m0)
    return made


if __name__ == "__main__":
    main()
