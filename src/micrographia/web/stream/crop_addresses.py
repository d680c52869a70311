"""The address of a block of an image, ``/crops/MG-10001.1.3/z=0:64,y=100:228,x=0:64``: it says everything, so nothing is stored for it."""

from __future__ import annotations

from collections.abc import Mapping

from micrographia.errors import InvalidInputError
from micrographia.ids import ImageId
from micrographia.model.records import ImageRecord
from micrographia.web.stream.arrays import parse_interval, select

MOST_ADDRESS_LENGTH = 300

Interval = str | tuple[int, int]


def parse_ranges(given: Mapping[str, Interval], record: ImageRecord) -> dict[str, slice]:
    """Return start and stop along every axis of an image; an axis that is not named is taken whole.

    Raises
    ------
    InvalidInputError
        An axis that the image has not, or a range that leaves it.
    TooLargeError
        More than one answer may hold: what is cited must be there to be had.
    """
    lengths = dict(zip(record.axes, record.shape, strict=True))
    if unknown := sorted(set(given) - set(lengths)):
        raise InvalidInputError(f"{unknown[0][:40]} is no axis of this image; it has {', '.join(record.axes)}.")
    texts = {axis: value if isinstance(value, str) else f"{value[0]}:{value[1]}" for axis, value in given.items()}
    ranges = {axis: parse_interval(texts.get(axis, ":"), axis, lengths[axis]) for axis in record.axes}
    select(record, tuple(ranges.values()))
    return ranges


def parse_address(text: str, record: ImageRecord) -> dict[str, slice]:
    """Return the ranges that the last part of an address names."""
    given: dict[str, Interval] = {}
    for part in text.split(","):
        axis, equals, interval = part.partition("=")
        if not equals or axis in given:
            raise InvalidInputError(f"{text[:100]!r} is no block of an image; expected one like z=0:64,y=100:228,x=0:64.")
        given[axis] = interval
    return parse_ranges(given, record)


def ranges_text(ranges: Mapping[str, slice]) -> str:
    """Return ranges as an address spells them, every axis named, slowest first."""
    return ",".join(f"{axis}={r.start}:{r.stop}" for axis, r in ranges.items())


def crop_address(image_id: ImageId, ranges: Mapping[str, slice]) -> str:
    """Return the path of the page of a block."""
    return f"/crops/{image_id}/{ranges_text(ranges)}"


def crop_query(ranges: Mapping[str, slice]) -> dict[str, str]:
    """Return the parameters by which ``…/crop`` gives a block."""
    return {axis: f"{r.start}:{r.stop}" for axis, r in ranges.items()}
