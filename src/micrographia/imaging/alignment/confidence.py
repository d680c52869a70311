"""How sure a superposition is: what the agreement of two maps in their best pose is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.alignment.overlap import shared_spectra
from micrographia.imaging.alignment.poses import Pose, Refinement
from micrographia.imaging.alignment.preparation import Prepared

Floats = NDArray[np.float64]

_SAMPLES = 6000
# correlation below which two maps no longer agree, and above which more tells nothing more
_AGREES, _SURE = 0.3, 0.95
# of the logistic function, fitted to the pairs of `confidence_of`
_OFFSET, _PER_SCORE, _PER_DECADE = -12.5, 5.3, 4.8


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What confidence in a pose is worked out from."""

    pose: Pose
    """Refined last, on the density that both maps have."""
    score: float
    """Fourier shell correlation over what the noise of both maps lets expect, 0 … 1."""
    information_nats: float
    """What the structure of one map tells of the other: −ln(1 − FSC²) for each independent complex number of their transforms."""
    resolution_a: float | None
    """Finest detail in which they agree, Å."""


def judge(a: Prepared, b: Prepared, pose: Pose, *, band_per_a: tuple[float, float]) -> Evidence:
    """Refine a pose on the density that both maps have, and gather what speaks for it.

    Parameters
    ----------
    a, b : Prepared
    pose : Pose
        Near the true one.
    band_per_a : (float, float)
        Spatial frequencies used, 1/Å.
    """
    spectrum_a, spectrum_b, shared_a3 = shared_spectra(a, b, pose)
    refinement = Refinement(spectrum_a, spectrum_b, band_per_a=band_per_a, samples=_SAMPLES)
    pose = refinement.refined(pose, steps=4)
    agreement, frequency = refinement.correlation(pose), refinement.frequency_per_a
    signal, structure = a.shares.with_other(b.shares, frequency)
    expected = np.sqrt(signal)
    weight = frequency**2 * signal
    ratio = np.clip(agreement / np.maximum(expected, 1e-3), -1, 1)
    score = float((weight * ratio).sum() / max(float(weight.sum()), 1e-9))
    # independent complex numbers in half of Fourier space (Shannon)
    count = 2 * np.pi * frequency**2 * (frequency[1] - frequency[0]) * shared_a3
    nats = -np.log1p(-(np.clip(agreement, -_SURE, _SURE) ** 2)) * np.sign(agreement)
    return Evidence(pose, max(0.0, score), max(0.0, float((count * structure * nats).sum())), _resolution(frequency, agreement))


def _resolution(frequency_per_a: Floats, agreement: Floats) -> float | None:
    """Where the correlation falls below the least that counts, above where it is highest."""
    top = int(agreement.argmax())
    if agreement[top] < _AGREES:
        return None
    below = agreement[top:] < _AGREES
    last = top + int(below.argmax()) - 1 if below.any() else len(agreement) - 1
    return float(1 / frequency_per_a[last])


def confidence_of(evidence: Evidence) -> float:
    """Return the probability, 0 … 1, that the two maps show the same thing in the pose found.

    Notes
    -----
    A logistic function of the score and of the logarithm of the information, fitted to simulated pairs whose truth is known. Both are
    needed: two blobs agree well in the little there is, two large unrelated maps share some information by chance. What it gave there,
    20 pairs of each kind (box of 64³, 4 to 15 Å and signal to noise 0.5 to 4 unless said otherwise), 5th percentile, median, 95th:

    ===============================  =====  =====  =====
    complete maps                     1.00   1.00   1.00
    60 % of the mass missing          0.84   0.99   1.00
    signal to noise 0.02 to 0.1       0.91   0.99   1.00
    20 to 40 Å                        0.67   0.98   1.00
    halves bent by 12°                0.99   1.00   1.00
    unrelated, of the same size       0.00   0.01   0.05
    the same, 20 to 40 Å              0.00   0.04   0.45
    pure noise                        0.00   0.00   0.00
    ===============================  =====  =====  =====

    Maps that agree in several poses, such as a stretch of a helix on the whole, are confidently the same thing all the same.
    """
    logit = _OFFSET + _PER_SCORE * evidence.score + _PER_DECADE * np.log10(1 + evidence.information_nats)
    return float(1 / (1 + np.exp(-logit)))
