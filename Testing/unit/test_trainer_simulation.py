"""A simulated data set: every person is another, what is told of them is true, and a broken one is never left."""

import argparse
import dataclasses
import json
import shutil
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from trainer_cases import write_noise, write_people

from deepasl.errors import DeepASLError, InputError, OutputError
from deepasl.images import read_image
from deepasl.pipeline import Settings, process
from deepasl.progress import run as run_job
from deepasl.readers import read_scan
from deepasl.series import Role
from deepasl_trainer.simulation import data_set as simulation
from deepasl_trainer.simulation.data_set import simulate
from deepasl_trainer.simulation.people import draw_shape
from deepasl_trainer.simulation.settings import (
    FieldOfViewSettings,
    LesionSettings,
    SimulationSettings,
    SpoilingSettings,
    read_simulation_settings,
)
from deepasl_trainer.toml_tables import build

NOTHING = (0.0, 0.0)


def quick_settings(**changes: object) -> SimulationSettings:
    """The shipped configuration on large voxels, with two pairs and one lesion."""
    full = read_simulation_settings("simulation")
    small = dataclasses.replace(
        full,
        people=2,
        field_of_view=FieldOfViewSettings((6.0, 6.0, 10.0), 10.0, 5.0),
        lesions=LesionSettings(((16.0, 0.4),), (1.0, 1.0), 0.0),
        protocol=dataclasses.replace(full.protocol, pairs=2, m0_volumes=2),
    )
    return dataclasses.replace(small, **changes)


def ideal_settings() -> SimulationSettings:
    """Without noise, artifacts and transit times: equation 1 returns the truth."""
    spoiling = SpoilingSettings(NOTHING, 0.0, NOTHING, NOTHING, NOTHING, NOTHING)
    return quick_settings(people=1, transit=None, spoiling=spoiling)


def truth(data_set: Path, person: str, suffix: str) -> np.ndarray:
    folder = data_set / "derivatives" / "truth" / f"sub-{person}" / "perf"
    return read_image(folder / f"sub-{person}_{suffix}.nii.gz").volumes[0]


def scan_of(data_set: Path, person: str) -> Path:
    return data_set / f"sub-{person}" / "perf" / f"sub-{person}_asl.nii.gz"


def nothing_is_left(folder: Path, *expected: str) -> bool:
    return {path.name for path in folder.iterdir()} == set(expected)


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with built-in brains."""
    return simulate(tmp_path_factory.mktemp("simulated") / "data", quick_settings())


@pytest.fixture(scope="module")
def anatomies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Label maps of three people."""
    folder = tmp_path_factory.mktemp("anatomies")
    write_people(folder)
    return folder


def test_every_person_is_in_the_data_set_with_scan_and_truth(built_in: Path):
    assert (built_in / "participants.tsv").read_text().split() == ["participant_id", "sub-01", "sub-02"]
    for person in ("01", "02"):
        series = read_scan(scan_of(built_in, person))
        assert series.roles == (Role.M0SCAN,) * 2 + (Role.CONTROL, Role.LABEL) * 2
        assert truth(built_in, person, "desc-truth_cbf").shape == series.geometry.shape
        assert truth(built_in, person, "desc-truth_att").max() > 0.5
        assert truth(built_in, person, "desc-lesion1_mask").any()
    assert nothing_is_left(built_in.parent, "data")


def test_people_differ_in_brain_flow_and_placing(built_in: Path):
    series = [read_scan(scan_of(built_in, person)) for person in ("01", "02")]
    assert not series[0].geometry.matches(series[1].geometry)
    volumes = [truth(built_in, person, "label-GM_probseg").sum() * 0.36 for person in ("01", "02")]
    assert abs(volumes[0] - volumes[1]) > 5.0
    assert all(400.0 < millilitres < 900.0 for millilitres in volumes)


def test_shapes_drawn_one_after_the_other_are_all_different():
    rng = np.random.default_rng(1)
    shapes = [draw_shape(read_simulation_settings("simulation").shape, rng) for _ in range(20)]
    assert len({shape.folding for shape in shapes}) == 20
    assert len({shape.stretch for shape in shapes}) == 20
    assert np.ptp([shape.wider_ventricles_mm for shape in shapes]) > 1.5


def test_the_same_seed_gives_the_same_people_however_many(built_in: Path, tmp_path: Path):
    again = simulate(tmp_path / "again", quick_settings(), people=1)
    assert (again / "participants.tsv").read_text().split() == ["participant_id", "sub-01"]
    np.testing.assert_array_equal(read_scan(scan_of(again, "01")).volumes, read_scan(scan_of(built_in, "01")).volumes)


def test_an_ideal_scan_returns_its_true_flow_through_the_whole_pipeline(tmp_path: Path, denoiser):
    data_set = simulate(tmp_path / "ideal", ideal_settings())
    result = run_job(process(read_scan(scan_of(data_set, "01")), denoiser, Settings()), lambda progress: None)
    cbf = result.conventional.cbf
    assert cbf is not None
    inside = result.mask
    assert inside.sum() > 1000
    np.testing.assert_allclose(cbf[inside], truth(data_set, "01", "desc-truth_cbf")[inside], rtol=1e-3, atol=0.05)


def test_the_network_free_difference_is_spoiled_by_no_more_than_its_noise(built_in: Path):
    """Two pairs leave the noise of one image in the mean difference; 0.6 to 0.9 % of mean M0, motion aside."""
    series = read_scan(scan_of(built_in, "01"))
    deltam = series.volumes_of(Role.CONTROL).mean(axis=0) - series.volumes_of(Role.LABEL).mean(axis=0)
    outside = truth(built_in, "01", "desc-truth_M0map") == 0.0
    mask = truth(built_in, "01", "desc-brain_mask") > 0
    level = truth(built_in, "01", "desc-truth_M0map")[mask].mean()
    assert 0.005 < deltam[outside].std() / level < 0.010


def test_label_maps_become_people_of_their_names(anatomies: Path, tmp_path: Path):
    write_noise(tmp_path / "noise.mat")
    data_set = simulate(
        tmp_path / "data", quick_settings(), people=2, anatomies=anatomies, noise=tmp_path / "noise.mat"
    )
    names = (data_set / "participants.tsv").read_text().split()
    assert names == ["participant_id", "sub-person1", "sub-person2"]
    # The second brain is the larger one.
    sizes = [truth(data_set, name, "label-WM_probseg").sum() for name in ("person1", "person2")]
    assert sizes[1] > 1.03 * sizes[0]


def test_measured_noise_is_strongest_where_it_was_measured_so(anatomies: Path, tmp_path: Path):
    write_noise(tmp_path / "noise.mat")
    settings = quick_settings(protocol=dataclasses.replace(quick_settings().protocol, pairs=8))
    still = dataclasses.replace(settings.spoiling, step_mm=NOTHING, step_degrees=NOTHING, drift=NOTHING)
    settings = dataclasses.replace(settings, spoiling=still)
    data_set = simulate(tmp_path / "data", settings, people=1, anatomies=anatomies, noise=tmp_path / "noise.mat")
    over_time = read_scan(scan_of(data_set, "person1")).volumes_of(Role.CONTROL).std(axis=0, ddof=1)
    _, j, i = (n // 2 for n in over_time.shape)
    assert over_time[:, j - 3 : j + 3, i - 3 : i + 3].mean() > 2.0 * over_time[:, :3, :3].mean()


def test_settings_are_kept_beside_the_truth(built_in: Path):
    kept = json.loads((built_in / "derivatives" / "truth" / "simulation.json").read_text())
    assert build(SimulationSettings, kept, "kept") == quick_settings()


def test_m0_may_be_a_scan_of_its_own(anatomies: Path, tmp_path: Path):
    settings = quick_settings(protocol=dataclasses.replace(quick_settings().protocol, separate_m0=True))
    series = read_scan(scan_of(simulate(tmp_path / "data", settings, people=1, anatomies=anatomies), "person1"))
    assert series.m0scan is not None
    assert len(series.m0scan.volumes) == 2


def test_progress_is_told_person_by_person(anatomies: Path, tmp_path: Path):
    told: list[tuple[int, int]] = []
    simulate(
        tmp_path / "data",
        quick_settings(),
        people=2,
        anatomies=anatomies,
        report=lambda done, total: told.append((done, total)),
    )
    assert told == [(0, 2), (1, 2), (2, 2)]


# What cannot be done leaves nothing behind


def test_a_folder_that_holds_something_is_refused_and_stays(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="something already"):
        simulate(tmp_path / "mine", quick_settings())
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_is_taken(anatomies: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    assert (simulate(tmp_path / "data", quick_settings(), people=1, anatomies=anatomies) / "participants.tsv").is_file()


def test_an_interruption_leaves_nothing_half_written(anatomies: Path, tmp_path: Path):
    def interrupt(done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "data", quick_settings(), people=2, anatomies=anatomies, report=interrupt)
    assert nothing_is_left(tmp_path)


def test_a_person_without_room_for_the_lesions_is_named(anatomies: Path, tmp_path: Path):
    settings = quick_settings(lesions=LesionSettings(((25.0, 0.4),) * 20, (1.0, 1.0), 0.0))
    with pytest.raises(InputError, match=r"person1: there is no room .* Ask for fewer or smaller lesions"):
        simulate(tmp_path / "data", settings, people=1, anatomies=anatomies)
    assert nothing_is_left(tmp_path)


def test_a_disk_without_room_is_told_before_it_is_filled(
    anatomies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(OutputError, match=r"the disk is full: a person takes up to .* MB, and 0 MB are left"):
        simulate(tmp_path / "data", quick_settings(), people=1, anatomies=anatomies)
    assert nothing_is_left(tmp_path)


def test_a_disk_that_fills_up_on_the_way_leaves_no_image_cut_off(anatomies: Path, tmp_path: Path):
    resource = pytest.importorskip("resource")  # limits on the size of files: not on Windows
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OutputError, match="written"):
            simulate(tmp_path / "data", quick_settings(), people=1, anatomies=anatomies)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert nothing_is_left(tmp_path)


def test_a_folder_that_cannot_be_made_is_reported(anatomies: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        simulate(tmp_path / "file" / "data", quick_settings(), people=1, anatomies=anatomies)


def test_more_people_than_label_maps_are_refused(anatomies: Path, tmp_path: Path):
    with pytest.raises(InputError, match="3 label maps for 4 people"):
        simulate(tmp_path / "data", quick_settings(), people=4, anatomies=anatomies)
    with pytest.raises(InputError, match="0 people cannot be simulated"):
        simulate(tmp_path / "data", quick_settings(), people=0)


def test_label_maps_that_would_get_one_name_are_refused(anatomies: Path, tmp_path: Path):
    for name in ("a_1.nii.gz", "a-1.nii.gz"):
        shutil.copy(anatomies / "person_1.nii.gz", tmp_path / name)
    with pytest.raises(InputError, match="differ in neither letters nor digits"):
        simulate(tmp_path / "data", quick_settings(), anatomies=tmp_path)


# Settings


@pytest.mark.parametrize(
    ("table", "name", "value", "told"),
    [
        ("person", "grey_cbf", [80.0, 40.0], "grey_cbf ends at 40, before it begins at 80"),
        ("spoiling", "noise_percent", [-1.0, 1.0], "noise_percent cannot be negative"),
        ("lesions", "radius_and_factor", [[0.0, 0.5]], "radius above 0"),
        ("lesions", "radius_and_factor", [[5.0]], "2 values are needed"),
        ("protocol", "pairs", 0, "at least one pair"),
        ("protocol", "m0_volumes", 1.5, "int is needed"),
        ("field_of_view", "voxel", [0.0, 2.0, 2.0], "voxels have a size"),
        ("transit", "grey_t1", [0.0, 1.0], "T1 is longer than 0 s"),
        ("shape", "stretch", [0.0, 1.0], "stretched to nothing"),
        ("shape", "hair", [0.0, 1.0], "unknown 'hair'"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(table: str, name: str, value: object, told: str):
    shipped = resources.files("deepasl_trainer") / "configs" / "simulation.toml"
    settings = tomllib.loads(shipped.read_text(encoding="utf-8"))
    settings[table][name] = value
    with pytest.raises(InputError, match=told):
        build(SimulationSettings, settings, "test.toml")


def test_the_command_takes_the_settings_and_people_it_is_given(anatomies: Path, tmp_path: Path):
    parser = argparse.ArgumentParser()
    simulation.add_arguments(parser)
    shipped = resources.files("deepasl_trainer") / "configs" / "simulation.toml"
    text = shipped.read_text(encoding="utf-8").replace("voxel = [2.7, 2.7, 5.0]", "voxel = [6.0, 6.0, 10.0]")
    text = text.replace("pairs = 30", "pairs = 1")
    (tmp_path / "mine.toml").write_text(text)
    given = ["--output", str(tmp_path / "data"), "--config", str(tmp_path / "mine.toml"), "--people", "1"]
    made = simulation.run(parser.parse_args([*given, "--anatomies", str(anatomies)]))
    assert made == tmp_path / "data"
    assert len(read_scan(scan_of(made, "person1")).roles) == 3


def test_a_configuration_that_is_not_there_is_one_sentence(tmp_path: Path):
    parser = argparse.ArgumentParser()
    simulation.add_arguments(parser)
    with pytest.raises(DeepASLError, match="configuration cannot be read"):
        simulation.run(parser.parse_args(["--output", str(tmp_path / "data"), "--config", "nowhere.toml"]))
    assert nothing_is_left(tmp_path)
