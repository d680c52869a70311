"""The point group of a map is found wherever its axes lie, and none is found where there is none.

Phantoms have exact symmetry, so that only noise and sampling take from a score of 1; what has none must stay below the 0.8 that decides.
"""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from micrographia.errors import InvalidInputError
from micrographia.imaging.density import DensityMap
from micrographia.imaging.symmetry import map_symmetry
from micrographia.testing.assemblies import globular, helical, hinge, symmetric
from micrographia.testing.map_pairs import render

SIDE = 48


def shown(complex_, *, snr=1.0, seed=1, mirrored=False):
    """A map of a complex, turned and off the middle of its box; and its motion."""
    rng = np.random.default_rng(seed)
    motion = np.eye(4)
    motion[:3, :3] = Rotation.random(random_state=rng).as_matrix() @ np.diag([-1.0 if mirrored else 1.0, 1, 1])
    motion[:3, 3] = rng.uniform(-0.1, 0.1, 3) * complex_.radius_a
    box_a = 2.4 * complex_.radius_a
    return render(complex_.blobs, rng, motion=motion, side=SIDE, box_a=box_a, resolution_a=10, snr=snr, origin_xyz_a=(-40, 7, 90)), motion


FOLDS = {"C3": [3], "C7": [7], "D2": [2, 2, 2], "T": [3] * 4 + [2] * 3, "O": [4] * 3 + [3] * 4 + [2] * 6}


@pytest.mark.parametrize("group", list(FOLDS))
def test_the_group_is_found_in_any_orientation(group):
    complex_ = symmetric(group, seed=21)
    density, motion = shown(complex_)
    found = map_symmetry(density)
    assert (found.group, [a.fold for a in found.axes]) == (group, FOLDS[group])
    assert found.score > 0.9 and found.confidence > 0.8
    # every operator is one of the truth, turned as the complex was: to 3 degrees at a detail of a tenth of the diameter
    true = np.einsum("ij,njk,lk->nil", motion[:3, :3], complex_.operators, motion[:3, :3])
    off = [np.rad2deg(Rotation.from_matrix(true @ operator.T).magnitude()).min() for operator in found.operators]
    assert max(off) < 3


def test_icosahedra_have_sixty_operators():
    assert map_symmetry(shown(symmetric("I", seed=3), snr=0.3)[0]).group == "I"


def test_the_axes_pass_through_the_centre():
    density, motion = shown(symmetric("D3", seed=5))
    centre = density.middle_xyz_a + motion[:3, 3]
    assert np.linalg.norm(np.subtract(map_symmetry(density).centre_xyz_a, centre)) < density.voxel_size_a[0]


@pytest.mark.parametrize("complex_", [globular(3), hinge(7, 20.0), helical(5)], ids=lambda c: c.name)
def test_what_has_no_symmetry_gets_none(complex_):
    found = map_symmetry(shown(complex_)[0])
    assert (found.group, found.order, found.axes) == ("C1", 1, ())


def test_noise_has_no_symmetry():
    noise = np.random.default_rng(7).standard_normal((SIDE,) * 3).astype(np.float32)
    assert map_symmetry(DensityMap(noise, (2.0,) * 3)).group == "C1"


@pytest.mark.parametrize("body", ["ball", "spindle", "disc"])
def test_round_bodies_have_no_point_group(body):
    z, y, x = np.indices((SIDE,) * 3) - SIDE / 2
    outside = {
        "ball": np.sqrt(x * x + y * y + z * z) - 15,
        "spindle": np.sqrt(x * x / 4 + y * y + z * z) - 9,
        "disc": np.maximum(np.sqrt(x * x + y * y) - 16, abs(z) - 5),
    }[body]
    smooth = np.clip(0.5 - outside / 4, 0, 1).astype(np.float32)
    found = map_symmetry(DensityMap(smooth, (3.0,) * 3))
    assert (found.group, found.confidence, found.mirror_asymmetry) == (None, 0, None)


def test_a_map_and_its_mirror_image_differ_as_far_as_it_is_chiral():
    chiral, other = (map_symmetry(shown(symmetric("C3", seed=21), mirrored=m)[0]) for m in (False, True))
    assert chiral.mirror_asymmetry > 0.3 and abs(chiral.mirror_asymmetry - other.mirror_asymmetry) < 0.1
    z, y, x = np.indices((SIDE,) * 3) - SIDE / 2
    brick = ((abs(x) < 8) & (abs(y) < 12) & (abs(z) < 16)).astype(np.float32)
    found = map_symmetry(DensityMap(brick, (2.0,) * 3))
    assert found.group == "D2" and found.mirror_asymmetry < 0.05


def test_the_document_has_plain_numbers():
    said = map_symmetry(shown(symmetric("C3", seed=21))[0]).as_json()
    assert (
        said["group"] == "C3"
        and said["axes"][0]["fold"] == 3
        and np.isclose(np.linalg.norm(said["axes"][0]["direction_xyz"]), 1, atol=1e-3)
    )


def test_a_constant_map_is_refused():
    with pytest.raises(InvalidInputError, match="constant"):
        map_symmetry(DensityMap(np.zeros((16,) * 3, np.float32), (2.0,) * 3))


def test_detail_that_holds_noise_alone_is_not_looked_at():
    density, _ = shown(symmetric("C4", seed=21), snr=0.02)
    diameter_a = density.size_xyz_a[0] / 1.2
    seen = map_symmetry(density, resolution_a=diameter_a / 4)
    assert seen.group == "C4" and seen.resolution_a == pytest.approx(diameter_a / 4)
    blinded = map_symmetry(density)
    assert blinded.group != "C4" and blinded.confidence < 0.8
