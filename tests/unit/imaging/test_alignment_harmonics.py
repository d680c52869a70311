import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from micrographia.imaging.alignment.harmonics import highest_rotations, rotational_correlation, sphere_grid, spherical_harmonics, wigner_d
from micrographia.imaging.alignment.spectrum import Spectrum

DEGREE = 12
SPOTS = np.random.default_rng(1).standard_normal((7, 3))
SPOTS /= np.linalg.norm(SPOTS, axis=1, keepdims=True)
TURN = Rotation.from_euler("ZYZ", [40, 75, 130], degrees=True).as_matrix()


def spots_at(directions: np.ndarray) -> np.ndarray:
    return np.exp(6 * (directions @ SPOTS.T - 1)).sum(-1).astype(np.float32)


def angle_deg(turn: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))


def test_the_harmonic_of_degree_1_has_one_coefficient():
    north = sphere_grid(DEGREE)[..., 2].astype(np.float32)
    found = spherical_harmonics(north[None], DEGREE)[0]
    assert found[1, DEGREE] == pytest.approx(np.sqrt(4 * np.pi / 3), abs=1e-5)
    found[1, DEGREE] = 0
    assert np.abs(found).max() < 1e-5


def test_wigner_d_of_degree_1_is_the_published_matrix():
    d = wigner_d(DEGREE)[1][:, DEGREE - 1 : DEGREE + 2, DEGREE - 1 : DEGREE + 2]
    beta = (np.arange(2 * DEGREE) + 0.5) * np.pi / (2 * DEGREE)
    np.testing.assert_allclose(d[:, 1, 1], np.cos(beta), atol=1e-6)
    np.testing.assert_allclose(d[:, 2, 2], (1 + np.cos(beta)) / 2, atol=1e-6)
    np.testing.assert_allclose(d[:, 2, 1], -np.sin(beta) / np.sqrt(2), atol=1e-6)


@pytest.mark.parametrize("inverted", [False, True])
def test_the_rotation_between_two_functions_is_the_highest_of_its_hand(inverted):
    grid = sphere_grid(DEGREE)
    b = spherical_harmonics(spots_at(grid)[None], DEGREE)
    a = spherical_harmonics(spots_at((-1 if inverted else 1) * grid @ TURN)[None], DEGREE)
    of_hands = rotational_correlation(a, b, np.ones(1))
    rotations, values = highest_rotations(of_hands[int(inverted)], 3)
    assert angle_deg(rotations[0].T @ TURN) < 10
    assert values[0] == pytest.approx(float((np.abs(a) ** 2).sum()), rel=0.05)
    assert of_hands[int(not inverted)].max() < 0.97 * values[0]


def test_a_spectrum_is_the_fourier_sum_with_its_gradient():
    random = np.random.default_rng(2)
    values = random.standard_normal((12, 15, 18)).astype(np.float32)
    size, first = np.array([2.0, 1.7, 1.5]), np.array([-13.0, -12.0, -11.0])
    k = random.uniform(-0.2, 0.2, (30, 3))
    z, y, x = np.indices(values.shape)
    places = np.stack([x * size[2], y * size[1], z * size[0]], -1).reshape(-1, 3) + first
    waves = np.exp(-2j * np.pi * (k @ places.T)) * values.ravel()
    found = Spectrum(values, size, first).gradient_at(k)
    assert np.abs(found[0] - waves.sum(1)).max() < 0.01 * waves.sum(1).std()
    gradient = waves @ (-2j * np.pi * places)
    assert np.abs(found[1:].T - gradient).max() < 0.01 * gradient.std()
