"""Sections, blocks and thumbnails of images over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from micrographia.catalogue import ImageRow
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.formats.selection import Selection
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
from micrographia.web.stream.files import IMMUTABLE
from micrographia.web.stream.ranges import Span
from micrographia.web.stream.sections import parse_section, picture_response, section_index

# raise it when the same address would answer with other bytes
_RECIPE = 1
_NPY_TYPE = "application/x-npy"


async def section(request: Request) -> ASGIApp:
    """Answer a request for a section, as numbers or as a picture."""
    site, image = await _found(request)
    record = image.record
    asked = parse_section(dict(request.query_params), record)
    headers = _headers(image, request)
    if not_modified(request.headers, headers["etag"], 0):
        return Response(status_code=304, headers=headers)
    index = section_index(record, asked)
    stored, local = await site.remembered(("stored", image.id), lambda: site.stored(image))
    if asked.max_size is not None and asked.format != "npy":
        array = await asyncio.to_thread(shrunk_section, record, index, asked.max_size, partial(site.read, stored))
        return await picture_response(array, record, asked, headers)
    selection = select(record, index)
    if asked.format == "npy":
        return await _npy(site, image, selection, headers)
    run = contiguous_run(record.layout, record.shape, selection) if record.layout and local else None
    if run is not None and local is not None and record.layout is not None:
        array = as_array(await read_run(local, run), record.layout, selection)
    else:
        array = await asyncio.to_thread(site.read, stored, selection)
    return await picture_response(array, record, asked, headers)


async def crop(request: Request) -> ASGIApp:
    """Answer a request for a block: every axis kept, those that are not named taken whole."""
    site, image = await _found(request)
    record = image.record
    given = dict(request.query_params)
    wanted = given.pop("format", "npy")
    if wanted != "npy":
        raise InvalidInputError(f"format={wanted[:20]}: blocks are given as npy.")
    lengths = dict(zip(record.axes, record.shape, strict=True))
    index = tuple(parse_interval(given.pop(axis, ":"), axis, lengths[axis]) for axis in record.axes)
    if given:
        raise InvalidInputError(f"{sorted(given)[0][:40]} is no axis of this image; it has {', '.join(record.axes)}.")
    headers = _headers(image, request)
    if not_modified(request.headers, headers["etag"], 0):
        return Response(status_code=304, headers=headers)
    return await _npy(site, image, select(record, index), headers)


async def thumbnail(request: Request) -> Response:
    """GET /thumbnails/{image_id}.webp, /thumbnails/{image_id}-large.webp."""
    site = site_of(request)
    name: str = request.path_params["name"]
    image_id, size = (name.removesuffix("-large"), "large") if name.endswith("-large") else (name, "small")
    image = await site.remembered(("image", image_id), lambda: site.image(image_id))
    path = site.thumbnails.folder(image.id) / f"{size}.webp"
    if not path.exists() and await asyncio.to_thread(site.thumbnails.get, image) is None:
        raise NotFoundError(f"There is no thumbnail of {image_id}: the image could not be read. Its file can be downloaded.")
    return FileResponse(path, media_type="image/webp", headers={"cache-control": "public, max-age=604800"})


async def _found(request: Request) -> tuple[Site, ImageRow]:
    site = site_of(request)
    image_id = request.path_params["image_id"]
    return site, await site.remembered(("image", image_id), lambda: site.image(image_id))


async def _npy(site: Site, image: ImageRow, selection: Selection, headers: Mapping[str, str]) -> ASGIApp:
    """The deposited samples; as they lie in the file, byte order and all, where they lie in one run."""
    record = image.record
    stored, local = await site.remembered(("stored", image.id), lambda: site.stored(image))
    run: Run | None = contiguous_run(record.layout, record.shape, selection) if record.layout and local else None
    if run is not None and local is not None and record.layout is not None:
        return _RunResponse(local, npy_header(selection.shape, np.dtype(record.layout.dtype)), run, headers)
    array = await asyncio.to_thread(site.read, stored, selection)
    return Response(npy_header(selection.shape, array.dtype) + array.tobytes(), media_type=_NPY_TYPE, headers=dict(headers))


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
        await start_response(send, 200, {**self._headers, "content-type": _NPY_TYPE, "content-length": str(length)})
        span = Span(self._run.start, self._run.start + self._run.length)
        await send_parts(scope, receive, send, file.number, [] if scope["method"] == "HEAD" else [self._head, span])


def _headers(image: ImageRow, request: Request) -> dict[str, str]:
    query = request.scope["query_string"].decode("latin-1")
    path = request.url.path.rpartition("/")[2]
    return {"cache-control": IMMUTABLE, "etag": f'"{image.id}-{path}-{_RECIPE}-{_hash_of(query)}"'}


def _hash_of(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
