"""The map that an atomic model predicts, and how far a map agrees with it."""

from __future__ import annotations

import math

import gemmi
import numpy as np

from micrographia.errors import InvalidInputError
from micrographia.imaging.density import DensityMap, Volume
from micrographia.imaging.fourier import fourier_crop
from micrographia.imaging.fsc import HalfMapFsc, fourier_shell_correlation
from micrographia.imaging.masking import soft_mask

# standard deviation of the blur of a map of resolution d: d times this; its transform has fallen to 1/e at 1/d (as ChimeraX's molmap)
_BLUR = 1 / (math.pi * math.sqrt(2))
# samples per resolution on the grid on which atoms are drawn: what folds back is below a thousandth
_SAMPLES = 4
_FINEST_SIDE = 1024
# Å²: beyond it an atom is smeared over more than 7 Å, which no experiment says of it
_HIGHEST_B = 1000.0


def map_from_model(model: gemmi.Model, like: DensityMap, *, resolution_a: float) -> Volume:
    """Return the electrostatic potential of an atomic model on the grid of a map, blurred to a resolution.

    Parameters
    ----------
    model : gemmi.Model
        Positions in the frame of the map, Å. Atoms outside its box are left out; displacement factors are taken into account.
    like : DensityMap
        Whose grid and place it gets; its values do not matter.
    resolution_a : float, Å
        Where the transform of the blur has fallen to 1/e. No finer than twice the voxel size.

    Returns
    -------
    float32 array, shape (z, y, x)
        In units of its own.

    Raises
    ------
    InvalidInputError
        The resolution is not positive, or no atom lies in the box.

    Notes
    -----
    Electron scattering factors: Peng, Ren, Dudarev & Whelan (1996) Acta Cryst. A52, 257, as sums of four Gaussians, drawn on a grid of at
    least four samples a resolution and cropped to the map's in Fourier space, so that nothing is folded back.
    """
    if not (math.isfinite(resolution_a) and resolution_a > 0):
        raise InvalidInputError(f"A resolution of {resolution_a} Å was given; expected a positive number.")
    resolution_a = max(resolution_a, 2 * max(like.voxel_size_a))
    calculator = gemmi.DensityCalculatorE()
    calculator.grid.set_unit_cell(gemmi.UnitCell(*like.size_xyz_a, 90, 90, 90))
    calculator.grid.spacegroup = gemmi.SpaceGroup("P 1")
    finer = [_finer(n, v, resolution_a) for n, v in zip(like.shape_zyx, like.voxel_size_a, strict=True)]
    calculator.grid.set_size(*reversed(finer))
    calculator.blur = 8 * math.pi**2 * (_BLUR * resolution_a) ** 2
    inside = _inside(model, like)
    if not inside.count_atom_sites():
        raise InvalidInputError("No atom of the model lies in the box of the map: they are of different frames, or of different things.")
    calculator.add_model_density_to_grid(inside)
    potential = np.ascontiguousarray(np.array(calculator.grid, copy=False).T, np.float32)
    return fourier_crop(potential, like.shape_zyx)


def model_map_fsc(model: gemmi.Model, density: DensityMap, *, mask: Volume | None = None) -> HalfMapFsc:
    """Return the correlation of a map with the map that a model predicts, without a mask and with one.

    Parameters
    ----------
    model : gemmi.Model
        Positions in the frame of the map, Å.
    density : DensityMap
    mask : float32 array in [0, 1], shape (z, y, x), optional
        None means one around the model, if that leaves some of the box.

    Raises
    ------
    InvalidInputError
        No atom lies in the box of the map, or the mask is none.

    Notes
    -----
    0.5 is the threshold to read: one of both maps has no noise, Rosenthal & Henderson (2003) J. Mol. Biol. 333, 721.
    """
    predicted = map_from_model(model, density, resolution_a=2 * max(density.voxel_size_a))
    if mask is None:
        mask = soft_mask(predicted, predicted, voxel_size_a=density.voxel_size_a)
    unmasked = fourier_shell_correlation(density.values, predicted, voxel_size_a=density.voxel_size_a)
    if mask is None:
        return HalfMapFsc(unmasked, None, None)
    masked = fourier_shell_correlation(density.values, predicted, voxel_size_a=density.voxel_size_a, mask=mask)
    return HalfMapFsc(unmasked, masked, None)


def _finer(side: int, voxel_size_a: float, resolution_a: float) -> int:
    factor = math.ceil(_SAMPLES * voxel_size_a / resolution_a - 1e-6)
    return side * max(1, min(factor, _FINEST_SIDE // side))


def _inside(model: gemmi.Model, like: DensityMap) -> gemmi.Model:
    """Return the atoms in the box, in its frame; a grid is periodic, so others would come back on its far side."""
    origin, size = np.array(like.origin_xyz_a), np.array(like.size_xyz_a)
    kept = model.clone()
    for chain in kept:
        for residue in chain:
            for index in reversed(range(len(residue))):
                atom = residue[index]
                position = np.array(atom.pos.tolist()) - origin
                if not ((position >= 0) & (position < size)).all() or atom.element.atomic_number == 0:
                    del residue[index]
                    continue
                atom.pos = gemmi.Position(*position)
                atom.b_iso = min(max(atom.b_iso, 0.0), _HIGHEST_B)
                atom.aniso = gemmi.SMat33f(0, 0, 0, 0, 0, 0)
    return kept
