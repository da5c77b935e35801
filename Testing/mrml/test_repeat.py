"""A run can be repeated from what is saved with its maps, and gives the same maps."""

from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any

import numpy as np
import pytest
import slicer
import vtk

from deepasl.acquisition.parameters import Source
from deepasl.calibration.settings import M0Method, M0Settings, M0Smoothing
from deepasl.errors import InputError, ModelError
from deepasl.perfusion.outliers import OutlierRule
from deepasl.phantom import with_separate_m0
from deepasl.pipeline import Settings, process
from deepasl.progress import run
from deepasl.series import AslSeries, Role
from DeepASLDenoiseLib.nodes import addSequence, addVolume
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs.inscene import PARAMETER, allResults
from DeepASLDenoiseLib.runs.record import arraysOf
from DeepASLDenoiseLib.runs.repeat import repeatJob, restoreChoices, settingsOf
from DeepASLDenoiseLib.runs.resultnodes import addResult
from DeepASLDenoiseLib.scans.memory import remember
from DeepASLDenoiseLib.scans.preparationchoices import keepSettings, pipelineSettings
from DeepASLDenoiseLib.scans.sidenodes import SideNodes, sideImages
from DeepASLDenoiseLib.scans.understanding import Choice, choiceOf, chosenSeries, understand
from saved_scenes import saved

pytestmark = pytest.mark.mrml


class Device(Enum):
    AUTO = "auto"
    CPU = "cpu"


@dataclass
class Choices:
    """The fields of the parameter node that matter here; the wrapper itself needs the desktop."""

    inputNode: Any = None
    m0Node: Any = None
    swapped: bool = True
    edits: dict[str, str] = field(default_factory=lambda: {"t1_blood": "9"})
    roleEdits: dict[str, str] = field(default_factory=lambda: {"3": "n/a"})
    editedNode: str = ""
    delay: float = 9.0
    model: str = "another"
    pairs: int = 99
    device: Device = Device.AUTO
    smoothing: float = 9.0
    parameterNode: Any = field(default_factory=slicer.vtkMRMLScriptedModuleNode)


@pytest.fixture
def application():
    return startApplication()


def addScan(scene, series: AslSeries):
    node = addSequence(scene, series.volumes, series.geometry, series.name)
    m0 = series.m0scan
    m0Node = None if m0 is None else addSequence(scene, m0.volumes, m0.geometry, f"{series.name} M0")
    remember(node, series, m0Node)
    return node


def denoise(scene, denoiser, choice: Choice):
    """What Apply does."""
    job = process(chosenSeries(choice), denoiser, choice.settings, sideImages(choice.beside))
    return addResult(scene, run(job), choice.node, choice.m0Node, choice.beside)


def assertSameMaps(found, expected):
    others = arraysOf(expected)
    assert arraysOf(found).keys() == others.keys()
    for name, array in arraysOf(found).items():
        assert np.array_equal(array, others[name]), name


def withTwoDelays(series: AslSeries) -> AslSeries:
    """Every second pair of the series at a delay of 2.2 s in place of 1.8 s."""
    delays = tuple(0.0 if t == 0 else (1.8 if (t - 1) // 2 % 2 else 2.2) for t in range(len(series.roles)))
    acquisition = series.acquisition.with_values(Source.FILE, "made up", post_labeling_delay=delays)
    return replace(series, acquisition=acquisition)


CHOICES = {
    "as the file says": {},
    "typed, swapped, fewer pairs, smoothed": {
        "edits": {"labeling_efficiency": "0.812345678", "background_suppression": "no"},
        "roleEdits": {"3": "n/a", "4": "n/a"},
        "swapped": True,
        "settings": Settings(pairs=3, smoothing_fwhm=4.0),
    },
    "another delay than the file's": {"settings": Settings(pld=2.0)},
    "every step before the network": {
        "settings": Settings(
            motion_correction=True,
            mppca=True,
            outliers=OutlierRule.SCORE,
            m0=M0Settings(M0Smoothing.MEDIAN, M0Method.WHITE_MATTER, 0.012),
            uncertainty=True,
        )
    },
}


@pytest.mark.parametrize("choices", CHOICES.values(), ids=CHOICES.keys())
def test_a_run_repeated_from_a_saved_scene_gives_the_same_maps(application, series, denoiser, tmp_path, choices):
    source = addScan(application.scene, series)
    first = run(process(chosenSeries(Choice(source, **choices)), denoiser, Choice(source, **choices).settings))
    addResult(application.scene, first, source)
    other = saved(application.scene, tmp_path / "scene.mrb")
    (nodes,) = allResults(other.scene)
    again = run(repeatJob(settingsOf(nodes)))
    assertSameMaps(again, first)
    assert again.pairs == first.pairs
    assert again.record.settings.outliers is first.record.settings.outliers
    assert again.acquisition == first.acquisition
    assert again.findings == first.findings
    assert again.name == first.name


@pytest.mark.parametrize("choices", CHOICES.values(), ids=CHOICES.keys())
def test_restored_choices_are_those_of_the_run(application, series, denoiser, choices):
    scene = application.scene
    choice = Choice(addScan(scene, series), **choices)
    nodes = denoise(scene, denoiser, choice)
    parameters = Choices()
    restoreChoices(parameters, nodes)
    assert parameters.model == "deepasl-paper"
    assert parameters.device is Device.CPU
    assert pipelineSettings(parameters) == choice.settings
    assertSameRun(denoise(scene, denoiser, choiceOf(parameters)), nodes)


def test_restored_choices_name_the_delay_of_several(application, series, denoiser):
    scene = application.scene
    choice = Choice(addScan(scene, withTwoDelays(series)), settings=Settings(pld=2.2))
    nodes = denoise(scene, denoiser, choice)
    parameters = Choices()
    restoreChoices(parameters, nodes)
    assert parameters.delay == 2.2
    assert parameters.roleEdits == {}
    assertSameRun(denoise(scene, denoiser, choiceOf(parameters)), nodes)


def assertSameRun(found, expected):
    for name, node in found.named().items():
        other = slicer.util.arrayFromVolume(expected.named()[name])
        assert np.array_equal(slicer.util.arrayFromVolume(node), other), name


def test_every_choice_of_the_pipeline_has_a_parameter_that_keeps_it():
    """A field that is added to the settings and not to the panel would be lost here."""
    chosen = Settings(
        pairs=3,
        pld=2.0,
        smoothing_fwhm=4.0,
        motion_correction=True,
        outliers=OutlierRule.ROBUST,
        mppca=True,
        m0=M0Settings(M0Smoothing.MEDIAN, M0Method.CSF, 0.012),
        uncertainty=True,
        partial_volume_correction=True,
    )
    plain = Settings()
    assert [each.name for each in fields(Settings) if getattr(chosen, each.name) == getattr(plain, each.name)] == []
    parameters = Choices()
    keepSettings(parameters, chosen)
    assert pipelineSettings(parameters) == chosen


def test_restoring_is_one_change_of_the_parameter_node(application, series, denoiser):
    """Or the scan would be looked at once for each field."""

    class Noisy(Choices):
        """Every field that is set modifies the node, as with the wrapper."""

        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name != "parameterNode" and hasattr(self, "parameterNode"):
                self.parameterNode.SetAttribute(name, f"{value} {id(value)}")
                self.parameterNode.Modified()

    source = addScan(application.scene, series)
    nodes = denoise(application.scene, denoiser, Choice(source))
    parameters, told = Noisy(inputNode=source), []
    parameters.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda caller, event: told.append(event))
    restoreChoices(parameters, nodes)
    assert len(told) == 1


def test_images_of_the_head_that_told_the_tissue_are_used_again(application, series, subject, denoiser, tmp_path):
    scene, grid = application.scene, series.geometry
    grey, white = (addVolume(scene, getattr(subject.tissue, name), grid, name) for name in ("grey", "white"))
    beside = SideNodes(grey=grey, white=white)
    choice = Choice(addScan(scene, series), settings=Settings(partial_volume_correction=True), beside=beside)
    assert understand(choice).problems == ()
    nodes = denoise(scene, denoiser, choice)
    assert nodes.cbfGreyDenoised.GetName().endswith("CBF of pure grey matter denoised")
    other = saved(scene, tmp_path / "scene.mrb")
    (opened,) = allResults(other.scene)
    assertSameMaps(run(repeatJob(settingsOf(opened))), resultOf(nodes))
    parameters = Choices()
    restoreChoices(parameters, nodes)
    assert (parameters.anatomyNode, parameters.greyNode, parameters.whiteNode) == (None, grey, white)
    scene.RemoveNode(white)
    with pytest.raises(InputError, match="an image of the head that this run made use of is not in the scene"):
        settingsOf(nodes)


@pytest.mark.parametrize(
    ("given", "told"),
    [((), "how much of each voxel is grey"), (("grey",), "Choose both"), (("anatomy", "grey", "white"), "told twice")],
    ids=str,
)
def test_partial_volume_correction_asks_for_what_it_needs_before_apply(application, series, given, told):
    scene = application.scene
    images = {name: addVolume(scene, series.volumes[0], series.geometry, name) for name in given}
    settings = Settings(partial_volume_correction=True)
    found = understand(Choice(addScan(scene, series), settings=settings, beside=SideNodes(**images)))
    assert told in " ".join(found.problems)


def test_an_m0_scan_the_user_chose_is_used_again(application, series, denoiser):
    scene = application.scene
    apart = with_separate_m0(series)
    source = addScan(scene, replace(apart, m0scan=None))
    m0 = addSequence(scene, apart.m0scan.volumes * 2, apart.m0scan.geometry, "another M0")
    nodes = denoise(scene, denoiser, Choice(source, m0, edits={"m0_repetition_time": "6"}))
    settings = settingsOf(nodes)
    assert settings.m0 is m0
    assertSameMaps(run(repeatJob(settings)), resultOf(nodes))
    scene.RemoveNode(m0)
    with pytest.raises(InputError, match="another M0: the M0 scan of this run is not in the scene"):
        settingsOf(nodes)


def resultOf(nodes):
    from DeepASLDenoiseLib.runs.inscene import resultFrom

    return resultFrom(nodes)


def test_a_scan_that_was_deleted_is_asked_for(application, series, denoiser):
    source = addScan(application.scene, series)
    nodes = denoise(application.scene, denoiser, Choice(source))
    application.scene.RemoveNode(source)
    with pytest.raises(InputError, match=r"not in the scene any more\. Load it again"):
        settingsOf(nodes)


def test_a_scan_that_lost_a_volume_is_not_taken_for_the_same(application, series, denoiser):
    source = addScan(application.scene, series)
    nodes = denoise(application.scene, denoiser, Choice(source))
    source.RemoveDataNodeAtValue("12")
    with pytest.raises(InputError, match="12 volumes now and had 13"):
        settingsOf(nodes)


def test_a_scan_that_lost_its_m0_is_not_taken_for_the_same(application, series, denoiser):
    source = addScan(application.scene, with_separate_m0(series))
    nodes = denoise(application.scene, denoiser, Choice(source))
    application.scene.RemoveNode(application.scene.GetFirstNodeByName(f"{series.name} M0"))
    with pytest.raises(InputError, match="the M0 scan of this run is not in the scene"):
        settingsOf(nodes)


def test_another_network_of_the_same_name_is_refused(application, series, denoiser):
    nodes = denoise(application.scene, denoiser, Choice(addScan(application.scene, series)))
    with pytest.raises(ModelError, match="not the one of this run any more"):
        run(repeatJob(replace(settingsOf(nodes), sha256="0" * 64)))
    assert len(nodes.record.GetParameter(PARAMETER)) > 0
    assert settingsOf(nodes).series.indices(Role.M0SCAN) == (0,)
