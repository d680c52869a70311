import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from micrographia.imaging.levels import level_factors, level_shape, pool, pool_to_show


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
    assert pool(labels, (2, 2), labels=True).tolist() == [[7]]


@given(
    st.sampled_from([("zyx", (9, 7, 5)), ("yx", (5, 8)), ("czyx", (2, 3, 1, 6)), ("yxc", (6, 4, 3)), ("x", (7,))]), st.sampled_from([2, 4])
)
def test_labels_of_any_axes_are_the_most_frequent_of_their_block(image, factor):
    axes, shape = image
    labels = np.random.default_rng(3).integers(0, 2, shape).astype(np.uint16) * 7
    factors = tuple(factor if a in "zyx" else 1 for a in axes)
    got = pool(labels, factors, labels=True)
    assert got.shape == level_shape(shape, factors)
    assert set(np.unique(got)) <= {0, 7}
    same = np.full(shape, 3, np.uint8)
    assert (pool(same, factors, labels=True) == 3).all()
    if factor == 2:
        share = blockwise(labels == 7, factors)
        assert (got[share > 0.51] == 7).all() and (got[share < 0.49] == 0).all()


def test_frames_and_channels_are_not_averaged():
    assert level_factors("tczyx", level=2, is_stack=False) == (1, 1, 4, 4, 4)
    assert level_factors("zyx", level=1, is_stack=True) == (1, 2, 2)
