"""The choices of the steps before the network: what the user may choose, in words, and as the pipeline takes it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from deepasl.calibration.settings import M0Method, M0Settings, M0Smoothing
from deepasl.perfusion.outliers import OutlierRule
from deepasl.settings import Settings
from DeepASLDenoiseLib.translation import tr as _

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode


def outlierWords() -> Mapping[str, str]:
    """What users read of each rule."""
    return MappingProxyType(
        {
            OutlierRule.NONE: _("keep all pairs"),
            OutlierRule.SCORE: _("drop bad pairs (SCORE)"),
            OutlierRule.ROBUST: _("weigh odd values less (robust mean)"),
        }
    )


def m0SmoothingWords() -> Mapping[str, str]:
    """What users read of each filter of M0."""
    return MappingProxyType({M0Smoothing.NONE: _("none"), M0Smoothing.MEDIAN: _("median")})


def m0MethodWords() -> Mapping[str, str]:
    """What users read of where M0 comes from."""
    return MappingProxyType(
        {
            M0Method.VOXELWISE: _("each voxel"),
            M0Method.CSF: _("cerebrospinal fluid"),
            M0Method.WHITE_MATTER: _("white matter"),
        }
    )


def pipelineSettings(parameters: DeepASLDenoiseParameterNode) -> Settings:
    """What the parameter node says to the pipeline; 0 stands for no choice there."""
    return Settings(
        pairs=parameters.pairs or None,
        pld=parameters.delay or None,
        smoothing_fwhm=parameters.smoothing,
        motion_correction=parameters.motionCorrection,
        mppca=parameters.mppca,
        outliers=OutlierRule(parameters.outliers),
        m0=M0Settings(
            M0Smoothing(parameters.m0Smoothing), M0Method(parameters.m0Method), parameters.m0EchoTime or None
        ),
        uncertainty=parameters.uncertainty,
        partial_volume_correction=parameters.partialVolume,
    )


def keepSettings(parameters: DeepASLDenoiseParameterNode, settings: Settings) -> None:
    """Make these the user's choices; the inverse of `pipelineSettings`."""
    parameters.pairs = settings.pairs or 0
    parameters.delay = settings.pld or 0.0
    parameters.smoothing = settings.smoothing_fwhm
    parameters.motionCorrection = settings.motion_correction
    parameters.mppca = settings.mppca
    parameters.outliers = settings.outliers.value
    parameters.m0Smoothing = settings.m0.smoothing.value
    parameters.m0Method = settings.m0.method.value
    parameters.m0EchoTime = settings.m0.echo_time or 0.0
    parameters.uncertainty = settings.uncertainty
    parameters.partialVolume = settings.partial_volume_correction


def preparationText(settings: Settings) -> str:
    """What is done before the network beyond the plain mean, in a few words; empty for nothing."""
    smoothed = _("{width:g} mm smoothing").format(width=settings.smoothing_fwhm)
    chosen = (
        (settings.motion_correction, _("motion")),
        (settings.mppca, _("MP-PCA")),
        (settings.outliers is not OutlierRule.NONE, _("outliers")),
        (settings.smoothing_fwhm > 0, smoothed),
        (settings.m0.smoothing is not M0Smoothing.NONE, _("M0 filter")),
        (settings.m0.method is not M0Method.VOXELWISE, _("M0 of a tissue")),
        (settings.uncertainty, _("standard errors")),
        (settings.partial_volume_correction, _("partial volume")),
    )
    return ", ".join(words for isChosen, words in chosen if isChosen)
