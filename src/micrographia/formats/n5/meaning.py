"""Which axis of an N5 dataset is which, and how far apart its samples lie, by the conventions of the programs that write them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, NamedTuple

from micrographia.formats.units import voxel_size
from micrographia.model.image import VoxelSize

# for each count of axes, slowest first
_DEFAULT_AXES = {1: "x", 2: "yx", 3: "zyx", 4: "czyx", 5: "tczyx"}
_SPARE = "pqruvwabdefghijklmnos"

Chain = Sequence[tuple[str, dict[str, Any]]]
"""Attributes of a dataset and of the groups around it, innermost first, each with the dataset's path from there."""


class _Transform(NamedTuple):
    """Axes, slowest first."""

    axes: list[str]
    scale: list[float | None]
    units: list[str]
    translation: list[float]


def axes_of(count: int, chain: Chain) -> str:
    """Return one letter an axis, slowest first."""
    for named, _, _, _ in _transforms(chain):
        letters = [word[:1].lower() if word[:1].lower() in "xyzct" else "" for word in named]
        if len(letters) == count and {"x", "y"} <= set(letters) and len(set(filter(None, letters))) == sum(map(bool, letters)):
            spare = iter(letter for letter in _SPARE if letter not in letters)
            return "".join(letter or next(spare) for letter in letters)
    for _, said in chain:
        if (order := _imagej_axes(said)) and len(order) == count:
            return order
    return _DEFAULT_AXES.get(count) or _SPARE[: count - 5] + "tczyx"


def spacing_of(chain: Chain) -> VoxelSize | None:
    """Return the voxel size; None when no convention says it with a unit."""
    for named, scale, units, _ in _transforms(chain):
        by_axis = {word[:1].lower(): (s, u) for word, s, u in zip(named, scale, units, strict=False)}
        size = voxel_size([by_axis.get(a, (None, ""))[0] for a in "zyx"], [by_axis.get(a, (None, ""))[1] for a in "zyx"])
        if size is not None:
            return size
    for _, said in chain:
        if isinstance(unit := said.get("pixelUnit"), str):  # N5 for ImageJ
            return voxel_size([_number(said.get(key)) for key in ("pixelDepth", "pixelHeight", "pixelWidth")], unit)
    return None


def origin_of(chain: Chain, size: VoxelSize | None) -> tuple[float, float, float] | None:
    """Return the position (z, y, x) of the first sample in the unit of the voxel size."""
    for named, _, units, translation in _transforms(chain):
        by_axis = {word[:1].lower(): t for word, t in zip(named, translation, strict=False)}
        if size is not None and any(by_axis.values()) and len({units[k] for k, w in enumerate(named) if w[:1].lower() in "zyx"}) == 1:
            return by_axis.get("z", 0.0), by_axis.get("y", 0.0), by_axis.get("x", 0.0)
    return None


def _transforms(chain: Chain) -> list[_Transform]:
    """Return what the axes are, in all conventions that are there."""
    found = []
    for below, said in chain:
        transform = said.get("transform")  # COSEM, slowest first
        levels = said.get("multiscales")
        for level in levels[:1] if isinstance(levels, list) else ():
            for one in level.get("datasets", ()) if isinstance(level, dict) else ():
                if isinstance(one, dict) and one.get("path") == below:
                    transform = transform or one.get("transform")
        if isinstance(transform, dict):
            found.append(_transform(transform.get("axes"), transform.get("scale"), transform.get("units"), transform.get("translate")))
        viewer = said.get("pixelResolution")  # N5 Viewer, fastest first
        if isinstance(viewer, dict):
            dimensions = viewer.get("dimensions")
            count = len(dimensions) if isinstance(dimensions, list) else 0
            found.append(_transform(said.get("axes") or ["x", "y", "z"], dimensions, [viewer.get("unit")] * count, None, is_reversed=True))
        elif "resolution" in said or "axes" in said:  # BigDataViewer, Neuroglancer, Paintera, fastest first
            units = said.get("units", said.get("unit"))
            found.append(
                _transform(said.get("axes") or ["x", "y", "z"], said.get("resolution"), units, said.get("offset"), is_reversed=True)
            )
    return [one for one in found if one.axes]


def _transform(axes: Any, scale: Any, units: Any, translate: Any, *, is_reversed: bool = False) -> _Transform:
    if not isinstance(axes, list) or not all(isinstance(a, str) and a for a in axes):
        return _Transform([], [], [], [])
    step = -1 if is_reversed else 1
    scales = [_number(v) for v in _as_many(scale, axes)]
    words = [u if isinstance(u, str) else "" for u in _as_many(units if isinstance(units, list) else [units] * len(axes), axes)]
    start = [_number(v, signed=True) or 0.0 for v in _as_many(translate, axes)]
    return _Transform(axes[::step], scales[::step], words[::step], start[::step])


def _as_many(values: Any, axes: list[str]) -> list[Any]:
    return values if isinstance(values, list) and len(values) == len(axes) else [None] * len(axes)


def _imagej_axes(said: dict[str, Any]) -> str:
    """Return the axes that N5 for ImageJ leaves out of «xyczt» where they have one entry, slowest first."""
    counts = [("t", said.get("numFrames")), ("z", said.get("numSlices")), ("c", said.get("numChannels"))]
    known = [(axis, n) for axis, n in counts if isinstance(n, int)]
    return "".join(axis for axis, n in known if n > 1) + "yx" if len(known) == len(counts) else ""


def _number(value: Any, *, signed: bool = False) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or (value <= 0 and not signed):
        return None
    return float(value)
