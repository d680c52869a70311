"""The page of a plate, a picture for each well; and the page of a well, its fields in all their channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from micrographia.archive.lookup import EntryView
from micrographia.archive.plate_library import Facts, library_of
from micrographia.archive.plates import Field, Plate, parse_well, plate_named, row_name, well_name
from micrographia.errors import NotFoundError
from micrographia.ids import EntryId, ImageId
from micrographia.model.records import ImageRecord
from micrographia.web.pages.rendering import origin, page
from micrographia.web.site import Site, site_of

_HIGHEST_VERSION = 999_999_999
# columns of a plate of 96 wells; a well of a larger one is smaller on the page
_USUAL_COLUMNS = 12
_WELL_SIDES = (200, 100)
_FIELD_SIDE = 480
# a well page of more fields than that says where the others are
_MOST_FIELDS = 64
Document = dict[str, Any]


def plate_page(request: Request) -> Response:
    """GET /plates/{accession}.{version}.{name}."""
    site, view, plate = _found(request)
    library = _library(site, view, plate)
    some = next(iter(plate.wells.values()))[0]
    channels = _channels(site, view, plate, some)
    chosen = _chosen(request.query_params.get("channel", ""), channels)
    rows = [
        {
            "name": row_name(row),
            "wells": [
                _shown_well(site, view, plate, (row, column), channels[chosen], library.get((row, column), ()))
                for column in range(plate.columns)
            ],
        }
        for row in range(plate.rows)
    ]
    return page(
        request,
        "plate.html",
        **_place(request, site, view, plate),
        rows=rows,
        columns=range(1, plate.columns + 1),
        channels=channels,
        chosen=chosen,
        size=" dense" if plate.columns > _USUAL_COLUMNS else " few" if plate.columns <= _USUAL_COLUMNS // 2 else "",
        well_count=len(plate.wells),
        field_count=sum(map(len, plate.wells.values())),
    )


def well_page(request: Request) -> Response:
    """GET /plates/{accession}.{version}.{name}/{well}."""
    site, view, plate = _found(request)
    place = parse_well(request.path_params["well"])
    if place is None or place not in plate.wells:
        raise NotFoundError(f"Plate {plate.title} has no images of a well {request.path_params['well'][:20]!r}.")
    fields = plate.wells[place]
    channels = _channels(site, view, plate, fields[0])
    shown = [
        {
            "number": n + 1,
            "acquisition": plate.acquisitions[field.acquisition] if plate.acquisitions else "",
            "pictures": [
                {"channel": channel, "picture": _picture(site, view, plate, field, channel, side=_FIELD_SIDE)} for channel in channels
            ],
            "zarr": f"{_zarr(site, view, plate)}/{row_name(place[0])}/{place[1] + 1}/{n}",
        }
        for n, field in enumerate(fields[:_MOST_FIELDS])
    ]
    there = list(plate.wells)
    at = there.index(place)
    base = _address(view, plate)
    return page(
        request,
        "well.html",
        **_place(request, site, view, plate),
        well=well_name(*place),
        facts=_library(site, view, plate).get(place, ()),
        fields=shown,
        field_count=len(fields),
        previous=f"{base}/{well_name(*there[at - 1])}" if at else None,
        next=f"{base}/{well_name(*there[at + 1])}" if at + 1 < len(there) else None,
    )


def plate_links(site: Site, view: EntryView) -> list[Document]:
    """Return address and words of each plate of an entry."""
    return [
        {
            "screen": p.screen.id,
            "title": p.title,
            "link": _address(view, p),
            "words": f"{len(p.wells)} {'well' if len(p.wells) == 1 else 'wells'}",
        }
        for p in site.plates(view)
    ]


def _found(request: Request) -> tuple[Site, EntryView, Plate]:
    site, version = site_of(request), int(request.path_params["version"])
    if version > _HIGHEST_VERSION:
        raise NotFoundError(f"There is no version {version}.")
    view = site.entry(request.path_params["accession"], version)
    return site, view, plate_named(site.plates(view), request.path_params["name"])


def _library(site: Site, view: EntryView, plate: Plate) -> Mapping[tuple[int, int], Facts]:
    key = ("library", view.record.accession, view.record.version, plate.name)
    return site.keep(key, lambda: library_of(site.archive, view.record, plate))


def _address(view: EntryView, plate: Plate) -> str:
    return f"/plates/{view.record.accession}.{view.record.version}.{plate.name}"


def _zarr(site: Site, view: EntryView, plate: Plate) -> str:
    return f"/zarr/{view.record.accession}.{view.record.version}.plate.{plate.name}-r{site.recipe}"


def _place(request: Request, site: Site, view: EntryView, plate: Plate) -> Document:
    record = view.record
    return {
        "accession": record.accession,
        "version": record.version,
        "entry_title": record.sheet.title,
        "entry_link": f"/entries/{record.accession}" + ("" if view.is_latest else f"?version={record.version}"),
        "plate": plate,
        "plate_link": _address(view, plate),
        "zarr": f"{origin(request)}{_zarr(site, view, plate)}",
    }


def _record(site: Site, view: EntryView, number: int) -> ImageRecord:
    return site.image(str(ImageId(EntryId(view.record.accession), view.record.version, number))).record


def _channels(site: Site, view: EntryView, plate: Plate, field: Field) -> list[Document]:
    """The channels of a plate: name, colour, and where their pictures come from."""
    declared = plate.screen.channels
    if "c" in plate.axes:
        names, axis = plate.channels, ""
    else:
        record = _record(site, view, next(iter(field.images.values())))
        count = record.shape[record.axes.index("c")] if "c" in record.axes else 1
        names = record.channels if len(record.channels) == count else tuple(str(n + 1) for n in range(count)) if count > 1 else ("",)
        names, axis = tuple(c.name for c in declared) if len(declared) == count else names, "c" if count > 1 else ""
    is_declared = len(declared) == len(names)
    return [
        {
            "index": n,
            "name": f"Channel {name}" if name.isdecimal() else name,
            "colour": (declared[n].colour or "") if is_declared else "",
            "axis": axis,
            "target": declared[n].target if is_declared else "",
        }
        for n, name in enumerate(names)
    ]


def _chosen(text: str, channels: list[Document]) -> int:
    number = int(text) if text.isdecimal() and len(text) < 4 else 1
    return number - 1 if 0 < number <= len(channels) else 0


def _shown_well(site: Site, view: EntryView, plate: Plate, place: tuple[int, int], channel: Document, facts: Facts) -> Document:
    name = well_name(*place)
    fields = plate.wells.get(place, ())
    picture = _picture(site, view, plate, fields[0], channel, side=_WELL_SIDES[plate.columns > _USUAL_COLUMNS]) if fields else None
    return {"name": name, "link": f"{_address(view, plate)}/{name}", "picture": picture, "facts": facts, "fields": len(fields)}


def _picture(site: Site, view: EntryView, plate: Plate, field: Field, channel: Document, *, side: int) -> Document | None:
    """The picture of one channel of a field, in the contrast of the whole plate; None where no file holds it."""
    middle = {"c": channel["index"], "z": plate.lengths[plate.axes.index("z")] // 2 if "z" in plate.axes else 0, "t": 0}
    number = field.images.get(tuple(middle[axis] for axis in plate.axes))
    if number is None:
        return None
    image = ImageId(EntryId(view.record.accession), view.record.version, number)
    window = plate.windows[channel["index"] if "c" in plate.axes else 0]
    options = {"c": str(channel["index"]) if channel["axis"] else "", "min": "", "max": "", "colour": channel["colour"].lower()}
    if not channel["axis"]:
        options |= {"min": f"{window.black:.6g}", "max": f"{window.white:.6g}"}
    text = ",".join(f"{key}={value}" for key, value in options.items() if value)
    return {"link": f"/iiif/3/{image}{':' if text else ''}{text}/full/!{side},{side}/0/default.webp", "page": f"/images/{image}"}
