import numpy as np
import pytest

from deepasl_trainer.invivo.rigid import STAY, Move, moved, room_for

PIXEL = (3.0, 3.0)


def blob(row: float, column: float, size: int = 81, spacing: tuple[float, float] = PIXEL) -> np.ndarray:
    """A smooth spot at a distance in mm from the centre."""
    j, i = np.mgrid[:size, :size] - (size - 1) / 2.0
    return np.exp(-((j * spacing[1] - row) ** 2 + (i * spacing[0] - column) ** 2) / (2 * 9.0**2)).astype(np.float32)


def test_a_turn_brings_columns_to_rows() -> None:
    turned = moved(blob(0.0, 60.0), Move(degrees=30.0), PIXEL)
    np.testing.assert_allclose(turned, blob(30.0, 60.0 * np.sqrt(0.75)), atol=1e-3)


def test_a_turn_is_rigid_on_pixels_that_are_not_square() -> None:
    spacing = (2.0, 3.5)
    turned = moved(blob(0.0, 40.0, spacing=spacing), Move(degrees=30.0), spacing)
    np.testing.assert_allclose(turned, blob(20.0, 40.0 * np.sqrt(0.75), spacing=spacing), atol=2e-3)


def test_a_shift_comes_after_the_turn() -> None:
    shifted = moved(blob(0.0, 30.0), Move(degrees=20.0, rows=5.5, columns=-7.25), PIXEL)
    angle = np.radians(20.0)
    expected = blob(30.0 * np.sin(angle) + 5.5 * 3.0, 30.0 * np.cos(angle) - 7.25 * 3.0)
    np.testing.assert_allclose(shifted, expected, atol=1e-3)


@pytest.mark.parametrize("move", [Move(degrees=17.0), Move(degrees=-40.0, rows=3.4, columns=8.1)])
def test_white_noise_stays_white_and_as_strong(move: Move) -> None:
    noise = np.random.default_rng(0).standard_normal((40, 101, 101)).astype(np.float32)
    turned = moved(noise, move, PIXEL)
    assert turned.std() == pytest.approx(noise.std(), rel=1e-3)
    neighbours = [
        np.corrcoef(turned[:, :, 1:].ravel(), turned[:, :, :-1].ravel())[0, 1],
        np.corrcoef(turned[:, 1:].ravel(), turned[:, :-1].ravel())[0, 1],
    ]
    assert neighbours == pytest.approx([0.0, 0.0], abs=0.01)
    assert turned.var(axis=0).std() == pytest.approx(noise.var(axis=0).std(), rel=0.1)


def test_turning_back_restores_the_image() -> None:
    noise = np.random.default_rng(0).standard_normal((51, 75)).astype(np.float32)
    there = moved(noise, Move(degrees=25.0), PIXEL)
    np.testing.assert_allclose(moved(there, Move(degrees=-25.0), PIXEL), noise, atol=1e-4)


def test_staying_changes_nothing() -> None:
    noise = np.random.default_rng(0).standard_normal((2, 21, 35)).astype(np.float32)
    np.testing.assert_allclose(moved(noise, STAY, PIXEL), noise, atol=1e-5)


def test_there_is_room_for_the_corners() -> None:
    rows, columns = room_for(Move(degrees=45.0, rows=10.0), 40, 60, PIXEL)
    assert rows >= (40 + 60) * np.sqrt(0.5) + 20
    assert columns >= (40 + 60) * np.sqrt(0.5)
    assert rows % 2 == columns % 2 == 1
