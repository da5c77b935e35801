"""What a user may choose about a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepasl.calibration.settings import M0Settings
from deepasl.perfusion.outliers import OutlierRule


@dataclass(frozen=True)
class Settings:
    """The choices of one run; as they stand, those of a plain run as the white paper has it.

    Attributes:
        pairs: Average only the first so many pairs, as a shorter scan would have; None for all.
        pld: The post-labeling delay in s to quantify, of several or in place of the file's; None for the only one.
        smoothing_fwhm: Gaussian smoothing of control and label images before the network, mm; 0 for none.
        motion_correction: Bring the head of every volume to one place before anything else.
        outliers: What is done about difference images that do not fit in with the others.
        mppca: Take out of control and label images what MP-PCA tells from noise before they are subtracted.
        m0: What is done to the calibration image.
        uncertainty: Standard errors of CBF in every voxel, of the conventional and of the denoised map.
        partial_volume_correction: CBF of pure grey and pure white matter, where the tissue of each voxel is known.
    """

    pairs: int | None = None
    pld: float | None = None
    smoothing_fwhm: float = 0.0
    motion_correction: bool = False
    outliers: OutlierRule = OutlierRule.NONE
    mppca: bool = False
    m0: M0Settings = field(default_factory=M0Settings)
    uncertainty: bool = False
    partial_volume_correction: bool = False


DEFAULT_SETTINGS = Settings()
