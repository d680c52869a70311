import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from micrographia.errors import InvalidInputError
from micrographia.imaging.fsc import FscCurve, fourier_shell_correlation, half_map_fsc
from micrographia.imaging.masking import soft_mask

RNG = np.random.default_rng(4)


def noise(*shape, rng=RNG):
    return rng.standard_normal(shape).astype(np.float32)


def textbook(map_1, map_2):
    """The correlation of two cubes as a textbook writes it: all samples at once, double precision."""
    n = map_1.shape[0]
    one, two = np.fft.fftn(map_1.astype(np.float64)), np.fft.fftn(map_2.astype(np.float64))
    k = np.fft.fftfreq(n) * n
    shell = np.rint(np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)).astype(int).ravel()
    cross, power_1, power_2 = (np.bincount(shell, v.ravel()) for v in ((one * two.conj()).real, abs(one) ** 2, abs(two) ** 2))
    return (cross / np.sqrt(power_1 * power_2))[: n // 2 + 1], np.bincount(shell)[: n // 2 + 1]


@pytest.mark.parametrize("side", [16, 17, 32])
def test_a_cube_gives_what_the_textbook_formula_gives(side):
    signal = gaussian_filter(noise(side, side, side), 1)
    halves = [signal + 0.2 * noise(side, side, side) for _ in range(2)]
    curve = fourier_shell_correlation(*halves, voxel_size_a=1.5)
    expected, samples = textbook(*halves)
    assert np.allclose(curve.correlation[1:], expected[1:], atol=1e-5)
    assert np.array_equal(curve.samples, samples)
    assert np.allclose(curve.spatial_frequency_per_a, np.arange(side // 2 + 1) / (side * 1.5))


def test_correlation_is_the_share_of_signal_where_signal_and_noise_are_known():
    """FSC = S / (S + N) for independent noise: Frank & Al-Ali (1975)."""
    signal = noise(48, 48, 48)
    halves = [signal + 0.5 * noise(48, 48, 48) for _ in range(2)]
    curve = fourier_shell_correlation(*halves, voxel_size_a=1.0)
    assert np.allclose(curve.correlation[6:], 1 / 1.25, atol=0.05)


@pytest.mark.parametrize(
    ("shape", "voxel_size_a"),
    [((40, 40, 40), 2.0), ((24, 48, 36), 2.0), ((20, 40, 40), (4.0, 2.0, 2.0)), ((30, 41, 35), (2.0, 2.5, 3.0))],
)
def test_the_resolution_is_where_the_maps_part_in_any_box_with_any_voxels(shape, voxel_size_a):
    """Equal up to 14 Å, independent beyond it."""
    size = np.broadcast_to(voxel_size_a, 3)
    z, y, x = np.meshgrid(*(np.fft.fftfreq(n, v) for n, v in zip(shape, size, strict=True)), indexing="ij")
    beyond = np.sqrt(z**2 + y**2 + x**2) > 1 / 14
    common = np.fft.fftn(noise(*shape))
    halves = [np.fft.ifftn(np.where(beyond, np.fft.fftn(noise(*shape)), common)).real.astype(np.float32) for _ in range(2)]
    curve = fourier_shell_correlation(*halves, voxel_size_a=voxel_size_a)
    spacing = curve.spatial_frequency_per_a[1]
    assert spacing == pytest.approx(1 / max(n * v for n, v in zip(shape, size, strict=True)))
    assert curve.nyquist_a >= 2 * max(size) - 1e-6
    for name in ("0.143", "0.5", "half_bit"):
        assert 1 / curve.resolution_a[name] == pytest.approx(1 / 14, abs=1.2 * spacing), name


@given(
    arrays(np.float32, (9, 8, 10), elements=st.floats(-4, 4, width=32)),
    st.floats(0.01, 100),
    st.floats(-5, 5),
    st.tuples(*[st.integers(0, 7)] * 3),
)
@settings(max_examples=30)
def test_scale_offset_order_and_common_shift_change_nothing(values, scale, offset, shift):
    one, two = values + noise(9, 8, 10, rng=np.random.default_rng(1)), noise(9, 8, 10, rng=np.random.default_rng(2)) + values
    curve = fourier_shell_correlation(one, two, voxel_size_a=1.0)
    turned = fourier_shell_correlation(
        np.roll(two, shift, (0, 1, 2)), np.float32(scale) * np.roll(one, shift, (0, 1, 2)) + np.float32(offset), voxel_size_a=1.0
    )
    assert np.allclose(curve.correlation, turned.correlation, atol=1e-3)
    assert np.all(np.abs(curve.correlation) <= 1)


@given(arrays(np.float32, (8, 8, 8), elements=st.floats(-4, 4, width=32)))
def test_a_map_correlates_with_itself_everywhere_and_that_is_said_to_mean_nothing(values):
    values = values + noise(8, 8, 8, rng=np.random.default_rng(3))
    curve = fourier_shell_correlation(values, values.copy(), voxel_size_a=1.0)
    assert np.allclose(curve.correlation, 1, atol=1e-5)
    assert set(curve.resolution_a.values()) == {None}
    assert "says nothing of resolution" in curve.notes[0]


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_densities_of_any_magnitude_keep_their_correlation(scale):
    one, two = noise(16, 16, 16), noise(16, 16, 16)
    curve = fourier_shell_correlation(one + two, two, voxel_size_a=1.0)
    scaled = fourier_shell_correlation((one + two) * np.float32(scale), two, voxel_size_a=1.0)
    assert np.allclose(curve.correlation, scaled.correlation, atol=1e-5)


def test_crossings_are_interpolated_and_the_thresholds_are_those_of_their_papers():
    samples = np.array([1, 18, 62, 98, 210])
    curve = FscCurve((1.0, 1.0, 1.0), np.arange(5) / 10, np.array([1, 0.9, 0.8, 0.3, 0.1]), samples)
    assert curve.resolution_a["0.5"] == pytest.approx(1 / 0.26)
    assert curve.resolution_a["0.143"] == pytest.approx(1 / (0.3 + 0.1 * 0.157 / 0.2))
    n = np.sqrt(105)
    assert curve.thresholds["half_bit"][-1] == pytest.approx((0.2071 * n + 1.9102) / (1.2071 * n + 0.9102))
    assert curve.thresholds["one_bit"][-1] == pytest.approx((0.5 * n + 2.4142) / (1.5 * n + 1.4142))
    assert curve.thresholds["three_sigma"][-1] == pytest.approx(3 / (n + 2))
    # fewer independent samples ask for more correlation
    fewer = FscCurve((1.0, 1.0, 1.0), np.arange(5) / 10, curve.correlation, samples, symmetry_order=4, linear_fraction=0.5)
    assert all(fewer.thresholds["half_bit"] >= curve.thresholds["half_bit"])


@pytest.mark.parametrize("seed", range(8))
def test_maps_that_share_nothing_get_no_resolution(seed):
    rng = np.random.default_rng(seed)
    curve = fourier_shell_correlation(noise(32, 32, 32, rng=rng), noise(32, 32, 32, rng=rng), voxel_size_a=1.0)
    assert set(curve.resolution_a.values()) == {None}
    assert "do not correlate" in curve.notes[0]


def test_a_dip_in_the_first_shells_does_not_end_the_curve():
    samples = np.array([1, 18, 62, 98, 210, 350, 450, 602])
    correlation = np.array([1, -0.1, 0.9, 0.95, 0.9, 0.8, 0.3, 0.05])
    curve = FscCurve((1.0, 1.0, 1.0), np.arange(8) / 20, correlation, samples)
    assert curve.resolution_a["0.5"] == pytest.approx(20 / 5.6)
    assert curve.notes == []


def ball(side, radius):
    z, y, x = np.indices((side, side, side)) - side // 2
    return z**2 + y**2 + x**2 < radius**2


def halves_of_a_ball(side=48, radius=11):
    rng = np.random.default_rng(11)
    body = ball(side, radius) * (1 + gaussian_filter(rng.standard_normal((side, side, side)), 1.5) * 8)
    return [(gaussian_filter(body, 1) + 0.4 * rng.standard_normal((side, side, side))).astype(np.float32) for _ in range(2)]


def test_a_mask_takes_the_noise_of_the_solvent_away_and_the_correction_takes_the_mask_out():
    halves = halves_of_a_ball()
    mask = soft_mask(*halves, voxel_size_a=2.0)
    found = half_map_fsc(*halves, voxel_size_a=2.0, mask=mask)
    unmasked, masked = found.unmasked, found.masked
    assert masked.resolution_a["0.5"] < unmasked.resolution_a["0.5"]
    corrected = found.phase_randomised.corrected
    assert np.all(corrected.correlation <= masked.correlation + 1e-6)
    assert corrected.resolution_a["0.143"] <= unmasked.resolution_a["0.143"]
    document = found.as_json()
    assert document["masked"]["resolution_a"]["0.5"] == round(masked.resolution_a["0.5"], 4)
    assert len(document["phase_randomised"]["correlation"]) == len(document["correlation"]) == 25


def test_a_tight_mask_correlates_pure_noise_and_the_correction_sees_that():
    rng = np.random.default_rng(5)
    common = gaussian_filter(rng.standard_normal((48, 48, 48)), 4) * 30
    halves = [(common + rng.standard_normal((48, 48, 48))).astype(np.float32) for _ in range(2)]
    sharp = (gaussian_filter(ball(48, 7).astype(float), 0.4)).astype(np.float32)
    sharp /= sharp.max()
    offset = [h + 3 for h in halves]
    found = half_map_fsc(*offset, voxel_size_a=1.0, mask=sharp)
    late = slice(12, 22)
    assert found.masked.correlation[late].mean() > 0.3
    assert abs(found.phase_randomised.corrected.correlation[late].mean()) < 0.15


def test_the_mask_that_is_found_covers_the_particle_and_leaves_the_solvent_out():
    mask = soft_mask(*halves_of_a_ball(), voxel_size_a=2.0)
    assert mask.min() == 0
    assert mask.max() == 1
    assert mask[ball(48, 10)].mean() > 0.98
    assert mask[~ball(48, 22)].mean() < 0.05
    assert soft_mask(noise(32, 32, 32), noise(32, 32, 32), voxel_size_a=1.0) is None


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.ones((8, 8, 9), np.float32), "expected the same box"),
        (np.full((8, 8, 8), np.nan, np.float32), "expected a mask"),
        (noise(8, 8, 8), "expected a mask"),
        (np.linspace(0, 1, 512, dtype=np.float32).reshape(8, 8, 8), "it is no mask"),
        (np.zeros((8, 8, 8), np.float32), "it is no mask"),
    ],
)
def test_what_is_no_mask_is_refused_with_a_sentence(mask, said):
    with pytest.raises(InvalidInputError, match=said):
        fourier_shell_correlation(noise(8, 8, 8), noise(8, 8, 8), voxel_size_a=1.0, mask=mask)


def test_boxes_that_differ_and_voxels_without_size_are_refused():
    with pytest.raises(InvalidInputError, match="8 × 8 × 8 and 9 × 8 × 8"):
        fourier_shell_correlation(noise(8, 8, 8), noise(9, 8, 8), voxel_size_a=1.0)
    with pytest.raises(InvalidInputError, match="voxel size"):
        fourier_shell_correlation(noise(8, 8, 8), noise(8, 8, 8), voxel_size_a=(1.0, 0.0, 1.0))
