"""Deposited files: bytes with ranges, manifests, ZIP streams. Plain routes without dependency injection: they are the busiest."""

from __future__ import annotations

import asyncio
from datetime import datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from micrographia.archive import lookup
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.model import ocfl
from micrographia.model.records import MANIFEST_FILE, FileRecord
from micrographia.web.security_headers import DEPOSIT_POLICY
from micrographia.web.site import Site, site_of
from micrographia.web.stream.content import Content, ContentResponse
from micrographia.web.stream.zip_stream import ZipResponse

IMMUTABLE = "public, max-age=31536000, immutable"
# what a browser may show by itself; everything else it saves
_SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
# what a browser might run or style with if it were ever shown
_ACTIVE_TYPES = ("html", "xml", "svg", "script", "css", "pdf")


async def file_or_folder(request: Request) -> ASGIApp:
    """GET /files/{accession}/{version}/{path}: the file, or the listing of the folder."""
    site = site_of(request)
    accession, version, path = request.path_params["accession"], _version(request), request.path_params["path"]
    if not path or path.endswith("/"):
        return await _listing(request, accession, version, path.strip("/"))
    if any(ord(c) < 32 for c in path):
        raise NotFoundError(f"{accession} version {version} has no such file.")
    if path == MANIFEST_FILE:
        return ContentResponse(await asyncio.to_thread(_manifest, site, accession, version))
    try:
        record, local = await site.remembered(("file", accession, version, path), lambda: site.file(accession, version, path))
        view = await site.remembered(("entry", accession, version), lambda: site.entry(accession, version))
    except NotFoundError as no_file:
        if type(no_file) is not NotFoundError:
            raise
        try:
            return await _listing(request, accession, version, path)
        except NotFoundError:
            raise no_file from None
    return ContentResponse(file_content(site, record, accession, view.record.released_at, local))


async def latest_version(request: Request) -> Response:
    """GET /files/{accession}: to the files of the latest version."""
    accession = request.path_params["accession"]
    view = await asyncio.to_thread(site_of(request).entry, accession)
    return RedirectResponse(f"/files/{accession}/{view.record.version}/", status_code=307)


async def zip_of_files(request: Request) -> ASGIApp:
    """GET /files/{accession}/{version}.zip?path=glob: the files that a glob matches, all of them without one."""
    site, accession, version = site_of(request), request.path_params["accession"], _version(request)
    glob = request.query_params.get("path", "")
    if len(glob) > 1000 or any(ord(c) < 32 for c in glob):
        raise InvalidInputError("path is no glob of file paths; expected one like *.mrc or movies/*.tiff.")
    view = await asyncio.to_thread(site.entry, accession, version)
    files = await asyncio.to_thread(lookup.list_files, site.archive, accession, version, limit=1, glob=glob)
    if not files:
        raise NotFoundError(f"{accession} version {version} has no file that {glob[:200]!r} matches.")
    headers = {
        "content-disposition": content_disposition(f"{accession}-v{version}.zip"),
        "cache-control": "no-cache",
        "content-security-policy": DEPOSIT_POLICY,
    }
    return ZipResponse(
        site.archive, accession, version, glob, prefix=f"{accession}-v{version}/", modified=view.record.released_at, headers=headers
    )


def file_content(site: Site, record: FileRecord, accession: str, released_at: str, local: object) -> Content:
    """Return a released file as an answer."""
    name = record.path.rpartition("/")[2]
    shown = record.media_type in _SHOWN_TYPES
    return Content(
        size=record.size_bytes,
        etag=f'"{record.sha256}"',
        modified=_seconds(released_at),
        media_type=_safe_type(record.media_type),
        path=local,  # type: ignore[arg-type]
        reader=None if local else lambda: lookup.open_file(site.archive, accession, record.content_path),
        sha256=record.sha256,
        headers=(
            ("cache-control", IMMUTABLE),
            ("content-disposition", content_disposition(name, inline=shown)),
            ("content-security-policy", DEPOSIT_POLICY),
        ),
        accel=_accel(site, accession, record) if local else "",
    )


def content_disposition(name: str, *, inline: bool = False) -> str:
    """Return the header for a file name of any characters (RFC 6266): one for old clients, one in UTF-8."""
    kind = "inline" if inline else "attachment"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%/;' else "_" for c in name)[:200]
    return f'{kind}; filename="{plain}"' if plain == name else f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _manifest(site: Site, accession: str, version: int) -> Content:
    view = site.entry(accession, version)
    content_path = ocfl.content_path(version, MANIFEST_FILE)
    return Content(
        size=(source := lookup.open_file(site.archive, accession, content_path)).size,
        etag=f'"{accession}.{version}.manifest"',
        modified=_seconds(view.record.released_at),
        media_type="application/jsonl",
        path=lookup.local_path(site.archive, accession, content_path),
        reader=lambda: source,
        headers=(
            ("cache-control", IMMUTABLE),
            ("content-disposition", content_disposition(f"{accession}-v{version}-manifest.jsonl", inline=True)),
        ),
    )


async def _listing(request: Request, accession: str, version: int, path: str) -> Response:
    from micrographia.web.pages.folder import folder_page

    return await asyncio.to_thread(folder_page, request, accession, version, path)


def _version(request: Request) -> int:
    return int(request.path_params["version"])


def _safe_type(media_type: str) -> str:
    """A type that no browser runs; ours come from the deposit's file names."""
    clean = media_type if all(32 < ord(c) < 127 for c in media_type) else ""
    return "application/octet-stream" if not clean or any(word in clean for word in _ACTIVE_TYPES) else clean


def _accel(site: Site, accession: str, record: FileRecord) -> str:
    prefix = site.archive.settings.x_accel_prefix
    if not prefix:
        return ""
    local = lookup.local_path(site.archive, accession, record.content_path)
    root = site.archive.settings.home / "store"
    if local is None or not local.resolve().is_relative_to(root.resolve()):
        return ""
    return quote(f"{prefix.rstrip('/')}/{local.resolve().relative_to(root.resolve())}")


def _seconds(when: str) -> float:
    try:
        return datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
