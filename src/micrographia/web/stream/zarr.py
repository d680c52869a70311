"""Every image as OME-Zarr 0.5: level 0 is cut out of the deposited file, the levels below are files made in the background."""

from __future__ import annotations

import asyncio
import hashlib
import json
import mmap
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from micrographia.archive.lookup import StoredImage
from micrographia.archive.overlays import segmentations_of
from micrographia.catalogue import ImageRow
from micrographia.derive.shards import array_metadata
from micrographia.errors import IntegrityError, MicrographiaError, NotFoundError
from micrographia.formats.selection import Selection
from micrographia.model.image import RawLayout
from micrographia.model.multiscale import Multiscale, band_of, multiscale_of, ome_attributes, omero_attributes
from micrographia.model.sheet import Channel, Sheet
from micrographia.web.site import Site, site_of
from micrographia.web.stream.conditions import http_date, not_modified
from micrographia.web.stream.content import Content, ContentResponse
from micrographia.web.stream.files import IMMUTABLE
from micrographia.web.stream.ranges import parse_range

_BINARY, _JSON = "application/octet-stream", "application/json"
# what may change (a level that is still to be made) is asked for again
_CHANGES = "no-cache"
_ARRAY_KEY = re.compile(r"(0|[1-9]\d?)/(zarr\.json|c(?:/(?:0|[1-9]\d{0,8}))+)")
_LABEL_KEY = re.compile(r"labels/([1-9]\d{0,9})(?:/(.*))?")
ADDRESS = re.compile(r"([^/]{1,60}?)(?:-r(\d{1,4}b?))?")
_IS_CACHED_ONLY = getattr(os, "RWF_NOWAIT", 0)
# positions of a chunk that are probed before it is read in place
_PROBES = 16


@dataclass(frozen=True, slots=True)
class ShownImage:
    """An image as these routes serve it."""

    image: ImageRow
    seen: Multiscale
    stored: StoredImage
    path: Path | None
    """Its file on this machine, if its samples can be cut out of it."""
    chunk: tuple[int, ...]
    """Samples of one chunk of level 0 along each axis."""
    levels: Path
    """Folder of the smaller copies, there or not."""
    labels: tuple[ImageRow, ...]
    channels: tuple[Channel, ...]
    """As the sheet describes them."""


async def zarr_key(request: Request) -> ASGIApp:
    """GET /zarr/{image_id}/{key}."""
    site = site_of(request)
    match = ADDRESS.fullmatch(request.path_params["image"])
    key: str = request.path_params.get("key", "").rstrip("/")
    if match is None or (match[2] and match[2] != site.recipe):
        return absent()
    try:
        shown = await site.remembered(("zarr", match[1]), lambda: find_shown(site, match[1]))
        return await answer_key(site, request, shown, key, lasting=match[2] is not None)
    except NotFoundError as exc:
        if type(exc) is not NotFoundError:  # withdrawn or purged: an open file would keep its bytes on the disk
            _mapped.cache_clear()
            raise
        return absent(exc.message)


async def answer_key(site: Site, request: Request, shown: ShownImage, key: str, *, lasting: bool, is_label: bool = False) -> ASGIApp:
    """Answer with one key of an image's group: metadata, a chunk, a label, or 404."""
    if key in ("", "zarr.json"):
        return document_response(request, _group(shown, is_label=is_label))
    if (label := _LABEL_KEY.fullmatch(key)) and not is_label:
        other = next((row for row in shown.labels if row.id.number == int(label[1])), None)
        if other is None:
            return absent()
        below = await site.remembered(("zarr", str(other.id)), lambda: find_shown(site, str(other.id)))
        return await answer_key(site, request, below, label[2] or "", lasting=lasting, is_label=True)
    if key == "labels/zarr.json" and shown.labels and not is_label:
        names = [str(row.id.number) for row in shown.labels]
        return document_response(
            request, {"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5", "labels": names}}}
        )
    array = _ARRAY_KEY.fullmatch(key)
    if array is None:
        return absent()
    caching = IMMUTABLE if lasting else _CHANGES
    if array[1] != "0":
        return _file(shown.levels / key, shown, caching)
    if array[2] == "zarr.json":
        return document_response(request, level_zero(shown))
    at = tuple(map(int, array[2].split("/")[1:]))
    shape, chunk = shown.seen.levels[0].shape, shown.chunk
    if len(at) != len(shape) or any(i * c >= n for i, c, n in zip(at, chunk, shape, strict=True)):
        return absent()
    headers = {"etag": f'"{shown.image.id}-r{site.recipe}-{"-".join(map(str, at))}"', "cache-control": caching, "accept-ranges": "bytes"}
    if not_modified(request.headers, headers["etag"], 0):
        return Response(status_code=304, headers=headers)
    return _part(request, await _chunk(site, shown, at), headers)


def find_shown(site: Site, image_id: str) -> ShownImage:
    """Gather what these routes need of an image; asked of the catalogue once and then remembered."""
    return site.keep(("zarr", image_id), lambda: _look_up(site, image_id))


def _look_up(site: Site, image_id: str) -> ShownImage:
    try:
        image = site.image(image_id)
    except MicrographiaError as exc:
        if isinstance(exc, NotFoundError):
            raise
        raise NotFoundError(f"There is no image {image_id}.") from exc
    seen = multiscale_of(image.record)
    if seen is None:
        raise NotFoundError(
            f"{image_id} has samples of type {image.record.dtype} and axes {image.record.axes}, which no viewer of OME-Zarr understands; "
            "its file can be downloaded, and sections and blocks of it can be had as npy."
        )
    stored, local = site.stored(image)
    entry = site.entry(image.id.accession, image.id.version)
    levels = site.pyramids / image.id.accession / str(image.id.version) / str(image.id.number)
    labels = tuple(segmentations_of(site.archive, entry.record, image))
    chunk = seen.chunk if site.archive.store.is_local else band_of(image.record, seen)
    return ShownImage(
        image, seen, stored, local if image.record.layout else None, chunk, levels, labels, _channels(entry.record.sheet, image.record.role)
    )


def _channels(sheet: Sheet, role: str) -> tuple[Channel, ...]:
    """Channels that a sheet gives an image set, or its acquisition."""
    found = next((s for s in sheet.image_sets if s.id == role), None)
    acquisition = next((a for a in sheet.acquisitions if found and a.id == found.acquisition), None)
    return (found.channels if found else ()) or (acquisition.channels if acquisition else ())


def _group(shown: ShownImage, *, is_label: bool) -> dict[str, Any]:
    record = shown.image.record
    count = len(shown.seen.levels) if shown.levels.is_dir() else 1
    ome = ome_attributes(record, shown.seen, range(count))
    if is_label:
        ome["image-label"] = {"colors": [], "source": {"image": "../../"}}
    else:
        ome["omero"] = omero_attributes(record, shown.seen, declared=shown.channels)
    return {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}


def level_zero(shown: ShownImage) -> dict[str, Any]:
    """Return the ``zarr.json`` of the deposited array."""
    endian = "big" if _stored_type(shown).byteorder == ">" else "little"
    codecs = [{"name": "bytes", "configuration": {"endian": endian}}]
    shape, dtype = shown.seen.levels[0].shape, np.dtype(shown.image.record.dtype)
    return array_metadata(shape, shown.chunk, dtype, shown.seen.axes, codecs=codecs)


def _stored_type(shown: ShownImage) -> np.dtype[Any]:
    """Byte order included: chunks that are cut out of a file keep it."""
    layout = shown.image.record.layout
    return np.dtype(layout.dtype) if shown.path is not None and layout is not None else np.dtype(shown.image.record.dtype)


async def _chunk(site: Site, shown: ShownImage, at: tuple[int, ...]) -> bytes:
    """Return a chunk of level 0, filled up with zeros at the ends of the array."""
    seen = shown.seen
    ranges = tuple(range(i * c, min((i + 1) * c, n)) for i, c, n in zip(at, shown.chunk, seen.levels[0].shape, strict=True))
    presented = seen.ranges_as_presented(ranges)
    layout = shown.image.record.layout
    if shown.path is not None and layout is not None:
        mapped = _mapped(shown.path, layout, shown.image.record.shape)
        part = mapped.array[tuple(slice(r.start, r.stop) for r in presented)].transpose(seen.order)
        if mapped.is_in_memory(layout, presented):
            return _whole(part, shown.chunk)
        return await asyncio.to_thread(_whole, part, shown.chunk)  # the disk must be asked: others need not wait for it
    if layout is not None:  # in a bucket: an image that stays open asks it for nothing but the range
        opened = await site.remembered(("opened", shown.image.id), lambda: site.keep(("opened", shown.image.id), shown.stored.open))
        array = await asyncio.to_thread(opened.read, presented)
    else:
        selection = Selection(presented, (False,) * len(presented), (True,) * len(presented))
        array = await asyncio.to_thread(site.read, shown.stored, selection)
    return _whole(array.transpose(seen.order), shown.chunk)


def _whole(part: NDArray[Any], chunk: tuple[int, ...]) -> bytes:
    if part.shape == chunk:
        return part.tobytes()
    filled = np.zeros(chunk, part.dtype)
    filled[tuple(slice(n) for n in part.shape)] = part
    return filled.tobytes()


class _Mapped:
    """An uncompressed array in a file, mapped into memory; let go when nobody holds it."""

    __slots__ = ("_fd", "array")

    def __init__(self, path: Path, layout: RawLayout, shape: tuple[int, ...]) -> None:
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as exc:
            raise IntegrityError(f"{path.name} is missing from the store; `micrographia audit` names what is damaged.") from exc
        try:
            mapping = mmap.mmap(self._fd, 0, access=mmap.ACCESS_READ)
            self.array: NDArray[Any] = np.ndarray(shape, np.dtype(layout.dtype), mapping, layout.offset, layout.strides)
        except (ValueError, TypeError) as exc:
            raise IntegrityError(f"{path.name} is shorter than its header says; run `micrographia audit`.") from exc

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)

    def is_in_memory(self, layout: RawLayout, ranges: tuple[range, ...]) -> bool:
        """Whether the kernel has the pages of a part, judged by some of them."""
        if not _IS_CACHED_ONLY:
            return True
        outer = max(range(len(ranges)), key=lambda k: abs(layout.strides[k]) * (len(ranges[k]) > 1))
        first = layout.offset + sum(r[0] * s for r, s in zip(ranges, layout.strides, strict=True))
        probe = bytearray(1)
        step = max(1, len(ranges[outer]) // _PROBES)
        try:
            for i in range(0, len(ranges[outer]), step):
                os.preadv(self._fd, [probe], first + i * layout.strides[outer], _IS_CACHED_ONLY)
        except OSError:
            return False
        return True


@lru_cache(maxsize=256)
def _mapped(path: Path, layout: RawLayout, shape: tuple[int, ...]) -> _Mapped:
    return _Mapped(path, layout, shape)


def _file(path: Path, shown: ShownImage, caching: str) -> ASGIApp:
    """Answer with a file of the smaller copies."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return absent()
    if path.is_dir():
        return absent()
    etag = f'"{shown.image.id}-{found.st_mtime_ns:x}-{found.st_size:x}"'
    is_json = path.name == "zarr.json"
    return ContentResponse(
        Content(
            size=found.st_size,
            etag=etag,
            modified=found.st_mtime,
            media_type=_JSON if is_json else _BINARY,
            path=path,
            headers={"etag": etag, "last-modified": http_date(found.st_mtime), "cache-control": caching},
        )
    )


def document_response(request: Request, document: Mapping[str, Any]) -> Response:
    """Answer with metadata, which may grow as levels are made."""
    body = json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    headers = {"etag": f'"{_hash_of(body)}"', "cache-control": _CHANGES, "accept-ranges": "bytes"}
    if not_modified(request.headers, headers["etag"], 0):
        return Response(status_code=304, headers=headers)
    return _part(request, body, headers, media_type=_JSON)


def _part(request: Request, body: bytes, headers: dict[str, str], *, media_type: str = _BINARY) -> Response:
    """Answer with bytes in memory, or the range of them that was asked for."""
    wanted = request.headers.get("range") if request.method == "GET" else None
    spans = parse_range(wanted, len(body)) if wanted else None
    if spans == ():
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{len(body)}"})
    if spans is not None and len(spans) == 1:
        headers = {**headers, "content-range": spans[0].content_range(len(body))}
        return Response(body[spans[0].start : spans[0].stop], 206, headers, media_type)
    return Response(body, 200, headers, media_type)


def absent(message: str = "There is no such key.") -> Response:
    """Answer that there is nothing under a key: readers ask for many that may be there."""
    body = json.dumps({"error": "NotFoundError", "message": message}).encode()
    return Response(body, 404, {"cache-control": _CHANGES}, _JSON)


def _hash_of(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=12).hexdigest()
