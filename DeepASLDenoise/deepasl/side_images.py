"""Images of the same head that came beside the scan and tell its tissue or its regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deepasl.images import Image


@dataclass(frozen=True)
class ProbabilityImages:
    """Probability of each tissue, 0 to 1, on any grid in the space of the scan.

    Attributes:
        grey, white: Of grey and of white matter.
        csf: Of CSF; None for what the others leave of the brain.
        origin: Where they came from, in words.
    """

    grey: Image
    white: Image
    csf: Image | None
    origin: str


@dataclass(frozen=True)
class AnatomicalImage:
    """A T1-weighted image of the same head, which is registered to the scan.

    Attributes:
        image: One volume.
        origin: Where it came from, in words.
    """

    image: Image
    origin: str


@dataclass(frozen=True)
class LabelImage:
    """An atlas or a segmentation in the space of the scan.

    Attributes:
        image: Whole numbers; 0 is no region.
        names: Of the labels; one without a name is called by its number.
        origin: Where it came from, in words.
    """

    image: Image
    names: Mapping[int, str] = field(default_factory=dict)
    origin: str = ""


@dataclass(frozen=True)
class SideImages:
    """What came beside the scan; each may be absent.

    Attributes:
        anatomy: T1-weighted; tells the tissues where there are no probabilities of them.
        probabilities: Of the tissues.
        labels: Regions to measure in.
    """

    anatomy: AnatomicalImage | None = None
    probabilities: ProbabilityImages | None = None
    labels: LabelImage | None = None

    @property
    def tell_tissue(self) -> bool:
        """Whether grey and white matter are told by an image other than the scan."""
        return self.anatomy is not None or self.probabilities is not None


NOTHING_BESIDE = SideImages()
