import math

import numpy as np
import pytest

from micrographia.imaging.density import DensityMap
from micrographia.imaging.difference import map_difference
from micrographia.imaging.phantoms import Blobs, density_map
from micrographia.imaging.resampling import Resampled
from micrographia.testing.assemblies import globular, hinge
from micrographia.testing.map_pairs import render

SIDE, BOX_A, RESOLUTION_A = 48, 144.0, 10.0
WHOLE = globular(5).blobs
CUT = WHOLE.positions_xyz_a[np.argmax(WHOLE.positions_xyz_a[:, 0])]
TAKEN = np.linalg.norm(WHOLE.positions_xyz_a - CUT, axis=1) < 12


def part(kept):
    return Blobs(WHOLE.positions_xyz_a[kept], WHOLE.sigmas_a[kept], WHOLE.weights[kept])


LESS = part(~TAKEN)


def made(blobs, seed=0, *, noise=0.0, gain=1.0):
    """The map of `blobs`, its noise, and both together as a map that covers its box."""
    clean = render(blobs, np.random.default_rng(0), side=SIDE, box_a=BOX_A, resolution_a=RESOLUTION_A).values
    grains = (noise * clean.max() * np.random.default_rng(seed).standard_normal(clean.shape)).astype(np.float32)
    return DensityMap(gain * (clean + grains), (BOX_A / SIDE,) * 3, (5.0, -7.0, 9.0)), gain * grains


def on_grid(density):
    return Resampled(density.values, np.ones(density.shape_zyx, bool))


def difference(a, b, **how):
    return map_difference(a, on_grid(b), **{"resolution_a": RESOLUTION_A, **how})


def place(xyz_a):
    """Where a position of the complex lies in the frame of the maps."""
    return np.asarray(xyz_a) + SIDE // 2 * BOX_A / SIDE + (5.0, -7.0, 9.0)


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.15])
@pytest.mark.parametrize("gain", [1.0, 40.0])
def test_what_the_other_map_lacks_is_the_first_blob_where_it_was(noise, gain):
    found = difference(made(WHOLE, 1, noise=noise)[0], made(LESS, 2, noise=noise, gain=gain)[0])
    assert found.blobs[0].sign == "+"
    taken = place((WHOLE.positions_xyz_a * WHOLE.weights[:, None])[TAKEN].sum(0) / WHOLE.weights[TAKEN].sum())
    assert math.dist(found.blobs[0].center_a, taken) < 4
    assert found.sigma.values.max() == pytest.approx(found.blobs[0].peak_sigma)
    assert all(b.peak_sigma > found.threshold_sigma for b in found.blobs)


def test_the_difference_the_other_way_round_has_the_other_sign():
    a, b = made(WHOLE, 1, noise=0.05)[0], made(LESS, 2, noise=0.05)[0]
    there, back = difference(a, b).blobs[0], difference(b, a).blobs[0]
    assert (there.sign, back.sign) == ("+", "-")
    assert there.center_a == pytest.approx(back.center_a, abs=1)
    assert there.peak_sigma == pytest.approx(back.peak_sigma, rel=0.1)


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_maps_that_are_equal_up_to_noise_and_scale_have_no_blobs(seed, noise):
    assert difference(made(WHOLE, seed, noise=noise)[0], made(WHOLE, seed + 10, noise=noise, gain=7.0)[0]).blobs == ()


def test_amplitudes_that_differ_by_sharpening_are_no_difference():
    a, _ = made(WHOLE, 1, noise=0.02)
    spectrum = np.fft.rfftn(made(WHOLE, 2, noise=0.02)[0].values)
    z, y, x = (np.fft.fftfreq(SIDE, BOX_A / SIDE) ** 2,) * 2 + (np.fft.rfftfreq(SIDE, BOX_A / SIDE) ** 2,)
    sharp = np.fft.irfftn(spectrum * np.exp(200 / 4 * (z[:, None, None] + y[:, None] + x)), a.shape_zyx, axes=(0, 1, 2)).astype(np.float32)
    assert difference(a, DensityMap(sharp, a.voxel_size_a)).blobs == ()


def test_with_half_maps_one_sigma_is_their_noise():
    (a, grains_a), (b, grains_b) = made(WHOLE, 1, noise=0.15), made(LESS, 2, noise=0.15)
    found = difference(a, b, half_noise=(grains_a, grains_b))
    assert found.noise == "half maps" and found.blobs[0].sign == "+"
    assert found.sigma.values[4:9, 5:-5, 5:-5].std() == pytest.approx(1, abs=0.25)
    assert difference(a, a, half_noise=(100 * grains_a, grains_a)).blobs == ()


def test_nothing_is_found_where_only_one_map_reaches():
    a, b = made(WHOLE, 1, noise=0.05)[0], made(LESS, 2, noise=0.05)[0]
    far = place(CUT)[0]
    covered = np.ones(b.shape_zyx, bool)
    covered[:, :, int((far - 15 - 5) / (BOX_A / SIDE)) :] = False
    found = map_difference(a, Resampled(b.values, covered), resolution_a=RESOLUTION_A)
    assert found.blobs == () and not found.sigma.values[:, :, int((far - 15 - 5) / found.sigma.voxel_size_a[2]) + 1 :].any()


def test_a_domain_that_turned_is_told_as_moved_from_where_the_first_map_has_it_to_where_the_second_has():
    straight, bent = hinge(3, 0.0).blobs, hinge(3, 35.0).blobs
    moved = hinge(3, 0.0).domains == 1
    back = (straight.positions_xyz_a - bent.positions_xyz_a)[~moved].mean(0)
    bent = bent.rotated(np.eye(3), back)
    start, end = (b.positions_xyz_a[moved].mean(0) for b in (straight, bent))
    found = difference(made(straight, 1, noise=0.03)[0], made(bent, 2, noise=0.03)[0])
    move = found.moves[0]
    assert {found.blobs[i].sign for i in move.blobs} == {"+", "-"}
    along = np.dot(move.vector_a, end - start) / np.linalg.norm(end - start) / move.distance_a
    assert along > 0.8
    assert math.dist(move.start_a, place(start)) < 20


def test_the_chain_that_is_missing_is_named():
    chains = {name: place(part(kept).positions_xyz_a) for name, kept in (("A", ~TAKEN), ("B", TAKEN))}
    chains["far"] = np.array([[1e4, 0, 0]])
    first, second, far = difference(made(WHOLE, 1, noise=0.05)[0], made(LESS, 2, noise=0.05)[0], chains=chains).chains
    assert (first.chain, second.chain) == ("B", "A")
    assert first.share_in_blobs > 0.9 and first.mean_sigma > 5 > abs(second.mean_sigma)
    assert second.share_in_blobs < 0.2 and first.atoms == TAKEN.sum()
    assert (far.atoms, far.share_in_blobs) == (0, 0.0)


def test_the_document_says_all_of_it():
    document = difference(made(WHOLE)[0], made(LESS)[0], chains={"A": place(WHOLE.positions_xyz_a)}).as_json()
    assert set(document) == {"blobs", "moves", "chains", "resolution_a", "threshold_sigma", "noise_from"}
    assert set(document["blobs"][0]) == {"center_a", "volume_a3", "peak_sigma", "sign"}
    assert document["noise_from"] == "share of the density"


def test_voxels_need_not_be_cubes_nor_boxes_cubic():
    wide = Blobs(WHOLE.positions_xyz_a, np.full(len(WHOLE.weights), 5.0), WHOLE.weights)
    one = density_map(wide, shape_zyx=(72, 60, 64), voxel_size_a=2.0)[::2]
    two = density_map(Blobs(LESS.positions_xyz_a, np.full((~TAKEN).sum(), 5.0), LESS.weights), shape_zyx=(72, 60, 64), voxel_size_a=2.0)[
        ::2
    ]
    a, b = (DensityMap(m, (4.0, 2.0, 2.0)) for m in (one, two))
    blob = difference(a, b).blobs[0]
    assert blob.sign == "+"
    assert math.dist(blob.center_a, CUT + np.array([64, 60, 72])) < 12


def test_maps_are_subtracted_on_no_more_voxels_than_their_resolution_needs():
    a, b = made(WHOLE, 1, noise=0.05)[0], made(LESS, 2, noise=0.05)[0]
    fine, coarse = (difference(a, b, resolution_a=resolution) for resolution in (9.0, 18.0))
    assert fine.sigma.shape_zyx == (48, 48, 48) and coarse.sigma.shape_zyx == (24, 24, 24)
    assert coarse.sigma.size_xyz_a == pytest.approx(a.size_xyz_a) and coarse.sigma.origin_xyz_a == a.origin_xyz_a
    assert math.dist(fine.blobs[0].center_a, coarse.blobs[0].center_a) < 4
