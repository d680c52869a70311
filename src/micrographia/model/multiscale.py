"""An image as OME-Zarr sees it: the order of its axes, the grid of its chunks, the shapes of its smaller copies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2, prod
from typing import Any

import numpy as np

from micrographia.model.records import ImageRecord
from micrographia.model.sheet import Channel

# raise it when chunks are cut otherwise or levels come out differently: addresses carry it, so that no cache mixes two grids
RECIPE = 1
# images longer than this along an axis, or with more samples, get smaller copies
_LONGEST_WITHOUT_LEVELS = 256
_MOST_SAMPLES_WITHOUT_LEVELS = 1 << 24
_CUBE = 64
_SQUARE = 512
# the smallest copy is no longer than this along the axes that are pooled
_SMALLEST = {True: 64, False: 256}
_CHUNKS_PER_SHARD = 4
# one range of an object store: long enough that its latency does not count, short enough for one section of a tomogram
_BAND_BYTES = 1 << 20
# OME-Zarr 0.5: time first, then channels, then space
_ORDER = "tczyx"
# channels as a person tells them apart best: blue, green, red, then grey
_COLOURS: Mapping[int, tuple[str, ...]] = {
    1: ("FFFFFF",),
    2: ("00FF00", "FF00FF"),
    3: ("4073FF", "1AFF4D", "FF3333"),
    4: ("4073FF", "1AFF4D", "FF3333", "999999"),
}
_SAMPLES = ("red", "green", "blue", "alpha")
_PRIMARIES = ("FF0000", "00FF00", "0000FF")
_ACTIVE_CHANNELS = 4
_MOST_CHANNELS = 64
_TYPES: Mapping[str, str] = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution."""

    shape: tuple[int, ...]
    """Length along each axis."""
    factors: tuple[int, ...]
    """Samples of the deposited array that one sample spans along each axis."""


@dataclass(frozen=True, slots=True)
class Multiscale:
    """Axes, levels and chunks of one image. Level 0 is the deposited array."""

    axes: str
    """One letter an axis in the order that OME-Zarr asks; colour samples are channels."""
    order: tuple[int, ...]
    """For each of these axes its place in the image as presented."""
    levels: tuple[Level, ...]
    """Highest resolution first."""
    chunk: tuple[int, ...]
    """Samples of one chunk along each axis, at every level."""
    shard: tuple[int, ...]
    """Samples that one file of a smaller copy holds along each axis."""
    pools_z: bool
    """Whether z is a direction in space, and halved like y and x."""

    def ranges_as_presented(self, ranges: tuple[range, ...]) -> tuple[range, ...]:
        """Return ranges along these axes in the order of the image as presented."""
        presented = [range(0)] * len(ranges)
        for place, picked in zip(self.order, ranges, strict=True):
            presented[place] = picked
        return tuple(presented)


def multiscale_of(image: ImageRecord) -> Multiscale | None:
    """Return how an image is seen as OME-Zarr; None where it cannot be: complex samples, or axes of which OME-Zarr knows nothing."""
    names = image.axes if "c" in image.axes else image.axes.replace("s", "c")
    if image.dtype.startswith("complex") or not set(names) <= set(_ORDER) or len(set(names)) < len(names) or min(image.shape) < 1:
        return None
    axes = "".join(a for a in _ORDER if a in names)
    order = tuple(names.index(a) for a in axes)
    shape = tuple(image.shape[k] for k in order)
    pools_z = "z" in axes and not image.is_stack
    chunk = _chunk(axes, shape, cubes=pools_z)
    shard = tuple(min(_CHUNKS_PER_SHARD, ceil(n / c)) * c if a in "zyx" else 1 for a, n, c in zip(axes, shape, chunk, strict=True))
    return Multiscale(axes, order, _levels(axes, shape, "zyx" if pools_z else "yx"), chunk, shard, pools_z)


def put_together(seen: Multiscale, lengths: Mapping[str, int]) -> Multiscale:
    """Return how images of one kind are seen as one that has more axes, `lengths` of them along each; chunks never hold two of them."""
    axes = "".join(a for a in _ORDER if a in seen.axes or a in lengths)

    def along(values: tuple[int, ...], others: Mapping[str, int]) -> tuple[int, ...]:
        known = {**dict(zip(seen.axes, values, strict=True)), **others}
        return tuple(known[a] for a in axes)

    ones = dict.fromkeys(lengths, 1)
    levels = tuple(Level(along(level.shape, lengths), along(level.factors, ones)) for level in seen.levels)
    return Multiscale(axes, tuple(range(len(axes))), levels, along(seen.chunk, ones), along(seen.shard, ones), seen.pools_z)


def band_of(image: ImageRecord, seen: Multiscale) -> tuple[int, ...]:
    """Return the chunk of level 0 that is one run of bytes of an uncompressed file: whole rows, whole sections where they are small.

    A cube of 64³ samples is 4,096 runs: far too many where each is a question to an object store.
    """
    if image.layout is None:
        return seen.chunk
    shape = seen.levels[0].shape
    band = [1] * len(shape)
    left = max(1, _BAND_BYTES // np.dtype(image.dtype).itemsize)
    strides = [abs(image.layout.strides[k]) for k in seen.order]
    for axis in sorted(range(len(shape)), key=strides.__getitem__):
        band[axis] = min(shape[axis], left)
        left //= band[axis]
        if band[axis] < shape[axis]:
            break
    return tuple(band)


def has_levels(image: ImageRecord) -> bool:
    """Whether smaller copies of an image are made."""
    seen = multiscale_of(image)
    return seen is not None and len(seen.levels) > 1


def holds_labels(image: ImageRecord) -> bool:
    """Whether the samples of an image are names, which have no mean."""
    return image.kind == "segmentation" and image.dtype.startswith(("int", "uint"))


def _chunk(axes: str, shape: tuple[int, ...], *, cubes: bool) -> tuple[int, ...]:
    length = dict(zip(axes, shape, strict=True))
    side = _CUBE if cubes else _SQUARE
    chunk = {axis: min(side, 1 << ceil(log2(length[axis]))) if length[axis] < side else side for axis in "yx"}
    if cubes:  # thin volumes get flat chunks
        chunk = {"z": min(_CUBE, 1 << ceil(log2(length["z"]))), "y": _CUBE, "x": _CUBE}
    elif "z" in length:  # many small planes share a chunk
        chunk["z"] = max(1, min(_SQUARE * _SQUARE // (chunk["y"] * chunk["x"]), 1 << ceil(log2(length["z"]))))
    return tuple(chunk.get(axis, 1) for axis in axes)


def _levels(axes: str, shape: tuple[int, ...], pooled: str) -> tuple[Level, ...]:
    levels = [Level(shape, (1,) * len(shape))]
    longest = max(n for a, n in zip(axes, shape, strict=True) if a in "zyx")
    if longest <= _LONGEST_WITHOUT_LEVELS and prod(shape) <= _MOST_SAMPLES_WITHOUT_LEVELS:
        return tuple(levels)
    smallest = _SMALLEST["z" in pooled]
    while len(levels) == 1 or max(n for a, n in zip(axes, levels[-1].shape, strict=True) if a in pooled) > smallest:
        last = levels[-1]
        halved = tuple(ceil(n / 2) if a in pooled else n for a, n in zip(axes, last.shape, strict=True))
        grown = tuple(f * 2 if m < n else f for f, n, m in zip(last.factors, last.shape, halved, strict=True))
        if halved == last.shape:
            break
        levels.append(Level(halved, grown))
    return tuple(levels)


def ome_attributes(image: ImageRecord, seen: Multiscale, levels: range, *, name: str = "") -> dict[str, Any]:
    """Return the attribute `ome` (OME-Zarr 0.5) of the group that holds these levels of an image, each under its number.

    Where the file does not say the distance between samples, it is 1 without a unit. Sample i of a level is the mean of f samples, so it
    lies (f − 1) / 2 samples behind sample f·i of level 0.
    """
    size = image.voxel_size
    places = "yx" if image.is_stack else "zyx"  # separate images lie at no distance from each other
    distance = {a: getattr(size, a) or 1.0 for a in places} if size else {}
    scale = [float(distance.get(a, 1.0)) for a in seen.axes]
    axes: list[dict[str, str]] = [{"name": a, "type": _TYPES[a]} for a in seen.axes]
    for axis in axes:
        if size and axis["name"] in places and getattr(size, axis["name"]):
            axis["unit"] = size.unit
    datasets = []
    for number in levels:
        factors = seen.levels[number].factors
        transforms: list[dict[str, Any]] = [{"type": "scale", "scale": [s * f for s, f in zip(scale, factors, strict=True)]}]
        if any(f > 1 for f in factors):
            transforms.append({"type": "translation", "translation": [(f - 1) / 2 * s for s, f in zip(scale, factors, strict=True)]})
        datasets.append({"path": str(number), "coordinateTransformations": transforms})
    return {"version": "0.5", "multiscales": [{"name": name or image.name or image.path, "axes": axes, "datasets": datasets}]}


def omero_attributes(image: ImageRecord, seen: Multiscale, *, declared: Sequence[Channel] = ()) -> dict[str, Any]:
    """Return the attribute `omero`: how viewers show each channel at first.

    Names and colours are those that the depositor `declared`, if they are as many as the channels; else those of the file; else ours.
    """
    known = image.statistics
    limits = {"uint8": (0.0, 255.0)}.get(image.dtype, (0.0, 1.0))
    least, most = (known.minimum, known.maximum) if known else limits
    low, high = (known.low, known.high) if known and known.low is not None and known.high is not None else (least, most)
    if not high > low:
        low, high = (least, most) if most > least else (least, least + 1)
    is_colour = "s" in image.axes or image.channels[:3] == _SAMPLES[:3]
    if is_colour and image.dtype == "uint8":
        (low, high), (least, most) = limits, limits
    count = seen.levels[0].shape[seen.axes.index("c")] if "c" in seen.axes else 1
    names = image.channels if len(image.channels) == count else _SAMPLES[:count] if is_colour and count <= len(_SAMPLES) else ()
    names = (image.name or image.kind,) if count == 1 else names or tuple(map(str, range(count)))
    colours = _PRIMARIES if is_colour else _colours_of_file(image, count) or _COLOURS.get(count, ("FFFFFF",))
    if len(declared) == count:
        names = tuple(channel.name or name for channel, name in zip(declared, names, strict=True))
        colours = tuple((channel.colour or colours[n % len(colours)]).upper() for n, channel in enumerate(declared))
    channels = [
        {
            "label": names[n],
            "color": colours[n % len(colours)],
            "active": n < (len(_PRIMARIES) if is_colour else _ACTIVE_CHANNELS),
            "coefficient": 1,
            "family": "linear",
            "inverted": False,
            "window": {"min": least, "max": most, "start": low, "end": high},
        }
        for n in range(min(count, _MOST_CHANNELS))
    ]
    depth = seen.levels[0].shape[seen.axes.index("z")] if "z" in seen.axes else 1
    return {"channels": channels, "rdefs": {"defaultT": 0, "defaultZ": depth // 2, "model": "color" if count > 1 else "greyscale"}}


def _colours_of_file(image: ImageRecord, count: int) -> tuple[str, ...]:
    """Colours that the file gives its channels, unless it gives all the same: that is what programs write who know none."""
    described = image.metadata.get("channels")
    described = described if isinstance(described, list) and len(described) == count else []
    colours = tuple(str(c.get("colour", "")) if isinstance(c, dict) else "" for c in described)
    are_colours = all(re.fullmatch(r"[0-9A-Fa-f]{6}", colour) for colour in colours)
    return tuple(c.upper() for c in colours) if colours and are_colours and (count == 1 or len(set(colours)) > 1) else ()
