"""Fourier shell correlation: down to which detail two maps agree."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.density import Volume
from micrographia.imaging.fourier import Floats, VoxelSize, randomise_phases, shell_sums, voxel_size_zyx_a
from micrographia.imaging.masking import refuse_no_mask

# phases are randomised from where the unmasked curve falls below this (Chen et al. 2013; RELION's default)
RANDOMISED_BELOW = 0.8
# a soft mask mixes neighbouring shells: the correction begins this many shells later (as in RELION)
_MIXED_SHELLS = 2
_SAME = 1 - 1e-5
# a curve that is not above noise within so many shells says nothing; a dip in the first, where samples are few, is no end of it
_FIRST_SHELLS = 5


@dataclass(frozen=True, slots=True, eq=False)
class FscCurve:
    """Correlation of two maps in each shell of spatial frequency."""

    voxel_size_a: tuple[float, float, float]
    """Voxel size along z, y, x, Å."""
    spatial_frequency_per_a: Floats
    """Frequency of each shell, 1/Å; the first is 0, the last the Nyquist frequency."""
    correlation: Floats
    """Correlation in each shell, −1 … 1; that of the first, the mean of the maps, is 1."""
    samples: NDArray[np.int64] = field(repr=False)
    """Fourier samples in each shell, both halves counted."""
    symmetry_order: int = 1
    """Number of asymmetric units in the maps: samples that repeat each other are no evidence."""
    linear_fraction: float = 2 / 3
    """Diameter of the particle / edge of the box: where the particle fills less of its box, neighbouring samples repeat each other."""

    @property
    def thresholds(self) -> dict[str, Floats]:
        """What the correlation is held against, by name, per shell.

        Notes
        -----
        0.143: Rosenthal & Henderson (2003) J. Mol. Biol. 333, 721. Half-bit, one-bit and 3σ: van Heel & Schatz (2005) J. Struct. Biol.
        151, 250, with n = samples / (2 × symmetry) × (3 D / 2 L)² independent samples; the 3σ curve in its form 3 / (√n + 2), which stays
        below 1 in the smallest shells.
        """
        n = np.sqrt(np.maximum(self.samples / (2 * self.symmetry_order) * (1.5 * self.linear_fraction) ** 2, 1))
        return {
            "0.143": np.full(n.size, 0.143),
            "0.5": np.full(n.size, 0.5),
            "half_bit": (0.2071 + 1.9102 / n) / (1.2071 + 0.9102 / n),
            "one_bit": (0.5 + 2.4142 / n) / (1.5 + 1.4142 / n),
            "three_sigma": 3 / (n + 2),
        }

    @property
    def resolution_a(self) -> dict[str, float | None]:
        """Where the curve first falls below each threshold, Å, interpolated between shells.

        None where it never does, or where it does not rise above the threshold and the noise (3 σ) in one of the first five shells.
        """
        return {name: self._crossing_a(threshold) for name, threshold in self.thresholds.items()}

    @property
    def nyquist_a(self) -> float:
        """The finest detail that the voxels can hold, Å."""
        return float(1 / self.spatial_frequency_per_a[-1])

    @property
    def notes(self) -> list[str]:
        """What a reader of the numbers should know, a sentence each."""
        if self.correlation[1:].min() > _SAME:
            return ["The maps are the same apart from scale: their correlation says nothing of resolution."]
        found = []
        if self._first_above(self.thresholds["0.143"]) is None:
            found.append("The maps do not correlate even in the coarsest: they share no structure, or lie differently in their boxes.")
        elif self.resolution_a["0.143"] is None:
            found.append(
                f"The correlation stays above 0.143 up to the Nyquist frequency ({self.nyquist_a:.2f} Å): the voxels are too coarse "
                "for the detail of the maps, or the maps are not independent."
            )
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the curve as a document."""
        z, y, x = self.voxel_size_a
        return {
            "voxel_size_a": x if x == y == z else [z, y, x],
            "spatial_frequency_per_a": [round(f, 8) for f in self.spatial_frequency_per_a.tolist()],
            "correlation": [round(c, 6) for c in self.correlation.tolist()],
            "resolution_a": {name: a and round(a, 4) for name, a in self.resolution_a.items()},
            "notes": self.notes,
        }

    def _first_above(self, threshold: Floats) -> int | None:
        early = slice(1, 1 + _FIRST_SHELLS)
        above = self.correlation[early] >= np.maximum(threshold, self.thresholds["three_sigma"])[early]
        return 1 + int(above.argmax()) if above.any() else None

    def _crossing_a(self, threshold: Floats) -> float | None:
        first = self._first_above(threshold)
        if first is None:
            return None
        above = self.correlation - threshold
        below = np.flatnonzero(above[first:] < 0)
        if not below.size:
            return None
        i = first + int(below[0])
        f = self.spatial_frequency_per_a
        share = above[i - 1] / (above[i - 1] - above[i])
        return float(1 / (f[i - 1] + share * (f[i] - f[i - 1])))


@dataclass(frozen=True, slots=True, eq=False)
class PhaseRandomisedFsc:
    """What of the correlation of masked maps is the mask's."""

    beyond_per_a: float
    """Spatial frequency from which phases were randomised, 1/Å."""
    randomised: FscCurve
    """Correlation of the masked maps with random phases: what the mask alone makes."""
    corrected: FscCurve
    """Correlation of the masked maps without that."""

    def as_json(self) -> dict[str, Any]:
        """Return both curves as a document; `correlation` and `resolution_a` are those of the corrected one."""
        document = self.corrected.as_json()
        return {
            "randomised_beyond_a": round(1 / self.beyond_per_a, 4),
            "randomised_correlation": self.randomised.as_json()["correlation"],
            **{name: document[name] for name in ("correlation", "resolution_a", "notes")},
        }


def fourier_shell_correlation(
    map_1: Volume,
    map_2: Volume,
    *,
    voxel_size_a: VoxelSize,
    mask: Volume | None = None,
    symmetry_order: int = 1,
    linear_fraction: float = 2 / 3,
) -> FscCurve:
    """Return the correlation of two maps per shell of spatial frequency.

    Parameters
    ----------
    map_1, map_2 : float32 array, shape (z, y, x), equal shapes
        For resolution: independent reconstructions of two random halves of the particles.
    voxel_size_a : float or (z, y, x), Å
    mask : float32 array in [0, 1], shape (z, y, x), optional
        Soft mask that both maps are multiplied with.
    symmetry_order : int
        Asymmetric units in the maps (1 for C1, 60 for I); raises the thresholds that count samples.
    linear_fraction : float
        Diameter of the particle / edge of the box.

    Returns
    -------
    FscCurve
        Shells as in `ShellGrid`: n // 2 + 1 of them in a cube of n voxels.

    Raises
    ------
    InvalidInputError
        The boxes differ, or the mask is none.

    Notes
    -----
    Source: Harauz & van Heel (1986) Optik 73, 146. Costs two transforms of real numbers; memory beyond the maps is that of both.
    """
    if mask is not None:
        refuse_no_mask(mask, map_1.shape)
    sums = shell_sums(map_1, map_2, voxel_size_a=voxel_size_a, mask=mask)
    power = np.sqrt(sums.power_1 * sums.power_2)
    correlation = np.divide(sums.cross, power, out=np.zeros_like(power), where=power > 0).clip(-1, 1)
    correlation[0] = 1
    size = voxel_size_zyx_a(voxel_size_a)
    return FscCurve(size, sums.grid.spatial_frequency_per_a, correlation, sums.samples, symmetry_order, linear_fraction)


def phase_randomised_correlation(
    map_1: Volume, map_2: Volume, *, voxel_size_a: VoxelSize, mask: Volume, unmasked: FscCurve, masked: FscCurve, seed: int = 0
) -> PhaseRandomisedFsc | None:
    """Return the correlation of masked maps corrected for what the mask itself correlates.

    Parameters
    ----------
    map_1, map_2, mask : float32 array, shape (z, y, x)
    voxel_size_a : float or (z, y, x), Å
    unmasked, masked : FscCurve
        Of these maps, without and with the mask.
    seed : int
        Of the random phases.

    Returns
    -------
    PhaseRandomisedFsc or None
        None where the unmasked correlation never falls below 0.8: there is nothing to randomise.

    Notes
    -----
    Source: Chen et al. (2013) Ultramicroscopy 135, 24: (FSC_masked − FSC_random) / (1 − FSC_random). Phases are random from the first shell
    in which the unmasked correlation is below 0.8; corrected are the shells from two further on.
    """
    low = np.flatnonzero(unmasked.correlation < RANDOMISED_BELOW)
    if not low.size:
        return None
    first = int(low[0])
    # half a shell earlier: all of the first shell
    beyond = float((first - 0.5) * unmasked.spatial_frequency_per_a[1])
    noise = [randomise_phases(m, beyond_per_a=beyond, voxel_size_a=voxel_size_a, seed=2 * seed + i) for i, m in enumerate((map_1, map_2))]
    randomised = fourier_shell_correlation(*noise, voxel_size_a=voxel_size_a, mask=mask)
    corrected = masked.correlation.copy()
    late = slice(first + _MIXED_SHELLS, None)
    # below zero is chance: no mask makes maps disagree
    random = randomised.correlation[late].clip(0, _SAME)
    corrected[late] = ((corrected[late] - random) / (1 - random)).clip(-1, 1)
    return PhaseRandomisedFsc(beyond, randomised, replace(masked, correlation=corrected))


@dataclass(frozen=True, slots=True, eq=False)
class HalfMapFsc:
    """The correlation of two maps without a mask, with one, and corrected for it."""

    unmasked: FscCurve
    masked: FscCurve | None
    """None where there is no mask."""
    phase_randomised: PhaseRandomisedFsc | None
    """None where there is no mask, the unmasked correlation never falls below 0.8, or one map has no noise."""

    def as_json(self) -> dict[str, Any]:
        """Return the unmasked curve with the others in it."""
        masked = self.masked and {name: self.masked.as_json()[name] for name in ("correlation", "resolution_a", "notes")}
        return {
            **self.unmasked.as_json(),
            "masked": masked,
            "phase_randomised": self.phase_randomised and self.phase_randomised.as_json(),
        }


def half_map_fsc(
    map_1: Volume,
    map_2: Volume,
    *,
    voxel_size_a: VoxelSize,
    mask: Volume | None = None,
    symmetry_order: int = 1,
    linear_fraction: float = 2 / 3,
) -> HalfMapFsc:
    """Return the correlation of two half maps without mask, with it, and corrected for it.

    Parameters
    ----------
    map_1, map_2 : float32 array, shape (z, y, x), equal shapes
    voxel_size_a : float or (z, y, x), Å
    mask : float32 array in [0, 1], shape (z, y, x), optional
    symmetry_order : int
        Asymmetric units in the maps.
    linear_fraction : float
        Diameter of the particle / edge of the box.

    Raises
    ------
    InvalidInputError
        The boxes differ, or the mask is none.
    """
    correlate = partial(
        fourier_shell_correlation, voxel_size_a=voxel_size_a, symmetry_order=symmetry_order, linear_fraction=linear_fraction
    )
    unmasked = correlate(map_1, map_2)
    if mask is None:
        return HalfMapFsc(unmasked, None, None)
    masked = correlate(map_1, map_2, mask=mask)
    corrected = phase_randomised_correlation(map_1, map_2, voxel_size_a=voxel_size_a, mask=mask, unmasked=unmasked, masked=masked)
    return HalfMapFsc(unmasked, masked, corrected)
