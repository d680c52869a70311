"""Plates as OME-Zarr 0.5: plate → row → well → field, every field put together from the images that hold its channels."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from micrographia.archive.plates import Field, Plate, parse_well, row_name
from micrographia.errors import GoneError, InvalidInputError, NotFoundError
from micrographia.ids import EntryId, ImageId
from micrographia.model.multiscale import Multiscale, ome_attributes, omero_attributes, put_together
from micrographia.web.site import Site, site_of
from micrographia.web.stream.zarr import ADDRESS, ShownImage, absent, answer_key, document_response, find_shown, level_zero

_HIGHEST_VERSION = 999_999_999
_ROW = re.compile(r"([A-Z]{1,2})/zarr\.json")
_WELL = re.compile(r"([A-Z]{1,2})/([1-9]\d{0,2})(?:/(.*))?")
_FIELD = re.compile(r"(0|[1-9]\d{0,5})(?:/(.*))?")
_LEVEL = re.compile(r"(0|[1-9]\d?)/(zarr\.json|c((?:/(?:0|[1-9]\d{0,8}))+))")


async def plate_key(request: Request) -> ASGIApp:
    """GET /zarr/{accession}.{version}.plate.{name}/{key}."""
    site = site_of(request)
    match = ADDRESS.fullmatch(request.path_params["name"])
    key: str = request.path_params.get("key", "").rstrip("/")
    version: int = request.path_params["version"]
    if match is None or (match[2] and match[2] != site.recipe) or version > _HIGHEST_VERSION:
        return absent()
    try:
        accession = EntryId.parse(request.path_params["accession"])
        plate = await site.plate(accession, version, match[1])
    except (NotFoundError, InvalidInputError) as exc:
        if isinstance(exc, GoneError):
            raise
        return absent(exc.message)
    if key in ("", "zarr.json"):
        return document_response(request, _group(plate=_plate(plate)))
    if row := _ROW.fullmatch(key):
        return document_response(request, _group()) if row[1] in {row_name(r) for r, _ in plate.wells} else absent()
    found = _WELL.fullmatch(key)
    place = parse_well(found[1] + found[2]) if found else None
    if found is None or place is None or place not in plate.wells:
        return absent()
    fields = plate.wells[place]
    rest = found[3] or "zarr.json"
    if rest == "zarr.json":
        return document_response(request, _group(well=_well(plate, fields)))
    one = _FIELD.fullmatch(rest)
    if one is None or int(one[1]) >= len(fields):
        return absent()
    return await _field(
        site, request, (accession, version), plate, fields[int(one[1])], one[2] or "zarr.json", lasting=match[2] is not None
    )


def _group(**words: Any) -> dict[str, Any]:
    return {"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5", **words}} if words else {}}


def _plate(plate: Plate) -> dict[str, Any]:
    words: dict[str, Any] = {
        "version": "0.5",
        "name": plate.title,
        "rows": [{"name": row_name(row)} for row in range(plate.rows)],
        "columns": [{"name": str(column + 1)} for column in range(plate.columns)],
        "wells": [{"path": f"{row_name(row)}/{column + 1}", "rowIndex": row, "columnIndex": column} for row, column in plate.wells],
        "field_count": max(map(len, plate.wells.values())),
    }
    if plate.acquisitions:
        words["acquisitions"] = [{"id": n, "name": name} for n, name in enumerate(plate.acquisitions)]
    return words


def _well(plate: Plate, fields: tuple[Field, ...]) -> dict[str, Any]:
    runs = [{"acquisition": field.acquisition} if plate.acquisitions else {} for field in fields]
    return {"version": "0.5", "images": [{"path": str(n), **run} for n, run in enumerate(runs)]}


async def _field(
    site: Site, request: Request, entry: tuple[EntryId, int], plate: Plate, field: Field, key: str, *, lasting: bool
) -> ASGIApp:
    """Answer with one key of a field: its images' own chunks, under one set of metadata."""
    level = _LEVEL.fullmatch(key)
    first = await _shown(site, entry, next(iter(field.images.values())))
    if not plate.axes and not (key == "zarr.json" and plate.screen.channels):
        return await answer_key(site, request, first, key, lasting=lasting)
    seen = put_together(first.seen, dict(zip(plate.axes, plate.lengths, strict=True)))
    if key == "zarr.json":
        members = [await _shown(site, entry, number) for number in field.images.values()]
        levels = range(len(seen.levels) if all(m.levels.is_dir() for m in members) else 1)
        return document_response(request, _multiscale(plate, first, seen, levels))
    if level is None:
        return absent()
    if level[2] == "zarr.json":
        document = await asyncio.to_thread(_array, first, seen, int(level[1]))
        return document_response(request, document) if document else absent()
    at = level[3].split("/")[1:]
    if len(at) != len(seen.axes):
        return absent()
    index = tuple(int(i) for axis, i in zip(seen.axes, at, strict=True) if axis in plate.axes)
    number = field.images.get(index)
    if number is None:  # no file holds this channel of this field: readers fill it with zeros
        return absent()
    inner = "/".join(i for axis, i in zip(seen.axes, at, strict=True) if axis not in plate.axes)
    return await answer_key(site, request, await _shown(site, entry, number), f"{level[1]}/c/{inner}", lasting=lasting)


async def _shown(site: Site, entry: tuple[EntryId, int], number: int) -> ShownImage:
    name = str(ImageId(*entry, number))
    return await site.remembered(("zarr", name), lambda: find_shown(site, name))


def _array(shown: ShownImage, seen: Multiscale, level: int) -> dict[str, Any] | None:
    """The metadata of an array, with the axes more along which images are put together."""
    try:
        document = level_zero(shown) if level == 0 else json.loads((shown.levels / str(level) / "zarr.json").read_bytes())
    except FileNotFoundError:
        return None
    chunk = dict(zip(shown.seen.axes, shown.chunk, strict=True))
    held = tuple(chunk.get(axis, 1) for axis in seen.axes) if level == 0 else seen.shard
    document |= {"shape": list(seen.levels[level].shape), "dimension_names": list(seen.axes)}
    document["chunk_grid"]["configuration"]["chunk_shape"] = list(held)
    if level:
        document["codecs"][0]["configuration"]["chunk_shape"] = list(seen.chunk)
    return document


def _multiscale(plate: Plate, first: ShownImage, seen: Multiscale, levels: range) -> dict[str, Any]:
    record = first.image.record
    if "c" in plate.axes:
        record = record.model_copy(update={"channels": plate.channels})
    omero = omero_attributes(record, seen, declared=plate.screen.channels)
    if len(plate.windows) == len(omero["channels"]) and "s" not in record.axes:
        for channel, window in zip(omero["channels"], plate.windows, strict=True):
            channel["window"] = {"min": window.least, "max": window.most, "start": window.black, "end": window.white}
    ome = ome_attributes(record, seen, levels)
    return _group(multiscales=ome["multiscales"], omero=omero)
