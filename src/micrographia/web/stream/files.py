"""Deposited files: bytes with ranges, manifests, ZIP streams. Plain routes without dependency injection: they are the busiest."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from micrographia.archive import lookup
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.model import ocfl
from micrographia.model.records import MANIFEST_FILE
from micrographia.web.security_headers import DEPOSIT_POLICY
from micrographia.web.site import Site, site_of
from micrographia.web.stream.conditions import http_date
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
        content = await site.remembered(("content", accession, version, path), lambda: _content(site, accession, version, path))
    except NotFoundError as no_file:
        if type(no_file) is not NotFoundError:
            raise
        try:
            return await _listing(request, accession, version, path)
        except NotFoundError:
            raise no_file from None
    return ContentResponse(content)


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


def _content(site: Site, accession: str, version: int, path: str) -> Content:
    """A released file as an answer, kept for the next request."""

    def find() -> Content:
        record, local = site.file(accession, version, path)
        modified = _seconds(site.entry(accession, version).record.released_at)
        digest = base64.b64encode(bytes.fromhex(record.sha256)).decode()
        headers = {
            "etag": f'"{record.sha256}"',
            "last-modified": http_date(modified),
            "repr-digest": f"sha-256=:{digest}:",  # RFC 9530
            "digest": f"sha-256={digest}",  # RFC 3230, what older clients read
            "cache-control": IMMUTABLE,
            "content-disposition": content_disposition(path.rpartition("/")[2], inline=record.media_type in _SHOWN_TYPES),
            "content-security-policy": DEPOSIT_POLICY,
        }
        return Content(
            size=record.size_bytes,
            etag=headers["etag"],
            modified=modified,
            media_type=_safe_type(record.media_type),
            path=local,
            reader=None if local else lambda: lookup.open_file(site.archive, accession, record.content_path),
            headers=headers,
            accel=_accel(site, local) if local else "",
        )

    return site.keep(("content", accession, version, path), find)


def content_disposition(name: str, *, inline: bool = False) -> str:
    """Return the header for a file name of any characters (RFC 6266): one for old clients, one in UTF-8."""
    kind = "inline" if inline else "attachment"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%/;' else "_" for c in name)[:200]
    return f'{kind}; filename="{plain}"' if plain == name else f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _manifest(site: Site, accession: str, version: int) -> Content:
    modified = _seconds(site.entry(accession, version).record.released_at)
    content_path = ocfl.content_path(version, MANIFEST_FILE)
    source = lookup.open_file(site.archive, accession, content_path)
    headers = {
        "etag": f'"{accession}.{version}.manifest"',
        "last-modified": http_date(modified),
        "cache-control": IMMUTABLE,
        "content-disposition": content_disposition(f"{accession}-v{version}-manifest.jsonl", inline=True),
    }
    return Content(
        size=source.size,
        etag=headers["etag"],
        modified=modified,
        media_type="application/jsonl",
        path=lookup.local_path(site.archive, accession, content_path),
        reader=lambda: source,
        headers=headers,
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


def _accel(site: Site, local: Path) -> str:
    """Return the address under which nginx serves a file of the store; empty where it does not."""
    settings = site.archive.settings
    file, root = local.resolve(), Path(settings.store_location).resolve()
    if not settings.x_accel_prefix or not file.is_relative_to(root):
        return ""
    return quote(f"{settings.x_accel_prefix.rstrip('/')}/{file.relative_to(root)}")


def _seconds(when: str) -> float:
    try:
        return datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
