import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.imaging.spectrum import guinier_fit, rotationally_averaged_power

RNG = np.random.default_rng(8)


def blurred(side, voxel_size_a, b_factor_a2):
    """White noise whose amplitudes fall with a known B."""
    s2 = np.fft.fftfreq(side, voxel_size_a) ** 2
    fall = np.exp(-b_factor_a2 / 4 * (s2[:, None, None] + s2[:, None] + s2))
    return np.fft.ifftn(np.fft.fftn(RNG.standard_normal((side,) * 3)) * fall).real.astype(np.float32)


@pytest.mark.parametrize("b_factor_a2", [0, 80, 300])
def test_the_b_factor_of_a_blurred_map_is_found(b_factor_a2):
    fit = guinier_fit(rotationally_averaged_power(blurred(64, 1.5, b_factor_a2), voxel_size_a=1.5, shells="nearest"))
    assert fit.b_factor_a2 == pytest.approx(b_factor_a2, abs=3)
    assert fit.coarsest_a == pytest.approx(10, abs=0.6)
    assert fit.finest_a == pytest.approx(3)


def test_the_fit_ends_at_the_resolution_and_needs_shells_to_begin_with():
    spectrum = rotationally_averaged_power(blurred(64, 1.5, 100), voxel_size_a=1.5)
    assert guinier_fit(spectrum, resolution_a=4).finest_a >= 4
    assert guinier_fit(spectrum, resolution_a=9.5) is None


def test_power_of_white_noise_is_one_in_every_shell_and_a_wave_is_in_its_own():
    spectrum = rotationally_averaged_power(RNG.standard_normal((48, 48, 48)).astype(np.float32), voxel_size_a=2.0)
    assert np.allclose(spectrum.power[6:], 1, atol=0.15)
    assert spectrum.spatial_frequency_per_a[-1] == pytest.approx(0.25)
    wave = np.cos(2 * np.pi * 5 * np.arange(32) / 32)[:, None, None] * np.ones((32, 32, 32), np.float32)
    power = rotationally_averaged_power(wave.astype(np.float32), voxel_size_a=1.0).power
    assert power.argmax() == 5
    assert np.delete(power, 5).max() < 1e-6 * power[5]


@given(st.floats(1e-20, 1e20), st.floats(-3, 3))
def test_scale_and_offset_do_not_change_the_curve(scale, offset):
    values = np.random.default_rng(3).standard_normal((10, 12, 9)).astype(np.float32)
    one = rotationally_averaged_power(values - values.mean(), voxel_size_a=1.0)
    two = rotationally_averaged_power((values - values.mean()) * np.float32(scale), voxel_size_a=1.0)
    assert np.allclose(one.log10_power, two.log10_power, atol=1e-3)
    moved = rotationally_averaged_power(values + np.float32(offset), voxel_size_a=1.0)
    assert np.ptp(moved.log10_power - one.log10_power) < 1e-3
