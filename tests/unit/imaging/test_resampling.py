import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from micrographia.imaging.density import DensityMap
from micrographia.imaging.phantoms import Blobs, density_map
from micrographia.imaging.resampling import background, coarsened, resample

RNG = np.random.default_rng(3)
COMPLEX = Blobs(RNG.uniform(-28, 28, (12, 3)), np.full(12, 5.0), RNG.uniform(0.5, 1.5, 12))
NO_TURN = np.eye(3)
TURN = Rotation.from_rotvec([0.7, -1.1, 0.4]).as_matrix()


def density(shape, voxel_a, *, turn=NO_TURN, shift=(0, 0, 0), origin=(0.0, 0.0, 0.0)):
    """The complex, turned and shifted about the middle of a box of its own, and the transform that puts it there."""
    made = DensityMap(density_map(COMPLEX.rotated(turn, np.array(shift)), shape_zyx=shape, voxel_size_a=voxel_a), (voxel_a,) * 3, origin)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn, shift + made.middle_xyz_a
    return made, pose


@pytest.mark.parametrize(
    ("voxel_a", "voxel_b", "mirror", "error"),
    [(3.0, 3.0, 1, 0.01), (3.0, 2.2, 1, 0.01), (3.0, 4.0, 1, 0.04), (3.0, 3.0, -1, 0.01), (5.0, 1.6, -1, 0.02)],
)
def test_a_map_turned_shifted_mirrored_and_on_other_voxels_comes_back_onto_the_grid(voxel_a, voxel_b, mirror, error):
    side_a, side_b = int(120 / voxel_a), int(150 / voxel_b)
    a, pose_a = density((side_a, side_a + 5, side_a - 3), voxel_a, origin=(10, 20, -5))
    b, pose_b = density((side_b,) * 3, voxel_b, turn=TURN @ np.diag([1, 1, mirror]), shift=(4, -3, 2), origin=(3, 1, 7))
    back = resample(b, a, pose_a @ np.linalg.inv(pose_b))
    assert back.covered.mean() > 0.8
    assert np.abs(back.values - a.values)[back.covered].max() < error * a.values.max()


def test_a_map_on_its_own_grid_stays_what_it_is_and_covers_it():
    a, _ = density((30, 34, 32), 4.0, origin=(1, 2, 3))
    same = resample(a, a, np.eye(4))
    assert same.covered.all()
    assert np.allclose(same.values, a.values, atol=1e-5 * a.values.max())


def test_where_the_other_map_does_not_reach_its_background_stands():
    a, _ = density((30, 30, 30), 4.0)
    b = DensityMap(a.values[5:20] + 7, a.voxel_size_a, (0, 0, 20))
    moved = resample(b, a, np.eye(4))
    assert moved.covered[5:20].all() and moved.covered.sum() == 15 * 30 * 30
    assert np.allclose(moved.values[~moved.covered], 7, atol=1e-6)
    assert np.allclose(moved.values[5:20], a.values[5:20] + 7, atol=1e-4)


def test_detail_finer_than_the_grid_is_not_aliased_into_it():
    a = DensityMap(np.zeros((20, 20, 20), np.float32), (4.0,) * 3)
    x = np.arange(80)
    grating = np.broadcast_to(np.cos(2 * np.pi * x / 5), (80, 80, 80)).astype(np.float32)
    assert np.abs(resample(DensityMap(grating, (1.0,) * 3), a, np.eye(4)).values).max() < 0.02


def test_the_grid_may_have_voxels_that_are_no_cubes():
    a, _ = density((60, 60, 60), 2.0)
    coarse = DensityMap(a.values[::2], (4.0, 2.0, 2.0))
    assert np.allclose(resample(coarse, a, np.eye(4)).values[:-1], a.values[:-1], atol=0.02 * a.values.max())
    assert np.allclose(resample(a, coarse, np.eye(4)).values, coarse.values, atol=0.01 * a.values.max())


@settings(max_examples=8)
@given(angles=st.tuples(*[st.floats(-3, 3)] * 3), shift=st.tuples(*[st.floats(-6, 6)] * 3))
def test_there_and_back_again_is_where_it_began(angles, shift):
    a, _ = density((28, 28, 28), 5.0)
    about = np.eye(4)
    about[:3, :3] = Rotation.from_rotvec(angles).as_matrix()
    about[:3, 3] = a.middle_xyz_a - about[:3, :3] @ a.middle_xyz_a + shift
    there = resample(a, a, about)
    back = resample(DensityMap(there.values, a.voxel_size_a), a, np.linalg.inv(about))
    ball = sum(np.square(np.arange(28) - 14).reshape(s) for s in ((-1, 1, 1), (1, -1, 1), (1, 1, -1))) < 11**2
    assert np.abs(back.values - a.values)[ball].max() < 0.1 * a.values.max()


def test_a_coarser_map_keeps_its_place_and_its_densities():
    fine, _ = density((40, 44, 48), 2.5, origin=(5, 6, 7))
    few = coarsened(fine, (30, 33, 36))
    assert few.size_xyz_a == pytest.approx(fine.size_xyz_a)
    assert few.origin_xyz_a == fine.origin_xyz_a
    assert np.allclose(few.values[::3, ::3, ::3], fine.values[::4, ::4, ::4], atol=2e-3 * fine.values.max())
    assert coarsened(fine, fine.shape_zyx) is fine


def test_background_is_what_the_faces_of_the_box_have():
    values = np.full((20, 20, 20), 3, np.float32)
    values[4:16, 4:16, 4:16] = 9
    assert background(values) == 3
