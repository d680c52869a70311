"""What the versions of OME-Zarr have in common once they are read: multiscales, plates, wells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AXES = "tczyx"


@dataclass(frozen=True, slots=True)
class Multiscale:
    """One image at several resolutions."""

    axes: tuple[str, ...]
    """One letter an axis, in the order of the arrays."""
    units: tuple[str, ...]
    """Unit of each axis as written; empty where there is none."""
    paths: tuple[str, ...]
    """Arrays from the largest to the smallest, relative to the group."""
    scale: tuple[float, ...]
    """Distance between samples of the largest, one an axis."""
    translation: tuple[float, ...]
    """Position of the first sample of the largest, one an axis."""
    name: str = ""
    """Its name, if it has one."""


@dataclass(frozen=True, slots=True)
class OmeGroup:
    """What the attributes of a group say in the words of OME-Zarr."""

    version: str
    """Version of the specification: ``0.4``."""
    multiscales: tuple[Multiscale, ...] = ()
    """Images of this group."""
    channels: tuple[str, ...] = ()
    """Channel labels for viewers (omero)."""
    colours: tuple[str, ...] = ()
    """Colours of the same channels, ``RRGGBB``; empty where none is given."""
    labels: tuple[str, ...] = ()
    """Names of label images, of the group `labels`."""
    plate: Mapping[str, Any] = field(default_factory=dict)
    """name, rows, columns, wells (paths), if the group is a plate."""
    fields: tuple[str, ...] = ()
    """Paths of the images, if the group is a well."""
    series: tuple[str, ...] = ()
    """Paths of the images, if the group lists those that bioformats2raw wrote."""
    is_bioformats2raw: bool = False
    """Whether bioformats2raw laid the images out as 0, 1, 2 …"""


def axis_letters(names: list[str], types: list[str]) -> tuple[str, ...]:
    """Return one letter an axis: that of the name, else of the type, the last spatial ones being z, y, x."""
    letters = [
        name if name in AXES and len(name) == 1 else {"time": "t", "channel": "c"}.get(type_, "")
        for name, type_ in zip(names, types, strict=True)
    ]
    spatial = [i for i, letter in enumerate(letters) if not letter and types[i] in ("space", "")]
    free = [a for a in "zyx" if a not in letters]
    for i, letter in zip(reversed(spatial), reversed(free), strict=False):
        letters[i] = letter
    spare = iter("pqruvwabdefghijklmnos")
    return tuple(letter if letter and letter not in letters[:i] else next(spare) for i, letter in enumerate(letters))


def scale_and_translation(transformations: list[list[dict[str, Any]]], count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the scale and translation that lists of transformations, applied one after another, make for `count` axes."""
    scale, translation = [1.0] * count, [0.0] * count
    for steps in transformations:
        for step in steps:
            values = step.get(str(step.get("type")))
            if not isinstance(values, list) or len(values) != count or not all(isinstance(v, int | float) for v in values):
                continue
            if step["type"] == "scale":
                scale = [s * v for s, v in zip(scale, values, strict=True)]
                translation = [t * v for t, v in zip(translation, values, strict=True)]
            elif step["type"] == "translation":
                translation = [t + v for t, v in zip(translation, values, strict=True)]
    return tuple(scale), tuple(translation)
