"""IMOD models (.mod): objects made of contours, points and meshes, summed up for the page of an entry.

It holds no image: what is drawn stays in the file. Metadata understood: size of the image it was drawn on, pixel size and its unit, and for
each object its name, colour, kind (open or closed contours, scattered points), numbers of contours, points, meshes and vertices.

Source: https://bio3d.colorado.edu/imod/doc/binspec.html.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from micrographia.formats.cursor import Cursor
from micrographia.formats.description import Contents
from micrographia.formats.source import ByteSource

_MOST_CHUNKS = 2_000_000
_MOST_OBJECTS = 1_000
_OPEN, _SCATTERED = 1 << 3, 1 << 9
_HEADER_BYTES = 240
_UNITS = {0: "pixel", -12: "pm", -10: "Å", -9: "nm", -6: "µm", -3: "mm", -2: "cm", 0x3: "km", 1: "m"}


def inspect(source: ByteSource, path: str) -> Contents:
    """Return how many objects, contours, points and meshes a model holds; see `registry`."""
    cursor = Cursor(source, "imod", ">")
    if source.size < _HEADER_BYTES or cursor.read(8) not in (b"IMODV1.2", b"IMODV1.1"):
        raise cursor.refused("another start", "IMODV1.2")
    name = cursor.text(128)
    width, height, depth, declared = cursor.unpack("4i")
    cursor.skip(4 + 4 * 4 + 4 * 6 + 4 * 5)
    pixel, units = cursor.unpack("fi")
    cursor.seek(_HEADER_BYTES)
    objects = _objects(cursor)
    metadata: dict[str, Any] = {
        "kind": "model",
        "name": name,
        "image_shape": [depth, height, width],
        "objects": objects[:_MOST_OBJECTS],
        "object_count": len(objects),
        **{f"{key}_count": sum(o[f"{key}_count"] for o in objects) for key in ("contour", "point", "mesh", "vertex")},
    }
    if isfinite(pixel) and pixel > 0 and units:
        metadata["pixel_size"] = {"value": float(f"{pixel:.7g}"), "unit": _UNITS.get(units, f"10^{units} m")}
    if declared != len(objects):
        raise cursor.refused(f"{len(objects)} objects", f"{declared} objects, as the header says")
    return Contents(metadata=metadata)


def _objects(cursor: Cursor) -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = []
    for _ in range(_MOST_CHUNKS):
        kind = cursor.read(4)
        if kind == b"IEOF":
            return objects
        if kind == b"OBJT":
            objects.append(_object(cursor))
        elif kind in (b"CONT", b"MESH"):
            if not objects:
                raise cursor.refused("a contour outside of any object", "an object before it")
            _count(cursor, objects[-1], is_mesh=kind == b"MESH")
        else:
            length = cursor.one("i")
            if length < 0 or not kind.isalnum():
                raise cursor.refused(f"a part {kind!r} of {length} bytes at byte {cursor.position}", "a part of the format")
            cursor.skip(length)
    raise cursor.refused(f"more than {_MOST_CHUNKS} parts", "fewer")


def _object(cursor: Cursor) -> dict[str, Any]:
    name = cursor.text(64)
    cursor.skip(64)
    _, flags, _, _, red, green, blue = cursor.unpack("iIii3f")
    cursor.skip(4 + 8 + 8)
    kind = "scattered points" if flags & _SCATTERED else "open contours" if flags & _OPEN else "closed contours"
    colour = [round(v, 4) if isfinite(v) else 0.0 for v in (red, green, blue)]
    return {"name": name, "kind": kind, "colour": colour, "contour_count": 0, "point_count": 0, "mesh_count": 0, "vertex_count": 0}


def _count(cursor: Cursor, owner: dict[str, Any], *, is_mesh: bool) -> None:
    first, second, _, _ = cursor.unpack("iiii")
    if first < 0 or (is_mesh and second < 0):
        raise cursor.refused(f"{first} points at byte {cursor.position}", "0 or more")
    cursor.skip(first * 12 + (second * 4 if is_mesh else 0))
    owner["mesh_count" if is_mesh else "contour_count"] += 1
    owner["vertex_count" if is_mesh else "point_count"] += first
