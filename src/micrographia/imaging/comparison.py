"""Two maps compared: superposed, brought onto one grid, correlated shell by shell, and subtracted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.alignment import Superposition, superpose
from micrographia.imaging.density import DensityMap, Volume, box_text, refuse_different_grids
from micrographia.imaging.difference import Difference, map_difference
from micrographia.imaging.fsc import HalfMapFsc, fourier_shell_correlation, half_map_fsc
from micrographia.imaging.masking import soft_mask
from micrographia.imaging.resampling import Resampled, background, coarsened, inner_weight, resample
from micrographia.imaging.scale_search import MOST_STEP, scaled, search_scale, size_ratio

LONGEST_SIDE = 256
"""Larger maps are compared on coarser grids: voxels along the longest side."""
CONFIDENT = 0.5
"""Below this the maps are not said to show the same thing, and no difference is given."""

Floats = NDArray[np.float64]
Halves = tuple[DensityMap, DensityMap]
Progress = Callable[[float, str], None]

# a box so many times the other's edge is searched for something far smaller than itself
_FAR_LARGER = 4.0
# sizes that differ by less may be those of two conformations
_SAME_SIZE = 0.01
_BETTER = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What two maps have in common, and in what they differ."""

    superposition: Superposition
    a: DensityMap
    """The first map as it was compared: where it is large, on fewer voxels."""
    aligned: Resampled
    """The second map on that grid."""
    fsc: HalfMapFsc
    """Where both reach: without a mask, and with one around the density that both have."""
    difference: Difference | None
    """None where the superposition is not sure."""
    voxel_size_factor: float
    """The voxels of the second map were taken to be so many times as large as it says; not 1 only where their size was searched for."""
    notes: tuple[str, ...]
    """What a reader of the numbers should know, a sentence each."""

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as a document."""
        fsc = self.fsc.as_json()
        return {
            "transform": [[round(v, 8) for v in row] for row in self.superposition.transform.tolist()],
            "mirrored": self.superposition.mirrored,
            "score": round(self.superposition.score, 4),
            "confidence": round(self.superposition.confidence, 4),
            "voxel_size_factor": round(self.voxel_size_factor, 4),
            "chimerax": self._chimerax(),
            "fsc": fsc,
            "resolution_a": fsc["resolution_a"],
            "difference": self.difference.as_json() if self.difference else {"blobs": [], "reason": _NO_DIFFERENCE},
            "notes": list(self.notes),
        }

    def _chimerax(self) -> str | None:
        """Return what puts the second model of ChimeraX on the first; None where that takes a mirror or a scale, which it has not."""
        if self.superposition.mirrored or self.voxel_size_factor != 1:
            return None
        return f"view matrix models #2,{','.join(f'{v:.6g}' for row in self.superposition.transform[:3] for v in row)}"


_NO_DIFFERENCE = "The maps were not superposed with confidence, so that their difference would say nothing."


def compare_maps(
    a: DensityMap,
    b: DensityMap,
    *,
    superposition: Superposition | None = None,
    halves_a: Halves | None = None,
    halves_b: Halves | None = None,
    chains: Mapping[str, Floats] | None = None,
    scale_search: bool = False,
    progress: Progress = lambda share, stage: None,
) -> Comparison:
    """Superpose B on A with no starting guess, correlate them where both reach, and find where they differ.

    Parameters
    ----------
    a, b : DensityMap
        Of any box and voxel size.
    superposition : Superposition, optional
        Of `b` on `a`, where it is known already.
    halves_a, halves_b : two DensityMaps each, optional
        Half maps in the boxes of `a` and `b`. With both, differences are judged by their noise and to the resolution that they support.
    chains : mapping of names to float64 arrays, shape (n, 3), optional
        Positions of the atoms of each chain of a model, Å, (x, y, z) in the frame of `a`.
    scale_search : bool
        Take the voxel size of `b` for wrong, and search for the one with which it fits, between 0.8 and 1.25 times as large.
    progress : function, optional
        Is told the share that is done, 0 to 1, and what is done now.

    Raises
    ------
    InvalidInputError
        A map is constant or not finite, or half maps have another box than their map.

    Notes
    -----
    Maps with more than 256 voxels along a side are compared on grids cropped to that in Fourier space, so that memory stays bounded.
    """
    halves = [halves and _half_noise(m, *halves) for m, halves in ((a, halves_a), (b, halves_b))]
    supported = [halves and _supported_a(*halves) for halves in (halves_a, halves_b)]
    given, (a, b) = (a, b), (_bounded(a), _bounded(b))
    notes = _doubts(given, (a, b))
    factor = 1.0
    if superposition is None:
        progress(0.0, "searching for the voxel size" if scale_search else "superposing")
        factor, superposition = search_scale(a, b, thorough=True) if scale_search else (1.0, superpose(a, b))
        b = scaled(b, factor)
    progress(0.5, "bringing both onto one grid")
    aligned = resample(b, a, superposition.transform)
    progress(0.7, "correlating")
    fsc = _correlation(a, aligned)
    difference = None
    if superposition.confidence >= CONFIDENT:
        progress(0.8, "subtracting")
        noise_a, noise_b = halves[0], halves[1] and scaled(halves[1], factor)
        noise = (_bounded(noise_a).values, resample(_bounded(noise_b), a, superposition.transform).values) if noise_a and noise_b else None
        known = [r for r in supported if r] if noise else []
        difference = map_difference(a, aligned, resolution_a=max(known, default=_agreed_a(fsc)), half_noise=noise, chains=chains)
    else:
        notes += (f"The two maps were not superposed with confidence ({superposition.confidence:.2f}); they may show unlike things.",)
    if not scale_search:
        notes += _doubts_of_size(a, b, superposition)
    progress(1.0, "done")
    return Comparison(superposition, a, aligned, fsc, difference, factor, notes)


def _bounded(density: DensityMap) -> DensityMap:
    factor = LONGEST_SIDE / max(density.shape_zyx)
    if factor >= 1:
        return density
    z, y, x = (max(8, round(n * factor)) for n in density.shape_zyx)
    return coarsened(density, (z, y, x))


def _doubts(given: tuple[DensityMap, DensityMap], compared: tuple[DensityMap, DensityMap]) -> tuple[str, ...]:
    """What was done to two maps before they were compared, and what is odd about them."""
    found = []
    for which, density, few in zip(("first", "second"), given, compared, strict=True):
        whole = density.cropped_from_zyx or density.shape_zyx
        if few.shape_zyx != whole:
            size = max(few.voxel_size_a)
            found.append(f"The {which} map, {box_text(whole)} voxels, was compared on {box_text(few.shape_zyx)} of {size:.3g} Å.")
    short, long = sorted(max(m.size_xyz_a) for m in given)
    if long > _FAR_LARGER * short:
        found.append(
            f"One box is {long:.0f} Å long, the other {short:.0f} Å: one may hold many things, as a tomogram does, or be scaled wrongly."
        )
    return tuple(found)


def _doubts_of_size(a: DensityMap, b: DensityMap, superposition: Superposition) -> tuple[str, ...]:
    """Say with which voxel size the second map would fit better, where it would."""
    is_sure = superposition.confidence >= CONFIDENT
    factor = size_ratio(a, b, superposition.transform) if is_sure else 1 + MOST_STEP
    if abs(factor - 1) < _SAME_SIZE:
        return ()
    # a part that is missing may look like another size: only what agrees better is one
    factor, found = search_scale(a, b) if abs(factor - 1) > 0.9 * MOST_STEP else (factor, superpose(a, scaled(b, factor)))
    if abs(factor - 1) < _SAME_SIZE or found.confidence < CONFIDENT or found.score < superposition.score + _BETTER:
        return ()
    what = "they would agree better" if is_sure else "they agree"
    return (f"With the voxel size of the second map × {factor:.3g} {what}: correct its header, or search for the scale.",)


def _half_noise(density: DensityMap, half_1: DensityMap, half_2: DensityMap) -> DensityMap:
    """Half of the difference of two half maps: noise as strong as that of their mean."""
    for half in (half_1, half_2):
        refuse_different_grids(density, half, ("The map", "its half map"))
    noise: Volume = (half_1.values - half_2.values) / np.float32(2)
    return DensityMap(noise, density.voxel_size_a, density.origin_xyz_a)


def _supported_a(half_1: DensityMap, half_2: DensityMap) -> float:
    curve = fourier_shell_correlation(half_1.values, half_2.values, voxel_size_a=half_1.voxel_size_a)
    return curve.resolution_a["0.143"] or curve.nyquist_a


def _correlation(a: DensityMap, aligned: Resampled) -> HalfMapFsc:
    """Correlate where both reach, each without its background, so that no border correlates."""
    weight = inner_weight(aligned.covered)
    one, two = ((m - np.float32(background(m))) * weight for m in (a.values, aligned.values))
    mask = soft_mask(one, two, voxel_size_a=a.voxel_size_a)
    return half_map_fsc(one, two, voxel_size_a=a.voxel_size_a, mask=mask)


def _agreed_a(fsc: HalfMapFsc) -> float:
    """Detail down to which the maps agree, Å."""
    curve = fsc.masked or fsc.unmasked
    return curve.resolution_a["0.143"] or curve.nyquist_a
