import gemmi
import numpy as np
import pytest

from micrographia.errors import InvalidInputError
from micrographia.formats.coordinates import read_model
from micrographia.formats.density import open_density
from micrographia.imaging.density import DensityMap
from micrographia.imaging.model_map import map_from_model, model_map_fsc

RNG = np.random.default_rng(12)


def model_of(positions, element="C", b_iso=20.0, occupancy=1.0):
    model, chain, residue = gemmi.Model(1), gemmi.Chain("A"), gemmi.Residue()
    residue.name, residue.seqid = "ALA", gemmi.SeqId("1")
    for position in positions:
        atom = gemmi.Atom()
        atom.name, atom.element, atom.b_iso, atom.occ = element, gemmi.Element(element), b_iso, occupancy
        atom.pos = gemmi.Position(*position)
        residue.add_atom(atom)
    chain.add_residue(residue)
    model.add_chain(chain)
    return model


def empty(shape=(24, 28, 32), voxel_size_a=(1.5, 1.5, 1.5), origin=(0.0, 0.0, 0.0)):
    return DensityMap(np.zeros(shape, np.float32), voxel_size_a, origin)


@pytest.mark.parametrize("voxel_size_a", [(1.5, 1.5, 1.5), (3.0, 1.5, 2.0)])
def test_an_atom_lies_where_the_model_says_and_is_as_wide_as_the_resolution(voxel_size_a):
    grid = empty(voxel_size_a=voxel_size_a, origin=(10.0, -20.0, 5.0))
    resolution_a = 5 * max(voxel_size_a)
    at = np.array([10 + 24.3, -20 + 21.1, 5 + 17.7])
    values = map_from_model(model_of([at], b_iso=0), grid, resolution_a=resolution_a).astype(np.float64)
    axes = [o + np.arange(n) * v for o, n, v in zip(grid.origin_xyz_a, grid.shape_zyx[::-1], voxel_size_a[::-1], strict=True)]
    for axis, (positions, expected) in enumerate(zip(axes, at, strict=True)):
        profile = values.sum(axis=tuple(a for a in range(3) if a != 2 - axis))
        centre = np.average(positions, weights=profile)
        assert centre == pytest.approx(expected, abs=0.02)
        deviation = np.sqrt(np.average((positions - centre) ** 2, weights=profile))
        # the blur, 0.225 of the resolution, and the width of a carbon atom itself
        assert deviation == pytest.approx(np.hypot(0.225 * resolution_a, 0.5), abs=0.15)


def test_a_finer_grid_gives_the_same_map_between_its_voxels():
    atoms = RNG.uniform(8, 28, (20, 3))
    coarse = map_from_model(model_of(atoms), empty((24, 24, 24)), resolution_a=9)
    fine = map_from_model(model_of(atoms), empty((48, 48, 48), (0.75, 0.75, 0.75)), resolution_a=9)
    assert np.allclose(coarse, fine[::2, ::2, ::2], atol=0.01 * fine.max())


def test_occupancy_and_element_scale_the_density():
    one = map_from_model(model_of([(15, 15, 15)]), empty(), resolution_a=6)
    half = map_from_model(model_of([(15, 15, 15)], occupancy=0.5), empty(), resolution_a=6)
    zinc = map_from_model(model_of([(15, 15, 15)], "Zn"), empty(), resolution_a=6)
    assert np.allclose(half, one / 2, atol=1e-3 * one.max())
    assert zinc.max() > 2 * one.max()


def test_atoms_outside_the_box_do_not_come_back_on_its_far_side():
    alone = map_from_model(model_of([(15, 15, 15)]), empty(), resolution_a=6)
    both = map_from_model(model_of([(15, 15, 15), (-8, 15, 15)]), empty(), resolution_a=6)
    assert np.array_equal(alone, both)
    with pytest.raises(InvalidInputError, match="No atom of the model lies in the box"):
        map_from_model(model_of([(-8, 15, 15)]), empty(), resolution_a=6)
    with pytest.raises(InvalidInputError, match="resolution"):
        map_from_model(model_of([(15, 15, 15)]), empty(), resolution_a=0)


def test_a_map_of_the_model_agrees_with_it_and_one_of_moved_atoms_only_in_the_coarse():
    atoms = RNG.uniform(12, 30, (150, 3))
    grid = empty((32, 32, 32), (1.3, 1.3, 1.3))
    values = map_from_model(model_of(atoms), grid, resolution_a=4)
    same = model_map_fsc(model_of(atoms), DensityMap(values, grid.voxel_size_a))
    assert same.unmasked.correlation.min() > 0.99
    moved = model_map_fsc(model_of(atoms + RNG.normal(0, 1.5, atoms.shape)), DensityMap(values, grid.voxel_size_a))
    assert 3 < moved.unmasked.resolution_a["0.5"] < 15
    assert moved.as_json()["masked"]["resolution_a"]["0.5"] > 3


def test_emd_6272_agrees_with_its_model_to_near_its_published_resolution(real_data):
    """Rotavirus VP6 at 2.6 Å, Grant & Grigorieff (2015) eLife 4, e06980; the file is a crop around one chain."""
    folder = real_data / "emdb-empiar_3dstrudel"
    found = model_map_fsc(read_model(folder / "6272.pdb")[0], open_density(folder / "6272.mrc"))
    for curve in (found.unmasked, found.masked):
        assert 2.6 < curve.resolution_a["0.143"] < 3.1
        assert 2.6 < curve.resolution_a["0.5"] < 3.5
