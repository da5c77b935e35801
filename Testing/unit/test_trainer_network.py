import pytest
import torch

from deepasl_trainer.training.guided_network import GuidedNetwork
from deepasl_trainer.training.layers import DenoisingNetwork
from deepasl_trainer.training.networks import DilatedNetwork, PaperNetwork

SMALL = [PaperNetwork(4, 2), DilatedNetwork(4), GuidedNetwork(4, 3, 5)]


def parameters(network: DenoisingNetwork) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_network_of_the_paper_has_146785_parameters() -> None:
    assert parameters(PaperNetwork()) == 146_785


def test_dilated_network_has_444801_parameters() -> None:
    assert parameters(DilatedNetwork()) == 444_801


def test_prelu_has_one_slope_for_each_feature_map() -> None:
    slopes = [layer.weight.numel() for layer in PaperNetwork().modules() if isinstance(layer, torch.nn.PReLU)]
    assert slopes == [48] * 8


@pytest.mark.parametrize(
    ("network", "side"),
    [(PaperNetwork(8, 8), 31), (PaperNetwork(8, 2), 31), (DilatedNetwork(8), 101)],
    ids=["paper", "shallow", "dilated"],
)
def test_receptive_field_is_what_one_voxel_reaches(network: DenoisingNetwork, side: int) -> None:
    rows = rows_reached(network.double().eval(), side, side // 2)
    assert (rows.min(), rows.max()) == (
        side // 2 - network.receptive_field // 2,
        side // 2 + network.receptive_field // 2,
    )


@pytest.mark.parametrize("depth", [2, 3])
def test_nothing_reaches_beyond_the_receptive_field_of_the_guided_network(depth: int) -> None:
    # Where pooling windows lie decides how far a voxel reaches: none reaches further, some nearly as far.
    network, side = GuidedNetwork(6, depth).double().eval(), 120
    torch.nn.init.normal_(network.last.weight)
    reach = 0
    for touched in range(side // 2, side // 2 + 2 ** (depth - 1)):
        rows = rows_reached(network, side, touched)
        reach = max(reach, touched - int(rows.min()), int(rows.max()) - touched)
    assert network.receptive_field // 2 - 2**depth <= reach <= network.receptive_field // 2


def rows_reached(network: DenoisingNetwork, side: int, touched: int) -> torch.Tensor:
    """Rows of the noise that change when one voxel of the middle of the image does."""
    generator = torch.Generator().manual_seed(3)
    image = torch.rand((1, network.spec.channels, side, side), generator=generator, dtype=torch.float64)
    other = image.clone()
    other[:, :, touched, touched] += 1.0
    with torch.inference_mode():
        changed = (network(other) - network(image))[0, 0].abs() > 1e-12
    return torch.nonzero(changed.any(dim=1)).ravel()


@pytest.mark.parametrize("network", SMALL, ids=lambda network: type(network).__name__)
@pytest.mark.parametrize("shape", [(1, 40, 40), (3, 57, 64), (2, 9, 30), (1, 1, 5)])
def test_noise_has_the_shape_of_the_image(network: DenoisingNetwork, shape: tuple[int, int, int]) -> None:
    count, height, width = shape
    image = torch.zeros((count, network.spec.channels, height, width))
    assert network(image).shape == (count, 1, height, width)


def test_guided_network_looks_at_every_slice_and_its_m0() -> None:
    network = GuidedNetwork(8, 2, 3)
    torch.nn.init.normal_(network.last.weight)
    image = torch.rand((1, 6, 16, 16), requires_grad=True, generator=torch.Generator().manual_seed(1))
    network(image)[0, 0, 8, 8].backward()
    assert image.grad is not None
    assert (image.grad.abs().sum(dim=(0, 2, 3)) > 0).all()
