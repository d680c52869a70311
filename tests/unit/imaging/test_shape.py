"""Shapes stay the same however a map is turned, shifted, resampled or mirrored, and differ between complexes."""

import io

import numpy as np
import pytest

from micrographia.errors import InvalidInputError
from micrographia.imaging.density import DensityMap
from micrographia.imaging.shape import VECTOR_LENGTH, read_shape, rotational_likeness, shape_of, write_shape
from micrographia.testing.assemblies import globular, hinge, symmetric
from micrographia.testing.map_pairs import make_pair, render

CLEAN = {"resolution_a": (10.0, 10.0), "snr": (1e4, 2e4), "side": 48}


def distance(a, b):
    return float(np.linalg.norm(a.vector - b.vector))


@pytest.fixture(scope="module")
def others():
    """Shapes of eight unrelated complexes of about the same size."""
    complexes = [globular(n, domains=4) for n in range(4)] + [symmetric("C3", n) for n in range(4)]
    return [shape_of(make_pair(c, 1, **CLEAN).a) for c in complexes]


@pytest.mark.parametrize("mirrored", [False, True])
def test_pose_hand_box_and_voxels_do_not_change_it(others, mirrored):
    pair = make_pair(globular(40, domains=5), 3, mirrored=mirrored, **CLEAN)
    a, b = shape_of(pair.a), shape_of(pair.b)
    assert len(a.vector) == VECTOR_LENGTH
    assert distance(a, b) < 0.1
    assert min(distance(a, other) for other in others) > 2 * distance(a, b)
    assert b.radius_of_gyration_a == pytest.approx(a.radius_of_gyration_a, rel=0.03)


def test_noise_and_another_resolution_leave_a_complex_nearest_to_itself(others):
    pair = make_pair(symmetric("D3", 7), 5, side=48, resolution_a=(8.0, 20.0), snr=(0.5, 1.0))
    a, b = shape_of(pair.a), shape_of(pair.b)
    assert distance(a, b) < min(distance(b, other) for other in others)


def test_size_tells_two_complexes_of_one_form_apart():
    blobs = globular(4).blobs
    larger = type(blobs)(2 * blobs.positions_xyz_a, 2 * blobs.sigmas_a, blobs.weights)
    rng = np.random.default_rng(1)
    radius = blobs.radius_a
    a = shape_of(render(blobs, rng, side=32, box_a=3 * radius, resolution_a=10))
    b = shape_of(render(larger, rng, side=32, box_a=6 * radius, resolution_a=20))
    assert b.radius_of_gyration_a == pytest.approx(2 * a.radius_of_gyration_a, rel=0.02)
    assert distance(a, b) > 0.25


def test_radius_of_gyration_of_a_ball_is_that_of_the_formula():
    z, y, x = np.indices((48, 48, 48)) - 24
    ball = ((z**2 + y**2 + x**2) < 12**2).astype(np.float32)
    found = shape_of(DensityMap(ball, (2.0, 2.0, 2.0)))
    assert found.radius_of_gyration_a == pytest.approx(24 * np.sqrt(3 / 5), rel=0.05)


def test_voxels_that_are_no_cubes_are_measured_in_angstrom():
    pair = make_pair(globular(40, domains=5), 3, **CLEAN)
    whole = pair.a
    thinned = DensityMap(whole.values[::2].copy(), (2 * whole.voxel_size_a[0], *whole.voxel_size_a[1:]), whole.origin_xyz_a)
    assert distance(shape_of(whole), shape_of(thinned)) < 0.15


def test_a_complex_is_likest_to_itself_in_the_best_rotation(others):
    pair = make_pair(globular(40, domains=5), 3, **CLEAN)
    a, b = shape_of(pair.a), shape_of(pair.b)
    assert rotational_likeness(a, a) == pytest.approx(1, abs=0.05)
    assert 1 >= rotational_likeness(a, b) > 0.7
    assert max(rotational_likeness(a, other) for other in others) < 0.6


def test_a_shape_is_the_same_after_it_was_written():
    shape = shape_of(make_pair(hinge(2, 40.0), 3, **CLEAN).a)
    file = io.BytesIO()
    write_shape(shape, file)
    assert file.tell() < 15_000
    file.seek(0)
    again = read_shape(file)
    assert again.radius_of_gyration_a == shape.radius_of_gyration_a
    for name in ("vector", "harmonics"):
        np.testing.assert_allclose(getattr(again, name), getattr(shape, name), atol=1e-6)


def test_a_constant_map_has_no_shape():
    with pytest.raises(InvalidInputError, match="constant"):
        shape_of(DensityMap(np.ones((16, 16, 16), np.float32), (2.0, 2.0, 2.0)))


@pytest.mark.parametrize("shape", [(8, 8, 8), (9, 40, 13), (100, 10, 10), (16, 130, 130)])
def test_boxes_of_any_form_have_one(shape):
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    assert np.isfinite(shape_of(DensityMap(values, (3.0, 2.0, 2.0))).vector).all()
