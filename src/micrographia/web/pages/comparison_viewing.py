"""Superposed maps in the viewer: the first as it lies, the others moved by their matrices, and where the first two differ."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from micrographia.archive.lookup import find_image
from micrographia.errors import NotFoundError
from micrographia.web.pages.viewing import COLOURS, Viewing, map_source, viewer_files
from micrographia.web.site import Site

# each is seen through the others
_OVERLAID_OPACITY = 0.55
# of the difference, in its noise
_DIFFERENCE_SIGMA = 5.0
# as of an archived map whose author recommends no contour
_CONTOUR_SIGMA = 3.5
_MORE_IN_A, _MORE_IN_B = "#009e73", "#d55e00"

Matrix = Sequence[Sequence[float]]


def comparison_viewing(
    site: Site, link: str, stored: Mapping[str, Any], placed: Sequence[tuple[Mapping[str, Any], Matrix]]
) -> Viewing | None:
    """Return the viewer of a comparison; None where none was built.

    Parameters
    ----------
    site : Site
    link : str
        Address of the comparison.
    stored : mapping
        What was kept of it.
    placed : sequence of (side, 4 × 4 matrix)
        The maps that are shown in the frame of the first, best first.
    """
    if viewer_files() is None:
        return None
    sides = [(stored["sides"]["a"], None), *placed]
    sources = [_source(site, link, side, matrix, number=number) for number, (side, matrix) in enumerate(sides)]
    if stored.get("difference") and placed:
        sources += _difference(link, stored["difference"], str(sides[0][0]["name"]), str(placed[0][0]["name"]))
    found = [source for source in sources if source is not None]
    return Viewing("map", json.dumps({"maps": found, "slices": False})) if found and sources[0] else None


def _source(site: Site, link: str, side: Mapping[str, Any], matrix: Matrix | None, *, number: int) -> dict[str, Any] | None:
    """Return one map: of the archive as everybody streams it, or the small copy of one that was sent; the first two are shown at once."""
    if side.get("small"):
        source = _private(f"{link}/{side['side']}.zarr", str(side["name"]), COLOURS[number % len(COLOURS)], side["small"])
    else:
        try:
            row = find_image(site.archive, str(side["image"]))
        except NotFoundError:  # withdrawn meanwhile
            return None
        if row.record.statistics is None:
            return None
        source = map_source(site, row, label=str(side["name"]), number=number)
    seen = {**source, "shown": number < 2, "opacity": _OVERLAID_OPACITY}
    return seen if matrix is None else {**seen, "transform": _column_major(matrix)}


def _difference(link: str, small: Mapping[str, Any], a: str, b: str) -> list[dict[str, Any]]:
    more = _private(f"{link}/difference.zarr", f"more in {a}", _MORE_IN_A, small)
    less = {**more, "label": f"more in {b}", "colour": _MORE_IN_B}
    high, low = min(_DIFFERENCE_SIGMA, 0.9 * small["maximum"]), max(-_DIFFERENCE_SIGMA, 0.9 * small["minimum"])
    return [{**more, "contour": high, "shown": False}, {**less, "contour": low, "shown": False}]


def _private(zarr: str, label: str, colour: str, small: Mapping[str, Any]) -> dict[str, Any]:
    mean, maximum = small["mean"], small["maximum"]
    return {
        "zarr": zarr,
        "label": label,
        "colour": colour,
        "contour": min(mean + _CONTOUR_SIGMA * small["sigma"], (mean + 3 * maximum) / 4),
        "opacity": 1,
        "shown": True,
        "voxelSizeA": small["voxel_size_a"],
        "originA": small["origin_xyz_a"][::-1],
        "statistics": {name: small[name] for name in ("minimum", "maximum", "mean", "sigma")},
    }


def _column_major(matrix: Matrix) -> list[float]:
    return [float(v) for v in np.asarray(matrix).T.ravel()]
