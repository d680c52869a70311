"""Families of complexes with graded likeness: what a search by shape should find, from easy to hard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from micrographia.imaging.phantoms import Blobs, Floats, globule
from micrographia.testing.assemblies import Complex, from_model, parametric

GRADES = ("same", "conformation", "sub-complex", "homologue")
# models of complexes that are large enough to have a shape at 4–15 Å
MODELS = (
    "structures/1igy.cif",
    "structures/2axd.cif",
    "structures/4zxb.cif",
    "structures/ribosome_30S.pdb",
    "project-gemmi_gemmi/1orc.pdb",
)


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A complex and its relatives."""

    reference: Complex
    members: tuple[tuple[str, Complex], ...]
    """Grade and complex; those of grade «same» are the reference."""


def families(seed: int, models: Sequence[Path] = ()) -> Iterator[Family]:
    """Yield a family of seven for each kind of parametric complex and for each atomic model.

    Parameters
    ----------
    seed : int
        Same seed, same families; atomic models are the same for all seeds, their relatives are not.
    models : sequence of Path
        PDB or mmCIF files.
    """
    complexes = [*parametric(seed), *(from_model(path) for path in models)]
    for number, reference in enumerate(complexes):
        rng = np.random.default_rng([seed, number])
        yield Family(
            reference,
            (
                ("same", reference),
                ("conformation", bent(reference, 12.0, rng)),
                ("conformation", bent(reference, 20.0, rng)),
                ("sub-complex", part_of(reference, 0.8, rng)),
                ("sub-complex", part_of(reference, 0.6, rng)),
                ("homologue", homologue(reference, rng)),
            ),
        )


def bent(reference: Complex, angle_deg: float, rng: np.random.Generator) -> Complex:
    """Return another conformation: each unit's halves about a plane through its middle turn against each other by an angle."""
    positions = reference.unit.positions_xyz_a
    centre = positions.mean(axis=0)
    principal = np.linalg.svd(positions - centre, full_matrices=False)[2][0]
    hinge = np.cross(principal, Rotation.random(random_state=rng).as_matrix()[0])
    hinge /= np.linalg.norm(hinge)
    beyond = (positions - centre) @ principal
    # over a few Å the angle rises from 0 to its whole, so that nothing breaks
    share = 1 / (1 + np.exp(-beyond / 4.0))
    turns = Rotation.from_rotvec(np.deg2rad(angle_deg) * share[:, None] * hinge)
    return _with_unit(reference, replace(reference.unit, positions_xyz_a=turns.apply(positions - centre) + centre), f"bent-{angle_deg:g}")


def part_of(reference: Complex, share: float, rng: np.random.Generator) -> Complex:
    """Return a sub-complex with a share of the mass: neighbouring copies of the unit, or neighbouring domains of a lone one."""
    copies = round(share * len(reference.placements))
    if 0 < copies < len(reference.placements):
        middles = reference.placements @ np.append(reference.unit.positions_xyz_a.mean(axis=0), 1.0)
        kept = _nearest(middles[:, :3], copies, rng)
        return replace(reference, placements=reference.placements[kept], operators=np.eye(3)[None], name=f"{reference.name}-part-{share:g}")
    blobs = reference.unit
    count = max(1, round(share * len(blobs.weights)))
    kept = _nearest(blobs.positions_xyz_a, count, rng)
    unit = Blobs(blobs.positions_xyz_a[kept], blobs.sigmas_a[kept], blobs.weights[kept])
    return replace(_with_unit(reference, unit, f"part-{share:g}"), domains=reference.domains[kept])


def homologue(reference: Complex, rng: np.random.Generator, *, displacement_a: float = 3.0) -> Complex:
    """Return a relative: the unit smoothly warped by a few Å, other weights, one small domain more."""
    positions = reference.unit.positions_xyz_a
    waves = rng.standard_normal((6, 3)) / 30.0
    amplitudes = rng.standard_normal((6, 3))
    warp = np.sin(2 * np.pi * (positions @ waves.T + rng.uniform(0, 1, 6))) @ amplitudes
    warped = positions + displacement_a * warp / np.sqrt((warp**2).sum(axis=1).mean())
    mass = reference.unit.weights
    extra = globule(warped[rng.integers(len(warped))], 9.0, max(4, len(warped) // 20), rng)
    unit = Blobs(
        np.concatenate([warped, extra]),
        np.append(reference.unit.sigmas_a, np.full(len(extra), reference.unit.sigmas_a.mean())),
        np.append(mass * rng.uniform(0.8, 1.2, len(mass)), np.full(len(extra), mass.mean())),
    )
    relative = _with_unit(reference, unit, "homologue")
    return replace(relative, domains=np.append(reference.domains, np.full(len(extra), reference.domains.max() + 1)))


def _with_unit(reference: Complex, unit: Blobs, what: str) -> Complex:
    return replace(reference, unit=unit, name=f"{reference.name}-{what}")


def _nearest(positions_xyz_a: Floats, count: int, rng: np.random.Generator) -> np.ndarray:
    start = positions_xyz_a[rng.integers(len(positions_xyz_a))]
    return np.sort(np.argsort(np.linalg.norm(positions_xyz_a - start, axis=1))[:count])
