import numpy as np
import pytest

from micrographia.errors import InvalidInputError
from micrographia.imaging.fourier import ShellGrid, fourier_crop, randomise_phases, shell_sums

RNG = np.random.default_rng(6)


def wave(shape, k):
    z, y, x = (np.arange(n) / n for n in shape)
    return np.cos(2 * np.pi * (k[0] * z[:, None, None] + k[1] * y[:, None] + k[2] * x) + 0.3).astype(np.float32)


def test_a_cropped_wave_is_the_same_wave_on_fewer_voxels_and_a_finer_one_is_gone():
    coarse = fourier_crop(wave((20, 18, 24), (3, -2, 4)), (10, 9, 12))
    assert np.allclose(coarse, wave((10, 9, 12), (3, -2, 4)), atol=1e-5)
    assert np.allclose(fourier_crop(wave((20, 18, 24), (7, 0, 0)), (10, 9, 12)), 0, atol=1e-5)
    with pytest.raises(InvalidInputError, match="no more than it has"):
        fourier_crop(coarse, (11, 9, 12))


@pytest.mark.parametrize("shape", [(12, 12, 12), (9, 10, 11), (8, 12, 9)])
def test_random_phases_keep_amplitudes_and_what_is_coarser_than_their_beginning(shape):
    values = RNG.standard_normal(shape).astype(np.float32)
    changed = randomise_phases(values, beyond_per_a=0.15, voxel_size_a=1.0, seed=1)
    before, after = np.fft.fftn(values), np.fft.fftn(changed)
    assert np.allclose(abs(before), abs(after), atol=1e-3)
    z, y, x = np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")
    coarse = z**2 + y**2 + x**2 < 0.15**2
    assert np.allclose(before[coarse], after[coarse], atol=1e-3)
    overlap = (before * after.conj())[~coarse].sum() / (abs(before) ** 2)[~coarse].sum()
    assert abs(overlap) < 0.2
    assert np.array_equal(changed, randomise_phases(values, beyond_per_a=0.15, voxel_size_a=1.0, seed=1))


def test_shells_sum_to_the_power_of_the_map_inside_the_last():
    values = RNG.standard_normal((12, 10, 14)).astype(np.float32)
    sums = shell_sums(values, values, voxel_size_a=(2.0, 2.4, 1.7))
    grid = sums.grid
    z, y, x = np.meshgrid(*(np.fft.fftfreq(n, v) for n, v in zip(values.shape, (2.0, 2.4, 1.7), strict=True)), indexing="ij")
    inside = np.sqrt(z**2 + y**2 + x**2) < (grid.count - 0.5) * grid.spacing_per_a
    inside[0, 0, 0] = False
    assert sums.power_1[1:].sum() == pytest.approx((abs(np.fft.fftn(values)) ** 2)[inside].sum(), rel=1e-4)
    assert sums.samples.sum() == inside.sum() + 1


def test_no_shell_of_a_long_box_is_empty():
    assert ShellGrid.of((8, 64, 20), 1.0).count == 33
    assert shell_sums(*[RNG.standard_normal((8, 64, 20)).astype(np.float32)] * 2, voxel_size_a=1.0).samples.min() > 0
