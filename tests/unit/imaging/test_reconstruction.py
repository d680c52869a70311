import numpy as np
import pytest

from micrographia.imaging.phantoms import Blobs, density_map, euler_matrix, phantom_complex, projection, random_euler_angles_deg
from micrographia.imaging.reconstruction import back_project, reconstruct, tilt_projections


def test_projections_at_their_angles_give_the_density_back():
    box, voxel_size_a = 32, 9.0
    sharp = phantom_complex()
    blobs = Blobs(sharp.positions_xyz_a, np.full(len(sharp.weights), 11.0), sharp.weights)  # no detail beyond the grid's Nyquist
    rng = np.random.default_rng(3)
    flat = np.ones((box, box // 2 + 1), np.float32)
    rotations = [euler_matrix(*angles) for angles in random_euler_angles_deg(150, rng)]
    views = [(projection(blobs.rotated(r), shape_yx=(box, box), pixel_size_a=voxel_size_a), r, flat) for r in rotations]
    volume = reconstruct(views, box=box, damping=0.01)
    truth = density_map(blobs, shape_zyx=(box, box, box), voxel_size_a=voxel_size_a)
    assert np.corrcoef(volume.ravel(), truth.ravel())[0, 1] > 0.98  # trilinear insertion without padding leaves ghosts


def test_projection_at_zero_tilt_is_the_plain_sum():
    volume = np.random.default_rng(0).normal(size=(6, 8, 16)).astype(np.float32)
    volume[:, :, -1] = 0  # the last column has no right neighbour to interpolate with
    np.testing.assert_allclose(tilt_projections(volume, [0.0])[0], volume.sum(axis=0), atol=1e-5)


def test_a_bead_moves_across_the_tilts_by_the_sine_of_the_angle():
    volume = np.zeros((21, 5, 41), np.float32)
    volume[18, 2, 20] = 1  # 8 voxels above the middle section
    for angle, image in zip((-40.0, 30.0), tilt_projections(volume, [-40.0, 30.0]), strict=True):
        column = (image[2] * np.arange(41)).sum() / image[2].sum() - 20
        assert column == pytest.approx(8 * np.sin(np.deg2rad(angle)), abs=0.3)


def test_back_projection_puts_a_bead_where_it_was():
    volume = np.zeros((21, 9, 41), np.float32)
    volume[15, 4, 24] = 1
    angles = range(-60, 61, 5)
    found = back_project(tilt_projections(volume, angles), angles, 21)
    assert np.unravel_index(np.argmax(found), found.shape) == (15, 4, 24)
