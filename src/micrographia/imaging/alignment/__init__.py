"""Superposition of maps: global, rigid, with no starting guess."""

from micrographia.imaging.alignment.preparation import Prepared, prepare
from micrographia.imaging.alignment.superposition import Superposition, superpose

__all__ = ["Prepared", "Superposition", "prepare", "superpose"]
