"""Maps whose voxel size is doubted: the scale at which one lies best on another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from micrographia.imaging.alignment.poses import Pose
from micrographia.imaging.alignment.preparation import Prepared, prepare
from micrographia.imaging.alignment.superposition import Superposition, coarse_poses, refined_poses, superpose
from micrographia.imaging.density import DensityMap

# scales tried are this far apart, and this far at most from what the sizes of the molecules say
_STEP = 1.05
_FAR = 1.4
_DETAIL = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class ScaledSuperposition:
    """How B lies on A once the voxel size of B is corrected."""

    scale: float
    """By which the voxel size and origin of B are multiplied."""
    superposition: Superposition
    """Its transform takes positions of the corrected B."""


def superpose_scaled(a: DensityMap, b: DensityMap, *, scales: tuple[float, float] = (0.5, 2.0)) -> ScaledSuperposition:
    """Return the rigid transform and the scale that put B on A: for maps whose voxel size may be wrong.

    Parameters
    ----------
    a, b : DensityMap
    scales : (float, float)
        Lowest and highest factor of B's voxel size.

    Raises
    ------
    InvalidInputError
        A map is constant, or not finite.
    """
    fixed, radius_a = prepare(a), prepare(b).radius_a
    guess = fixed.radius_a / radius_a
    steps = np.arange(np.ceil(np.log(scales[0]) / np.log(_STEP)), np.floor(np.log(scales[1]) / np.log(_STEP)) + 1)
    trials = [s for s in _STEP**steps if 1 / _FAR < s / guess < _FAR] or [float(np.clip(guess, *scales))]
    found = [(coarse_poses(fixed, prepare(scaled(b, s)), count=4)[0], s) for s in trials]
    pose, near = max(found, key=lambda f: f[0].score)

    def misfit(log_scale: float) -> float:
        moving = prepare(scaled(b, float(np.exp(log_scale))))
        return -_refined(fixed, moving, pose).score

    best = minimize_scalar(misfit, bounds=(np.log(near / _STEP), np.log(near * _STEP)), method="bounded", options={"xatol": 1e-3})
    scale = float(np.clip(np.exp(best.x), *scales))
    return ScaledSuperposition(scale, superpose(fixed, scaled(b, scale)))


def scaled(density: DensityMap, scale: float) -> DensityMap:
    """Return a map whose voxel size and origin are multiplied."""
    z, y, x = (v * scale for v in density.voxel_size_a)
    first_x, first_y, first_z = (v * scale for v in density.origin_xyz_a)
    return DensityMap(density.values, (z, y, x), (first_x, first_y, first_z))


def _refined(a: Prepared, b: Prepared, pose: Pose) -> Pose:
    return refined_poses(a, b, [pose], _DETAIL, samples=3000, steps=6)[0]
