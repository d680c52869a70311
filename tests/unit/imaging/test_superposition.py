from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from micrographia.errors import InvalidInputError
from micrographia.imaging.alignment import Superposition, prepare, superpose
from micrographia.imaging.density import DensityMap
from micrographia.imaging.phantoms import Blobs, density_map, phantom_complex

COMPLEX = phantom_complex()


def seen(
    blobs: Blobs,
    shape: tuple[int, int, int] = (44, 44, 44),
    voxel_size_a: float = 5.0,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    noise: float = 0.0,
) -> DensityMap:
    values = density_map(blobs, shape_zyx=shape, voxel_size_a=voxel_size_a)
    values = values + noise * values.std() * np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    return DensityMap(values, (voxel_size_a,) * 3, origin)


def position(density: DensityMap, xyz_a: np.ndarray) -> np.ndarray:
    """Where in the frame of the map's file a point of the phantom lies."""
    return density.middle_xyz_a + xyz_a


def errors(found: Superposition, a: DensityMap, b: DensityMap, turn: np.ndarray, shift_a: np.ndarray) -> tuple[float, float]:
    """Degrees and Å by which the transform misses, B being the phantom at ``turn @ x + shift``."""
    rotation = found.transform[:3, :3] @ turn
    points = COMPLEX.positions_xyz_a[::50]
    moved = position(b, points @ turn.T + shift_a) @ found.transform[:3, :3].T + found.transform[:3, 3]
    wanted = position(a, points)
    angle = np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))
    return float(angle), float(np.linalg.norm(moved - wanted, axis=1).max())


A = seen(COMPLEX)
READY = prepare(A)
TURN = Rotation.from_euler("ZYZ", [70, 110, 200], degrees=True).as_matrix()
SHIFT = np.array([14.0, -9.0, 6.0])


@pytest.mark.parametrize(
    ("shape", "voxel_size_a", "origin", "noise"),
    [
        ((44, 44, 44), 5.0, (0.0, 0.0, 0.0), 0.0),
        ((44, 44, 44), 5.0, (-310.0, 12.5, 700.0), 2.0),
        ((52, 44, 47), 4.6, (0.0, 0.0, 0.0), 0.5),
        ((36, 36, 36), 6.3, (90.0, 0.0, 0.0), 0.5),
    ],
    ids=["same box", "another origin, much noise", "a box that is no cube", "larger voxels"],
)
def test_a_turned_and_shifted_copy_is_put_back(shape, voxel_size_a, origin, noise):
    b = seen(COMPLEX.rotated(TURN, SHIFT), shape, voxel_size_a, origin, noise)
    found = superpose(READY, b)
    angle, distance = errors(found, A, b, TURN, SHIFT)
    assert angle < 0.5
    assert distance < 1.0
    assert not found.mirrored
    assert found.confidence > 0.9


@pytest.mark.parametrize(
    ("copied", "linear"),
    [
        (lambda v: v, np.eye(3)),
        (lambda v: np.rot90(v, axes=(1, 2)), np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])),
        (lambda v: v[:, :, ::-1], np.diag([-1, 1, 1])),
    ],
    ids=["the same", "a quarter turn", "a mirror image"],
)
def test_a_copy_voxel_by_voxel_is_put_back_exactly(copied, linear):
    found = superpose(READY, DensityMap(np.ascontiguousarray(copied(A.values)), A.voxel_size_a)).transform
    middle = np.array(A.size_xyz_a) / 2 - np.array(A.voxel_size_a) / 2
    assert np.degrees(Rotation.from_matrix(found[:3, :3] @ linear.T).magnitude()) < 0.01
    assert np.abs(found[:3, :3] @ middle + found[:3, 3] - middle).max() < 0.005 * A.voxel_size_a[0]


def test_the_origin_of_both_headers_is_respected():
    a = DensityMap(A.values, A.voxel_size_a, (100.0, -50.0, 25.0))
    b = seen(COMPLEX.rotated(TURN, SHIFT), origin=(-40.0, 0.0, 9.0))
    angle, distance = errors(superpose(a, b), a, b, TURN, SHIFT)
    assert angle < 0.5
    assert distance < 1.0


def test_voxels_that_are_no_cubes_are_measured_along_each_axis():
    fine = seen(COMPLEX.rotated(TURN, SHIFT), (88, 44, 44), 5.0)
    b = DensityMap(fine.values[::2], (10.0, 5.0, 5.0), (3.0, 2.0, 1.0))
    found = superpose(READY, b)
    moved = position(fine, COMPLEX.positions_xyz_a @ TURN.T + SHIFT) + b.origin_xyz_a
    back = moved @ found.transform[:3, :3].T + found.transform[:3, 3]
    assert np.linalg.norm(back - position(A, COMPLEX.positions_xyz_a), axis=1).max() < 2.0


def test_a_mirrored_map_is_superposed_with_determinant_minus_one():
    mirrored = DensityMap(np.ascontiguousarray(seen(COMPLEX.rotated(TURN)).values[:, :, ::-1]), A.voxel_size_a)
    found = superpose(READY, mirrored)
    assert found.mirrored
    assert np.linalg.det(found.transform[:3, :3]) == pytest.approx(-1)
    assert found.confidence > 0.9


def test_turning_b_beforehand_turns_the_answer_and_changes_no_confidence():
    b, c = seen(COMPLEX.rotated(TURN)), seen(COMPLEX)
    direct, turned = superpose(READY, c), superpose(READY, b)
    np.testing.assert_allclose(turned.transform[:3, :3] @ TURN, direct.transform[:3, :3], atol=0.01)
    assert turned.score == pytest.approx(direct.score, abs=0.05)


def test_exchanging_the_maps_inverts_the_transform():
    b = seen(COMPLEX.rotated(TURN, SHIFT))
    there, back = superpose(READY, b), superpose(b, READY)
    np.testing.assert_allclose(there.transform @ back.transform, np.eye(4), atol=0.5)


def test_a_map_with_a_part_missing_is_put_in_its_place():
    kept = COMPLEX.positions_xyz_a @ np.array([0.6, 0.8, 0.0]) < np.percentile(COMPLEX.positions_xyz_a @ np.array([0.6, 0.8, 0.0]), 80)
    part = Blobs(COMPLEX.positions_xyz_a[kept], COMPLEX.sigmas_a[kept], COMPLEX.weights[kept])
    b = seen(part.rotated(TURN, SHIFT), noise=0.5)
    found = superpose(READY, b)
    angle, distance = errors(found, A, b, TURN, SHIFT)
    assert angle < 3
    assert distance < 5
    assert found.confidence > 0.5


def test_noise_is_found_nowhere():
    noise = np.random.default_rng(8).standard_normal((40, 40, 40)).astype(np.float32)
    assert superpose(READY, DensityMap(noise, (5.0,) * 3)).confidence < 0.2


def test_two_smooth_blobs_are_not_confidently_the_same():
    z, y, x = np.indices((36, 36, 36)) - 18.0
    ball = np.exp(-(x**2 + y**2 + z**2) / 60).astype(np.float32)
    ellipsoid = np.exp(-(x**2 / 80 + y**2 / 60 + z**2 / 45)).astype(np.float32)
    found = superpose(DensityMap(ball, (5.0,) * 3), DensityMap(ellipsoid, (5.0,) * 3))
    assert found.confidence < 0.5
    assert found.score < 0.5, "they agree, but in next to nothing"


def test_a_constant_map_is_refused_with_a_sentence():
    with pytest.raises(InvalidInputError, match="constant"):
        prepare(DensityMap(np.ones((16, 16, 16), np.float32), (2.0,) * 3))


def test_superposition_starts_no_threads():
    before = len(os.listdir("/proc/self/task"))
    superpose(READY, A)
    assert len(os.listdir("/proc/self/task")) == before


def test_a_box_cut_out_of_a_map_is_found_in_it():
    whole = seen(COMPLEX.rotated(TURN, SHIFT), (60, 60, 60), 4.0)
    cut = DensityMap(whole.values[14:46, 20:50, 14:44], (4.0,) * 3, (80.0 - 240.0, 0.0, 0.0))
    found = superpose(READY, cut)
    corner = np.array([14.0, 20.0, 14.0]) * 4.0
    moved = position(whole, COMPLEX.positions_xyz_a @ TURN.T + SHIFT) - corner + cut.origin_xyz_a
    back = moved @ found.transform[:3, :3].T + found.transform[:3, 3]
    assert np.linalg.norm(back - position(A, COMPLEX.positions_xyz_a), axis=1).max() < 4
    assert found.confidence > 0.5


ODD = {
    "one bright voxel": np.pad(np.ones((1, 1, 1)), 8),
    "a slope": np.indices((12, 16, 20))[0],
    "a cube in the corner": np.pad(np.ones((5, 5, 5)), ((0, 12),) * 3),
    "a hole": 1 - np.pad(np.ones((5, 5, 5)), 7),
    "values too large to be squared": A.values * 1e30,
    "a plate": np.random.default_rng(4).standard_normal((8, 48, 48)),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_maps_get_an_answer_of_plain_numbers(odd):
    found = superpose(READY, DensityMap(np.ascontiguousarray(ODD[odd], np.float32), (5.0, 5.0, 5.0)))
    assert np.isfinite(found.transform).all()
    assert 0 <= found.score <= 1
    assert (found.confidence > 0.5) == (odd == "values too large to be squared")
