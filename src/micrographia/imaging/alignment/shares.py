"""What part of a map's power means something: signal rather than noise, structure rather than the edge of a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.alignment.spectrum import Spectrum

Floats = NDArray[np.float64]

_FREQUENCIES, _DIRECTIONS = 24, 200
# what interpolation and rounding leave in a map far beyond its resolution, of its highest power
_ROUNDING = 1e-6
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Parts of the power of a map that mean something, per spatial frequency."""

    frequency_per_a: Floats
    signal: Floats
    """Not noise, 0 … 1."""
    structure: Floats
    """Not made by the edge of the mask, 0 … 1."""

    def with_other(self, other: Shares, frequency_per_a: Floats) -> tuple[Floats, Floats]:
        """Return the products of the shares of two maps at other frequencies: signal, structure."""
        mine, theirs = (
            [np.interp(frequency_per_a, s.frequency_per_a, values) for values in (s.signal, s.structure)] for s in (self, other)
        )
        return mine[0] * theirs[0], mine[1] * theirs[1]


def shares_of(whole: Spectrum, inside: Spectrum, edge: Spectrum, noise: Spectrum | None, *, finest_per_a: float) -> Shares:
    """Measure the shares of signal and structure.

    Parameters
    ----------
    whole, inside : Spectrum
        Of the map in its mask, and of the same less its mean.
    edge : Spectrum
        Of the mask, as strong as the mean.
    noise : Spectrum, optional
        Of what surrounds the molecule, as strong as noise in as much room as the mask is; None where there is too little to see.
    finest_per_a : float
    """
    frequency = np.linspace(0, finest_per_a, _FREQUENCIES + 1)[1:]
    points = (frequency[:, None, None] * _spread_directions(_DIRECTIONS)).reshape(-1, 3)

    def power(spectrum: Spectrum) -> Floats:
        return np.asarray((np.abs(spectrum.at(points)) ** 2).reshape(_FREQUENCIES, -1).mean(1), np.float64)

    total = power(whole)
    empty = _ROUNDING * total.max() + (power(noise) if noise else 0.0)
    signal, structure = (np.clip(1 - n / np.maximum(t, _TINY), 0, 1) for n, t in ((empty, total), (power(edge), power(inside))))
    return Shares(frequency, signal, structure)


def _spread_directions(count: int) -> Floats:
    """Return directions that cover half a sphere evenly, by the golden angle."""
    z = (np.arange(count) + 0.5) / count
    angle = np.pi * (1 + np.sqrt(5)) * np.arange(count)
    side = np.sqrt(1 - z**2)
    return np.stack([side * np.cos(angle), side * np.sin(angle), z], 1)
