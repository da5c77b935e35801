"""A run once more: what it was made from and with, read from what is saved with its maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deepasl.acquisition import Parameter, Source
from deepasl.delays import distinct_delays, with_one_delay
from deepasl.denoising import Denoiser
from deepasl.errors import InputError, ModelError
from deepasl.pipeline import Settings, process
from deepasl.progress import Job, Progress
from deepasl.registry import find_model
from deepasl.results import Result
from deepasl.runtime import Provider
from deepasl.series import AslSeries, Role
from DeepASLDenoiseLib.acquisitiontext import ORIGIN
from DeepASLDenoiseLib.edits import Edits, keepEdits
from DeepASLDenoiseLib.inputs import corrected, readSeries
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs import ResultNodes, m0InputOf, resultFrom
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
        settings: What else the pipeline leaves to the user. The post-labeling delay is settled in `series`.
    """

    series: AslSeries
    input: Node
    m0: Node | None
    model: str
    sha256: str
    device: Provider
    settings: Settings


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
        settings=Settings(_chosenPairs(result), None, result.smoothing_fwhm),
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
    return (yield from process(run.series, Denoiser(entry, run.device), run.settings))


def restoreChoices(parameters: DeepASLDenoiseParameterNode, nodes: ResultNodes) -> None:
    """Make the choices of a run the user's choices again, so that Apply repeats it.

    Raises:
        InputError: If its scan is not in the scene any more or cannot be read, or maps were changed since.
    """
    run = settingsOf(nodes)
    parameters.inputNode = run.input
    parameters.m0Node = run.m0
    parameters.model = run.model
    parameters.device = type(parameters.device)(run.device)
    parameters.pairs = run.settings.pairs or 0
    parameters.smoothing = run.settings.smoothing_fwhm
    typed = {name: typedText(each) for name, each in run.series.acquisition if _isTyped(each)}
    told = corrected(readSeries(run.input, run.m0), typed)
    parameters.delay = _chosenDelay(told, run.series)
    parameters.swapped = False
    keepEdits(parameters, Edits(typed, _roleEdits(told, parameters.delay, run.series)))


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


def _chosenPairs(result: Result) -> int | None:
    """How many pairs the user asked for; None for all there are."""
    there = min(result.roles.count(Role.CONTROL), result.roles.count(Role.LABEL))
    return len(result.pairs) if 0 < len(result.pairs) < there else None


def _chosenDelay(told: AslSeries, used: AslSeries) -> float:
    """The post-labeling delay that the user chose against what else is known; 0 for none."""
    parameter = used.acquisition.post_labeling_delay
    byChoice = parameter.source is Source.USER and not _isTyped(parameter)
    return parameter.require()[0] if parameter.known and (byChoice or len(distinct_delays(told)) > 1) else 0.0


def _roleEdits(told: AslSeries, delay: float, used: AslSeries) -> dict[str, str]:
    """The volumes whose role differs from what the scan says, with their roles."""
    expected = with_one_delay(told, delay or None).roles
    pairs = enumerate(zip(used.roles, expected, strict=True))
    return {str(t): role.value for t, (role, other) in pairs if role is not other}
