import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from micrographia.errors import InvalidInputError
from micrographia.imaging.comparison import LONGEST_SIDE, compare_maps
from micrographia.imaging.density import DensityMap
from micrographia.imaging.phantoms import Blobs
from micrographia.imaging.scale_search import scaled
from micrographia.testing.assemblies import globular
from micrographia.testing.map_pairs import render

WHOLE = globular(11).blobs
CUT = WHOLE.positions_xyz_a[np.argmax(WHOLE.positions_xyz_a[:, 2])]
TAKEN = np.linalg.norm(WHOLE.positions_xyz_a - CUT, axis=1) < 13
LESS = Blobs(WHOLE.positions_xyz_a[~TAKEN], WHOLE.sigmas_a[~TAKEN], WHOLE.weights[~TAKEN])
MOTION = np.eye(4)
MOTION[:3, :3] = Rotation.from_rotvec([0.9, -0.4, 1.3]).as_matrix()
MOTION[:3, 3] = 6, -4, 3


def drawn(blobs, seed, *, motion=None, side=40, box_a=130.0, origin=(0.0, 0.0, 0.0), snr=4.0):
    return render(blobs, np.random.default_rng(seed), motion=motion, side=side, box_a=box_a, resolution_a=9.0, snr=snr, origin_xyz_a=origin)


def truth(a, b, motion):
    """Takes B, which was moved before it was drawn, into A's frame."""
    pose_a, pose_b = np.eye(4), np.eye(4)
    pose_a[:3, 3], pose_b[:3, 3] = a.middle_xyz_a, b.middle_xyz_a
    return pose_a @ np.linalg.inv(motion) @ np.linalg.inv(pose_b)


A = drawn(WHOLE, 1, origin=(10.0, -20.0, 5.0))
B = drawn(LESS, 2, motion=MOTION, side=44, box_a=150.0, origin=(-3.0, 8.0, 1.0))


@pytest.fixture(scope="module")
def compared():
    return compare_maps(A, B)


def test_the_transform_takes_the_second_map_into_the_frame_of_the_first(compared):
    expected = truth(A, B, MOTION)
    assert np.allclose(compared.superposition.transform[:3, :3], expected[:3, :3], atol=0.03)
    middle = np.r_[B.middle_xyz_a, 1]
    assert np.allclose(compared.superposition.transform @ middle, expected @ middle, atol=1.5)
    assert compared.difference and not compared.superposition.mirrored and compared.notes == ()


def test_what_was_taken_from_the_second_map_is_the_first_blob_where_it_was(compared):
    blob = compared.difference.blobs[0]
    assert blob.sign == "+"
    assert math.dist(blob.center_a, WHOLE.positions_xyz_a[TAKEN].mean(0) + A.middle_xyz_a) < 5


def test_the_other_way_round_transform_and_sign_are_inverted(compared):
    back = compare_maps(B, A)
    assert np.allclose(back.superposition.transform @ compared.superposition.transform, np.eye(4), atol=1)
    assert np.allclose((back.superposition.transform @ compared.superposition.transform)[:3, :3], np.eye(3), atol=0.03)
    there = compared.superposition.transform @ np.r_[back.difference.blobs[0].center_a, 1]
    assert back.difference.blobs[0].sign == "-"
    assert math.dist(there[:3], compared.difference.blobs[0].center_a) < 4


def test_the_second_map_lies_on_the_grid_of_the_first(compared):
    assert compared.aligned.values.shape == A.shape_zyx
    inside = compared.aligned.covered
    assert 0.5 < inside.mean() <= 1
    assert np.corrcoef(compared.aligned.values[inside], A.values[inside])[0, 1] > 0.6


def test_the_document_has_what_its_readers_expect(compared):
    document = json.loads(json.dumps(compared.as_json()))
    assert set(document) == {
        "transform",
        "mirrored",
        "score",
        "confidence",
        "voxel_size_factor",
        "chimerax",
        "fsc",
        "resolution_a",
        "difference",
        "notes",
    }
    assert np.array(document["transform"]).shape == (4, 4) and document["transform"][3] == [0, 0, 0, 1]
    assert np.linalg.det(np.array(document["transform"])[:3, :3]) == pytest.approx(1, abs=1e-5)
    assert document["chimerax"].startswith("view matrix models #2,") and document["chimerax"].count(",") == 12
    assert document["mirrored"] is False and 0.5 <= document["confidence"] <= 1
    assert {"voxel_size_a", "spatial_frequency_per_a", "correlation", "resolution_a", "masked", "phase_randomised"} <= set(document["fsc"])
    assert document["resolution_a"] == document["fsc"]["resolution_a"] and set(document["resolution_a"]) >= {"0.143", "0.5", "half_bit"}
    assert set(document["difference"]["blobs"][0]) == {"center_a", "volume_a3", "peak_sigma", "sign"}
    peaks = [blob["peak_sigma"] for blob in document["difference"]["blobs"]]
    assert peaks == sorted(peaks, reverse=True)


def test_a_mirror_image_is_recognised_and_has_no_difference():
    mirror = np.diag([1.0, 1.0, -1.0, 1.0])
    found = compare_maps(A, drawn(WHOLE, 3, motion=MOTION @ mirror))
    assert found.superposition.mirrored and found.as_json()["chimerax"] is None
    assert np.linalg.det(found.superposition.transform[:3, :3]) == pytest.approx(-1)
    assert found.difference.blobs == ()


def test_of_unlike_maps_no_difference_is_given_and_the_document_says_so():
    noise = DensityMap(np.random.default_rng(4).standard_normal((32, 32, 32)).astype(np.float32), (3.0,) * 3)
    found = compare_maps(A, noise)
    assert found.superposition.confidence < 0.5 and found.difference is None
    document = found.as_json()
    assert document["difference"]["blobs"] == [] and "not superposed with confidence" in document["difference"]["reason"]
    assert any("not superposed with confidence" in note for note in document["notes"])


def test_with_half_maps_their_noise_and_resolution_judge_the_difference():
    halves_a = drawn(WHOLE, 5, snr=3.0), drawn(WHOLE, 6, snr=3.0)
    halves_b = tuple(drawn(LESS, seed, motion=MOTION, snr=3.0) for seed in (7, 8))
    a, b = (replace(h[0], values=(h[0].values + h[1].values) / 2) for h in (halves_a, halves_b))
    found = compare_maps(a, b, halves_a=halves_a, halves_b=halves_b).difference
    assert found.noise == "half maps"
    assert found.blobs[0].sign == "+"
    with pytest.raises(InvalidInputError, match="half map has 44"):
        compare_maps(A, A, halves_a=(B, B))


def test_the_chain_that_is_missing_is_named(compared):
    chains = {name: WHOLE.positions_xyz_a[kept] + A.middle_xyz_a for name, kept in (("A", ~TAKEN), ("B", TAKEN))}
    found = compare_maps(A, B, superposition=compared.superposition, chains=chains).difference
    assert [c.chain for c in found.chains] == ["B", "A"]
    assert found.chains[0].share_in_blobs > 0.8 > 0.3 > found.chains[1].share_in_blobs


def test_progress_is_told_until_all_is_done(compared):
    told = []
    compare_maps(A, B, superposition=compared.superposition, progress=lambda share, what: told.append((share, what)))
    assert [share for share, _ in told] == sorted(share for share, _ in told) and told[-1][0] == 1
    assert all(what for _, what in told)


def test_large_maps_are_compared_on_fewer_voxels(compared):
    long = DensityMap(np.zeros((8, 8, 2 * LONGEST_SIDE), np.float32), (3.25, 3.25, 130 / (2 * LONGEST_SIDE)))
    long.values[3:5, 3:5, 200:300] = 1
    found = compare_maps(long, A, superposition=compared.superposition)
    assert found.a.shape_zyx == (8, 8, LONGEST_SIDE) and found.aligned.values.shape == found.a.shape_zyx
    assert found.a.size_xyz_a == pytest.approx(long.size_xyz_a)


def test_a_box_far_larger_than_the_other_is_pointed_out(compared):
    scene = replace(A, voxel_size_a=(14.0,) * 3)
    assert any("tomogram" in note for note in compare_maps(scene, A, superposition=compared.superposition).notes)


@pytest.mark.parametrize("factor", [0.94, 1.13])
def test_a_wrong_voxel_size_is_pointed_out_with_the_factor_that_mends_it_and_searched_for_when_asked(factor):
    wrong = scaled(drawn(WHOLE, 2, motion=MOTION, origin=(30.0, 0.0, -9.0)), 1 / factor)
    (note,) = [note for note in compare_maps(A, wrong).notes if "voxel size" in note]
    assert float(note.split("× ")[1].split()[0]) == pytest.approx(factor, rel=0.015)
    found = compare_maps(A, wrong, scale_search=True)
    assert found.voxel_size_factor == pytest.approx(factor, rel=0.01)
    assert found.difference.blobs == ()
    assert not any("voxel size" in note for note in found.notes)
    assert np.abs(np.linalg.det(found.superposition.transform)) == pytest.approx(1)
