"""Pictures of the sample scans for the Sample Data module, drawn from the truth about the phantoms themselves.

    python Documentation/thumbnails.py

True blood flow in the slice through the middle of the lesion, in radiological view: the patient's right on the left.
"""

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from deepasl.display.colormaps import INFERNO
from deepasl.display.orientation import radiological_view
from deepasl.phantom import Subject
from DeepASLDenoiseLib.scans.phantomsamples import SAMPLES

RESOURCES = Path(__file__).resolve().parents[1] / "DeepASLDenoise" / "Resources"

WIDTH = 260
MARGIN = 12

SHOWN_CBF = 110.0
"""The flow in mL/100g/min that has the brightest color."""


def lesion_slice(subject: Subject) -> np.ndarray:
    """True flow in the slice through the lesion, cut to the brain, as it lies on the screen ``[row, column]``."""
    view = radiological_view(subject.tissue.geometry)
    lps = [value * sign for value, sign in zip(subject.lesions[0].center_mm, (-1, -1, 1), strict=True)]
    _, _, number, _ = np.linalg.inv(view.picture_to_lps()) @ (*lps, 1.0)
    flow = view.show(np.where(subject.mask, subject.cbf, 0.0))[round(number)]
    rows, columns = (np.flatnonzero((flow > 0).any(axis=axis)) for axis in (1, 0))
    return flow[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def colored(flow: np.ndarray) -> np.ndarray:
    """The slice, `WIDTH` pixels wide on black, ``[row, column, 3]`` uint8. The voxels are square."""
    large = ndimage.zoom(flow, (WIDTH - 2 * MARGIN) / flow.shape[1], order=1)
    index = np.clip(large / SHOWN_CBF * 255, 0, 255).round().astype(int)
    return np.pad(INFERNO.table()[index], ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)))


for sample in SAMPLES:
    picture = sitk.GetImageFromArray(colored(lesion_slice(sample.subject())), isVector=True)
    sitk.WriteImage(picture, str(RESOURCES / sample.thumbnail), useCompression=True)
