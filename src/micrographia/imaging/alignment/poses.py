"""Poses of one map in the frame of another: search of the shift for many rotations at once, and refinement of all six numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.spatial.transform import Rotation

from micrographia.imaging.alignment.spectrum import Spectrum

Floats = NDArray[np.float64]

_BINS = 20
_LARGEST_TURN = np.deg2rad(8.0)


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """``x = turn @ y + shift``: y in B, x in A, each relative to its map's centre, Å."""

    turn: Floats
    """(3, 3), orthogonal; determinant −1 where B is mirrored."""
    shift_a: Floats
    """(3,)"""
    score: float = 0.0

    @property
    def mirrored(self) -> bool:
        """Whether B is mirrored."""
        return bool(np.linalg.det(self.turn) < 0)


class ShiftSearch:
    """Phase correlation of B, turned in many ways, with A, on a coarse grid.

    Parameters
    ----------
    a, b : Spectrum
    width_a : float
        Shifts within ± half of this are told apart, Å.
    finest_per_a : float
    """

    def __init__(self, a: Spectrum, b: Spectrum, *, width_a: float, finest_per_a: float) -> None:
        half = max(4, int(np.ceil(width_a * finest_per_a)))
        self._side = int(fft.next_fast_len(2 * half + 2, real=True))
        self._step_a = width_a / self._side
        index = np.arange(-half, half + 1)
        z, y, x = np.meshgrid(index, index, index[index >= 0], indexing="ij")
        length = np.sqrt(z**2 + y**2 + x**2) / width_a
        used = (length <= finest_per_a) & (length * width_a >= 1)
        self._at = tuple(i[used] % self._side for i in (z, y, x))
        self._k = np.stack([x[used], y[used], z[used]], 1) / width_a
        self._bin = np.rint(length[used] * width_a).astype(int)
        self._count = np.maximum(np.bincount(self._bin), 1)
        self._b = b
        whitened = a.at(self._k)
        self._a = self._whitened(whitened[None])[0]
        # an octant counts as often as it stands for others in a real transform
        self._weight = np.where(self._at[2] == 0, 1.0, 2.0).sum()

    def _whitened(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        power = np.stack([np.bincount(self._bin, s, len(self._count)) for s in np.abs(samples) ** 2]).astype(
            np.float32
        ) / self._count.astype(np.float32)
        amplitude = np.sqrt(np.maximum(power, np.finfo(np.float32).tiny))
        whitened: NDArray[np.complex64] = samples / amplitude.astype(np.float32)[:, self._bin]
        return whitened

    def best(self, turns: Floats) -> tuple[Floats, Floats]:
        """Return the best shift for each of (n, 3, 3) turns, Å, shape (n, 3), and its correlation, shape (n,)."""
        count = len(turns)
        q = np.einsum("ki,nij->nkj", self._k, turns).reshape(-1, 3)
        samples = self._whitened(self._b.at(q).reshape(count, -1))
        grid = np.zeros((count, self._side, self._side, self._side // 2 + 1), np.complex64)
        grid[(slice(None), *self._at)] = self._a * samples.conj()
        correlation = fft.irfftn(grid, (self._side,) * 3, axes=(1, 2, 3), workers=1).reshape(count, -1)
        peak = correlation.argmax(1)
        index = np.stack(np.unravel_index(peak, (self._side,) * 3), 1)[:, ::-1]
        shift = np.where(index > self._side // 2, index - self._side, index) * self._step_a
        values = correlation[np.arange(count), peak] * (self._side**3 / self._weight)
        return shift.astype(np.float64), values.astype(np.float64)


class Refinement:
    """Gauss–Newton on a fixed sample of Fourier space, weighted by how well each shell agrees.

    Parameters
    ----------
    a, b : Spectrum
    band_per_a : (float, float)
        Spatial frequencies used, 1/Å.
    samples : int
    """

    def __init__(self, a: Spectrum, b: Spectrum, *, band_per_a: tuple[float, float], samples: int) -> None:
        low, high = band_per_a
        random = np.random.default_rng(1905)
        # uniform in the volume of the half ball; the other half holds the same numbers
        length = np.cbrt(np.linspace(low**3, high**3, samples))
        directions = random.standard_normal((samples, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self._k = length[:, None] * directions
        self._bin = np.minimum(((length - low) / (high - low) * _BINS).astype(int), _BINS - 1)
        self._count = np.maximum(np.bincount(self._bin, minlength=_BINS), 1)
        self.frequency_per_a = low + (np.arange(_BINS) + 0.5) * (high - low) / _BINS
        self._a = self._whitened(a.at(self._k))[0]
        self._b = b

    def _whitened(self, samples: NDArray[np.complex64]) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
        power = np.bincount(self._bin, np.abs(samples) ** 2, _BINS) / self._count
        factor = (1 / np.sqrt(np.maximum(power, np.finfo(np.float32).tiny)))[self._bin].astype(np.float32)
        return samples * factor, factor

    def correlation(self, pose: Pose) -> Floats:
        """Fourier shell correlation of A with B in its pose, per bin of `frequency_per_a`."""
        q = self._k @ pose.turn
        turned = self._whitened(self._b.at(q) * np.exp(-2j * np.pi * (self._k @ pose.shift_a)).astype(np.complex64))[0]
        return self._agreement(turned)

    def _agreement(self, turned: NDArray[np.complex64]) -> Floats:
        return np.bincount(self._bin, (self._a * turned.conj()).real, _BINS) / self._count

    def information(self, agreement: Floats) -> float:
        """Nats per sample that A tells of B, were both Gaussian: it adds over shells, and shells of noise add nothing."""
        bounded = np.clip(agreement, -0.99, 0.99)
        nats = -0.5 * np.log1p(-(bounded**2)) * np.sign(bounded)
        return float((nats * self._count).sum() / self._count.sum())

    def refined(self, pose: Pose, *, steps: int, tolerance_deg: float = 0.01) -> Pose:
        """Return the best pose that is met on the way downhill from `pose`, with its information as score."""
        best = Pose(pose.turn, pose.shift_a, -np.inf)
        for _ in range(steps):
            change, score = self._step(pose)
            if score >= best.score:  # where all shells agree, nothing is left to tell steps apart: the last is nearest
                best = Pose(pose.turn, pose.shift_a, score)
            elif score < best.score - 0.02:
                break
            turn = float(np.linalg.norm(change[:3]))
            if turn > _LARGEST_TURN:
                change *= _LARGEST_TURN / turn
            pose = Pose(Rotation.from_rotvec(change[:3]).as_matrix() @ pose.turn, pose.shift_a + change[3:])
            if turn < np.deg2rad(tolerance_deg):
                break
        score = self.information(self.correlation(pose))
        return Pose(pose.turn, pose.shift_a, score) if score >= best.score else best

    def _step(self, pose: Pose) -> tuple[Floats, float]:
        """Turn (rotation vector) and shift that bring B nearer to A, and the score before."""
        k = self._k
        parts = self._b.gradient_at(k @ pose.turn)
        parts *= np.exp(-2j * np.pi * (k @ pose.shift_a)).astype(np.complex64)
        b, factor = self._whitened(parts[0])
        agreement = self._agreement(b)
        gradient = (parts[1:] * factor).T @ pose.turn.T.astype(np.float32)
        # a turn by a small w moves the frequency at which B is read by −w × k
        by_turn = -np.cross(k, gradient)
        by_shift = -2j * np.pi * k * b[:, None]
        expected = np.clip(agreement, 0.0, 0.95)
        # weight of a shell: inverse variance of A where B, scaled, predicts it
        root = np.sqrt(expected**2 / (1 - expected**2) + 1e-4)[self._bin]
        slope = (np.concatenate([by_turn, by_shift], 1) * root[:, None]).astype(np.complex64)
        scale = np.maximum(expected, 0.05)[self._bin]
        residual = ((self._a / scale - b) * root).astype(np.complex64)
        slope_real, residual_real = slope.view(np.float32).reshape(len(k), 6, 2), residual.view(np.float32).reshape(len(k), 1, 2)
        rows = slope_real.transpose(0, 2, 1).reshape(-1, 6).astype(np.float64)
        wanted = residual_real.transpose(0, 2, 1).reshape(-1).astype(np.float64)
        change = np.linalg.lstsq(rows.T @ rows, rows.T @ wanted, rcond=1e-10)[0]
        return np.asarray(change, np.float64), self.information(agreement)
