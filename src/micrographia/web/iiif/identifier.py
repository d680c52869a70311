"""Which picture of an image a IIIF identifier names, in which contrast and colour.

::

    MG-10001.1.3                            the image; of a volume or a stack its central section
    MG-10001.1.3:z=40                       a section: z, y, x, or t and c where the image has them
    MG-10001.1.3:projection=mean            along z: mean, max or min of all sections
    MG-10001.1.3:z=40,min=0,max=10          black and white; the percentiles of the picture without them
    MG-10001.1.3:c=1,colour=00ff88          in a colour; invert=1 turns black and white round
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.imaging.planes import plane_axes
from micrographia.model.records import ImageRecord
from micrographia.web.stream.sections import parse_section

PROJECTIONS = ("mean", "max", "min")
_NAMES = ("z", "y", "x", "t", "c", "projection", "min", "max", "colour", "invert")
_OPTION = re.compile(r"([a-z]{1,12})=([0-9A-Za-z.+-]{1,24})")
# channels of a file that together are the colour of a pixel
_RGB = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class View:
    """A picture of an image: two axes of it, everything else fixed."""

    identifier: str
    """In the one spelling that links use."""
    picked: Mapping[str, int | slice]
    """Index along every axis that is not in the plane; a slice along the one that holds colours."""
    plane: str
    """Axes of the rows and of the columns."""
    height: int
    width: int
    colours: str
    """Axis of red, green and blue; empty for a grey picture."""
    projection: str
    """Of all sections along `across`; empty for one section."""
    across: str
    low: float | None
    high: float | None
    tint: tuple[int, int, int] | None
    inverted: bool


def split_identifier(identifier: str) -> tuple[str, dict[str, str]]:
    """Return the image and the options that an identifier names; NotFoundError where it is no identifier."""
    image, colon, text = identifier.partition(":")
    options: dict[str, str] = {}
    for part in text.split(",") if colon else ():
        match = _OPTION.fullmatch(part)
        if match is None or match[1] not in _NAMES or match[1] in options:
            raise NotFoundError(f"{identifier[:120]!r} is no identifier; expected one like MG-10001.1.3 or MG-10001.1.3:z=40,min=0,max=10.")
        options[match[1]] = match[2]
    return image, options


def view_of(image_id: str, record: ImageRecord, options: Mapping[str, str]) -> View:
    """Return the picture that `options` ask of an image; NotFoundError, in a sentence, where it has no such picture."""
    try:
        return _view(image_id, record, dict(options))
    except InvalidInputError as exc:
        raise NotFoundError(f"{image_id} has no such picture. {exc.message}") from exc


def _view(image_id: str, record: ImageRecord, given: dict[str, str]) -> View:
    lengths = dict(zip(record.axes, record.shape, strict=True))
    colours = _colour_axis(record) if "c" not in given else ""
    axes = "".join(a for a in record.axes if a != colours)
    cut = [a for a in "zyx" if a in given]
    if len(cut) > 1:
        raise InvalidInputError(f"{' and '.join(cut)} cannot both be fixed: a picture has two axes of space.")
    across = cut[0] if cut else next((a for a in "ztc" if a in axes), "z")
    projection = given.pop("projection", "")
    if projection and (projection not in PROJECTIONS or across not in given.keys() | set(axes) or across in given):
        raise InvalidInputError(f"projection={projection}: expected one of {', '.join(PROJECTIONS)}, of all sections along {across}.")
    tint = _tint(given.pop("colour", ""))
    inverted = _flag(given.pop("invert", "0"))
    query = {"axis": across, **({"index": given.pop(across)} if across in given else {}), **given}
    grey = record.model_copy(update={"axes": axes, "shape": tuple(lengths[a] for a in axes)})
    asked = parse_section(query, grey)
    plane = plane_axes(axes, across)[0]
    if len(plane) != 2:
        raise InvalidInputError(f"It has the axes {', '.join(record.axes)} and no picture across {across}.")
    picked: dict[str, int | slice] = dict(asked.fixed)
    if across in lengths:
        picked[across] = slice(None) if projection else asked.index
    if colours:
        picked[colours] = slice(0, 3)
    spelled = {
        **({across: str(asked.index)} if across in lengths and not projection and lengths[across] > 1 else {}),
        **{a: str(i) for a, i in asked.fixed.items() if lengths[a] > 1},
        "projection": projection,
        "min": "" if asked.low is None else f"{asked.low:.9g}",
        "max": "" if asked.high is None else f"{asked.high:.9g}",
        "colour": "" if tint is None else "{:02x}{:02x}{:02x}".format(*tint),
        "invert": "1" if inverted else "",
    }
    text = ",".join(f"{name}={value}" for name, value in spelled.items() if value)
    return View(
        identifier=f"{image_id}:{text}" if text else image_id,
        picked=picked,
        plane=plane,
        height=lengths[plane[0]],
        width=lengths[plane[1]],
        colours=colours,
        projection=projection,
        across=across,
        low=asked.low,
        high=asked.high,
        tint=tint,
        inverted=inverted,
    )


def _colour_axis(record: ImageRecord) -> str:
    if "s" in record.axes and record.shape[record.axes.index("s")] >= 3:
        return "s"
    return "c" if "c" in record.axes and tuple(record.channels[:3]) == _RGB else ""


def _tint(text: str) -> tuple[int, int, int] | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9a-fA-F]{6}", text):
        raise InvalidInputError(f"colour={text[:20]}: expected six hexadecimal digits, like 00ff88.")
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise InvalidInputError(f"invert={text[:20]}: expected 1 or 0.")
    return text == "1"
