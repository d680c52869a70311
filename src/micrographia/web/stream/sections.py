"""Two-dimensional sections of images: as the deposited numbers, or as pictures."""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.responses import Response

from micrographia.errors import InvalidInputError
from micrographia.imaging.contrast import display_limits, to_uint8
from micrographia.imaging.levels import level_factors, level_shape
from micrographia.imaging.planes import plane_axes, shrink
from micrographia.imaging.png import encode_png
from micrographia.model.multiscale import multiscale_of
from micrographia.model.records import ImageRecord
from micrographia.web.stream.arrays import parse_interval

PICTURE_TYPES: Mapping[str, str] = {"png": "image/png", "webp": "image/webp", "jpg": "image/jpeg"}
NUMBER_TYPES: Mapping[str, str] = {"npy": "application/x-npy", "tiff": "image/tiff"}
FORMATS = (*PICTURE_TYPES, *NUMBER_TYPES)
# larger pictures are encoded in a thread: the others need not wait for them
_ENCODE_IN_LOOP_PIXELS = 1 << 20
# WebP cannot be larger (RFC 9649: 14 bits), and no screen is
_MOST_PICTURE_SIDE = 16_383
# no figure of a request is longer, and longer ones are slow to parse
_MOST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class SectionRequest:
    """What a request for a section asks."""

    axis: str
    index: int
    fixed: Mapping[str, int]
    """Indices of the other axes that are not in the plane: channel, time."""
    format: str
    region: tuple[int, int, int, int] | None
    """x, y, width, height in the section's columns and rows."""
    low: float | None
    high: float | None
    max_size: int | None
    """Pictures no longer than this are wanted, pixels; means of squares of pixels."""
    level: int = 0
    """Resolution level; index and region count its samples."""


def at_level(record: ImageRecord, level: int) -> tuple[ImageRecord, tuple[int, ...]]:
    """Return the image as it is at a resolution level, and how many deposited samples one of its samples spans along each axis."""
    seen = multiscale_of(record)
    count = len(seen.levels) if seen else 1
    if not 0 <= level < count:
        there = "there is only level 0, the deposited resolution" if count == 1 else f"there are levels 0 to {count - 1}"
        raise InvalidInputError(f"level={level}: of this image {there}.")
    factors = level_factors(record.axes, level=level, is_stack=record.is_stack)
    if level == 0:
        return record, factors
    return record.model_copy(update={"shape": level_shape(record.shape, factors), "layout": None}), factors


def level_of(query: Mapping[str, str]) -> int:
    """Return the resolution level that the parameters of a request name."""
    return _whole(query.get("level"), "level", default=0)


def parse_section(query: Mapping[str, str], record: ImageRecord) -> SectionRequest:
    """Return what the parameters of a request ask; InvalidInputError, in a sentence, where they make no sense for the image.

    `record` is the image as it is at the level that the request names (see `at_level`).
    """
    given = dict(query)
    level = _whole(given.pop("level", None), "level", default=0)
    lengths = dict(zip(record.axes, record.shape, strict=True))
    axis = given.pop("axis", None) or _default_axis(record)
    if axis not in lengths and axis != "z":
        raise InvalidInputError(f"axis={axis[:20]}: this image has the axes {', '.join(record.axes)}.")
    length = lengths.get(axis, 1)
    index = _whole(given.pop("index", None), "index", default=length // 2)
    if not 0 <= index < length:
        raise InvalidInputError(f"index={index}: along {axis} there are {length} sections, 0 to {length - 1}.")
    wanted = given.pop("format", None) or "png"
    if wanted not in FORMATS:
        raise InvalidInputError(f"format={wanted[:20]}: expected one of {', '.join(FORMATS)}.")
    plane, others = plane_axes(record.axes, axis)
    if len(plane) < 2 and wanted != "npy":
        raise InvalidInputError(
            f"Across {axis} this image of the axes {', '.join(record.axes)} has no section: only lines are left, as npy."
        )
    fixed = {}
    for name in others:
        fixed[name] = _whole(given.pop(name, None), name, default=0)
        if not 0 <= fixed[name] < lengths[name]:
            raise InvalidInputError(f"{name}={fixed[name]}: along {name} there are {lengths[name]} indices, 0 to {lengths[name] - 1}.")
    region = _region(given.pop("region", None))
    low, high = _number(given.pop("min", None), "min"), _number(given.pop("max", None), "max")
    max_size = _whole(given.pop("max_size", None), "max_size", default=0)
    if given:
        raise InvalidInputError(f"{sorted(given)[0][:40]} is no parameter of a section of this image.")
    if low is not None and high is not None and low > high:
        raise InvalidInputError(f"min={low:g} is greater than max={high:g}.")
    if max_size and not 16 <= max_size <= _MOST_PICTURE_SIDE:
        raise InvalidInputError(f"max_size={max_size}: expected 16 to {_MOST_PICTURE_SIDE} pixels.")
    return SectionRequest(axis, index, fixed, wanted, region, low, high, max_size or None, level)


def section_index(record: ImageRecord, asked: SectionRequest) -> tuple[object, ...]:
    """Return the index expression of a section: integers for what is fixed, slices for the plane (and for colour samples)."""
    plane, _ = plane_axes(record.axes, asked.axis)
    lengths = dict(zip(record.axes, record.shape, strict=True))
    picked: dict[str, object] = {axis: slice(None) for axis in record.axes}
    picked |= asked.fixed
    if asked.axis in lengths:
        picked[asked.axis] = asked.index
    if asked.region is not None:
        if len(plane) < 2:
            raise InvalidInputError("region needs a section with columns and rows.")
        x, y, width, height = asked.region
        rows, columns = plane[0], plane[1]
        try:
            picked[columns] = parse_interval(f"{x}:{x + width}", "region x", lengths[columns])
            picked[rows] = parse_interval(f"{y}:{y + height}", "region y", lengths[rows])
        except InvalidInputError as exc:
            raise InvalidInputError(
                f"region={x},{y},{width},{height} is not inside the section of {lengths[columns]} × {lengths[rows]} pixels."
            ) from exc
    return tuple(picked[axis] for axis in record.axes)


async def picture_response(array: NDArray[Any], record: ImageRecord, asked: SectionRequest, headers: Mapping[str, str]) -> Response:
    """Return a section as a picture."""
    if array.size <= _ENCODE_IN_LOOP_PIXELS:
        body = _picture(array, record, asked)
    else:
        body = await asyncio.to_thread(_picture, array, record, asked)
    return Response(body, media_type=PICTURE_TYPES[asked.format], headers=dict(headers))


def _picture(array: NDArray[Any], record: ImageRecord, asked: SectionRequest) -> bytes:
    if asked.max_size is not None:
        array = shrink(array, asked.max_size)
    if max(array.shape[-2:], default=0) > _MOST_PICTURE_SIDE and asked.format != "png":
        raise InvalidInputError(f"A {asked.format} of {array.shape[-1]} × {array.shape[-2]} cannot be; use png, a region or max_size.")
    low, high = asked.low, asked.high
    if low is None or high is None:
        automatic = limits(array, record, is_shrunk=asked.max_size is not None or asked.level > 0)
        low, high = automatic[0] if low is None else low, automatic[1] if high is None else high
    grey = to_uint8(array, low, high)
    if "s" in record.axes and grey.ndim == 3:
        grey = _colours(grey, record)
    if asked.format == "png":
        return encode_png(grey)
    from PIL import Image

    out = io.BytesIO()
    picture = Image.fromarray(grey)
    if asked.format == "webp":
        picture.save(out, "WEBP", quality=82, method=1)
    else:
        picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def limits(array: NDArray[Any], record: ImageRecord, *, is_shrunk: bool = False) -> tuple[float, float]:
    """Return black and white for a section: the percentiles of the whole image; of the section itself where means took the noise away."""
    known = record.statistics
    if "s" in record.axes and record.dtype == "uint8":
        return 0.0, 255.0
    if known is None or known.low is None or known.high is None or is_shrunk:
        return display_limits(array)
    return (known.low, known.high) if known.high > known.low else (known.minimum, known.maximum)


def _colours(grey: NDArray[np.uint8], record: ImageRecord) -> NDArray[np.uint8]:
    last = np.moveaxis(grey, 0, -1) if record.axes.index("s") < record.axes.index("y") else grey
    samples = last.shape[-1]
    return np.ascontiguousarray(last[..., :3]) if samples >= 3 else np.ascontiguousarray(last[..., 0])


def _default_axis(record: ImageRecord) -> str:
    return next((a for a in "ztc" if a in record.axes), "z")


def _region(text: str | None) -> tuple[int, int, int, int] | None:
    if text is None:
        return None
    try:
        x, y, width, height = (_int(part) for part in text.split(","))
    except ValueError as exc:
        raise InvalidInputError(f"region={text[:60]}: expected x,y,width,height in whole pixels.") from exc
    return x, y, width, height


def _whole(text: str | None, name: str, *, default: int) -> int:
    if text is None or text == "":
        return default
    try:
        return _int(text)
    except ValueError as exc:
        raise InvalidInputError(f"{name}={text[:40]}: expected a whole number.") from exc


def _int(text: str) -> int:
    if len(text) > _MOST_DIGITS or not text.isascii() or "_" in text:
        raise ValueError(text[:_MOST_DIGITS])
    return int(text)


def _number(text: str | None, name: str) -> float | None:
    if text is None or text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidInputError(f"{name}={text[:40]}: expected a finite number.")
    return value
