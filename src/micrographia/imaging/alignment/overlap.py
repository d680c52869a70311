"""Two maps compared only where both have density: a part against the whole, a complex that lacks or gained a subunit, a cut-out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micrographia.imaging.alignment.poses import Pose
from micrographia.imaging.alignment.preparation import Prepared
from micrographia.imaging.alignment.spectrum import Spectrum

Volume = NDArray[np.float32]

# a map that is covered less than this by the other has something of its own
_COVERED = 0.93


def shared_spectra(a: Prepared, b: Prepared, pose: Pose) -> tuple[Spectrum, Spectrum, float]:
    """Return the transforms of both for a comparison in a pose, and the volume they share there, Å³.

    Both lose their mean, so that no common outline passes for common structure. The map with more density that the other lacks is cut to
    the other; the other is left whole, so that what it has alone still counts against the pose.
    """
    on_a = _mask_on(a, b, pose.turn, pose.shift_a)
    shared_a3 = float((a.mask * on_a).sum() * a.voxel_size_a.prod())
    share_a, share_b = (shared_a3 / float(m.mask.sum() * m.voxel_size_a.prod()) for m in (a, b))
    if min(share_a, share_b) > _COVERED:
        return a.inside, b.inside, shared_a3
    if share_a <= share_b:
        return a.inside_mask(on_a), b.inside, shared_a3
    return a.inside, b.inside_mask(_mask_on(b, a, pose.turn.T, -pose.turn.T @ pose.shift_a)), shared_a3


def _mask_on(onto: Prepared, other: Prepared, turn: NDArray[np.float64], shift_a: NDArray[np.float64]) -> Volume:
    """Sample the mask of `other` on the grid of `onto`; a position in `other` lies at ``turn @ y + shift_a`` in `onto`."""
    support = other.support
    # (x, y, z) on the outside, arrays (z, y, x) on the inside
    reverse = turn.T[::-1, ::-1]
    first = turn.T @ (onto.first_xyz_a - shift_a) + support.centers_xyz_a[0]
    matrix = reverse * onto.voxel_size_a / support.voxel_size_a[:, None]
    found: Volume = ndimage.affine_transform(
        support.mask, matrix, first[::-1] / support.voxel_size_a, onto.mask.shape, order=1, mode="constant"
    )
    return found
