"""The choices of a run as options of the command line."""

from __future__ import annotations

import argparse

from deepasl.calibration.settings import M0Method, M0Settings, M0Smoothing
from deepasl.perfusion.outliers import OutlierRule
from deepasl.settings import DEFAULT_SETTINGS, Settings


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """One option for each of `Settings`, but for the delay, which is said with the scan."""
    steps = parser.add_argument_group("steps before the network")
    steps.add_argument("--pairs", type=int, metavar="N", help="average only the first N pairs")
    steps.add_argument("--motion-correction", action="store_true", help="bring the head of all volumes to one place")
    steps.add_argument("--mppca", action="store_true", help="denoise control and label images by MP-PCA")
    steps.add_argument(
        "--outliers",
        type=OutlierRule,
        choices=tuple(OutlierRule),
        default=DEFAULT_SETTINGS.outliers,
        help="drop whole pairs (score), or let odd values count less in each voxel (robust); default: %(default)s",
    )
    steps.add_argument(
        "--smooth",
        type=float,
        default=DEFAULT_SETTINGS.smoothing_fwhm,
        metavar="MM",
        help="Gaussian smoothing of control and label, FWHM; default: %(default)g, none",
    )
    steps.add_argument(
        "--m0-smoothing",
        type=M0Smoothing,
        choices=tuple(M0Smoothing),
        default=DEFAULT_SETTINGS.m0.smoothing,
        help="filter of the M0 that flow is divided by; default: %(default)s",
    )
    steps.add_argument(
        "--m0-method",
        type=M0Method,
        choices=tuple(M0Method),
        default=DEFAULT_SETTINGS.m0.method,
        help="M0 of each voxel, or one number from a tissue; default: %(default)s",
    )
    steps.add_argument("--m0-echo-time", type=float, metavar="S", help="echo time of M0 in s, for M0 from a tissue")
    steps.add_argument(
        "--partial-volume-correction",
        action="store_true",
        help="CBF of pure grey and white matter too; needs images that tell the tissue",
    )
    steps.add_argument("--uncertainty", action="store_true", help="standard errors of CBF, conventional and denoised")


def chosen_settings(options: argparse.Namespace) -> Settings:
    """What the options say."""
    return Settings(
        pairs=options.pairs,
        pld=options.pld,
        smoothing_fwhm=options.smooth,
        motion_correction=options.motion_correction,
        outliers=options.outliers,
        mppca=options.mppca,
        m0=M0Settings(options.m0_smoothing, options.m0_method, options.m0_echo_time),
        uncertainty=options.uncertainty,
        partial_volume_correction=options.partial_volume_correction,
    )
