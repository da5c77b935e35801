import pytest
import torch

from deepasl_trainer.networks import PaperNetwork


def test_network_of_the_paper_has_146785_parameters() -> None:
    assert sum(weights.numel() for weights in PaperNetwork().parameters()) == 146_785


def test_prelu_has_one_slope_for_each_feature_map() -> None:
    slopes = [layer.weight.numel() for layer in PaperNetwork().modules() if isinstance(layer, torch.nn.PReLU)]
    assert slopes == [48] * 8


@pytest.mark.parametrize(("depth", "width"), [(8, 19), (2, 7)])
def test_receptive_field_is_what_one_voxel_reaches(depth: int, width: int) -> None:
    network = PaperNetwork(filters=8, depth=depth).eval()
    assert network.receptive_field == width
    image = torch.zeros((1, 1, 31, 31))
    touched = image.clone()
    touched[0, 0, 15, 15] = 1.0
    with torch.inference_mode():
        changed = (network(touched) - network(image))[0, 0] != 0
    rows = torch.nonzero(changed.any(dim=1)).ravel()
    assert rows.min() == 15 - width // 2
    assert rows.max() == 15 + width // 2


@pytest.mark.parametrize("shape", [(1, 40, 40), (3, 57, 64), (2, 9, 30)])
def test_noise_has_the_shape_of_the_image(shape: tuple[int, int, int]) -> None:
    count, height, width = shape
    image = torch.zeros((count, 1, height, width))
    assert PaperNetwork(filters=4, depth=2)(image).shape == image.shape
