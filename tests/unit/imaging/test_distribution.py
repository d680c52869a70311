import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from micrographia.imaging.distribution import density_histogram, enclosed_volume, protein_mass_kda, volume_at
from micrographia.imaging.views import central_indices, largest_variance_indices, projection, section

MAPS = arrays(np.float32, st.tuples(*[st.integers(2, 7)] * 3), elements=st.floats(-100, 100, width=32))


def ball(side=40, radius=10):
    z, y, x = np.indices((side, side, side)) - side // 2
    return (z**2 + y**2 + x**2 <= radius**2).astype(np.float32)


def test_the_volume_and_mass_of_a_ball_are_those_of_the_formula():
    expected = 4 / 3 * np.pi * (10 * 0.2) ** 3
    assert volume_at(ball(), 0.5, voxel_size_a=2.0) == pytest.approx(expected, rel=0.01)
    curve = enclosed_volume(ball(), voxel_size_a=(2.0, 2.0, 2.0))
    assert np.allclose(curve.volume_nm3[1:-1], volume_at(ball(), 0.5, voxel_size_a=2.0))
    assert curve.volume_nm3[0] == pytest.approx((40 * 0.2) ** 3)
    # lysozyme: 14.3 kDa in 17.3 nm³ (Harpaz et al. 1994 with 1.21 Å³ a dalton)
    assert protein_mass_kda(17.3) == pytest.approx(14.3, rel=0.01)


@given(MAPS)
def test_every_voxel_is_counted_once_and_less_volume_lies_above_a_higher_level(values):
    histogram = density_histogram(values)
    assert histogram.counts.sum() == values.size
    curve = enclosed_volume(values, voxel_size_a=10.0)
    assert np.all(np.diff(curve.volume_nm3) <= 0)
    assert curve.volume_nm3[0] == values.size


def test_whole_numbers_fall_into_bins_of_equally_many():
    values = np.arange(256, dtype=np.float32).reshape(4, 8, 8).repeat(3, 0)
    assert set(density_histogram(values).counts[:-1]) == {9}
    assert set(density_histogram(values % 10).counts) == {75, 78}


def test_the_mode_is_the_density_of_the_solvent():
    assert density_histogram(ball() + 3 + 0.01 * np.random.default_rng(1).standard_normal((40, 40, 40))).mode == pytest.approx(3, abs=0.05)


def test_sections_and_projections_lie_where_the_density_is():
    values = np.zeros((10, 12, 14), np.float32)
    values[3, 5, :7] = 1
    values[3, 5, 4] = -9
    assert largest_variance_indices(values) == {"z": 3, "y": 5, "x": 4}
    assert central_indices(values.shape) == {"z": 5, "y": 6, "x": 7}
    assert projection(values, "z").shape == (12, 14)
    assert projection(values, "x")[3, 5] == pytest.approx(-3)
    assert section(values, "y", 5)[3, 4] == -9


@given(MAPS)
def test_variances_agree_with_those_of_the_sections_one_by_one(values):
    found = largest_variance_indices(values)
    for i, axis in enumerate("zyx"):
        variances = [np.var(section(values, axis, k).astype(np.float64)) for k in range(values.shape[i])]
        assert variances[found[axis]] == pytest.approx(max(variances), rel=1e-9, abs=1e-9)
