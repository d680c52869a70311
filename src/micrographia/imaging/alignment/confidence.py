"""How sure a superposition is: what the agreement of two maps in their best pose is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.alignment.poses import Pose, Refinement
from micrographia.imaging.alignment.preparation import Prepared

Floats = NDArray[np.float64]

_AGREES = 0.3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What confidence is worked out from."""

    score: float
    """Mean Fourier shell correlation over the detail that both maps hold."""
    resolution_a: float | None
    """Finest detail in which they agree, Å."""
    details: float
    """Cycles per diameter of that detail."""

    @classmethod
    def of(cls, a: Prepared, b: Prepared, refinement: Refinement, best: Pose, others: Sequence[Pose]) -> Evidence:
        """Gather it for the best pose and the others that were refined."""
        agreement = refinement.correlation(best)
        frequency = refinement.frequency_per_a
        weight = frequency**2
        score = float((weight * np.clip(agreement, 0, 1) ** 2).sum() / max(float((weight * np.clip(agreement, 0, 1)).sum()), 1e-9))
        agrees = int(np.argmax(np.r_[agreement, -1] < _AGREES))
        finest = float(frequency[agrees - 1]) if agrees else 0.0
        return cls(score, 1 / finest if agrees else None, finest * 2 * min(a.radius_a, b.radius_a))


def confidence_of(evidence: Evidence) -> float:
    """Return the probability, 0 … 1, that the two maps show the same thing in the pose found."""
    return float(1 / (1 + np.exp(-(12 * (evidence.score - 0.55) + 0.8 * (evidence.details - 5)))))
