import numpy as np
import pytest

from micrographia.imaging.alignment import prepare
from micrographia.imaging.phantoms import Blobs
from micrographia.imaging.scale_search import MOST_STEP, extent_ratio, scaled, search_scale, size_ratio
from micrographia.testing.assemblies import globular
from micrographia.testing.map_pairs import render

MOLECULE = globular(11).blobs


def drawn(seed):
    return render(MOLECULE, np.random.default_rng(seed), side=40, box_a=130.0, resolution_a=9.0, snr=4.0, origin_xyz_a=(9.0, -4.0, 2.0))


A, B = drawn(1), drawn(2)


def about_origin(factor):
    """Takes a map that was scaled about the origin back, for what turn and shift can do: its middle."""
    matrix = np.eye(4)
    matrix[:3, 3] = A.middle_xyz_a - factor * np.asarray(A.middle_xyz_a)
    return matrix


@pytest.mark.parametrize("factor", [0.96, 0.985, 1.0, 1.02, 1.045])
def test_a_size_that_is_nearly_right_is_told_to_half_a_percent(factor):
    assert size_ratio(A, scaled(B, factor), about_origin(factor)) == pytest.approx(1 / factor, abs=0.006)


def test_a_size_far_off_is_told_to_be_beyond_what_one_step_mends():
    assert size_ratio(A, scaled(B, 0.85), about_origin(0.85)) == pytest.approx(1 + MOST_STEP)


def test_where_the_maps_do_not_meet_no_size_is_told():
    far = np.eye(4)
    far[0, 3] = 1e4
    assert size_ratio(A, B, far) == 1


@pytest.mark.parametrize("factor", [0.5, 1.3])
def test_radii_of_gyration_tell_the_ratio_of_sizes(factor):
    assert extent_ratio(prepare(A), prepare(scaled(B, factor))) == pytest.approx(1 / factor, rel=0.02)


def test_the_factor_and_the_superposition_are_found_together():
    factor, found = search_scale(A, scaled(B, 0.87))
    assert factor == pytest.approx(1 / 0.87, rel=0.01)
    assert found.confidence > 0.9
    assert np.allclose(found.transform[:3, :3], np.eye(3), atol=0.04)


def test_scaling_moves_the_origin_with_the_voxels():
    larger = scaled(A, 2.0)
    assert larger.voxel_size_a == (6.5, 6.5, 6.5) and larger.origin_xyz_a == (18.0, -8.0, 4.0)
    assert scaled(A, 1.0) is A


def test_what_one_map_lacks_is_no_other_size():
    half = MOLECULE.positions_xyz_a[:, 0] < 8
    part = Blobs(MOLECULE.positions_xyz_a[half], MOLECULE.sigmas_a[half], MOLECULE.weights[half])
    less = render(part, np.random.default_rng(3), side=40, box_a=130.0, resolution_a=9.0, snr=4.0, origin_xyz_a=A.origin_xyz_a)
    assert size_ratio(A, less, np.eye(4)) == pytest.approx(1, abs=0.006)
