import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.imaging.phantoms import (
    density_map,
    euler_matrix,
    gaussian_blur,
    phantom_complex,
    projection,
    random_euler_angles_deg,
    scatter,
    soft_mask,
)

angles = st.floats(-360, 360, allow_nan=False)


@pytest.fixture(scope="module")
def blobs():
    return phantom_complex()


def test_same_seed_gives_the_same_complex(blobs):
    again, other = phantom_complex(), phantom_complex(seed=7)
    assert np.array_equal(blobs.positions_xyz_a, again.positions_xyz_a)
    assert not np.array_equal(blobs.positions_xyz_a, other.positions_xyz_a)


def test_density_integrates_to_the_weights(blobs):
    density = density_map(blobs, shape_zyx=(64, 64, 64), voxel_size_a=3.0)
    assert density.sum() * 27 == pytest.approx(blobs.weights.sum(), rel=1e-3)


def test_projection_is_the_sum_of_the_density_along_z(blobs):
    density = density_map(blobs, shape_zyx=(64, 64, 64), voxel_size_a=3.0)
    image = projection(blobs, shape_yx=(64, 64), pixel_size_a=3.0)
    np.testing.assert_allclose(density.sum(axis=0) * 3.0, image, atol=1e-4 * image.max())


def test_rotating_the_blobs_by_a_quarter_turn_is_rotating_the_map(blobs):
    n = 65  # odd, so that the middle voxel is the centre of rotation
    density = density_map(blobs, shape_zyx=(n, n, n), voxel_size_a=3.0)
    turned = density_map(blobs.rotated(euler_matrix(90, 0, 0)), shape_zyx=(n, n, n), voxel_size_a=3.0)
    np.testing.assert_allclose(turned, np.rot90(density, axes=(1, 2)), atol=1e-4 * density.max())


def test_complex_has_no_symmetry(blobs):
    density = density_map(blobs, shape_zyx=(48, 48, 48), voxel_size_a=4.0).ravel()
    for rot in (360 / 7, 2 * 360 / 7, 3 * 360 / 7, 180.0):
        turned = density_map(blobs.rotated(euler_matrix(rot, 0, 0)), shape_zyx=(48, 48, 48), voxel_size_a=4.0).ravel()
        assert np.corrcoef(density, turned)[0, 1] < 0.9, rot


@given(rot=angles, tilt=angles, psi=angles)
def test_euler_matrix_is_a_rotation(rot, tilt, psi):
    matrix = euler_matrix(rot, tilt, psi)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_rot_turns_about_the_reference_axis_and_psi_in_the_plane_of_the_image():
    # published form of the third row: the direction of view (Heymann, Chagoyen & Belnap 2005)
    a, b = np.deg2rad([30.0, 50.0])
    np.testing.assert_allclose(euler_matrix(30, 50, 70)[2], [np.sin(b) * np.cos(a), np.sin(b) * np.sin(a), np.cos(b)])


def test_random_orientations_cover_the_sphere_evenly():
    rng = np.random.default_rng(1)
    directions = np.array([euler_matrix(*e)[2] for e in random_euler_angles_deg(2000, rng)])
    # mean of 2000 unit vectors: standard error of each component 1 / sqrt(3 · 2000) = 0.013
    np.testing.assert_allclose(directions.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose((directions**2).mean(axis=0), 1 / 3, atol=0.04)


@given(seed=st.integers(0, 2**32 - 1), distance=st.floats(1, 40))
def test_scattered_points_keep_their_distance(seed, distance):
    points = scatter(20, (100.0, 80.0), distance, np.random.default_rng(seed), margin=5.0)
    assert np.all(points >= 5)
    assert np.all(points <= [95, 75])
    gaps = np.linalg.norm(points[:, None] - points, axis=-1)[np.triu_indices(len(points), 1)]
    assert np.all(gaps >= distance * (1 - 1e-12))


def test_blur_keeps_the_sum_and_has_the_asked_width():
    delta = np.zeros((33, 33), np.float32)
    delta[16, 16] = 1
    blurred = gaussian_blur(delta, 3.0)
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    offsets = np.arange(33) - 16
    assert np.sqrt((blurred.sum(axis=0) * offsets**2).sum()) == pytest.approx(3.0, rel=0.02)


def test_mask_holds_nearly_all_density(blobs):
    density = density_map(blobs, shape_zyx=(64, 64, 64), voxel_size_a=3.0)
    mask = soft_mask(density, blur=3.0, level=0.06)
    assert mask.min() == 0
    assert mask.max() == 1
    assert (density * mask).sum() > 0.97 * density.sum()
    assert (mask > 0).mean() < 0.5
