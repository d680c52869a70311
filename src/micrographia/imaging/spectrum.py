"""How the power of a map falls with spatial frequency: its rotational average, and the B-factor of the fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from micrographia.imaging.density import Volume
from micrographia.imaging.fourier import Floats, Shells, VoxelSize, shell_sums

# below this the power follows the shape of the particle and its solvent, not its atoms (Rosenthal & Henderson 2003)
GUINIER_FROM_A = 10.0
_FEWEST_SHELLS = 5


@dataclass(frozen=True, slots=True, eq=False)
class PowerSpectrum:
    """Rotationally averaged power of a map."""

    spatial_frequency_per_a: Floats
    """Frequency of each shell, 1/Å."""
    power: Floats
    """Mean power of the samples of each shell, where that of all samples of the map is 1; the zero frequency has none."""

    @property
    def log10_power(self) -> Floats:
        """Decimal logarithm of the power; shell 0 repeats shell 1, and shells without power lie at the lowest of the rest."""
        power = np.append(self.power[1], self.power[1:])
        lowest = power[power > 0].min(initial=1)
        return np.asarray(np.log10(np.maximum(power, lowest)))

    def as_json(self) -> dict[str, Any]:
        """Return the spectrum as a document."""
        return {
            "spatial_frequency_per_a": [round(f, 8) for f in self.spatial_frequency_per_a.tolist()],
            "log10_power": [round(p, 6) for p in self.log10_power.tolist()],
        }


@dataclass(frozen=True, slots=True)
class GuinierFit:
    """The straight line of a Guinier plot, the logarithm of the amplitude over 1/d²."""

    b_factor_a2: float
    """B of the fall exp(−B / 4d²), Å²: positive where a map is blurred, and what sharpening takes off."""
    intercept: float
    """Natural logarithm of the amplitude at 1/d² = 0."""
    coarsest_a: float
    """The fit begins at this detail, Å."""
    finest_a: float
    """It ends at this detail, Å."""
    shell_count: int
    """Shells between the two."""
    correlation: float
    """Of the points with a straight line, −1 … 1: near −1 where the plot is one."""

    def as_json(self) -> dict[str, Any]:
        """Return the fit as a document."""
        return {
            "b_factor_a2": round(self.b_factor_a2, 3),
            "intercept": round(self.intercept, 5),
            "coarsest_a": round(self.coarsest_a, 4),
            "finest_a": round(self.finest_a, 4),
            "shell_count": self.shell_count,
            "correlation": round(self.correlation, 4),
        }


def rotationally_averaged_power(values: Volume, *, voxel_size_a: VoxelSize, shells: Shells = "emdb") -> PowerSpectrum:
    """Return the mean power of a map in each shell of spatial frequency (RAPS).

    Parameters
    ----------
    values : float32 array, shape (z, y, x)
    voxel_size_a : float or (z, y, x), Å
    shells : "emdb" or "nearest"
        Which samples belong to a shell, see `ShellGrid`; "emdb" is how EMDB's validation counts, so that curves lie on each other.

    Raises
    ------
    InvalidInputError
        The array is no volume.

    Notes
    -----
    Source: Spahn, Penczek, Leith & Frank (2000) Structure 8, 937 (rotationally averaged power in 3D); normalised as EMDB's validation
    analysis (Wang et al. 2022, Acta Cryst. D78, 542): mean power of all samples = 1.
    """
    sums = shell_sums(values, values, voxel_size_a=voxel_size_a, shells=shells)
    power = sums.power_1 / sums.samples
    # Parseval: what the power of all samples would be on average
    total = sum(float(np.vdot(plane, plane)) for plane in (np.asarray(v, np.float64) / sums.divisor_1 for v in values))
    return PowerSpectrum(sums.grid.spatial_frequency_per_a, power / (total or 1.0))


def guinier_fit(spectrum: PowerSpectrum, *, resolution_a: float | None = None, coarsest_a: float = GUINIER_FROM_A) -> GuinierFit | None:
    """Return the B-factor with which the amplitudes of a map fall.

    Parameters
    ----------
    spectrum : PowerSpectrum
    resolution_a : float, Å, optional
        The fit ends here: beyond it there is noise. None means the Nyquist frequency.
    coarsest_a : float, Å
        The fit begins here.

    Returns
    -------
    GuinierFit or None
        None where fewer than five shells lie between.

    Notes
    -----
    Source: Rosenthal & Henderson (2003) J. Mol. Biol. 333, 721: ln F = ln F₀ − B / 4d², by least squares with equal weights, F the root of
    the mean power of a shell.
    """
    f = spectrum.spatial_frequency_per_a
    ends = 1 / resolution_a if resolution_a else f[-1]
    used = (f >= 1 / coarsest_a) & (f <= ends) & (spectrum.power > 0)
    if used.sum() < _FEWEST_SHELLS:
        return None
    x, y = f[used] ** 2, 0.5 * np.log(spectrum.power[used])
    slope, intercept = np.polynomial.polynomial.polyfit(x, y, 1)[::-1]
    straight = float(np.corrcoef(x, y)[0, 1]) if np.ptp(y) else 0.0
    return GuinierFit(-4 * float(slope), float(intercept), float(1 / f[used][0]), float(1 / f[used][-1]), int(used.sum()), straight)
