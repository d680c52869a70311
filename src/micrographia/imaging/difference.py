"""Where two superposed maps differ: amplitudes made equal, the difference in units of its noise, and blobs that no noise explains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy import ndimage

from micrographia.imaging.blobs import Blob, Move, Point, find_blobs, pair_moves
from micrographia.imaging.density import DensityMap, Volume
from micrographia.imaging.fourier import ShellGrid, fourier_crop, shell_sums
from micrographia.imaging.resampling import Mask, Resampled, background, coarsened, inner_weight

Floats = NDArray[np.float64]

# chance that noise alone makes any blob at all in the whole map
_FALSE_ALARM = 0.01
# maps that hold no noise differ by what interpolation and superposition leave: this part of their density counts as one sigma
_LEAST_SIGMA = 0.03
# density begins at this part of the mean of the highest hundredth of all voxels
_DENSITY = 0.3
# frequencies finer than this many voxels are shaped by interpolation
_FINEST_VOXELS = 2.5
# maps that are filtered to a resolution lie on a grid of so many voxels in it
_VOXELS = 3.0
_ROUNDS = 3
# voxels that differ by more than so many sigma tell nothing of the scale between the maps
_ALIKE = 3.0
# a low-pass falls over this part of its frequency on either side
_FALL = 0.15
# entries a shell in a table of gains
_FINE = 8
_BLUR_VOXELS, _BLUR_SHELLS = 5, 1.5
# of all power: shells with less hold nothing
_LEAST_POWER = 1e-9
# voxels among which the highest hundredth is looked for
_SAMPLES = 1 << 20
# quartile of |z| of normal noise, and its median
_LOWER_QUARTILE, _MEDIAN = 0.31864, 0.67449

NoiseSource = Literal["half maps", "difference inside the density", "difference outside the density", "share of the density"]


@dataclass(frozen=True, slots=True)
class ChainDifference:
    """What the difference says of one chain of a model."""

    chain: str
    """Name of the chain in the model's file."""
    atoms: int
    """Its atoms that lie where both maps reach."""
    mean_sigma: float
    """Mean of the difference at its atoms: positive where the first map has more."""
    share_in_blobs: float
    """Share of its atoms that lie in significant blobs, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Where two maps differ."""

    sigma: DensityMap
    """Difference in units of its noise, in the first map's box, on as many voxels as its resolution needs; positive where the first map has
    more."""
    resolution_a: float
    """To this resolution the maps were compared, Å."""
    noise: NoiseSource
    """What one sigma was measured on."""
    threshold_sigma: float
    """Blobs reach beyond this; noise alone does so in one comparison of a hundred."""
    blobs: tuple[Blob, ...]
    """The strongest first."""
    moves: tuple[Move, ...]
    """What one map has here and the other a little further."""
    chains: tuple[ChainDifference, ...] = ()
    """The most different first."""

    def as_json(self) -> dict[str, Any]:
        """Return all but the map as a document."""
        return {
            "blobs": [
                {
                    "center_a": _rounded(blob.center_a),
                    "volume_a3": round(blob.volume_a3, 1),
                    "peak_sigma": round(blob.peak_sigma, 2),
                    "sign": blob.sign,
                }
                for blob in self.blobs
            ],
            "moves": [
                {
                    "from_a": _rounded(move.start_a),
                    "to_a": _rounded(move.end_a),
                    "vector_a": _rounded(move.vector_a),
                    "distance_a": round(move.distance_a, 2),
                    "blobs": list(move.blobs),
                }
                for move in self.moves
            ],
            "chains": [
                {"chain": c.chain, "atoms": c.atoms, "mean_sigma": round(c.mean_sigma, 2), "share_in_blobs": round(c.share_in_blobs, 3)}
                for c in self.chains
            ],
            "resolution_a": round(self.resolution_a, 3),
            "threshold_sigma": round(self.threshold_sigma, 2),
            "noise_from": self.noise,
        }


def map_difference(
    a: DensityMap,
    b: Resampled,
    *,
    resolution_a: float,
    half_noise: tuple[Volume, Volume] | None = None,
    chains: Mapping[str, Floats] | None = None,
) -> Difference:
    """Return where two maps on one grid differ.

    Parameters
    ----------
    a : DensityMap
    b : Resampled
        The other map on the grid of `a`.
    resolution_a : float, Å
        Both are filtered to it: where their Fourier shell correlation, or that of their half maps, ends.
    half_noise : two float32 arrays, shape (z, y, x), optional
        Half of the difference of the half maps of `a` and of `b`, on the grid of `a`: what their noise is.
    chains : mapping of names to float64 arrays, shape (n, 3), optional
        Positions of the atoms of each chain of a model, Å, (x, y, z) in the frame of `a`.

    Notes
    -----
    Amplitudes are made equal by one factor, then shell by shell of spatial frequency: where both maps have density, and not where they
    were found to differ, so that what is missing in one map does not make the rest of it too strong. One sigma is the largest of what is
    known of the noise: of the half maps where they are given, else of the difference itself, by its lower quartile where both maps have
    density and its median deviation where neither has; and never less than 3 % of the density, for maps without noise. The threshold is
    that of normal noise in as many independent places as the map has resolution elements, at a family-wise error of 1 %.
    """
    resolution_a = max(resolution_a, _FINEST_VOXELS * max(a.voxel_size_a))
    a, b, half_noise = _as_coarse(a, b, half_noise, resolution_a / _VOXELS)
    # the outermost voxels are shaped by what is taken to lie beyond them
    judged = _well_inside(b.covered, 1)
    cover = inner_weight(b.covered)
    one = (a.values - np.float32(background(a.values))) * cover
    two = (b.values - np.float32(background(b.values))) * cover
    grid = ShellGrid.of(a.shape_zyx, a.voxel_size_a)
    low_pass = _low_pass(grid, resolution_a)
    spectra = [scipy.fft.rfftn(v) for v in (one, two)]
    smooth_one, smooth_two = (_filtered(s, grid, low_pass) for s in spectra)
    del cover
    dense = (_dense(smooth_one), _dense(smooth_two))
    threshold = _threshold(float(judged.sum()) * math.prod(a.voxel_size_a), resolution_a)
    alike = dense[0] & dense[1]
    gain = low_pass * (float(np.median(smooth_one[alike] / smooth_two[alike])) if alike.any() else 1.0)
    del smooth_two
    for earlier in range(_ROUNDS):
        if earlier:
            gain = _amplitude_ratio(one, two, a.voxel_size_a, alike) * low_pass
        difference = smooth_one - _filtered(spectra[1], grid, gain)
        noise = None if half_noise is None else _half_noise(half_noise, grid, (low_pass, gain), dense[0] | dense[1])
        sigma, source = _sigma(difference, dense, judged, smooth_one, noise)
        difference /= np.float32(sigma)
        alike &= np.abs(difference) < _ALIKE
    difference[~judged] = 0
    blobs, labels = find_blobs(replace(a, values=difference), threshold_sigma=threshold, least_volume_a3=resolution_a**3 / 4)
    shown = replace(a, values=difference)
    found = tuple(_chain(name, at, shown, labels, judged) for name, at in (chains or {}).items())
    ranked = tuple(sorted(found, key=lambda c: (-c.share_in_blobs, -abs(c.mean_sigma))))
    return Difference(shown, resolution_a, source, threshold, blobs, pair_moves(blobs), ranked)


def _as_coarse(
    a: DensityMap, b: Resampled, half_noise: tuple[Volume, Volume] | None, voxel_a: float
) -> tuple[DensityMap, Resampled, tuple[Volume, Volume] | None]:
    """Put all on a grid with voxels of about that size where theirs are smaller: what is finer is filtered away anyway."""
    z, y, x = (min(n, max(8, 2 * math.ceil(n * v / voxel_a / 2))) for n, v in zip(a.shape_zyx, a.voxel_size_a, strict=True))
    nearest = np.ix_(*(np.arange(m) * n // m for n, m in zip(a.shape_zyx, (z, y, x), strict=True)))
    few = Resampled(fourier_crop(b.values, (z, y, x)), b.covered[nearest])
    noise = half_noise and (fourier_crop(half_noise[0], (z, y, x)), fourier_crop(half_noise[1], (z, y, x)))
    return coarsened(a, (z, y, x)), few, noise


def _rounded(place: Point) -> list[float]:
    return [round(c, 2) for c in place]


def _threshold(volume_a3: float, resolution_a: float) -> float:
    places = max(1.0, volume_a3 / (resolution_a / 2) ** 3)
    return -NormalDist().inv_cdf(_FALSE_ALARM / 2 / places)


def _well_inside(mask: Mask, voxels: int) -> Mask:
    near: Volume = ndimage.uniform_filter(mask.astype(np.float32), 2 * voxels + 1, mode="constant")
    return near > np.float32(0.999)


def _low_pass(grid: ShellGrid, resolution_a: float) -> Floats:
    """Gain of each shell: 1, then half a cosine to 0 about the resolution."""
    reach = grid.spatial_frequency_per_a * resolution_a
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip((reach - 1 + _FALL) / (2 * _FALL), 0, 1)))


def _amplitude_ratio(one: Volume, two: Volume, voxel_size_a: tuple[float, float, float], alike: Mask) -> Floats:
    """Return what the amplitudes of `two` are multiplied with in each shell to be those of `one`, where they show the same."""
    if alike.any():
        weight: Volume = ndimage.uniform_filter(alike.astype(np.float32), _BLUR_VOXELS)
        one, two = one * weight, two * weight
    sums = shell_sums(one, two, voxel_size_a=voxel_size_a)
    power_1, power_2 = (np.maximum(p[1:], _LEAST_POWER * p[1:].sum()) for p in (sums.power_1, sums.power_2))
    ratio = ndimage.gaussian_filter1d(0.5 * np.log(power_1 / power_2), _BLUR_SHELLS, mode="nearest")
    return np.asarray(np.exp(np.r_[ratio[:1], ratio]))


def _filtered(spectrum: NDArray[np.complex64], grid: ShellGrid, gain: Floats) -> Volume:
    """Return the map of a transform whose shells are multiplied with `gain`; nothing is left beyond the last."""
    fine = np.interp(np.arange(_FINE * grid.count) / _FINE, np.arange(grid.count), gain).astype(np.float32)
    table = np.append(fine, np.float32(0))
    depth, _, width = grid.shape_zyx
    z, y, x = ((scipy.fft.fftfreq(n, 1 / n) * s) ** 2 for n, s in zip(grid.shape_zyx, grid.steps_zyx, strict=True))
    plane = (y[:, None] + x[: width // 2 + 1]).astype(np.float32)
    changed = np.empty_like(spectrum)
    for k in range(depth):
        shell = np.minimum(_FINE * np.sqrt(plane + np.float32(z[k])) + 0.5, len(table) - 1).astype(np.int32)
        np.multiply(spectrum[k], table[shell], out=changed[k])
    values: Volume = scipy.fft.irfftn(changed, grid.shape_zyx, overwrite_x=True)
    return values


def _dense(values: Volume) -> Mask:
    some = values.ravel()[:: max(1, values.size // _SAMPLES)]
    high = some[some > np.quantile(some, 0.99)]
    return values > np.float32(_DENSITY * high.mean())


def _sigma(difference: Volume, dense: tuple[Mask, Mask], judged: Mask, density: Volume, noise: float | None) -> tuple[float, NoiseSource]:
    """Return one sigma of the difference, and what it was measured on."""
    both, neither = dense[0] & dense[1] & judged, ~(dense[0] | dense[1]) & judged
    known: dict[NoiseSource, float] = {"share of the density": _LEAST_SIGMA * float(density[dense[0]].mean())}
    if noise is not None:
        known["half maps"] = noise
    else:
        if both.any():
            known["difference inside the density"] = float(np.quantile(np.abs(difference[both]), 0.25)) / _LOWER_QUARTILE
        if neither.any():
            known["difference outside the density"] = float(np.median(np.abs(difference[neither]))) / _MEDIAN
    source = max(known, key=lambda name: known[name])
    return known[source], source


def _half_noise(noise: tuple[Volume, Volume], grid: ShellGrid, gains: tuple[Floats, Floats], where: Mask) -> float:
    """Standard deviation inside the density of the noise of both maps, filtered as they are."""
    filtered = (_filtered(scipy.fft.rfftn(n), grid, gain) for n, gain in zip(noise, gains, strict=True))
    return math.sqrt(sum(float(np.square(n[where]).mean()) for n in filtered))


def _chain(name: str, at_xyz_a: Floats, sigma: DensityMap, labels: NDArray[np.int32], judged: Mask) -> ChainDifference:
    voxels = np.rint((at_xyz_a - sigma.origin_xyz_a)[:, ::-1] / sigma.voxel_size_a).astype(int)
    inside = voxels[((voxels >= 0) & (voxels < sigma.shape_zyx)).all(axis=1)]
    z, y, x = inside[judged[tuple(inside.T)]].T
    if not len(z):
        return ChainDifference(name, 0, 0.0, 0.0)
    return ChainDifference(name, len(z), float(sigma.values[z, y, x].mean()), float((labels[z, y, x] > 0).mean()))
