import argparse
import dataclasses
import re
from pathlib import Path

import pytest
import torch
from finished_trainings import MODELS, invivo_run, known_figures, run_of, small_evaluation, write_training
from trainer_cases import write_noise, write_people

from deepasl.denoising.registry import find_model
from deepasl.errors import InputError
from deepasl_trainer.commands import evaluate as evaluate_command
from deepasl_trainer.commands import export as export_command
from deepasl_trainer.evaluation.network_methods import load_network
from deepasl_trainer.evaluation.records import RECORDS_FILE, read_records
from deepasl_trainer.evaluation.settings import EvaluationSettings, read_evaluation_settings
from deepasl_trainer.experiments.held_out import HeldOut, read_held_out
from deepasl_trainer.release.card import Exported, model_card
from deepasl_trainer.release.card_limits import worse_than
from deepasl_trainer.release.check import Difference, ExportCheck
from deepasl_trainer.release.publishing import identity
from deepasl_trainer.release.registry_metrics import registry_metrics
from deepasl_trainer.training.networks import build_network
from deepasl_trainer.training.runs import Run

EVALUATION = """
seed = 3
people = ["person_3"]

[baselines]
methods = ["Gaussian"]
gaussian_fwhm = 4.0
nlm_patch = 5
nlm_reach = 6
nlm_strength = 0.5
tv_weight = 1.0
wavelet = "db2"
mppca_radius = 2

[[protocols]]
name = "coarse"
scans = 1
voxels = [[8.0, 8.0, 10.0]]
pairs = [2, 4]
labeling_duration = [1.8, 1.8]
pld = [1.6, 1.6]
grey_cbf = [65.0, 65.0]
white_cbf = [20.0, 20.0]
image_noise = [0.5, 0.5]
"""


def card(run: Run, held_out: HeldOut | None = None, precision: str = "float32") -> str:
    check = ExportCheck(precision, (Difference("phantom_asl", 3.2e-5), Difference("sub-01_asl", 0.0041)))
    network = build_network(run.settings.model)
    return model_card(Exported(identity(run, precision), run, network, b"content", check, held_out))


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return " ".join(found[1].split())


@pytest.mark.parametrize("run", [*map(run_of, MODELS), invivo_run()])
def test_every_card_says_that_this_is_no_medical_device(run: Run) -> None:
    assert "Not a medical device. Not for diagnosis." in card(run)


def test_card_without_evaluation_says_in_its_first_lines_that_nothing_was_measured() -> None:
    text = card(run_of("paper"))
    assert "**Nothing has been measured of this network.**" in text.splitlines()[2]
    assert "## Held-out figures" not in text
    assert "How well it works is not known" in section(text, "Limits")
    assert "Nothing has been measured" not in card(run_of("paper"), known_figures())


@pytest.mark.parametrize(
    ("network", "its_own", "parameters"),
    [("paper", "2 x (convolution 3x3, 4 feature maps, PReLU", 233), ("dilated", "dilations 2, 4, 8, 16", 1_881)],
)
def test_card_describes_the_network_it_is_about(network: str, its_own: str, parameters: int) -> None:
    text = card(run_of(network))
    assert its_own in text
    assert f"| {parameters:,} in float32 |" in text
    assert "slice by slice, from\nthat slice alone; subtract it" in text
    assert "neighbouring slices are not seen" in section(text, "Limits")
    assert "M0 is not seen" in section(text, "Limits")


def test_card_of_the_guided_network_says_that_it_sees_neighbours_and_m0() -> None:
    text = card(run_of("guided"))
    assert "a U-Net of 3 resolutions, 4 to 16 feature maps" in text
    assert "PReLU" not in text
    assert "3 neighbouring slices, that one in the middle, and M0" in text
    assert "float32 [n, 6, height, width]" in text
    limits = section(text, "Limits")
    assert "It sees M0 and cannot do without" in limits
    assert "not seen" not in limits


def test_card_names_everybody_the_network_knows() -> None:
    training = section(card(run_of("guided")), "Training")
    assert "trained on 2 (person_0, person_1); checkpoint chosen on 1 (person_2)" in training
    assert "kept out for evaluation: 1 (person_3)" in training


def test_card_has_the_domain_of_the_registry() -> None:
    domain = section(card(run_of("paper")), "Domain")
    assert "Voxels 2-8 mm in plane, slices 3-8 mm apart" in domain
    assert "0.312-0.92 % of mean M0" in domain
    assert "Flow of pure grey matter 35-90, of white matter 12-32 mL/100g/min" in domain


def test_card_of_a_synthetic_training_says_so() -> None:
    text = card(run_of("guided"))
    assert "Scans: synthetic" in section(text, "Training")
    assert "Trained on synthetic scans alone" in section(text, "Limits")
    assert "real" not in section(text, "Training")


def test_card_of_an_in_vivo_training_says_nothing_of_synthetic_scans() -> None:
    text = card(invivo_run())
    training, domain, limits = (section(text, title) for title in ("Training", "Domain", "Limits"))
    assert "Scans: real" in training
    assert "against the mean of all, which shares noise with them" in training
    assert "smoothed by 4 mm beforehand" in training
    assert "synthetic" not in text
    assert "labeling duration" not in domain
    assert "taught to keep some of it" in limits


def test_card_of_halves_claims_no_shared_noise() -> None:
    run = invivo_run()
    assert run.settings.invivo is not None
    invivo = dataclasses.replace(run.settings.invivo, reference="halves", smoothing_fwhm=0.0)
    text = card(dataclasses.replace(run, settings=dataclasses.replace(run.settings, invivo=invivo)))
    assert "the mean of the other half, which shares no noise with them" in section(text, "Training")
    assert "not smoothed" in section(text, "Training")
    assert "taught to keep" not in text


def test_loss_and_schedule_are_those_of_the_settings() -> None:
    run = run_of("guided")
    training = section(card(run), "Training")
    loss = run.settings.loss
    assert f"lambda {loss.noise_weight:g}" in training
    assert f"plus {loss.region_weight:g} x the error of regional means" in training
    assert "4 epochs of 16 patches, 8 steps" in training
    assert "after an earlier training" in training
    without = dataclasses.replace(loss, region_weight=0.0)
    plain = dataclasses.replace(run, settings=dataclasses.replace(run.settings, loss=without))
    assert "regional means" not in section(card(plain), "Training")
    for weight, counts in ((0.0, False), (4.0, True)):
        weighted = dataclasses.replace(loss, lesion_weight=weight)
        text = card(dataclasses.replace(run, settings=dataclasses.replace(run.settings, loss=weighted)))
        assert (f"counts {weight:g} x more where a lesion" in section(text, "Training")) is counts
    whole = dataclasses.replace(loss, whole_lesion_weight=3.0, tissue_weight=5.0)
    text = section(card(dataclasses.replace(run, settings=dataclasses.replace(run.settings, loss=whole))), "Training")
    assert "plus 3 x the error of the mean over whole lesions" in text
    assert "plus 5 x the error of the mean over pure grey and white matter" in text


def test_training_that_was_stopped_is_not_called_finished() -> None:
    assert "before its end" not in card(run_of("paper"))
    stopped = dataclasses.replace(run_of("paper"), epochs=3)
    assert "Its schedule has 4 epochs: it was exported before its end" in section(card(stopped), "Training")


def test_card_has_the_figures_of_the_network_beside_averaging_and_smoothing() -> None:
    text = card(run_of("paper"), known_figures())
    figures = section(text, "Held-out figures")
    assert "| 6 (0.30 %) | average | 10.0 (0.0) |" in figures
    assert "| 6 (0.30 %) | Gaussian | 17.0 (0.0) |" in figures
    assert "| 6 (0.30 %) | **this network** | 20.0 (0.0) |" in figures
    assert "| 2 | **this network** | 20.0 (0.0) |" in figures
    assert "person_3, person_4" in figures
    assert "lesions of flow x0.4 and x1.8 (1 of each), radius 7-10 mm" in figures
    assert "no perfusion" in figures
    assert "trained |" not in text  # the name of a folder


def test_limits_name_where_the_network_fails() -> None:
    limits = section(card(run_of("paper"), known_figures()), "Limits")
    assert "not better than the average itself: nowhere" in limits
    assert "not better than Gaussian smoothing: PSNR on deciding, 24 pairs: 22.00 against 23.00." in limits
    assert "Mean bias in grey matter: -1.6 at 6 pairs, -3.4 at 24 pairs" in limits
    assert "largest of a single scan: -3.4 mL/100g/min (deciding, 24 pairs, person_3)" in limits
    assert "those of flow x0.4 kept 40% of their contrast (deciding, 6 pairs, person_4)" in limits
    assert "Lesions lose more contrast than under Gaussian smoothing in 2 of 4 scans and levels" in limits
    assert "1.5 of 20.0 mL/100g/min at 6 pairs" in limits


def test_card_has_the_figures_of_real_scans() -> None:
    text = card(run_of("paper"), known_figures())
    assert "| sub-01_asl | 15 | **this network** | 15.0 | 0.50 | -9.0 | -1.2 |" in text
    limits = section(text, "Limits")
    assert "told from the other half of the pairs, changes by -1.2 % (sub-01_asl), +4.0 % (sub-02_asl)" in limits
    assert "any smoothing lowers the mean), changes by -9.0 % (sub-01_asl), -9.0 % (sub-02_asl)" in limits
    assert "no closer to the other half of the pairs than Gaussian smoothing: sub-02_asl." in limits


def test_network_that_is_better_everywhere_is_said_to_be() -> None:
    known = known_figures()
    assert worse_than(known, "average") == []
    assert len(worse_than(known, "Gaussian")) == 1
    better = [dataclasses.replace(one, figures={**one.figures, "psnr": 30.0}) for one in known.records]
    mine = tuple(b if b.method == known.network else a for a, b in zip(known.records, better, strict=True))
    assert worse_than(dataclasses.replace(known, records=mine), "Gaussian") == []


def test_card_says_how_far_the_file_is_from_the_trained_network() -> None:
    export = section(card(run_of("paper")), "Export")
    assert "0.01 mL/100g/min were allowed" in export
    assert "| phantom_asl | 3e-05 | | sub-01_asl | 0.004 |" in export
    half = card(run_of("paper"), precision="float16")
    assert half.startswith("# Tiny, of the paper (float16) (`tiny-paper-float16`)")
    assert "0.1 mL/100g/min were allowed" in section(half, "Export")
    assert "| 233 in float16 |" in half


def test_registry_has_the_deciding_protocol_and_the_null_test() -> None:
    metrics = registry_metrics(("person_1",), known_figures())
    assert metrics["seen_people"] == ["person_1"]
    held_out = metrics["held_out"]
    assert (held_out["protocol"], held_out["people"]) == ("deciding", ["person_3", "person_4"])
    few = held_out["levels"]["6 pairs"]
    assert list(few) == ["average", "Gaussian", "network"]
    assert [few[method]["psnr"] for method in few] == [10.0, 17.0, 20.0]
    assert (few["network"]["grey_bias"], few["network"]["abs_grey_bias"]) == (-1.6, 1.6)
    assert few["network"]["lesions"] == pytest.approx(0.7)
    assert held_out["null"]["empty"]["24 pairs"]["network"] == {"null": 1.5}
    real = held_out["real_scans"]["real scans, half against half"]
    told = {"rmse": 18.0, "ccc": 0.5, "grey_change": -9.0, "unselected_grey_change": 4.0}
    assert real["sub-02_asl"]["network"] == told


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished training, evaluated on person_3."""
    folder = tmp_path_factory.mktemp("evaluated")
    (folder / "people").mkdir()
    write_people(folder / "people")
    write_noise(folder / "noise.mat")
    (folder / "small.toml").write_text(EVALUATION)
    write_training(folder / "trained", "dilated")
    parser = argparse.ArgumentParser()
    evaluate_command.add_arguments(parser)
    given = {"anatomies": "people", "noise": "noise.mat", "output": "figures", "config": "small.toml"}
    names = [part for option, name in given.items() for part in (f"--{option}", str(folder / name))]
    evaluate_command.run(parser.parse_args([str(folder / "trained"), *names]))
    return folder


def read(folder: Path, settings: EvaluationSettings | None = None, training: str = "trained") -> HeldOut:
    network = load_network(str(folder / training), torch.device("cpu"))
    return read_held_out(folder / "figures", settings or read_evaluation_settings(folder / "small.toml"), network)


def test_exported_network_carries_the_figures_of_its_evaluation(folder: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    export_command.add_arguments(parser)
    names = ["--models", str(tmp_path), "--evaluation", str(folder / "figures"), "--config", str(folder / "small.toml")]
    export_command.run(parser.parse_args([str(folder / "trained"), *names]))
    entry = find_model("tiny-dilated", [tmp_path])
    (measured,) = [
        record
        for record in read_records(folder / "figures")
        if (record.method, record.condition.pairs) == ("trained", 4)
    ]
    told = entry.metrics["held_out"]["levels"]["4 pairs"]["network"]
    assert told["psnr"] == pytest.approx(measured.figures["psnr"], rel=1e-3)
    assert f"| 4 ({measured.noise_percent:.2f} %) | **this network** | {measured.figures['psnr']:.1f} |" in (
        entry.card.read_text()
    )


def test_figures_of_other_weights_do_not_count(folder: Path, tmp_path: Path) -> None:
    write_training(tmp_path / "trained", "dilated", seed=1)
    network = load_network(str(tmp_path / "trained"), torch.device("cpu"))
    with pytest.raises(InputError, match="no figures of trained as it is now"):
        read_held_out(folder / "figures", read_evaluation_settings(folder / "small.toml"), network)


def test_figures_of_other_protocols_do_not_count(folder: Path) -> None:
    with pytest.raises(InputError, match="no figures of trained as it is now"):
        read(folder, small_evaluation())


def test_unfinished_evaluation_is_refused(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "figures" / RECORDS_FILE).read_text().splitlines(keepends=True)
    (tmp_path / RECORDS_FILE).write_text("".join(lines[:-1]))
    network = load_network(str(folder / "trained"), torch.device("cpu"))
    settings = read_evaluation_settings(folder / "small.toml")
    with pytest.raises(InputError, match="not finished: 5 of 6 figures are there"):
        read_held_out(tmp_path, settings, network)


def test_figures_of_people_the_network_knows_are_refused(folder: Path) -> None:
    network = load_network(str(folder / "trained"), torch.device("cpu"))
    knowing = dataclasses.replace(network, seen=("person_3",))
    with pytest.raises(InputError, match="was trained or chosen on person_3"):
        read_held_out(folder / "figures", read_evaluation_settings(folder / "small.toml"), knowing)
