"""A network sees each slice between its neighbours, M0 after the difference image, and nothing beyond the ends."""

import numpy as np
import pytest

from deepasl.denoising.network_input import InputSpec, stack_slices


def numbered(slices: int = 5, tens: int = 0) -> np.ndarray:
    """Slices of 2 x 3 voxels that hold `tens` + their number, from 1 on."""
    values = tens + np.arange(1, slices + 1, dtype=np.float32)
    return np.broadcast_to(values[:, None, None], (slices, 2, 3)).copy()


def seen(stack: np.ndarray) -> list[list[float]]:
    """The one value of each channel, slice by slice."""
    assert (stack == stack[:, :, :1, :1]).all()
    return stack[:, :, 0, 0].tolist()


def test_a_network_of_one_slice_sees_that_slice_alone():
    image = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    np.testing.assert_array_equal(stack_slices(image, None, InputSpec(1, m0=False)), image[:, None])


def test_neighbours_come_in_the_order_of_the_scan_and_are_zero_beyond_its_ends():
    stack = stack_slices(numbered(), None, InputSpec(3, m0=False))
    assert seen(stack) == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 0]]


def test_m0_follows_the_difference_image_slice_for_slice():
    stack = stack_slices(numbered(3), numbered(3, tens=10), InputSpec(3, m0=True))
    assert seen(stack) == [[0, 1, 2, 0, 11, 12], [1, 2, 3, 11, 12, 13], [2, 3, 0, 12, 13, 0]]


def test_a_scan_may_have_fewer_slices_than_the_network_sees():
    assert seen(stack_slices(numbered(1), numbered(1, 10), InputSpec(5, m0=True))) == [[0, 0, 1, 0, 0, 0, 0, 11, 0, 0]]


def test_a_few_slices_are_stacked_as_they_are_among_all():
    image, m0 = np.random.default_rng(1).normal(size=(2, 6, 4, 5)).astype(np.float32)
    spec = InputSpec(5, m0=True)
    np.testing.assert_array_equal(
        stack_slices(image, m0, spec, [5, 0, 3]), stack_slices(image, m0, spec)[[5, 0, 3]], strict=True
    )


def test_the_stack_is_an_array_of_its_own():
    image = numbered()
    stack = stack_slices(image, None, InputSpec(1, m0=False))
    stack[:] = 0
    np.testing.assert_array_equal(image, numbered())


@pytest.mark.parametrize(("slices", "m0", "channels"), [(1, False, 1), (1, True, 2), (3, False, 3), (3, True, 6)])
def test_channels_are_the_slices_and_as_many_of_m0(slices, m0, channels):
    spec = InputSpec(slices, m0)
    assert spec.channels == channels
    assert stack_slices(numbered(), numbered(), spec).shape == (5, channels, 2, 3)


@pytest.mark.parametrize("slices", [0, -1, 2, 4])
def test_there_is_no_middle_of_an_even_number_of_slices(slices):
    with pytest.raises(ValueError, match=f"odd number of slices, not {slices}"):
        InputSpec(slices, m0=False)


def test_what_a_network_sees_is_told_in_words():
    assert InputSpec(1, m0=False).describe() == "1 slice"
    assert InputSpec(3, m0=True).describe() == "3 slices + M0"


def test_images_that_do_not_belong_together_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="needs M0"):
        stack_slices(numbered(), None, InputSpec(1, m0=True))
    with pytest.raises(ValueError, match=r"\[k, j, i\]"):
        stack_slices(numbered(5), numbered(4), InputSpec(1, m0=True))
    with pytest.raises(ValueError, match=r"\[k, j, i\]"):
        stack_slices(numbered()[0], None, InputSpec(1, m0=False))
    with pytest.raises(ValueError, match=r"slices \[5\] are not all among the 5"):
        stack_slices(numbered(), None, InputSpec(1, m0=False), [5])
