"""Region, size, rotation, quality and format of a IIIF request, as the Image API 3.0 defines them (https://iiif.io/api/image/3.0/)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from micrographia.errors import InvalidInputError

# of one answer: what fits a super-resolution micrograph, and what WebP (14 bits a side) can hold
MOST_PIXELS = 1 << 26
MOST_SIDE = 16_383
QUALITIES = ("default", "gray", "color", "bitonal")
FORMATS = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tif": "image/tiff"}

_WHOLE = r"\d{1,9}"
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"


class UnsupportedError(InvalidInputError):
    """A request that the API defines and this server does not serve."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """What is asked of a picture of `width` × `height` pixels."""

    region: tuple[int, int, int, int]
    """x, y, width, height: a part of the picture."""
    size: tuple[int, int]
    """Width and height of the answer before it is turned."""
    mirrored: bool
    quarter_turns: int
    """Clockwise."""
    quality: str
    format: str
    canonical: str
    """Region, size, rotation, quality and format in the one spelling that section 4.7 of the API prefers."""


def parse_request(width: int, height: int, *, region: str, size: str, rotation: str, quality: str, file_format: str) -> PictureRequest:
    """Return what a request asks of a picture of `width` × `height` pixels; InvalidInputError where it asks what cannot be."""
    if quality not in QUALITIES:
        raise InvalidInputError(f"Quality {quality[:20]!r}: expected one of {', '.join(QUALITIES)}.")
    if file_format not in FORMATS:
        raise InvalidInputError(f"Format {file_format[:20]!r}: expected one of {', '.join(FORMATS)}.")
    part = parse_region(region, width, height)
    scaled = parse_size(size, part[2], part[3])
    mirrored, turns = parse_rotation(rotation)
    spelled_region = "full" if part == (0, 0, width, height) else ",".join(map(str, part))
    if scaled == most(part[2], part[3]):
        spelled_size = "max"
    else:
        spelled_size = ("^" if scaled[0] > part[2] or scaled[1] > part[3] else "") + f"{scaled[0]},{scaled[1]}"
    spelled = f"{spelled_region}/{spelled_size}/{'!' if mirrored else ''}{turns * 90}/{quality}.{file_format}"
    return PictureRequest(part, scaled, mirrored, turns, quality, file_format, spelled)


def parse_region(text: str, width: int, height: int) -> tuple[int, int, int, int]:
    """Return x, y, width, height of a region, cut off where it leaves the picture (section 4.1)."""
    if text == "full":
        return 0, 0, width, height
    if text == "square":
        side = min(width, height)
        return (width - side) // 2, (height - side) // 2, side, side
    if match := re.fullmatch(rf"({_WHOLE}),({_WHOLE}),({_WHOLE}),({_WHOLE})", text, re.ASCII):
        x, y, w, h = (int(v) for v in match.groups())
    elif match := re.fullmatch(rf"pct:({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})", text, re.ASCII):
        px, py, pw, ph = (float(v) for v in match.groups())
        x, y = round(px * width / 100), round(py * height / 100)
        w, h = (max(1, round(p * n / 100)) if p else 0 for p, n in ((pw, width), (ph, height)))
    else:
        raise InvalidInputError(f"Region {text[:60]!r}: expected full, square, x,y,w,h or pct:x,y,w,h.")
    if not w or not h or x >= width or y >= height:
        raise InvalidInputError(f"Region {text[:60]!r} has nothing of the picture of {width} × {height} pixels.")
    return x, y, min(w, width - x), min(h, height - y)


def parse_size(text: str, width: int, height: int) -> tuple[int, int]:
    """Return width and height of the answer for a region of `width` × `height` pixels (section 4.2)."""
    up, rest = text.startswith("^"), text.removeprefix("^")
    if rest == "max":
        return most(width, height, up=up)
    if match := re.fullmatch(rf"!({_WHOLE}),({_WHOLE})", rest, re.ASCII):
        w, h = (int(v) for v in match.groups())
        scale = min(w / width, h / height, _limit(width, height)) if w and h else 0.0
        scale = scale if up else min(scale, 1.0)
        size = _rounded(width, height, scale)
        size = (min(size[0], max(w, 1)), min(size[1], max(h, 1))) if scale else (0, 0)
    elif match := re.fullmatch(rf"pct:({_NUMBER})", rest, re.ASCII):
        size = (round(width * float(match[1]) / 100), round(height * float(match[1]) / 100))
    elif match := re.fullmatch(rf"({_WHOLE})?,({_WHOLE})?", rest, re.ASCII):
        if not match[1] and not match[2]:
            raise _no_size(text)
        w = int(match[1]) if match[1] else max(1, round(width * int(match[2]) / height))
        h = int(match[2]) if match[2] else max(1, round(height * int(match[1]) / width))
        size = (w, h)
    else:
        raise _no_size(text)
    _check_size(text, size, width, height, up=up)
    return size


def parse_rotation(text: str) -> tuple[bool, int]:
    """Return (whether it is mirrored, quarter turns clockwise) (section 4.3)."""
    match = re.fullmatch(rf"(!?)({_NUMBER})", text, re.ASCII)
    degrees = float(match[2]) if match else math.inf
    if match is None or degrees > 360:
        raise InvalidInputError(f"Rotation {text[:20]!r}: expected 0, 90, 180 or 270, with a ! in front to mirror first.")
    if degrees % 90:
        raise UnsupportedError(f"Rotation by {degrees:g}° is not offered; expected 0, 90, 180 or 270.")
    return bool(match[1]), int(degrees) // 90 % 4


def most(width: int, height: int, *, up: bool = False) -> tuple[int, int]:
    """Return the largest size of a region: its own, less where that is over the limits; with `up` as much as they allow."""
    limit = _limit(width, height)
    return (width, height) if not up and limit >= 1 else _rounded(width, height, limit)


def _limit(width: int, height: int) -> float:
    return min(math.sqrt(MOST_PIXELS / (width * height)), MOST_SIDE / width, MOST_SIDE / height)


def _rounded(width: int, height: int, scale: float) -> tuple[int, int]:
    if scale == 1.0:
        return width, height
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    while w * h > MOST_PIXELS:
        w, h = max(1, w - (w >= h)), max(1, h - (h > w))
    return w, h


def _check_size(text: str, size: tuple[int, int], width: int, height: int, *, up: bool) -> None:
    if not size[0] or not size[1]:
        raise InvalidInputError(f"Size {text[:40]!r} leaves no pixel of a region of {width} × {height}.")
    if not up and (size[0] > width or size[1] > height):
        raise InvalidInputError(f"Size {text[:40]!r} is larger than the region of {width} × {height} pixels; ^{text[:40]} enlarges it.")
    if max(size) > MOST_SIDE or size[0] * size[1] > MOST_PIXELS:
        raise InvalidInputError(
            f"Size {text[:40]!r} is {size[0]} × {size[1]} pixels; at most {MOST_PIXELS:,} and {MOST_SIDE:,} a side are given."
        )


def _no_size(text: str) -> InvalidInputError:
    return InvalidInputError(f"Size {text[:40]!r}: expected max, w, or ,h or w,h or !w,h or pct:n, with a ^ in front to enlarge.")
