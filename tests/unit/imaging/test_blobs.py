import numpy as np
import pytest

from micrographia.imaging.blobs import Blob, find_blobs, pair_moves
from micrographia.imaging.density import DensityMap


def sigma_map(*balls, shape=(40, 40, 40), voxel=(2.0, 2.0, 2.0), origin=(0.0, 0.0, 0.0)):
    """A map that is `height` in balls about points in Å."""
    z, y, x = (np.arange(n) * v + o for n, v, o in zip(shape, voxel, origin[::-1], strict=True))
    values = np.zeros(shape, np.float32)
    for (cx, cy, cz), radius_a, height in balls:
        values[(z[:, None, None] - cz) ** 2 + (y[:, None] - cy) ** 2 + (x - cx) ** 2 <= radius_a**2] = height
    return DensityMap(values, voxel, origin)


def test_blobs_have_centre_volume_peak_and_sign_and_the_strongest_comes_first():
    sigma = sigma_map(((30, 20, 50), 8, 7.0), ((55, 50, 20), 12, -9.0), voxel=(2.0, 1.8, 2.2), origin=(4.0, -3.0, 1.0))
    blobs, labels = find_blobs(sigma, threshold_sigma=5, least_volume_a3=50)
    assert [(b.sign, b.peak_sigma) for b in blobs] == [("-", 9.0), ("+", 7.0)]
    assert np.allclose(blobs[0].center_a, (55, 50, 20), atol=0.6)
    assert np.allclose(blobs[1].center_a, (30, 20, 50), atol=0.6)
    assert blobs[1].volume_a3 == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.06)
    assert blobs[1].radius_a == pytest.approx(8, rel=0.03)
    assert blobs[1].mass_sigma_a3 == pytest.approx(7 * blobs[1].volume_a3)
    assert np.array_equal(labels == 1, sigma.values < 0)
    assert np.array_equal(labels == 2, sigma.values > 0)


def test_what_is_small_or_below_the_threshold_is_no_blob():
    sigma = sigma_map(((20, 20, 20), 2.5, 30.0), ((50, 50, 50), 10, 4.0))
    blobs, labels = find_blobs(sigma, threshold_sigma=5, least_volume_a3=200)
    assert blobs == () and not labels.any()


def test_touching_blobs_of_unlike_sign_are_two():
    blobs, _ = find_blobs(sigma_map(((30, 40, 40), 10, 6.0), ((50, 40, 40), 10, -6.0)), threshold_sigma=5, least_volume_a3=50)
    assert sorted(b.sign for b in blobs) == ["+", "-"]


def blob(x, sign, volume=1000.0):
    return Blob((x, 0.0, 0.0), volume, 10.0, sign, 10 * volume)


def test_what_one_map_has_here_and_the_other_there_has_moved():
    (move,) = pair_moves((blob(0.0, "-"), blob(9.0, "+"), blob(100.0, "+")))
    assert (move.blobs, move.vector_a, move.distance_a) == ((1, 0), (-9.0, 0.0, 0.0), 9.0)


def test_unlike_masses_far_places_and_equal_signs_are_no_moves():
    assert pair_moves((blob(0.0, "-"), blob(9.0, "+", 3000.0))) == ()
    assert pair_moves((blob(0.0, "-"), blob(90.0, "+"))) == ()
    assert pair_moves((blob(0.0, "+"), blob(9.0, "+"))) == ()
    assert pair_moves(()) == ()


def test_several_moves_are_told_apart_by_the_shortest_ways():
    moves = pair_moves((blob(0.0, "+"), blob(12.0, "-"), blob(20.0, "+"), blob(8.0, "-")))
    assert [m.blobs for m in moves] == [(0, 3), (2, 1)]
