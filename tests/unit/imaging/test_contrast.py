import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from micrographia.imaging.contrast import display_limits, to_uint8


@given(
    hnp.arrays(st.sampled_from(["i1", "u1", ">i2", "u2", "i4", "f2", "f4", "f8"]), hnp.array_shapes(min_dims=2, max_dims=2)),
    st.floats(-1000, 1000),
    st.floats(0.1, 1000),
)
def test_brighter_where_values_are_higher(array, low, width):
    grey = to_uint8(array, low, low + width)
    assert grey.dtype == np.uint8 and grey.shape == array.shape
    values, levels = array.astype(float).ravel(), grey.ravel().astype(int)
    finite = np.isfinite(values)
    order = np.argsort(values[finite])
    assert (np.diff(levels[finite][order]) >= 0).all()
    assert (levels[np.isnan(values)] == 0).all()


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i2", "<u2", ">u2"])
def test_table_and_arithmetic_agree(dtype):
    limits = np.iinfo(dtype)
    array = np.random.default_rng(1).integers(limits.min, limits.max, (512, 512), endpoint=True).astype(dtype)
    low, high = limits.min / 3, limits.max / 2
    assert np.array_equal(to_uint8(array, low, high), to_uint8(array.astype("f8"), low, high))


def test_ends_are_black_and_white():
    assert to_uint8(np.array([[-5.0, 0.0, 5.0, 10.0, 99.0]]), 0, 10).tolist() == [[0, 0, 128, 255, 255]]


def test_equal_limits_cut_in_two():
    assert to_uint8(np.array([[0, 3, 4]]), 3, 3).tolist() == [[0, 255, 255]]


def test_infinities_are_black_and_white():
    assert to_uint8(np.array([[-np.inf, np.inf, np.nan]]), 0, 1).tolist() == [[0, 255, 0]]


def test_complex_samples_are_shown_by_their_modulus():
    assert to_uint8(np.array([[3 + 4j, 0]], np.complex64), 0, 5).tolist() == [[255, 0]]


def test_limits_leave_out_what_is_rare():
    array = np.random.default_rng(0).normal(size=(256, 256)).astype(np.float32)
    array[0, 0], array[0, 1] = 1e6, np.nan
    low, high = display_limits(array)
    assert -3 < low < -2 and 2 < high < 3


def test_limits_of_a_mask_are_its_extremes():
    mask = np.zeros((100, 100), bool)
    mask[0, 0] = True
    assert display_limits(mask) == (0, 1)


def test_limits_of_nothing_finite():
    assert display_limits(np.full((4, 4), np.nan)) == (0.0, 1.0)
