"""The Fourier transform of a map, read at any spatial frequency: one FFT on a finer grid, then interpolation wherever it is asked."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import finufft
import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.interpolate import CubicSpline

Floats = NDArray[np.float64]
Complex = NDArray[np.complex64]

# of the interpolation, relative; single precision gives no more than 1e-6
_TOLERANCE = 1e-3
_FINER = 2.0


class Spectrum:
    """Fourier transform ``F(k) = Σ v(x) exp(-2πi k·x)`` of a map, and its gradient.

    The second half of a non-uniform FFT of type 2 (Barnett, Magland & af Klinteberg 2019): the first, an FFT on a grid twice as fine,
    is done once for all the frequencies that are asked later.

    Parameters
    ----------
    values : float32 array, shape (z, y, x)
    voxel_size_a : (3,) floats, Å
        Along z, y, x.
    first_xyz_a : (3,) floats, Å
        Position of voxel [0, 0, 0] relative to the point about which phases and gradients are taken; that point should be near the middle.
    """

    def __init__(self, values: NDArray[np.float32], voxel_size_a: Floats, first_xyz_a: Floats) -> None:
        shape = np.array(values.shape)
        grid = [int(fft.next_fast_len(max(16, int(_FINER * n)))) for n in shape]
        middle = shape // 2
        # phases are taken about voxel n // 2 on the grid and carried to the asked point by a factor
        self._offset_xyz_a = first_xyz_a + (middle * voxel_size_a)[::-1]
        axes = [(np.arange(n) - m) * v for n, m, v in zip(shape, middle, voxel_size_a, strict=True)]
        even = np.array(values, np.float32)
        for axis, (n, m, size) in enumerate(zip(shape, middle, grid, strict=True)):
            even /= _along(_kernel_response((np.arange(n) - m) / size).astype(np.float32), axis)
        z, y, x = (_along((a + o).astype(np.float32), i) for i, (a, o) in enumerate(zip(axes, self._offset_xyz_a[::-1], strict=True)))
        self._parts = (even, x, y, z)
        self._grid, self._middle = tuple(grid), tuple(middle)
        self._per_frequency = np.array(grid)[::-1] * voxel_size_a[::-1]
        self._plain = self._transformed(even[None])
        self._with_gradient: Complex | None = None

    def at(self, k_xyz_per_a: Floats) -> Complex:
        """Return the transform at frequencies of shape (n, 3), 1/Å: complex64, shape (n,)."""
        found: Complex = self._interpolated(self._plain, k_xyz_per_a)[0]
        return found

    def gradient_at(self, k_xyz_per_a: Floats) -> Complex:
        """Return the transform and its derivatives by k_x, k_y, k_z at frequencies of shape (n, 3), 1/Å: complex64, shape (4, n)."""
        if self._with_gradient is None:
            even, *positions = self._parts
            self._with_gradient = self._transformed(np.stack([even, *(even * p for p in positions)]))
        found = self._interpolated(self._with_gradient, k_xyz_per_a)
        found[1:] *= np.complex64(-2j * np.pi)
        return found

    def _transformed(self, volumes: NDArray[np.float32]) -> Complex:
        """FFT of (n, z, y, x) volumes on the finer grid, axis by axis, so that lines of padding are not transformed."""
        found = volumes.astype(np.complex64)
        for axis, (size, middle) in enumerate(zip(self._grid, self._middle, strict=True), 1):
            padded = np.zeros((*found.shape[:axis], size, *found.shape[axis + 1 :]), np.complex64)
            before, after = ((slice(None),) * axis + (part,) for part in (slice(middle), slice(middle, None)))
            length = found.shape[axis]
            padded[(slice(None),) * axis + (slice(length - middle),)] = found[after]
            padded[(slice(None),) * axis + (slice(size - middle, None),)] = found[before]
            found = fft.fft(padded, axis=axis, workers=1, overwrite_x=True)
        return found

    def _interpolated(self, grids: Complex, k_xyz_per_a: Floats) -> Complex:
        # position on the periodic grid in radians, grid point 0 at -π
        turns = k_xyz_per_a * self._per_frequency / np.array(self._grid)[::-1] - 0.5
        points = (2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
        plan = _plan(self._grid, len(grids))
        plan.setpts(*np.ascontiguousarray(points.T)[::-1])
        found = plan.execute(np.ascontiguousarray(grids) if len(grids) > 1 else grids[0])
        phase = np.exp((-2j * np.pi) * (k_xyz_per_a @ self._offset_xyz_a)).astype(np.complex64)
        turned: Complex = np.atleast_2d(found) * phase
        return turned


def _plan(grid: tuple[int, ...], count: int) -> Any:
    return finufft.Plan(2, grid, count, eps=_TOLERANCE, isign=-1, dtype="complex64", nthreads=1, spreadinterponly=1, upsampfac=_FINER)


def _kernel_response(turns: Floats) -> Floats:
    """Return what interpolation makes of harmonics of the axis, to divide by, at -½ … ½ turns per grid point."""
    return np.asarray(_measured_response()(np.abs(turns)), np.float64)


@lru_cache(maxsize=1)
def _measured_response() -> CubicSpline:
    # measured with the interpolation itself: waves along one axis, nothing along the others
    size, small = 96, 16
    harmonics = np.arange(size // 2)
    waves = np.exp(2j * np.pi * np.outer(harmonics, np.arange(size)) / size).astype(np.complex64)
    grids = np.ascontiguousarray(np.broadcast_to(waves[:, :, None, None], (len(harmonics), size, small, small)))
    plan = _plan((size, small, small), len(harmonics))
    between = np.linspace(0, 2 * np.pi / size, 8, endpoint=False, dtype=np.float32)
    zero = np.zeros(8, np.float32)
    plan.setpts(between - np.float32(np.pi), zero, zero)
    found = (plan.execute(grids) * np.exp(-1j * np.outer(harmonics, between))).real.mean(1)
    return CubicSpline(harmonics / size, found / np.cbrt(found[0]) ** 2)


def _along(values: NDArray[Any], axis: int) -> NDArray[Any]:
    return values.reshape([-1 if i == axis else 1 for i in range(3)])
