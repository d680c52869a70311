"""OME-Zarr up to 0.4: words at the top of the attributes of Zarr 2 groups (https://ngff.openmicroscopy.org/0.4/)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from micrographia.formats.ome_zarr.multiscale import AXES, Multiscale, OmeGroup, axis_letters, scale_and_translation

WORDS = ("multiscales", "plate", "well", "labels", "series", "bioformats2raw.layout")


def ome_group(attributes: Mapping[str, Any]) -> OmeGroup | None:
    """Return what the attributes of a group say, None when they say nothing of OME-Zarr."""
    if not any(word in attributes for word in WORDS):
        return None
    multiscales = [m for m in _list(attributes.get("multiscales")) if isinstance(m, dict)]
    plate, well = _dict(attributes.get("plate")), _dict(attributes.get("well"))
    channels = [c for c in _list(_dict(attributes.get("omero")).get("channels")) if isinstance(c, dict)]
    version = next((str(v) for v in (*(m.get("version") for m in multiscales), plate.get("version"), well.get("version")) if v), "0.4")
    return OmeGroup(
        version[:20],
        tuple(_multiscale(m) for m in multiscales),
        tuple(str(c.get("label", ""))[:200] for c in channels),
        tuple(str(c.get("color", ""))[:6] for c in channels),
        tuple(str(name) for name in _list(attributes.get("labels"))),
        _plate(plate),
        tuple(str(i["path"]) for i in _list(well.get("images")) if isinstance(i, dict) and "path" in i),
        tuple(str(name) for name in _list(attributes.get("series"))),
        attributes.get("bioformats2raw.layout") is not None,
    )


def _multiscale(words: dict[str, Any]) -> Multiscale:
    datasets = [d for d in _list(words.get("datasets")) if isinstance(d, dict) and "path" in d]
    axes = _list(words.get("axes")) or list(AXES)  # before 0.3 all images had five axes
    axes = [a if isinstance(a, dict) else {"name": str(a)} for a in axes]  # 0.3 names them, 0.4 tells of them
    first = datasets[0] if datasets else {}
    steps = [_list(first.get("coordinateTransformations")), _list(words.get("coordinateTransformations"))]
    scale, translation = scale_and_translation([[s for s in part if isinstance(s, dict)] for part in steps], len(axes))
    has_scale = any(isinstance(s, dict) and s.get("type") == "scale" for part in steps for s in part)
    return Multiscale(
        axis_letters([str(a.get("name", "")).lower() for a in axes], [str(a.get("type", "")) for a in axes]),
        tuple(str(a.get("unit") or "") if has_scale else "" for a in axes),
        tuple(str(d["path"]) for d in datasets),
        scale,
        translation,
        str(words.get("name") or "")[:200],
    )


def _plate(words: dict[str, Any]) -> dict[str, Any]:
    if not words:
        return {}
    return {
        "name": str(words.get("name") or ""),
        "rows": [str(r.get("name", "")) for r in _list(words.get("rows")) if isinstance(r, dict)],
        "columns": [str(c.get("name", "")) for c in _list(words.get("columns")) if isinstance(c, dict)],
        "wells": [str(w["path"]) for w in _list(words.get("wells")) if isinstance(w, dict) and "path" in w],
    }


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
