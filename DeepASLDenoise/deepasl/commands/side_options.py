"""Images beside the scan as options of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from deepasl.errors import InputError
from deepasl.images import read_image
from deepasl.side_images import AnatomicalImage, LabelImage, ProbabilityImages, SideImages
from deepasl.tissue.region_tables import read_names


def add_side_options(parser: argparse.ArgumentParser) -> None:
    """One option for each image."""
    beside = parser.add_argument_group(
        "images of the same head", "A T1-weighted image is registered; all others are to lie in the space of the scan."
    )
    beside.add_argument("--t1w", type=Path, metavar="FILE", help="T1-weighted: its tissues are found")
    beside.add_argument("--grey-probability", type=Path, metavar="FILE", help="how much of each voxel is grey matter")
    beside.add_argument("--white-probability", type=Path, metavar="FILE", help="... white matter")
    beside.add_argument("--csf-probability", type=Path, metavar="FILE", help="... CSF; default: the rest of the brain")
    beside.add_argument("--labels", type=Path, metavar="FILE", help="regions to measure in: an atlas or a segmentation")
    beside.add_argument("--label-names", type=Path, metavar="FILE", help="their names: a BIDS *_dseg.tsv, or JSON")


def side_images(options: argparse.Namespace) -> SideImages:
    """Read what the options name.

    Raises:
        InputError: If a file cannot be read, or one is named without another that it needs.
    """
    anatomy = None if options.t1w is None else AnatomicalImage(read_image(options.t1w), options.t1w.name)
    probabilities = _probabilities(options)
    if anatomy is not None and probabilities is not None:
        raise InputError(
            "tissue is told twice, by an anatomical image and by probability maps",
            where=options.t1w,
            remedy="Give one of them.",
        )
    return SideImages(anatomy, probabilities, _labels(options))


def _probabilities(options: argparse.Namespace) -> ProbabilityImages | None:
    grey, white, csf = options.grey_probability, options.white_probability, options.csf_probability
    if grey is None and white is None and csf is None:
        return None
    if grey is None or white is None:
        raise InputError(
            "tissue needs the probability of grey and of white matter",
            where=grey or white or csf,
            remedy="Give both --grey-probability and --white-probability.",
        )
    image = None if csf is None else read_image(csf)
    return ProbabilityImages(
        read_image(grey), read_image(white), image, f"probability maps ({grey.name}, {white.name})"
    )


def _labels(options: argparse.Namespace) -> LabelImage | None:
    if options.labels is None:
        if options.label_names is not None:
            raise InputError("--label-names needs --labels", where=options.label_names, remedy="Give the label image.")
        return None
    names = {} if options.label_names is None else read_names(options.label_names)
    return LabelImage(read_image(options.labels), names, options.labels.name)
