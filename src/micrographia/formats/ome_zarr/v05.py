"""OME-Zarr 0.5: words below `ome` in the attributes of Zarr 3 groups (https://ngff.openmicroscopy.org/0.5/)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from micrographia.formats.ome_zarr.multiscale import Multiscale, OmeGroup, axis_letters, scale_and_translation


def ome_group(attributes: Mapping[str, Any]) -> OmeGroup | None:
    """Return what the attributes of a group say, None when they say nothing of OME-Zarr."""
    ome = attributes.get("ome")
    if not isinstance(ome, dict):
        return None
    plate, well, omero = (_objects([ome.get(word)]) for word in ("plate", "well", "omero"))
    channels = [c for o in omero for c in _objects(o.get("channels"))]
    return OmeGroup(
        str(ome.get("version", "0.5"))[:20],
        tuple(_multiscale(m) for m in _objects(ome.get("multiscales"))),
        tuple(str(c.get("label", ""))[:200] for c in channels),
        tuple(str(c.get("color", ""))[:6] for c in channels),
        tuple(str(name) for name in _list(ome.get("labels"))),
        _plate(plate[0]) if plate else {},
        tuple(str(i["path"]) for w in well for i in _objects(w.get("images")) if "path" in i),
        tuple(str(name) for name in _list(ome.get("series"))),
        ome.get("bioformats2raw.layout") is not None,
    )


def _multiscale(words: dict[str, Any]) -> Multiscale:
    datasets = [d for d in _objects(words.get("datasets")) if "path" in d]
    axes = _objects(words.get("axes"))
    steps = [_objects(datasets[0].get("coordinateTransformations")) if datasets else [], _objects(words.get("coordinateTransformations"))]
    scale, translation = scale_and_translation(steps, len(axes))
    return Multiscale(
        axis_letters([str(a.get("name", "")).lower() for a in axes], [str(a.get("type", "")) for a in axes]),
        tuple(str(a.get("unit") or "") for a in axes),
        tuple(str(d["path"]) for d in datasets),
        scale,
        translation,
        str(words.get("name") or "")[:200],
    )


def _plate(words: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": str(words.get("name") or ""),
        "rows": [str(r.get("name", "")) for r in _objects(words.get("rows"))],
        "columns": [str(c.get("name", "")) for c in _objects(words.get("columns"))],
        "wells": [str(w["path"]) for w in _objects(words.get("wells")) if "path" in w],
    }


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
