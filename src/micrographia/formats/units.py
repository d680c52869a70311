"""The spellings of length units in image files, and voxel sizes made of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from micrographia.model.image import METRES, LengthUnit, VoxelSize

# unit and how many of it one of the spelling is
_SPELLINGS: dict[str, tuple[LengthUnit, float]] = {
    **dict.fromkeys(("å", "å", "angstrom", "angstroms", "ångström", "ångstrom", "a"), ("angstrom", 1.0)),
    **dict.fromkeys(("pm", "picometer"), ("angstrom", 1e-2)),
    **dict.fromkeys(("nm", "nanometer", "nanometre", "nanometers"), ("nanometer", 1.0)),
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "micrometre", "micrometers", "\\u00b5m"), ("micrometer", 1.0)),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), ("millimeter", 1.0)),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), ("millimeter", 10.0)),
    **dict.fromkeys(("m", "meter", "metre"), ("millimeter", 1000.0)),
    **dict.fromkeys(("in", "inch", "inches"), ("millimeter", 25.4)),
}


def length_unit(spelling: str) -> tuple[LengthUnit, float] | None:
    """Return the unit that a file's spelling means and the factor to it; None for pixels and what is no length."""
    return _SPELLINGS.get(spelling.strip().strip("\0").lower())


def voxel_size(zyx: Sequence[float | None], units: str | Sequence[str]) -> VoxelSize | None:
    """Return the voxel size that a file gives; None when it says nothing usable.

    Parameters
    ----------
    zyx : three floats or None
        Distances along z, y, x; one that is zero, negative, not finite or absurd (a metre or more) counts as not given.
    units : str, or three
        Spelling of the unit, or one an axis; the result is in the unit of x (else y, z), or a handy one where that is metres or the like.
    """
    spellings = [units] * 3 if isinstance(units, str) else list(units)
    metres: list[float | None] = []
    unit: LengthUnit | None = None
    for value, spelling in zip(zyx, spellings, strict=True):
        known = length_unit(spelling)
        length = value * known[1] * METRES[known[0]] if value is not None and known is not None and isfinite(value) else 0.0
        usable = known is not None and 0 < length < 1
        metres.append(length if usable else None)
        if usable and known is not None:
            unit = known[0] if known[1] == 1 else _fitting(length)
    if unit is None:
        return None
    # a value in the chosen unit stays as it was written; others are rounded to what their digits carry
    z, y, x = (
        None
        if length is None or value is None
        else float(value)
        if length_unit(spelling) == (unit, 1.0)
        else float(f"{length / METRES[unit]:.9g}")
        for length, value, spelling in zip(metres, zyx, spellings, strict=True)
    )
    return VoxelSize(z, y, x, unit)


def _fitting(length: float) -> LengthUnit:
    """Return the unit in which a length in metres is a handy number."""
    return "nanometer" if length < 1e-7 else "micrometer" if length < 1e-4 else "millimeter"
