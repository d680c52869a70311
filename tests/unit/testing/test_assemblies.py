import numpy as np
import pytest
from scipy.ndimage import affine_transform
from scipy.spatial import cKDTree

from micrographia.testing.assemblies import from_model, hinge, parametric, symmetric
from micrographia.testing.families import families
from micrographia.testing.map_pairs import make_pair, without_chunk


@pytest.mark.parametrize("kind", list(parametric(3)), ids=lambda c: c.name)
def test_its_symmetry_takes_a_complex_into_itself(kind):
    positions = kind.blobs.positions_xyz_a
    for operator in kind.operators:
        assert cKDTree(positions).query(positions @ operator.T)[0].max() < 1e-6


def test_two_angles_of_one_hinge_move_one_domain_only():
    closed, opened = hinge(5, 20.0), hinge(5, 70.0)
    moved = np.linalg.norm(closed.unit.positions_xyz_a - opened.unit.positions_xyz_a, axis=1)
    assert moved[closed.domains == 0].max() == 0
    assert moved[closed.domains == 1].mean() > 20


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_truth_of_a_pair_takes_the_second_map_onto_the_first(mirrored):
    pair = make_pair(symmetric("C3", 1), 7, side=32, snr=(500.0, 1000.0), resolution_a=(15.0, 15.0), mirrored=mirrored)
    assert np.sign(np.linalg.det(pair.truth[:3, :3])) == (-1 if mirrored else 1)
    for operator in pair.operators:
        found = operator @ pair.truth
        assert _correlation(pair.a, pair.b, found) > 0.9
        assert pair.error_of(found) == pytest.approx((0, 0), abs=1e-5)
    turned = pair.truth @ np.diag([1.0, -1.0, -1.0, 1.0])
    turned[:3, 3] += ((pair.truth - turned) @ np.append(pair.centre_b_xyz_a, 1.0))[:3]
    assert _correlation(pair.a, pair.b, turned) < 0.8
    assert pair.error_of(turned)[0] > 30


def test_a_wrong_hand_is_wrong_by_180_degrees():
    pair = make_pair(symmetric("C3", 1), 7, side=16)
    assert pair.error_of(pair.truth @ np.diag([-1.0, 1.0, 1.0, 1.0]))[0] == 180


def test_noise_has_the_variance_asked_for():
    clean, noisy = (make_pair(symmetric("C3", 1), 7, side=32, snr=(s, s)).a.values for s in (1e9, 0.5))
    assert np.var(noisy - clean) == pytest.approx(2 * np.var(clean), rel=0.05)


def test_a_chunk_of_a_fifth_of_the_mass_is_missing():
    whole = symmetric("D2", 4).blobs
    left = without_chunk(whole, 0.2, np.random.default_rng(1))
    assert left.weights.sum() == pytest.approx(0.8 * whole.weights.sum(), rel=0.01)


def test_a_family_has_members_of_every_grade():
    family = next(iter(families(1)))
    assert [grade for grade, _ in family.members] == ["same", *2 * ["conformation"], *2 * ["sub-complex"], "homologue"]
    assert all(grade == "same" or member.name != family.reference.name for grade, member in family.members)


def test_an_atomic_model_becomes_a_complex_of_its_weight(real_data):
    found = from_model(real_data / "structures" / "2axd.cif")
    assert 3000 < found.blobs.weights.sum() < 6000
    assert 10 < found.radius_a < 40


def _correlation(a, b, transform):
    """Correlation of A with B resampled: A's voxel p shows B at transform⁻¹ p."""
    back = np.linalg.inv(transform)
    flip = np.eye(3)[::-1]
    matrix = flip @ back[:3, :3] @ flip * (a.voxel_size_a[0] / b.voxel_size_a[0])
    offset = ((back @ np.append(a.origin_xyz_a, 1.0))[:3] - b.origin_xyz_a)[::-1] / b.voxel_size_a[0]
    resampled = affine_transform(b.values, matrix, offset, a.shape_zyx, order=1)
    return np.corrcoef(resampled.ravel(), a.values.ravel())[0, 1]
