"""Superposition of maps: global, rigid, with no starting guess."""

from micrographia.imaging.alignment.preparation import Prepared, prepare
from micrographia.imaging.alignment.scale import ScaledSuperposition, superpose_scaled
from micrographia.imaging.alignment.superposition import Superposition, superpose

__all__ = ["Prepared", "ScaledSuperposition", "Superposition", "prepare", "superpose", "superpose_scaled"]
