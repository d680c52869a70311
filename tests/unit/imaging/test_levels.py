import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.imaging.levels import level_count, level_factors, level_shape, pool, pool_to_show


def blockwise(array, factors):
    """Means of blocks, the slow way."""
    shape = level_shape(array.shape, factors)
    out = np.empty(shape, np.complex128 if array.dtype.kind == "c" else np.float64)
    for at in np.ndindex(*shape):
        out[at] = array[tuple(slice(i * f, (i + 1) * f) for i, f in zip(at, factors, strict=True))].mean()
    return out


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=3),
    st.sampled_from([1, 2, 4]),
    st.sampled_from(["int16", "float32", "complex64", "uint8"]),
)
def test_a_level_is_the_mean_of_blocks(shape, factor, dtype):
    array = (np.random.default_rng(0).normal(100, 20, shape)).astype(dtype)
    factors = (factor,) * len(shape)
    got = pool(array, factors)
    assert got.dtype == array.dtype
    assert np.abs(got.astype(np.complex128) - blockwise(array, factors)).max() <= (0.5 if array.dtype.kind in "iu" else 1e-3)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 7), st.integers(1, 7))
def test_what_is_shown_is_the_mean_of_rectangles(height, width, fy, fx):
    array = np.random.default_rng(1).normal(size=(height, width)).astype(np.float32)
    assert np.allclose(pool_to_show(array, fy, fx), blockwise(array, (fy, fx)), atol=1e-5)


def test_names_have_no_mean():
    labels = np.array([[1, 9], [7, 7]], np.uint16)
    assert pool(labels, (2, 2), labels=True).tolist() == [[1]]


@pytest.mark.parametrize(
    ("axes", "shape", "is_stack", "count"),
    [("zyx", (64, 64, 64), False, 1), ("zyx", (300, 10, 10), False, 2), ("zyx", (300, 10, 10), True, 1), ("yx", (4096, 4096), False, 5)],
)
def test_levels_end_where_an_image_is_small(axes, shape, is_stack, count):
    assert level_count(axes, shape, is_stack=is_stack) == count


def test_frames_and_channels_are_not_averaged():
    assert level_factors("tczyx", level=2, is_stack=False) == (1, 1, 4, 4, 4)
    assert level_factors("zyx", level=1, is_stack=True) == (1, 2, 2)
