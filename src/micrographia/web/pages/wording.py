"""Numbers, sizes and dates as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from micrographia.model.image import METRES
from micrographia.model.lifecycle import State

STATE_WORDS: Mapping[State, str] = {
    State.DRAFT: "Draft",
    State.SUBMITTED: "With the curators",
    State.ACCEPTED: "Accepted",
    State.HELD: "On hold",
    State.RELEASED: "Released",
    State.OBSOLETE: "Superseded",
    State.WITHDRAWN: "Withdrawn",
    State.PURGED: "Withdrawn",
}
_UNIT_SIGN = {"angstrom": "Å", "nanometer": "nm", "micrometer": "µm", "millimeter": "mm"}
_STACK_NOUNS = {"tilt series": "tilts", "movie": "frames", "particles": "particles", "class averages": "classes"}
_AXIS_WORDS = {"z": "z", "y": "y", "x": "x", "t": "time", "c": "channel", "s": "colour"}


def bytes_words(size: int) -> str:
    """Return a number of bytes: 740 kB, 1.2 GB (powers of 1000)."""
    value, unit = float(size), "bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if value < 999.5 or unit == "PB":
            break
        value /= 1000
    return f"{size} bytes" if unit == "bytes" else f"{value:.3g} {unit}"


def count_words(count: int) -> str:
    """Return a count with thin spaces between thousands."""
    return f"{count:,}".replace(",", "\u2009")


def day_words(when: str) -> str:
    """Return an ISO 8601 time as a day: 21 November 2026."""
    try:
        day = date.fromisoformat(when[:10])
    except ValueError:
        return when
    return f"{day.day} {day:%B %Y}"


def short_day(when: str) -> str:
    """Return an ISO 8601 time as a day in a column: 2026-11-21."""
    return when[:10]


def initials(name: str) -> str:
    """Return up to two letters that stand for a person: RH for Hooke, Robert and for Robert Hooke."""
    last, comma, first = name.partition(",")
    words = f"{first} {last}".split() if comma else name.split()
    return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper() if words else ""


def short_number(value: float | None) -> str:
    """Return a number with the digits that matter: 0.0213, 1.5, 12 800."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value == int(value) and abs(value) < 1e7:
        return count_words(int(value)).replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def length_words(length_a: float) -> str:
    """Return a length given in Å in the unit in which it is read most easily: 1.05 Å, 16 nm, 0.65 µm."""
    # smallest length that is said in the unit, Å in one of it
    units = (("mm", 5e6, 1e7), ("µm", 5e3, 1e4), ("nm", 50.0, 10.0))
    unit, size = next(((u, size) for u, least, size in units if length_a >= least), ("Å", 1.0))
    return f"{short_number(float(f'{length_a / size:.4g}'))} {unit}"


def voxel_words(voxel_size: Mapping[str, Any] | None) -> str:
    """Return a voxel size: 1.05 Å, 30 × 6 × 6 nm (z × y × x)."""
    if voxel_size is None:
        return ""
    sides = [voxel_size[axis] for axis in "zyx" if voxel_size[axis] is not None]
    if not sides:
        return ""
    unit = _UNIT_SIGN[voxel_size["unit"]]
    if max(sides) - min(sides) <= 1e-4 * max(sides):
        return f"{short_number(sides[0])} {unit}"
    return f"{' × '.join(short_number(s) for s in sides)} {unit} ({' × '.join(a for a in 'zyx' if voxel_size[a] is not None)})"


def counts_images(image: Mapping[str, Any]) -> bool:
    """Whether z counts separate images (tilts, frames, particles), whatever the file says of itself."""
    return bool(image["is_stack"]) or image["kind"] in _STACK_NOUNS


def shape_words(image: Mapping[str, Any]) -> str:
    """Return the extent of an image as a microscopist says it: 512 × 512 × 200, 41 tilts of 1024 × 1024."""
    length = dict(zip(image["axes"], image["shape"], strict=True))
    plane = f"{length.get('x', 1)} × {length.get('y', 1)}"
    several = [f"{length[a]} {_plural(a, length[a])}" for a in "tc" if length.get(a, 1) > 1]
    depth = length.get("z", 1)
    if depth > 1 and not counts_images(image):
        plane += f" × {depth}"
    elif depth > 1:
        several.append(f"{depth} {_STACK_NOUNS.get(image['kind'], 'images')}")
    return f"{', '.join(several)} of {plane}" if several else plane


def axis_words(axis: str, image: Mapping[str, Any]) -> str:
    """Return what one step along an axis is called."""
    if axis == "z" and counts_images(image):
        return {"tilt series": "Tilt", "movie": "Frame", "particles": "Particle", "class averages": "Class"}.get(image["kind"], "Image")
    return {"t": "Frame", "c": "Channel", "s": "Colour"}.get(axis, f"Section {axis}")


def axes_words(axes: str) -> str:
    """Return the names of axes in order: z, y, x."""
    return ", ".join(_AXIS_WORDS.get(a, a) for a in axes)


def scale_bar(extent: float, step: float | None, unit: str) -> tuple[float, str] | None:
    """Return length (in samples) and words of a scale bar of a round length, about a fifth of `extent` samples; None without a size."""
    if not step:
        return None
    metres = extent * step * METRES[unit] / 4.5
    power = 10 ** math.floor(math.log10(metres))
    nice = max(n for n in (1, 2, 5) if n * power <= metres * 1.0001) * power
    name, size = next(((n, s) for n, s in (("mm", 1e-3), ("µm", 1e-6), ("nm", 1e-9)) if nice >= s * 0.999), ("Å", 1e-10))
    return nice / (step * METRES[unit]), f"{round(nice / size, 6):g} {name}"


def parameter_words(value: Any) -> str:
    """Return a parameter of any JSON type as one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{k}: {parameter_words(v)}" for k, v in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = ", ".join(parameter_words(v) for v in value[:24])
        return f"{shown}, … ({len(value)} in all)" if len(value) > 24 else shown
    return str(value)


def _plural(axis: str, count: int) -> str:
    return {"t": "frame", "c": "channel"}[axis] + ("" if count == 1 else "s")
