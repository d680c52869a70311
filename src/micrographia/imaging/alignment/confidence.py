"""How sure a superposition is: what the agreement of two maps in their best pose is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.alignment.overlap import shared_spectra
from micrographia.imaging.alignment.poses import Pose, Refinement
from micrographia.imaging.alignment.preparation import Prepared

Floats = NDArray[np.float64]

_AGREES = 0.3
_SAMPLES = 6000
# no correlation above this tells more than it
_SURE = 0.95
_OFFSET, _PER_SCORE, _PER_DECADE = -12.5, 5.3, 4.8


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What confidence in a pose is worked out from."""

    pose: Pose
    """Refined last, on the density that both maps have."""
    score: float
    """Fourier shell correlation over what the noise of both maps lets expect, 0 … 1."""
    resolution_a: float | None
    """Finest detail in which they agree, Å."""
    information: float
    """What the structure of one tells of the other, nats."""
    agreement: Floats
    expectation: Floats
    structure: Floats
    samples: Floats


def judge(a: Prepared, b: Prepared, pose: Pose, *, band_per_a: tuple[float, float]) -> Evidence:
    """Refine a pose on the density that both maps have, and gather what speaks for it."""
    spectrum_a, spectrum_b, shared_a3 = shared_spectra(a, b, pose)
    refinement = Refinement(spectrum_a, spectrum_b, band_per_a=band_per_a, samples=_SAMPLES)
    pose = refinement.refined(pose, steps=4)
    agreement, frequency = refinement.correlation(pose), refinement.frequency_per_a
    expected = np.sqrt(np.prod([np.interp(frequency, m.shares.frequency_per_a, m.shares.signal) for m in (a, b)], axis=0))
    structure = np.prod([np.interp(frequency, m.shares.frequency_per_a, m.shares.structure) for m in (a, b)], axis=0)
    weight = frequency**2 * expected**2
    ratio = np.clip(agreement / np.maximum(expected, 1e-3), -1, 1)
    score = float(np.clip((weight * ratio).sum() / max(float(weight.sum()), 1e-9), 0, 1))
    # independent complex numbers in half of Fourier space
    samples = 2 * np.pi * frequency**2 * (frequency[1] - frequency[0]) * shared_a3
    nats = -np.log1p(-(np.clip(agreement, -_SURE, _SURE) ** 2)) * np.sign(agreement)
    return Evidence(
        pose, score, _resolution(frequency, agreement), float((samples * structure * nats).sum()), agreement, expected, structure, samples
    )


def _resolution(frequency_per_a: Floats, agreement: Floats) -> float | None:
    """Where the correlation falls below the least that counts, above where it is highest."""
    top = int(agreement.argmax())
    if agreement[top] < _AGREES:
        return None
    below = agreement[top:] < _AGREES
    last = top + int(below.argmax()) - 1 if below.any() else len(agreement) - 1
    return float(1 / frequency_per_a[last])


def confidence_of(evidence: Evidence) -> float:
    """Return the probability, 0 … 1, that the two maps show the same thing in the pose found."""
    return float(1 / (1 + np.exp(-(_OFFSET + _PER_SCORE * evidence.score + _PER_DECADE * np.log10(1 + max(evidence.information, 0))))))
