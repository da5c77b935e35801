"""Long computations advance step by step, end when told to, and never touch the scene before they are done."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import DEFAULT_MODEL, find_model
from deepasl.errors import InputError
from deepasl.pipeline import process
from deepasl.progress import Progress
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs.jobs import JobRunner, JobState
from DeepASLDenoiseLib.runs.resultnodes import addResult
from DeepASLDenoiseLib.scans.inputs import loadScan, readSeries

pytestmark = pytest.mark.mrml


class HandTimer:
    """A timer that fires when the test says so."""

    def __init__(self) -> None:
        self.active = False

    def start(self) -> None:
        self.active = True

    def stop(self) -> None:
        self.active = False


class Bench:
    """A runner with its timer and everything it told."""

    def __init__(self) -> None:
        self.timer = HandTimer()
        self.told = []
        self.now = 0.0
        self.runner = JobRunner(self.timer, self.told.append, lambda: self.now)

    def run(self) -> None:
        while self.timer.active:
            self.runner.step()

    @property
    def states(self) -> list[JobState]:
        return list(dict.fromkeys(status.state for status in self.told))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def counting(steps: int, closed: list[str] | None = None) -> Iterator[Progress]:
    try:
        for n in range(steps):
            yield Progress("Counting", n + 1, steps)
    finally:
        if closed is not None:
            closed.append("closed")
    return steps


def failing() -> Iterator[Progress]:
    yield Progress("Reading", 0, 1)
    raise InputError("the scan is damaged")


def test_a_job_tells_every_step_and_ends_with_its_result(bench):
    bench.runner.start(counting(3))
    bench.run()
    assert [status.progress.done for status in bench.told if status.state is JobState.RUNNING and status.progress] == [
        1,
        2,
        3,
    ]
    assert bench.states == [JobState.RUNNING, JobState.DONE]
    assert bench.runner.status.result == 3


def test_a_cancelled_job_takes_no_further_step_and_is_closed(bench):
    closed: list[str] = []
    bench.runner.start(counting(100, closed))
    bench.runner.step()
    bench.runner.cancel()
    assert closed == ["closed"]
    assert bench.runner.status.state is JobState.CANCELLED
    assert bench.runner.status.result is None
    assert not bench.timer.active
    told = len(bench.told)
    bench.runner.step()
    assert len(bench.told) == told


def test_a_failure_is_told_with_its_reason(bench):
    bench.runner.start(failing())
    bench.run()
    assert bench.runner.status.state is JobState.FAILED
    assert "damaged" in str(bench.runner.status.error)
    assert not bench.runner.running


def test_two_jobs_never_run_at_once(bench):
    bench.runner.start(counting(3))
    with pytest.raises(RuntimeError, match="running already"):
        bench.runner.start(counting(3))


def test_after_the_end_of_a_job_the_next_can_start(bench):
    bench.runner.start(counting(2))
    bench.runner.cancel()
    bench.runner.start(counting(2))
    bench.run()
    assert bench.runner.status.state is JobState.DONE


@pytest.mark.parametrize("steps", [1, 4, 8])
def test_a_denoising_cancelled_at_any_step_leaves_the_scene_as_it_was(bench, demoScan, steps):
    pytest.importorskip("onnxruntime")
    scene = startApplication().scene
    node = loadScan(scene, demoScan)
    before = sorted(scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes()))
    voxels = readSeries(node).volumes

    bench.runner.start(process(readSeries(node), Denoiser(find_model(DEFAULT_MODEL), "cpu")))
    for _ in range(steps):
        bench.runner.step()
    assert bench.runner.running
    bench.runner.cancel()

    assert sorted(scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())) == before
    assert (readSeries(node).volumes == voxels).all()


def test_a_denoising_that_is_done_puts_its_maps_beside_an_unchanged_input(bench, demoScan):
    pytest.importorskip("onnxruntime")
    scene = startApplication().scene
    node = loadScan(scene, demoScan)
    voxels = readSeries(node).volumes
    bench.runner.start(process(readSeries(node), Denoiser(find_model(DEFAULT_MODEL), "cpu")))
    bench.run()
    nodes = addResult(scene, bench.runner.status.result, node)
    assert nodes.denoised.GetNodeReference("DeepASL.Input") is node
    assert (readSeries(node).volumes == voxels).all()


def test_time_left_is_told_from_the_pace_of_the_present_stage(bench):
    def slowThenFast() -> Iterator[Progress]:
        for stage, total, seconds in (("Finding the brain", 1, 100.0), ("Denoising", 10, 2.0)):
            for done in range(total):
                bench.now += seconds
                yield Progress(stage, done, total)

    bench.runner.start(slowThenFast())
    bench.run()
    left = {status.progress.done: status.secondsLeft for status in bench.told[1:-1] if status.progress.total == 10}
    assert left[0] is None
    assert left[1] == pytest.approx(18.0)
    assert left[9] == pytest.approx(2.0)
    assert bench.told[1].secondsLeft is None


def test_a_job_that_ended_can_be_forgotten_and_a_running_one_cannot(bench):
    bench.runner.start(counting(3))
    bench.runner.forget()
    assert bench.runner.status.state is JobState.RUNNING
    bench.run()
    assert bench.runner.status.state is JobState.DONE
    bench.runner.forget()
    assert bench.runner.status.state is JobState.IDLE
    assert bench.runner.status.result is None


def test_what_surrounds_a_step_ends_before_the_listener_is_told():
    """A busy cursor must not lie over the dialog that tells a failure."""
    log: list[str] = []

    @contextmanager
    def during(progress: Progress | None) -> Iterator[None]:
        log.append("first" if progress is None else progress.stage)
        try:
            yield
        finally:
            log.append("over")

    def failing() -> Iterator[Progress]:
        yield Progress("Counting", 1, 2)
        raise InputError("no brain")

    timer = HandTimer()
    runner = JobRunner(timer, lambda status: log.append(status.state.value), during=during)
    runner.start(failing())
    while timer.active:
        runner.step()
    assert log == ["running", "first", "over", "running", "Counting", "over", "failed"]
