import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from micrographia.imaging.statistics import StreamingStatistics, statistics_of

TYPES = ["u1", "i1", "<i2", ">i2", "<u2", ">u2", "<i4", "<u4", "<f2", "<f4", ">f4", "<f8"]


@pytest.mark.parametrize("dtype", TYPES)
def test_agrees_with_numpy_for_every_type_and_byte_order(dtype):
    samples = np.random.default_rng(1).normal(60, 20, 200_003).clip(0, 120).astype(dtype)
    found = statistics_of([samples])
    wide = samples.astype(np.float64)
    assert found.minimum == wide.min()
    assert found.maximum == wide.max()
    assert found.mean == pytest.approx(wide.mean(), rel=1e-12)
    assert found.standard_deviation == pytest.approx(wide.std(), rel=1e-12)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(wide, (0.5, 99.5))), abs=0.05)


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.float32, array_shapes(max_dims=3, max_side=9), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)),
    st.integers(5, 500),
)
def test_any_cut_into_blocks_gives_the_same(samples, block):
    whole = statistics_of([samples])
    flat = samples.ravel()
    pieces = statistics_of(flat[i : i + block] for i in range(0, flat.size, block))
    assert (pieces.minimum, pieces.maximum, pieces.nan_count, pieces.infinity_count, pieces.low, pieces.high) == (
        whole.minimum,
        whole.maximum,
        whole.nan_count,
        whole.infinity_count,
        whole.low,
        whole.high,
    )
    assert pieces.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-9 * abs(whole.maximum - whole.minimum))


@settings(deadline=None, max_examples=40)
@given(arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e6, 1e6)))
def test_bounds_hold(samples):
    found = statistics_of([samples])
    assert found.minimum <= found.mean + 1e-6
    assert found.mean <= found.maximum + 1e-6
    assert 0 <= found.standard_deviation <= (found.maximum - found.minimum) / 2 + 1e-6
    assert found.minimum <= found.low <= found.high <= found.maximum


def test_a_small_deviation_on_a_large_offset_survives():
    samples = 1e9 + np.random.default_rng(2).normal(0, 1e-3, 300_000)
    assert statistics_of(np.split(samples, 10)).standard_deviation == pytest.approx(samples.std(), rel=1e-5)


def test_not_a_number_and_infinity_are_counted_and_left_out():
    samples = np.arange(100, dtype=np.float32)
    samples[3], samples[50], samples[51], samples[99] = np.nan, np.inf, -np.inf, np.nan
    found = statistics_of([samples])
    kept = samples[np.isfinite(samples)]
    assert (found.nan_count, found.infinity_count) == (2, 2)
    assert (found.minimum, found.maximum) == (0, 98)
    assert found.mean == pytest.approx(kept.mean(dtype=float))
    assert found.standard_deviation == pytest.approx(kept.std(dtype=float))


def test_an_image_without_one_finite_sample_says_so_and_holds_numbers_that_json_knows():
    found = statistics_of([np.full(70_000, np.nan, np.float32)])
    assert found.nan_count == 70_000
    assert (found.minimum, found.mean, found.low) == (0, 0, None)
    assert statistics_of([]).mean == 0


def test_the_largest_numbers_do_not_give_infinity():
    found = statistics_of([np.array([1.7e308, -1.7e308, 1e308])])
    assert math.isfinite(found.mean)
    assert math.isfinite(found.standard_deviation)


def test_complex_samples_count_by_their_modulus_and_booleans_as_numbers():
    samples = np.array([3 + 4j, 0, 6 + 8j], np.complex64)
    for dtype in ("<c8", ">c8", "<c16"):
        found = statistics_of([samples.astype(dtype)])
        assert (found.minimum, found.mean, found.maximum) == (0, 5, 10)
    assert statistics_of([np.array([True, False, True, True])]).mean == 0.75


def test_the_sample_for_percentiles_stays_bounded_and_fair():
    streaming = StreamingStatistics()
    row = np.arange(1000, dtype=np.float32)
    for _ in range(3000):
        streaming.update(row)
    assert streaming._sampled_count <= 7 << 15
    found = streaming.result()
    assert (found.low, found.high) == pytest.approx((5, 994), abs=2)
    assert streaming.count == 3_000_000


def test_blocks_that_are_views_are_taken_in_any_layout():
    cube = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    with warnings.catch_warnings(action="error"):
        assert statistics_of([cube.transpose(2, 0, 1)[::-1, :, ::2]]).mean == cube[:, ::2].mean()
