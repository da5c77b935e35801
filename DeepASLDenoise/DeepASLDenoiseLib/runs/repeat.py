"""A run once more: what it was made from and with, read from what is saved with its maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import slicer.util

from deepasl.acquisition.parameters import Parameter, Source
from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import find_model
from deepasl.denoising.runtime import Provider
from deepasl.errors import InputError, ModelError
from deepasl.labeling.delays import with_one_delay
from deepasl.pipeline import process
from deepasl.progress import Job, Progress
from deepasl.quantification.multidelay import has_several_delays
from deepasl.results import Result
from deepasl.series import AslSeries
from deepasl.settings import Settings
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs.inscene import ResultNodes, m0InputOf, resultFrom, sideNodesOf
from DeepASLDenoiseLib.scans.acquisitiontext import ORIGIN
from DeepASLDenoiseLib.scans.edits import Edits, keepEdits
from DeepASLDenoiseLib.scans.inputs import corrected, readSeries
from DeepASLDenoiseLib.scans.preparationchoices import keepSettings
from DeepASLDenoiseLib.scans.sidenodes import NO_NODES, SideNodes, sideImages
from DeepASLDenoiseLib.translation import tr as _

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode


@dataclass(frozen=True)
class RunSettings:
    """Everything a run depends on.

    Attributes:
        series: The scan as it was denoised: its roles and parameters are those of the run.
        input: Its node.
        m0: The node with the M0 scan, where the user chose one.
        model: Id of the network.
        sha256: Checksum of its file.
        device: Where it ran.
        beside: Images of the same head.
        settings: What else was chosen. A post-labeling delay that was chosen of several is settled in `series` too.
    """

    series: AslSeries
    input: Node
    m0: Node | None
    model: str
    sha256: str
    device: Provider
    settings: Settings
    beside: SideNodes = NO_NODES


def settingsOf(nodes: ResultNodes) -> RunSettings:
    """What a run was made from and with.

    Raises:
        InputError: If its scan is not in the scene any more or cannot be read, or maps were changed since.
    """
    if nodes.input is None:
        raise InputError(
            _("the scan of this run is not in the scene any more"), where=nodes.title, remedy=_("Load it again.")
        )
    result = resultFrom(nodes)
    m0 = m0InputOf(nodes)
    series = readSeries(nodes.input, m0)
    _requireSameScan(series, result)
    return RunSettings(
        series=replace(
            series,
            name=result.name,
            roles=result.roles,
            role_evidence=result.role_evidence,
            acquisition=result.acquisition,
            findings=result.findings,
        ),
        input=nodes.input,
        m0=m0,
        model=result.model.id,
        sha256=result.model.sha256,
        device="cuda" if result.model.provider.startswith("CUDA") else "cpu",
        settings=_choicesOf(result),
        beside=sideNodesOf(nodes),
    )


def repeatJob(run: RunSettings) -> Job[Result]:
    """The same computation again, as a generator of `Progress`; it touches no node.

    Raises:
        ModelError: If the network is not there any more, or is another one by the same name.
    """
    yield Progress(_("Loading the network"), 0, 1)
    entry = find_model(run.model)
    if entry.sha256 != run.sha256:
        raise ModelError(
            _("the model {model} is not the one of this run any more").format(model=run.model),
            where=run.series.name,
            remedy=_("Install the version of DeepASL that the maps name, or denoise the scan with the new model."),
        )
    settings = replace(run.settings, pld=None)  # the series is one at the chosen delay already
    return (yield from process(run.series, Denoiser(entry, run.device), settings, sideImages(run.beside)))


def restoreChoices(parameters: DeepASLDenoiseParameterNode, nodes: ResultNodes) -> None:
    """Make the choices of a run the user's choices again, so that Apply repeats it.

    Raises:
        InputError: If its scan is not in the scene any more or cannot be read, or maps were changed since.
    """
    run = settingsOf(nodes)
    typed = {name: typedText(each) for name, each in run.series.acquisition if _isTyped(each)}
    told = corrected(readSeries(run.input, run.m0), typed)
    if parameters.inputNode is not run.input:
        parameters.inputNode = run.input  # first, for with another scan all other choices begin anew
    with slicer.util.NodeModify(parameters.parameterNode):
        parameters.m0Node = run.m0
        parameters.anatomyNode = run.beside.anatomy
        parameters.greyNode, parameters.whiteNode = run.beside.grey, run.beside.white
        parameters.model = run.model
        parameters.device = type(parameters.device)(run.device)
        parameters.swapped = False
        keepSettings(parameters, run.settings)
        keepEdits(parameters, Edits(typed, _roleEdits(told, run.settings.pld, run.series)))


def typedText(parameter: Parameter[Any]) -> str:
    """A value as a user would type it, to its last digit."""
    value = parameter.require()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _requireSameScan(series: AslSeries, result: Result) -> None:
    """Refuse a scan that has lost volumes or its M0 since."""
    now, before = len(series.roles), len(result.roles)
    wasSeparate = result.m0 is not None and not result.m0.volumes
    if now != before:
        problem = _("the scan has {now} volumes now and had {before}").format(now=now, before=before)
    elif wasSeparate and series.m0scan is None:
        problem = _("the M0 scan of this run is not in the scene any more")
    else:
        return
    raise InputError(problem, where=series.name, remedy=_("Load the scan again."))


def _isTyped(parameter: Parameter[Any]) -> bool:
    return parameter.source is Source.USER and parameter.origin == ORIGIN


def _choicesOf(result: Result) -> Settings:
    if result.record is None:
        raise InputError(
            _("it is not known how these maps were made"), where=result.name, remedy=_("Denoise the scan again.")
        )
    return result.record.settings


def _roleEdits(told: AslSeries, delay: float | None, used: AslSeries) -> dict[str, str]:
    """The volumes whose role differs from what the scan says, with their roles."""
    allDelays = delay is None and has_several_delays(told)
    expected = told.roles if allDelays else with_one_delay(told, delay).roles
    pairs = enumerate(zip(used.roles, expected, strict=True))
    return {str(t): role.value for t, (role, other) in pairs if role is not other}
