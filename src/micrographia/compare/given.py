"""Maps compared in this process, beside the archive: for the client on the folder of an archive."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import stored_image
from micrographia.compare.archived import find_density, read_map
from micrographia.compare.similar import find_similar
from micrographia.formats.density import open_density
from micrographia.imaging.comparison import Progress, compare_maps
from micrographia.imaging.density import DensityMap

_SEARCHING = 0.7


def compare_given(archive: Archive, maps: Mapping[str, Path | str], voxel_size_a: float | None, progress: Progress) -> dict[str, Any]:
    """Return how two maps, `a` and `b`, compare, or which archived ones are like one, `map`: files, or names of archived maps."""
    opened = {name: _open(archive, given, voxel_size_a) for name, given in maps.items()}
    if "map" not in opened:
        return compare_maps(opened["a"], opened["b"], progress=progress).as_json()
    query = opened["map"]
    found = find_similar(archive, query, progress=lambda share, stage: progress(_SEARCHING * share, stage))
    document: dict[str, Any] = {**found.as_json(), "unprepared": found.unprepared, "notes": [found.rescaled.note] if found.rescaled else []}
    if not found.similar:
        return document
    best = found.results[0]
    compared = compare_maps(
        query,
        _open(archive, str(best.image), None),
        superposition=best.superposition,
        progress=lambda share, stage: progress(_SEARCHING + (1 - _SEARCHING) * share, stage),
    )
    return {**document, "comparison": compared.as_json()}


def _open(archive: Archive, given: Path | str, voxel_size_a: float | None) -> DensityMap:
    if isinstance(given, Path):
        return open_density(given, voxel_size_a=voxel_size_a)
    return read_map(stored_image(archive, find_density(archive, given)))
