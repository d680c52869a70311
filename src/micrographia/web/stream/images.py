"""Sections, blocks and thumbnails of images over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from micrographia.catalogue import ImageRow
from micrographia.derive.sections import PICTURES
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.formats.exporting import Block, block_of, encode_mrc, encode_tiff
from micrographia.formats.selection import Selection
from micrographia.imaging.contrast import display_limits, to_uint8
from micrographia.imaging.levels import pool
from micrographia.imaging.planes import plane_axes
from micrographia.imaging.png import encode_png
from micrographia.imaging.power import POWER_SIDE, power_spectrum
from micrographia.model.image import VoxelSize
from micrographia.model.multiscale import holds_labels
from micrographia.model.records import ImageRecord
from micrographia.web.pages.rendering import origin
from micrographia.web.site import Site, site_of
from micrographia.web.stream.arrays import (
    Run,
    as_array,
    contiguous_run,
    npy_header,
    open_file,
    parse_interval,
    read_run,
    select,
    shrunk_section,
)
from micrographia.web.stream.conditions import not_modified
from micrographia.web.stream.content import send_parts, start_response
from micrographia.web.stream.files import IMMUTABLE, content_disposition
from micrographia.web.stream.ranges import Span
from micrographia.web.stream.sections import NUMBER_TYPES, at_level, level_of, parse_section, picture_response, section_index

# raise it when the same address would answer with other bytes
_RECIPE = 3
BLOCK_TYPES: Mapping[str, str] = {**NUMBER_TYPES, "mrc": "application/x-mrc"}
_SMALLEST_POWER_SIDE = 16
# pictures whose recipe may change under the same address: shown from a cache while a newer one is asked for
_MADE_AGAIN = "public, max-age=3600, stale-while-revalidate=604800"


async def section(request: Request) -> ASGIApp:
    """Answer a request for a section, as numbers or as a picture."""
    site, image = await _found(request)
    query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    record, factors = at_level(image.record, level_of(query))
    asked = parse_section(query, record)
    headers = _headers(image, request)
    if not_modified(request.headers, headers["etag"], 0):
        return Response(status_code=304, headers=headers)
    index = section_index(record, asked)
    if asked.max_size is not None and asked.level == 0 and asked.format not in NUMBER_TYPES:
        stored, _ = await site.remembered(("stored", image.id), lambda: site.stored(image))
        array = await asyncio.to_thread(shrunk_section, record, index, asked.max_size, partial(site.read, stored))
        return await picture_response(array, record, asked, headers)
    selection = select(record, index)
    if asked.format == "npy" and asked.level == 0:
        return await _npy(site, image, selection, headers)
    array = await _samples(site, image, selection, factors)
    if asked.format == "npy":
        return Response(npy_header(array.shape, array.dtype) + array.tobytes(), media_type=NUMBER_TYPES["npy"], headers=headers)
    if asked.format == "tiff":
        kept = array[tuple(slice(None) if kept else np.newaxis for kept in selection.kept)]
        block = block_of(image.record, kept, tuple(r[0] for r in selection.ranges), factors, str(image.id))
        return Response(
            await asyncio.to_thread(encode_tiff, _as_picture(block, plane_axes(record.axes, asked.axis)[0])),
            media_type=NUMBER_TYPES["tiff"],
            headers=headers,
        )
    return await picture_response(array, record, asked, headers)


async def crop(request: Request) -> ASGIApp:
    """Answer a request for a block: every axis kept, those that are not named taken whole."""
    site, image = await _found(request)
    given = dict(request.query_params)
    wanted = given.pop("format", None) or "npy"
    if wanted not in BLOCK_TYPES:
        raise InvalidInputError(f"format={wanted[:20]}: blocks are given as {', '.join(BLOCK_TYPES)}.")
    level = level_of(given)
    given.pop("level", None)
    record, factors = at_level(image.record, level)
    index = parse_block(given, record)
    headers = _headers(image, request)
    if not_modified(request.headers, headers["etag"], 0):
        return Response(status_code=304, headers=headers)
    selection = select(record, index)
    headers["content-disposition"] = content_disposition(block_name(image, index, level, wanted))
    if wanted == "npy" and level == 0:
        return await _npy(site, image, selection, headers)
    array = await _samples(site, image, selection, factors)
    block = block_of(image.record, array, tuple(s.start for s in index), factors, f"{image.id} of {origin(request)}")
    encode = {"npy": _encode_npy, "tiff": encode_tiff, "mrc": encode_mrc}[wanted]
    return Response(await asyncio.to_thread(encode, block), media_type=BLOCK_TYPES[wanted], headers=headers)


def parse_block(given: Mapping[str, str], record: ImageRecord) -> tuple[slice, ...]:
    """Return what start:stop along each axis asks of an image; an axis that is not named is taken whole."""
    lengths = dict(zip(record.axes, record.shape, strict=True))
    if unknown := sorted(set(given) - set(lengths)):
        raise InvalidInputError(f"{unknown[0][:40]} is no axis of this image; it has {', '.join(record.axes)}.")
    return tuple(parse_interval(given.get(axis, ":"), axis, lengths[axis]) for axis in record.axes)


def block_name(image: ImageRow, index: tuple[slice, ...], level: int, wanted: str) -> str:
    """Return a file name that says which block of which image it is."""
    ranges = zip(image.record.axes, index, image.record.shape, strict=True)
    parts = [f"{axis}{s.start}-{s.stop}" for axis, s, n in ranges if (s.start, s.stop) != (0, n)]
    return "_".join([str(image.id), *([f"level{level}"] if level else []), *parts]) + f".{wanted}"


async def power(request: Request) -> ASGIApp:
    """Answer a request for the power spectrum of a section, as a PNG."""
    site, image = await _found(request)
    record = image.record
    if "s" in record.axes:
        raise InvalidInputError("A colour image has no power spectrum; this is for micrographs and sections.")
    query = dict(request.query_params)
    low, high = query.pop("min", None), query.pop("max", None)
    if low is not None or high is not None or {"region", "format", "max_size", "level"} & set(query):
        raise InvalidInputError("A power spectrum takes axis, index, t and c; its contrast and size are its own.")
    asked = parse_section({**query, "format": "png"}, record)
    index = list(section_index(record, asked))
    for k, (axis, n) in enumerate(zip(record.axes, record.shape, strict=True)):
        if isinstance(index[k], slice):
            side = min(n, POWER_SIDE)
            index[k] = slice((n - side) // 2, (n - side) // 2 + side)
            if n < _SMALLEST_POWER_SIDE:
                raise InvalidInputError(f"A power spectrum needs at least {_SMALLEST_POWER_SIDE} pixels along {axis}; there are {n}.")
    headers = _headers(image, request)
    if not_modified(request.headers, headers["etag"], 0):
        return Response(status_code=304, headers=headers)
    array = await _samples(site, image, select(record, tuple(index)), (1,) * len(record.axes))
    return Response(await asyncio.to_thread(_power_png, array), media_type="image/png", headers=headers)


def _power_png(array: NDArray[Any]) -> bytes:
    spectrum = power_spectrum(array)
    return encode_png(to_uint8(spectrum, *display_limits(spectrum, 1.0, 99.8)))


async def thumbnail(request: Request) -> Response:
    """GET /thumbnails/{image_id}.webp, /thumbnails/{image_id}-large.webp."""
    site = site_of(request)
    name: str = request.path_params["name"]
    image_id, size = (name.removesuffix("-large"), "large") if name.endswith("-large") else (name, "small")
    image = await site.remembered(("image", image_id), lambda: site.image(image_id))
    path = site.thumbnails.folder(image.id) / f"{size}.webp"
    if not path.exists() and await asyncio.to_thread(site.thumbnails.get, image) is None:
        raise NotFoundError(f"There is no thumbnail of {image_id}: the image could not be read. Its file can be downloaded.")
    return FileResponse(path, media_type="image/webp", headers={"cache-control": _MADE_AGAIN})


async def preview(request: Request) -> Response:
    """GET /previews/{image_id}/{picture}.webp: a projection or the central section of a volume along an axis."""
    site, image = await _found(request)
    picture, folder = request.path_params["picture"], site.sections(image)
    if folder is None or picture not in PICTURES:
        raise NotFoundError(f"There is no picture {picture[:40]!r} of {image.id}, or not yet.")
    return FileResponse(folder / f"{picture}.webp", media_type="image/webp", headers={"cache-control": _MADE_AGAIN})


async def _found(request: Request) -> tuple[Site, ImageRow]:
    site = site_of(request)
    image_id = request.path_params["image_id"]
    return site, await site.remembered(("image", image_id), lambda: site.image(image_id))


async def _samples(site: Site, image: ImageRow, selection: Selection, factors: tuple[int, ...]) -> NDArray[Any]:
    """The samples of a selection of an image reduced by `factors`: means of the deposited ones, made now."""
    record = image.record
    stored, local = await site.remembered(("stored", image.id), lambda: site.stored(image))
    if all(f == 1 for f in factors):
        run = contiguous_run(record.layout, record.shape, selection) if record.layout and local else None
        if run is not None and local is not None and record.layout is not None:
            return as_array(await read_run(local, run), record.layout, selection)
        return await asyncio.to_thread(site.read, stored, selection)
    covered = tuple(slice(r[0] * f, min((r[-1] + 1) * f, n)) for r, f, n in zip(selection.ranges, factors, record.shape, strict=True))
    deposited = select(record, covered)

    def read() -> NDArray[Any]:
        return selection.finish(pool(site.read(stored, deposited), factors, labels=holds_labels(record)))

    return await asyncio.to_thread(read)


def _as_picture(block: Block, plane: str) -> Block:
    """A section as a picture: its rows along y and its columns along x, whatever they were in the image."""
    rows, columns = plane[0], plane[1]
    axes = "".join(a for a in block.axes if a in (rows, columns, "s")).replace(columns, "X").replace(rows, "Y").lower()
    array = block.array.reshape([n for a, n in zip(block.axes, block.array.shape, strict=True) if a in (rows, columns, "s")])
    size, places = block.voxel_size, dict(zip("zyx", block.origin, strict=True))
    voxel = None if size is None else VoxelSize(None, getattr(size, rows, None), getattr(size, columns, None), size.unit)
    return Block(array, axes, voxel, (0.0, places.get(rows, 0.0), places.get(columns, 0.0)), True, block.label)


def _encode_npy(block: Block) -> bytes:
    return npy_header(block.array.shape, block.array.dtype) + block.array.tobytes()


async def _npy(site: Site, image: ImageRow, selection: Selection, headers: Mapping[str, str]) -> ASGIApp:
    """The deposited samples; as they lie in the file, byte order and all, where they lie in one run."""
    record = image.record
    stored, local = await site.remembered(("stored", image.id), lambda: site.stored(image))
    run: Run | None = contiguous_run(record.layout, record.shape, selection) if record.layout and local else None
    if run is not None and local is not None and record.layout is not None:
        return _RunResponse(local, npy_header(selection.shape, np.dtype(record.layout.dtype)), run, headers)
    array = await asyncio.to_thread(site.read, stored, selection)
    return Response(npy_header(selection.shape, array.dtype) + array.tobytes(), media_type=NUMBER_TYPES["npy"], headers=dict(headers))


class _RunResponse:
    """A `.npy` whose samples go from the deposited file to the socket as they are."""

    def __init__(self, path: Path, head: bytes, run: Run, headers: Mapping[str, str]) -> None:
        self._path = path
        self._head = head
        self._run = run
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = len(self._head) + self._run.length
        file = open_file(self._path)
        await start_response(send, 200, {**self._headers, "content-type": NUMBER_TYPES["npy"], "content-length": str(length)})
        span = Span(self._run.start, self._run.start + self._run.length)
        await send_parts(scope, receive, send, file.number, [] if scope["method"] == "HEAD" else [self._head, span])


def _headers(image: ImageRow, request: Request) -> dict[str, str]:
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["path"].rpartition("/")[2]
    return {"cache-control": IMMUTABLE, "etag": f'"{image.id}-{path}-{_RECIPE}-{_hash_of(query)}"'}


def _hash_of(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
