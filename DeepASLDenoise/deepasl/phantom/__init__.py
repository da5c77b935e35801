"""Synthetic ASL scans whose true blood flow is known exactly.

The chain is: tissue maps -> a subject (flow, arrival and M0 per voxel) -> a scan of it under a protocol, with noise and
artifacts -> a BIDS data set with the truth beside it.
"""

from deepasl.phantom.artifacts import NO_ARTIFACTS, Artifacts
from deepasl.phantom.bids import write_bids
from deepasl.phantom.lesion import LESION_EDGE_MM, Lesion, lesion_mask
from deepasl.phantom.lesion_places import PlacedLesion, place_lesions
from deepasl.phantom.motion import Pose, random_walk
from deepasl.phantom.protocol import Protocol
from deepasl.phantom.scan import acquire, true_deltam, with_separate_m0
from deepasl.phantom.shape import BrainShape
from deepasl.phantom.subject import Subject, make_subject
from deepasl.phantom.tissue import TissueMaps, default_anatomy
from deepasl.phantom.transit import Transit, TransitMaps
from deepasl.phantom.truth import write_truth

__all__ = [
    "LESION_EDGE_MM",
    "NO_ARTIFACTS",
    "Artifacts",
    "BrainShape",
    "Lesion",
    "PlacedLesion",
    "Pose",
    "Protocol",
    "Subject",
    "TissueMaps",
    "Transit",
    "TransitMaps",
    "acquire",
    "default_anatomy",
    "lesion_mask",
    "make_subject",
    "place_lesions",
    "random_walk",
    "true_deltam",
    "with_separate_m0",
    "write_bids",
    "write_truth",
]
