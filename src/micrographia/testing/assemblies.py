"""Made-up and real macromolecular complexes with known symmetry: rings, cages, helices, filaments, hinges, globules, atomic models.

A complex is one unit and where its copies lie, so that its members move alike when it changes its conformation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import gemmi
import numpy as np
from scipy.spatial.transform import Rotation

from micrographia.imaging.phantoms import Blobs, Floats, globule, helix

# a blob is about one residue; so many atoms of a model make one
_ATOMS = 5
_SIGMA_A = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Complex:
    """A complex of equal units, each made of domains."""

    name: str
    unit: Blobs
    """The asymmetric unit."""
    domains: np.ndarray
    """Number of the domain (or chain) to which each blob of the unit belongs, shape (n,)."""
    placements: Floats
    """Where the copies of the unit lie: rigid motions, shape (copies, 4, 4), Å."""
    operators: Floats
    """Rotations about the complex's centre that take it into itself, the identity among them, shape (order, 3, 3)."""

    @property
    def blobs(self) -> Blobs:
        """Everything in it; the origin is its centre of mass."""
        copies = [self.unit.rotated(p[:3, :3], p[:3, 3]) for p in self.placements]
        positions = np.concatenate([c.positions_xyz_a for c in copies])
        weights = np.concatenate([c.weights for c in copies])
        centre = np.average(positions, axis=0, weights=weights)
        return Blobs(positions - centre, np.concatenate([c.sigmas_a for c in copies]), weights)

    @property
    def radius_a(self) -> float:
        """Radius of the sphere about its centre that holds it, Å."""
        return self.blobs.radius_a


def globular(seed: int, *, domains: int = 4, radius_a: float = 18.0) -> Complex:
    """Return an asymmetric complex of globular domains joined by helices."""
    unit, labels = _subunit(np.random.default_rng(seed), domains, radius_a)
    return Complex(f"globular-{domains}-{seed}", unit, labels, _motions(np.eye(3)[None]), np.eye(3)[None])


def symmetric(group: str, seed: int, *, radius_a: float | None = None) -> Complex:
    """Return a ring or cage.

    Parameters
    ----------
    group : str
        Point group as Schoenflies writes it: C7, D3, T, O or I.
    seed : int
        Same seed, same complex.
    radius_a : float, Å, optional
        Distance of the units from the centre; by default they touch.
    """
    operators = Rotation.create_group(group).as_matrix()
    rng = np.random.default_rng(seed)
    unit, labels = _subunit(rng, 2, 13.0)
    # units on a sphere or circle take about their own cross-section of it
    far = radius_a or (max(30.0, 6.5 * len(operators)) if group[0] == "C" else 21.0 * np.sqrt(len(operators)))
    place = np.array([1.0, 0.35, 0.0 if group[0] == "C" else 0.55])
    moved = unit.rotated(_turn(rng), far * place / np.linalg.norm(place))
    return Complex(f"{group}-{seed}", moved, labels, _motions(operators), operators)


def helical(seed: int, *, units: int = 18, twist_deg: float = 27.0, rise_a: float = 9.0, radius_a: float = 32.0) -> Complex:
    """Return a stretch of a helix: units on a screw; its ends leave it no symmetry."""
    unit, labels = _subunit(np.random.default_rng(seed), 2, 12.0)
    steps = np.arange(units) - (units - 1) / 2
    turns = Rotation.from_rotvec(np.deg2rad(twist_deg) * steps[:, None] * [0, 0, 1]).as_matrix()
    moved = unit.rotated(np.eye(3), np.array([radius_a, 0.0, 0.0]))
    return Complex(f"helix-{seed}", moved, labels, _motions(turns, rise_a * steps[:, None] * [0, 0, 1]), np.eye(3)[None])


def filament(seed: int, *, units: int = 8) -> Complex:
    """Return a stretch of a filament like actin: two strands, units 27.5 Å and -167° apart."""
    return replace(helical(seed, units=units, twist_deg=-167.0, rise_a=27.5, radius_a=16.0), name=f"filament-{seed}")


def hinge(seed: int, angle_deg: float) -> Complex:
    """Return two unequal domains whose hinge is open by an angle; the same seed gives conformations of one complex."""
    rng = np.random.default_rng(seed)
    first, _ = _subunit(rng, 3, 16.0)
    second, _ = _subunit(rng, 2, 17.0)
    opened = Rotation.from_euler("y", angle_deg, degrees=True).as_matrix()
    arm = second.rotated(opened, opened @ np.array([0.0, 8.0, 38.0]))
    body = first.rotated(np.eye(3), np.array([0.0, 0.0, -26.0]))
    labels = np.repeat([0, 1], [len(body.weights), len(arm.weights)])
    return Complex(f"hinge-{seed}-{angle_deg:g}", _together(body, arm), labels, _motions(np.eye(3)[None]), np.eye(3)[None])


def from_model(path: Path) -> Complex:
    """Return the complex in a PDB or mmCIF file, as its first model lists it: chains are domains; no symmetry is looked for."""
    structure = gemmi.read_structure(str(path))
    structure.remove_waters()
    structure.remove_hydrogens()
    positions, sigmas, weights, labels = [], [], [], []
    for number, chain in enumerate(structure[0]):
        for residue in chain:
            atoms = np.array([a.pos.tolist() for a in residue])
            charges = np.array([a.element.atomic_number * a.occ for a in residue], float)
            for part in range(0, len(atoms), _ATOMS):
                xyz, weight = atoms[part : part + _ATOMS], charges[part : part + _ATOMS]
                if weight.sum() <= 0:
                    continue
                centre = np.average(xyz, axis=0, weights=weight)
                positions.append(centre)
                sigmas.append(np.sqrt(np.average(((xyz - centre) ** 2).mean(axis=1), weights=weight) + 0.5**2))
                weights.append(weight.sum())
                labels.append(number)
    unit = Blobs(np.array(positions), np.array(sigmas), np.array(weights))
    return Complex(path.stem, unit, np.array(labels), _motions(np.eye(3)[None]), np.eye(3)[None])


def parametric(seed: int) -> Iterator[Complex]:
    """Yield sixteen complexes, one of each kind; another seed gives other complexes of the same kinds."""
    for number, group in enumerate(("C2", "C3", "C5", "C7", "D2", "D3", "D5", "T", "O", "I")):
        yield symmetric(group, seed + number)
    yield helical(seed + 20)
    yield filament(seed + 21)
    yield hinge(seed + 22, 20.0)
    yield hinge(seed + 23, 70.0)
    yield globular(seed + 24, domains=3, radius_a=20.0)
    yield globular(seed + 25, domains=6, radius_a=17.0)


def _subunit(rng: np.random.Generator, domains: int, radius_a: float) -> tuple[Blobs, np.ndarray]:
    """Return a subunit about the origin and the domain of each of its blobs: ellipsoids in a bent row, each with a helix on its surface."""
    chains, labels = [], []
    centre = np.zeros(3)
    for number in range(domains):
        size = radius_a * rng.uniform(0.7, 1.2)
        axes = rng.uniform(0.6, 1.3, 3)
        ball = globule(np.zeros(3), size, int(0.02 * size**3), rng) * axes @ _turn(rng).T
        foot = _turn(rng)[0] * size
        rod = helix(foot, foot + _turn(rng)[0] * 1.6 * size, rng)[::2]
        chains.append(np.concatenate([ball, rod]) + centre)
        labels.append(np.full(len(chains[-1]), number))
        centre = centre + _turn(rng)[0] * size * 1.7
    positions = np.concatenate(chains)
    positions -= positions.mean(axis=0)
    blobs = Blobs(positions, np.full(len(positions), _SIGMA_A), rng.uniform(0.7, 1.3, len(positions)))
    return blobs, np.concatenate(labels)


def _motions(rotations: Floats, shifts_xyz_a: Floats | None = None) -> Floats:
    """Return rotations, each followed by its shift, as 4 × 4 matrices."""
    motions = np.tile(np.eye(4), (len(rotations), 1, 1))
    motions[:, :3, :3] = rotations
    if shifts_xyz_a is not None:
        motions[:, :3, 3] = shifts_xyz_a
    return motions


def _together(first: Blobs, second: Blobs) -> Blobs:
    return Blobs(
        np.concatenate([first.positions_xyz_a, second.positions_xyz_a]),
        np.concatenate([first.sigmas_a, second.sigmas_a]),
        np.concatenate([first.weights, second.weights]),
    )


def _turn(rng: np.random.Generator) -> Floats:
    return np.asarray(Rotation.random(random_state=rng).as_matrix())
