"""What the module shows is computed from what it knows: why Apply is disabled, what speaks against a network."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from deepasl.acquisition.parameters import Acquisition
from deepasl.denoising.registry import DEFAULT_MODEL, load_registry
from deepasl.errors import InputError
from deepasl.findings import error, note, warning
from deepasl.geometry import Geometry
from deepasl.pipeline import process
from deepasl.progress import run
from deepasl.series import AslSeries, Role
from deepasl.settings import Settings
from DeepASLDenoiseLib.nodes import addSequence
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs.jobs import JobState, JobStatus
from DeepASLDenoiseLib.scans.inputs import loadScan
from DeepASLDenoiseLib.scans.understanding import (
    Choice,
    Understanding,
    chosenSeries,
    countPairs,
    look,
    quick,
    understand,
    withRoles,
)
from DeepASLDenoiseLib.state import ModuleState

pytestmark = pytest.mark.mrml

GUIDED, PAPER = "deepasl-guided", "deepasl-paper"
"""The network that sees M0, and the one that does not."""


@pytest.fixture(scope="module")
def understood(demoScan) -> Understanding:
    """The scan of the demo, which nothing is wrong with."""
    return understand(Choice(loadScan(startApplication().scene, demoScan)))


def state(understanding: Understanding, model: str = DEFAULT_MODEL) -> ModuleState:
    return ModuleState(SimpleNamespace(model=model), understanding, models=load_registry())


def test_a_sound_scan_and_a_model_leave_no_obstacle(understood):
    assert state(understood).obstacles == ()


def test_without_a_scan_the_user_is_asked_for_one():
    assert any("Choose an ASL scan" in told for told in ModuleState().obstacles)
    nothing = state(understand(Choice()))
    assert any("Choose an ASL scan" in told for told in nothing.obstacles)
    assert nothing.findings == ()


def test_a_running_job_is_the_only_obstacle_that_counts(understood):
    running = replace(state(Understanding()), job=JobStatus(JobState.RUNNING))
    assert running.obstacles == ("The scan is being denoised.",)


def test_a_model_that_is_not_there_is_told(understood):
    assert state(understood, "a-model-of-the-future").obstacles == ("Choose a model.",)


def test_why_there_are_no_models_is_told(understood):
    broken = replace(state(understood), models=(), modelProblem="the registry is damaged")
    assert broken.obstacles == ("the registry is damaged",)


def test_a_model_that_sees_m0_needs_m0(understood):
    without = replace(understood, m0="")
    assert state(without, PAPER).obstacles == ()
    assert "needs M0" in " ".join(state(without, GUIDED).obstacles)
    assert state(understood, GUIDED).obstacles == ()


def test_a_scan_with_other_voxels_than_the_model_knows_is_warned_of(understood):
    assert state(understood).modelFindings == ()
    series = understood.series
    thick = replace(series.geometry, spacing=(*series.geometry.spacing[:2], 20.0))
    (told,) = state(replace(understood, series=replace(series, geometry=thick))).modelFindings
    assert "slice distance 20 mm" in told.message


def test_noise_that_the_model_does_not_know_is_warned_of_before_the_run(understood):
    assert 0 < understood.noisePercent < 3
    (told,) = state(replace(understood, noisePercent=50.0)).modelFindings
    assert "noise 50 % of M0" in told.message


def test_the_noise_told_before_a_run_is_that_which_the_run_judges(demoScan, denoiser):
    node = loadScan(startApplication().scene, demoScan)
    result = run(process(chosenSeries(Choice(node)), denoiser))
    assert understand(Choice(node)).noisePercent == pytest.approx(100 * result.noise / result.model.scale)


def test_while_a_scan_is_looked_at_that_is_the_only_obstacle(understood):
    looking = replace(state(understood), looking="Finding the brain")
    assert looking.obstacles == ("The scan is being looked at: Finding the brain.",)


def test_a_scan_is_looked_at_in_steps_and_its_signal_is_measured_once(demoScan):
    node = loadScan(startApplication().scene, demoScan)
    job, stages = look(Choice(node)), []
    told = run(job, lambda progress: stages.append(progress.stage))
    assert len(stages) >= 4
    assert told.signal.shape == (len(told.uses),)
    by_role = {role: told.signal[[use.role is role for use in told.uses]].mean() for role in (Role.CONTROL, Role.LABEL)}
    assert by_role[Role.CONTROL] > by_role[Role.LABEL]


def test_a_scan_that_cannot_be_subtracted_shows_its_signal_all_the_same(demoScan):
    node = loadScan(startApplication().scene, demoScan)
    told = understand(Choice(node, settings=Settings(pairs=500)))
    assert told.problems
    assert told.signal.shape == (len(told.uses),)
    assert (told.signal > 0).all()


def test_looking_leaves_out_what_takes_long():
    chosen = Settings(12, 1.8, 4.0, motion_correction=True, mppca=True)
    assert quick(chosen) == Settings(12, 1.8, 4.0)


def test_what_a_run_found_is_told_once_and_the_worst_first(understood):
    of_scan, of_maps = note("of-scan", "seen in the scan"), warning("bias", "the network moved the mean")
    looked = replace(understood, findings=(of_scan,))
    result = SimpleNamespace(findings=(of_scan, of_maps), model=SimpleNamespace(id=DEFAULT_MODEL))
    done = replace(state(looked), job=JobStatus(JobState.DONE, result=result))
    assert done.findings == (of_maps, of_scan)
    assert state(looked).findings == (of_scan,)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Give it (command line: --pld).", "Give it."),
        ("Give both (--grey-probability), or (command line: leave out --pld) none.", "Give both, or none."),
        (
            "Check the roles (deepasl inspect), (P)CASL or PASL (TI1 in s).",
            "Check the roles, (P)CASL or PASL (TI1 in s).",
        ),
    ],
)
def test_options_of_the_command_line_are_not_told_in_panels(understood, said, shown):
    looked = replace(understood, findings=(error("seen", said),))
    assert looked.problems == (shown,)
    assert [finding.message for finding in state(looked).findings] == [shown]


def test_what_keeps_a_plain_series_from_being_denoised_names_no_option(series):
    node = addSequence(startApplication().scene, series.volumes, series.geometry, "plain")
    told = " ".join(understand(Choice(node)).problems)
    assert "Labeling type is not known" in told
    assert "--" not in told


def numbered_series(roles: tuple[Role, ...]) -> AslSeries:
    geometry = Geometry((2, 3, 4), (3.0, 3.0, 5.0))
    return AslSeries("scan", np.zeros((len(roles), 2, 3, 4), np.float32), geometry, roles, Acquisition())


def test_a_role_chosen_for_one_volume_changes_that_volume_alone():
    series = numbered_series((Role.CONTROL, Role.LABEL, Role.CONTROL, Role.LABEL))
    edited = withRoles(series, {"0": "m0scan"})
    assert edited.roles == (Role.M0SCAN, Role.LABEL, Role.CONTROL, Role.LABEL)
    assert "chosen by the user" in edited.role_evidence[-1]
    assert countPairs(series, None) == 2
    assert countPairs(edited, None) == 1


@pytest.mark.parametrize("edits", [{"4": "control"}, {"0": "contrl"}, {"-1": "label"}])
def test_a_role_that_cannot_be_is_refused_in_words(edits):
    with pytest.raises(InputError, match="cannot be"):
        withRoles(numbered_series((Role.CONTROL, Role.LABEL)), edits)


def test_swapping_leaves_a_role_the_user_chose_for_one_volume(demoScan):
    scene = startApplication().scene
    node = loadScan(scene, demoScan)
    plain = chosenSeries(Choice(node)).roles
    chosen = chosenSeries(Choice(node, swapped=True, roleEdits={"1": plain[1].value})).roles
    assert chosen[1] is plain[1]
    assert chosen[2] is not plain[2]


def test_an_unusable_node_is_a_problem_and_no_crash():
    scene = startApplication().scene
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
    assert "no voxels" in " ".join(understand(Choice(empty)).problems)
    assert "empty" in " ".join(understand(Choice(scene.AddNewNodeByClass("vtkMRMLSequenceNode", "void"))).problems)


def test_more_pairs_than_the_scan_has_are_an_obstacle(demoScan):
    node = loadScan(startApplication().scene, demoScan)
    told = understand(Choice(node, settings=Settings(pairs=500)))
    assert "500 pairs were asked for" in " ".join(told.problems)


def test_a_series_without_pairs_is_told_before_apply(series):
    node = addSequence(startApplication().scene, series.volumes[:1], series.geometry, "single")
    assert understand(Choice(node)).problems
