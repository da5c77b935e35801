from dataclasses import replace
from pathlib import Path

import pytest

from deepasl.errors import InputError
from deepasl_trainer.evaluation.settings import read_evaluation_settings
from deepasl_trainer.experiments.paper_table import PUBLISHED
from deepasl_trainer.toml_tables import shipped_configs
from deepasl_trainer.training.networks import build_network
from deepasl_trainer.training.settings import LossSettings, Settings, read_settings

TRAININGS = (
    "first-try",
    "guided",
    "guided-start",
    "guided-next",
    "guided-delays",
    "dilated",
    "paper",
    "paper-broad",
    "paper-in-vivo",
    "paper-short",
)


def test_the_configurations_that_ship_are_there() -> None:
    assert {*TRAININGS, "evaluation", "paper-evaluation"} <= {*shipped_configs()}


@pytest.mark.parametrize("name", ["paper", "paper-in-vivo"])
def test_the_papers_protocol_has_the_numbers_of_the_paper(name: str) -> None:
    settings = read_settings(name)
    network = build_network(settings.model)
    assert sum(weights.numel() for weights in network.parameters()) == 146_785
    assert (settings.patches.size, settings.patches.count, settings.fit.epoch_patches) == (40, 18_000, 18_000)
    fit = settings.fit
    assert (fit.epochs, fit.batch_size, fit.learning_rate, fit.schedule) == (200, 500, 1e-4, "constant")
    assert (settings.loss.noise_weight, settings.loss.region_weight) == (0.2, 0.0)


def test_the_papers_synthetic_people_have_two_flows_and_no_lesions() -> None:
    paper = read_settings("paper")
    assert paper.scans is not None
    assert paper.draws is not None
    assert {grid.voxel for grid in paper.scans.grids} == {(2.7, 2.7, 5.0)}
    assert (paper.scans.labeling_duration, paper.scans.pld) == ((1.6, 1.6), (2.2, 2.2))
    flow, noise = paper.draws.flow, paper.draws.noise
    assert (flow.grey_cbf, flow.white_cbf, flow.lesions, flow.null_share) == ((65.0, 65.0), (20.0, 20.0), 0, 0.0)
    assert flow.regional_sd == (0.0, 0.0)
    assert (noise.pairs, noise.fractions, noise.measured_scale) == (100, (0.2, 0.4, 0.6, 0.8), 0.7)
    assert (noise.measured_share, noise.correlated_share) == (1.0, 0.0)


def test_the_papers_real_scans_are_smoothed_and_compared_with_the_mean_of_all() -> None:
    settings = read_settings("paper-in-vivo").invivo
    assert settings is not None
    assert (settings.smoothing_fwhm, settings.reference) == (4.0, "mean-of-all")


def test_networks_of_the_synthetic_experiment_are_judged_under_the_protocol_they_learned() -> None:
    (protocol,) = read_evaluation_settings("paper-evaluation").protocols
    paper = read_settings("paper")
    assert paper.scans is not None
    assert paper.draws is not None
    assert protocol.pairs == tuple(round(paper.draws.noise.pairs * part) for part in paper.draws.noise.fractions)
    assert (protocol.labeling_duration, protocol.pld) == (paper.scans.labeling_duration, paper.scans.pld)
    assert (protocol.grey_cbf, protocol.white_cbf) == (paper.draws.flow.grey_cbf, paper.draws.flow.white_cbf)
    assert protocol.voxels == tuple(grid.voxel for grid in paper.scans.grids)
    assert protocol.measured_scale == paper.draws.noise.measured_scale
    assert protocol.image_noise is None
    assert protocol.name in PUBLISHED


def test_the_short_protocol_trains_less_on_the_same_scans() -> None:
    short, paper = read_settings("paper-short"), read_settings("paper")
    assert (short.draws, short.loss) == (paper.draws, paper.loss)
    assert short.fit.epochs * short.fit.epoch_patches < paper.fit.epochs * paper.fit.epoch_patches / 100


@pytest.mark.parametrize("name", ["dilated", "paper-broad"])
def test_networks_to_compare_with_the_default_see_the_same_people_scans_and_draws(name: str) -> None:
    def of(settings: Settings) -> tuple[object, ...]:
        return settings.people, settings.scans, settings.patches, settings.draws

    assert of(read_settings(name)) == of(read_settings("guided"))


def test_the_rival_is_trained_on_mean_square_error() -> None:
    rival = read_settings("dilated")
    assert (rival.model.network, rival.model.filters) == ("dilated", 64)
    assert (rival.loss.noise_weight, rival.loss.region_weight) == (1.0, 0.0)


def test_the_rivals_learn_from_the_same_people_scans_and_draws() -> None:
    guided, dilated, paper = (read_settings(name) for name in ("guided", "dilated", "paper-broad"))
    for other in (dilated, paper):
        assert (other.people, other.scans, other.patches, other.draws) == (
            guided.people,
            guided.scans,
            guided.patches,
            guided.draws,
        )
        assert (other.loss.region_weight, other.loss.whole_lesion_weight) == (0.0, 0.0)


def test_the_quick_evaluation_differs_by_methods_and_curves_alone() -> None:
    whole, quick = read_evaluation_settings("evaluation"), read_evaluation_settings("evaluation-quick")
    assert quick.protocols == whole.protocols
    assert (quick.seed, quick.people) == (whole.seed, whole.people)
    assert quick.curves == ()
    assert whole.curves != ()


def test_a_configuration_goes_on_from_its_base(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('base = "paper"\n[loss]\nnoise_weight = 0.7\n', encoding="utf-8")
    settings, paper = read_settings(str(own)), read_settings("paper")
    assert settings == replace(paper, loss=LossSettings(0.7))


def test_a_configuration_that_is_its_own_base_is_refused(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(f"base = {str(other)!r}\n", encoding="utf-8")
    other.write_text(f"base = {str(one)!r}\n", encoding="utf-8")
    with pytest.raises(InputError, match="leads nowhere"):
        read_settings(str(one))


def test_a_table_within_a_table_leaves_the_others_of_its_base() -> None:
    guided, delays = read_settings("guided"), read_settings("guided-delays")
    assert guided.draws is not None
    assert delays.draws is not None
    assert delays.draws.arrival is not None
    assert replace(delays.draws, arrival=None) == guided.draws
    assert delays.loss.arrival_weight > 0.0
