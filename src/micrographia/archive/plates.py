"""Which images of an entry are the fields of wells on plates: as the names of their files tell, or the OME-Zarr plates that hold them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import NamedTuple

import numpy as np

from micrographia.archive.archive import Archive
from micrographia.catalogue import ImageRow
from micrographia.checks.screen import compile_pattern, number_of
from micrographia.errors import NotFoundError
from micrographia.ids import EntryId
from micrographia.model.declared import Declared
from micrographia.model.records import EntryRecord, ImageRecord
from micrographia.model.sheet import Screen

_PAGE = 1000
# groups of a screen's pattern that tell along which axis the images of one field are put together
_GROUPS: Mapping[str, str] = {"time": "t", "channel": "c", "plane": "z"}
_LONGEST_NAME = 255
_MOST_WELLS_A_SIDE = 128
_LONGEST_IN_ADDRESS = 40
# row, well and field of a plate, and the array of full resolution
_ZARR_PLACE = re.compile(r"(?P<row>[A-Za-z]{1,2})/(?P<column>\d{1,3})/(?P<field>[^/]+)/[^/]+")
_WELL = re.compile(r"([A-Za-z]{1,2})[-_ ]?(\d{1,3})")
# a picture's white: brighter are the highlights of the brightest tenth of the wells
_BRIGHT_DECILE = -1


class Window(NamedTuple):
    """Grey levels of one channel on a whole plate, so that its wells can be compared."""

    least: float
    most: float
    black: float
    white: float


@dataclass(frozen=True, slots=True)
class Field:
    """One field of view of a well."""

    images: Mapping[tuple[int, ...], int]
    """Index along each of the plate's `axes` → number of the image; one image and an empty index where it needs no putting together."""
    acquisition: int = 0
    """Place among the plate's acquisitions."""


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate of a screen."""

    name: str
    """As addresses spell it."""
    title: str
    screen: Screen
    rows: int
    columns: int
    axes: str
    """Axes along which single images are put together: some of t, c, z."""
    lengths: tuple[int, ...]
    """How many images there are along each of them."""
    channels: tuple[str, ...]
    """Names of the channels, where the names of files tell them apart."""
    windows: tuple[Window, ...]
    """Of each of these channels; of all together where files hold all channels."""
    acquisitions: tuple[str, ...]
    """Names of the runs in which the plate was imaged, where the names of files tell them apart."""
    wells: Mapping[tuple[int, int], tuple[Field, ...]]
    """(row, column), from 0 → fields."""


class _FieldKey(NamedTuple):
    """What the images of one field have in common, in the order in which fields are counted."""

    acquisition: int
    field: tuple[tuple[int, str], ...]
    left: tuple[tuple[tuple[int, str], ...], ...]
    """What names tell of axes that are not put together."""
    kind: tuple[str, tuple[int, ...], str, str, tuple[int, ...]]
    again: int
    """0, or the number of an image whose name says the same as that of another."""


@dataclass(slots=True)
class _Seen:
    """One image and what its name tells."""

    number: int
    well: tuple[int, int]
    field: str
    acquisition: str
    along: dict[str, str]
    kind: tuple[str, tuple[int, ...], str, str, tuple[int, ...]]
    window: Window | None


@dataclass(slots=True)
class _Gathering:
    screen: Screen
    folder: str
    seen: list[_Seen] = field(default_factory=list)


def well_name(row: int, column: int) -> str:
    """Return what a well is called, counted from 0: A1, P24, AF48."""
    return f"{row_name(row)}{column + 1}"


def row_name(row: int) -> str:
    """Return the letters of a row, counted from 0."""
    return chr(64 + row // 26) * (row >= 26) + chr(65 + row % 26)


def parse_well(text: str) -> tuple[int, int] | None:
    """Return (row, column), from 0, of a well that is called B3, b03 or B-03; None for anything else."""
    match = _WELL.fullmatch(text.strip())
    row, column = (number_of(match[1]) or 0, int(match[2])) if match else (0, 0)
    return (row - 1, column - 1) if 0 < row <= _MOST_WELLS_A_SIDE and 0 < column <= _MOST_WELLS_A_SIDE else None


def plates_of(archive: Archive, entry: EntryRecord) -> tuple[Plate, ...]:
    """Return the plates of a released version, in the order of its images."""
    if not entry.sheet.screens:
        return ()
    gathered: dict[tuple[str, str, str], _Gathering] = {}
    declared = Declared(entry.sheet)
    for row in _fields(archive, entry):
        roles = {d.role for d in declared.of(row.record.path)}
        screen = next((s for s in entry.sheet.screens if s.id in roles), None)
        if screen is None or (groups := _groups(screen, row.record)) is None or (well := _well(groups)) is None:
            continue
        is_zarr = row.record.format == "ome_zarr"
        folder = row.record.path.rstrip("/") if is_zarr else row.record.path.rpartition("/")[0]
        plate = groups.get("plate") or ""
        gathering = gathered.setdefault((screen.id, plate, "" if plate else folder), _Gathering(screen, folder))
        gathering.seen.append(_seen(row, groups, well))
    titles = _titles(gathered)
    names: dict[str, int] = defaultdict(int)
    return tuple(_plate(g, title, _name(title, names)) for g, title in zip(gathered.values(), titles, strict=True))


def plate_named(plates: Iterable[Plate], name: str) -> Plate:
    """Return the plate of this name; NotFoundError where there is none."""
    found = next((plate for plate in plates if plate.name == name), None)
    if found is None:
        raise NotFoundError(f"There is no plate {name[:60]!r}.")
    return found


def _fields(archive: Archive, entry: EntryRecord) -> Iterator[ImageRow]:
    after = None
    while True:
        page = archive.catalogue.images(EntryId(entry.accession), entry.version, kind="field", after=after, limit=_PAGE)
        yield from page.items
        if page.next is None:
            return
        after = page.next


def _groups(screen: Screen, image: ImageRecord) -> dict[str, str | None] | None:
    """What the name of an image tells, None if nothing."""
    if image.format == "ome_zarr":
        match = _ZARR_PLACE.fullmatch(str(image.metadata.get("array", "")))
    else:
        pattern = compile_pattern(screen.pattern) if screen.pattern else "there is none"
        match = None if isinstance(pattern, str) else pattern.search(image.path[-_LONGEST_NAME:])
    return match.groupdict() if match else None


def _well(groups: Mapping[str, str | None]) -> tuple[int, int] | None:
    if well := groups.get("well"):
        return parse_well(well)
    row, column = number_of(groups.get("row")) or 0, number_of(groups.get("column")) or 0
    return (row - 1, column - 1) if 0 < row <= _MOST_WELLS_A_SIDE and 0 < column <= _MOST_WELLS_A_SIDE else None


def _seen(row: ImageRow, groups: Mapping[str, str | None], well: tuple[int, int]) -> _Seen:
    image = row.record
    known = image.statistics
    window = None
    if known is not None:
        black, white = (known.minimum, known.maximum) if known.low is None or known.high is None else (known.low, known.high)
        window = Window(known.minimum, known.maximum, black, white)
    stored = np.dtype(image.layout.dtype).byteorder if image.layout else "="
    along = {axis: groups.get(group) or "" for group, axis in _GROUPS.items()}
    kind = (image.axes, image.shape, image.dtype, stored, image.layout.strides if image.layout else ())
    return _Seen(row.id.number, well, groups.get("field") or "", groups.get("acquisition") or "", along, kind, window)


def _plate(gathering: _Gathering, title: str, name: str) -> Plate:
    screen, seen = gathering.screen, gathering.seen
    own_axes = {letter for one in {s.kind for s in seen} for letter in one[0]}
    told = {axis: _ordered({s.along[axis] for s in seen}, screen if axis == "c" else None) for axis in _GROUPS.values()}
    axes = "".join(axis for axis, values in told.items() if len(values) > 1 and axis not in own_axes)
    places = {axis: {value: i for i, value in enumerate(told[axis])} for axis in axes}
    acquisitions = _ordered({s.acquisition for s in seen})
    wells: dict[tuple[int, int], dict[_FieldKey, dict[tuple[int, ...], int]]] = defaultdict(dict)
    for one in seen:
        left = tuple(_natural(one.along[axis]) for axis in _GROUPS.values() if axis not in axes)
        key = _FieldKey(acquisitions.index(one.acquisition), _natural(one.field), left, one.kind, 0)
        members = wells[one.well].setdefault(key, {})
        index = tuple(places[axis][one.along[axis]] for axis in axes)
        if index in members:  # two files of one name: the second is a field of its own
            members = wells[one.well].setdefault(key._replace(again=one.number), {})
        members[index] = one.number
    geometry = screen.geometry
    return Plate(
        name=name,
        title=title,
        screen=screen,
        rows=max(geometry.rows if geometry else 0, 1 + max(row for row, _ in wells)),
        columns=max(geometry.columns if geometry else 0, 1 + max(column for _, column in wells)),
        axes=axes,
        lengths=tuple(len(told[axis]) for axis in axes),
        channels=_channel_names(screen, told["c"]) if "c" in axes else (),
        windows=tuple(_window([s.window for s in seen if "c" not in axes or s.along["c"] == value]) for value in _values(told, axes)),
        acquisitions=tuple(acquisitions) if len(acquisitions) > 1 else (),
        wells={well: tuple(Field(fields[key], key.acquisition) for key in sorted(fields)) for well, fields in sorted(wells.items())},
    )


def _values(told: Mapping[str, list[str]], axes: str) -> list[str]:
    return told["c"] if "c" in axes else [""]


def _window(windows: Iterable[Window | None]) -> Window:
    known = [w for w in windows if w is not None]
    if not known:
        return Window(0.0, 1.0, 0.0, 1.0)
    least, most = min(w.least for w in known), max(w.most for w in known)
    whites = [w.white for w in known]
    black, white = median(w.black for w in known), quantiles(whites, n=10)[_BRIGHT_DECILE] if len(whites) > 1 else whites[0]
    return Window(least, most, black, white) if white > black else Window(least, most, least, most if most > least else least + 1)


def _channel_names(screen: Screen, values: list[str]) -> tuple[str, ...]:
    names = tuple(c.name for c in screen.channels)
    return names if len(names) == len(values) and all(names) else tuple(values)


def _ordered(values: set[str], screen: Screen | None = None) -> list[str]:
    """As people count: 2 before 10; channels as the sheet lists them, if it calls them so."""
    names = [c.name for c in screen.channels] if screen else []
    return sorted(values, key=names.index if values <= set(names) else _natural)


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    """Sorts figures by their number, and as text too: every part has the same types."""
    return tuple((int(part[:18]), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text) if part)


def _titles(gathered: Mapping[tuple[str, str, str], _Gathering]) -> list[str]:
    """Name plates by their group in the pattern, else by what tells their folders apart, else by the screen."""
    titles = []
    for (screen, plate, _), gathering in gathered.items():
        folders = [g.folder.split("/") for (s, p, _), g in gathered.items() if s == screen and not p]
        parts = gathering.folder.split("/")
        while len(folders) > 1 and len({f[0] for f in folders}) == 1 and min(map(len, folders)) > 1:
            folders, parts = [f[1:] for f in folders], parts[1:]
        while len(folders) > 1 and len({f[-1] for f in folders}) == 1 and min(map(len, folders)) > 1:
            folders, parts = [f[:-1] for f in folders], parts[:-1]
        titles.append(plate or ("/".join(parts) if len(folders) > 1 else parts[-1]) or screen)
    return titles


def _name(title: str, taken: dict[str, int]) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "-", re.sub(r"\.ome\.zarr$|\.zarr$", "", title)).strip("-")[:_LONGEST_IN_ADDRESS] or "plate"
    taken[plain] += 1
    return plain if taken[plain] == 1 else f"{plain}--{taken[plain]}"
