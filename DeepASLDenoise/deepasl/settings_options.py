"""The choices of a run as options of the command line."""

from __future__ import annotations

import argparse

from deepasl.settings import DEFAULT_SETTINGS, Settings


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """One option for each of `Settings`, but for the delay, which is said with the scan."""
    steps = parser.add_argument_group("steps before the network")
    steps.add_argument("--pairs", type=int, metavar="N", help="average only the first N pairs")
    steps.add_argument("--motion-correction", action="store_true", help="bring the head of all volumes to one place")
    steps.add_argument(
        "--smooth",
        type=float,
        default=DEFAULT_SETTINGS.smoothing_fwhm,
        metavar="MM",
        help="Gaussian smoothing of control and label, FWHM; default: %(default)g, none",
    )


def chosen_settings(options: argparse.Namespace) -> Settings:
    """What the options say."""
    return Settings(
        pairs=options.pairs,
        pld=options.pld,
        smoothing_fwhm=options.smooth,
        motion_correction=options.motion_correction,
    )
