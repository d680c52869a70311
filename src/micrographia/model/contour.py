"""At which level a map is shown as a surface."""

from __future__ import annotations

from micrographia.model.records import ImageRecord
from micrographia.model.sheet import Map

# contour of a map whose author recommends none, in standard deviations above the mean
_SIGMA = 3.5


def shown_contour(image: ImageRecord, declared: Map | None) -> float | None:
    """Return the author's level where it lies inside the map; the middle of a mask; else 3.5 σ above the mean. None without statistics."""
    found = image.statistics
    if found is None:
        return None
    level = declared.contour_level if declared and image.kind in ("map", "half map") else None
    if level is not None and found.minimum < level < found.maximum:
        return level
    if image.kind == "mask":
        return (found.minimum + found.maximum) / 2
    return min(found.mean + _SIGMA * found.standard_deviation, (found.mean + 3 * found.maximum) / 4)
