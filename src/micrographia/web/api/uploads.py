"""``…/drafts/{accession}/uploads`` (tus 1.0.0, resumable uploads) and ``…/files`` of a draft.

https://tus.io/protocols/resumable-upload with the extensions creation, creation-with-upload, checksum, termination and expiration.
"""

from __future__ import annotations

import hashlib
import logging
import time
from email.utils import formatdate
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from micrographia.archive import uploads
from micrographia.archive.archive import Archive
from micrographia.errors import IntegrityError, TooLargeError, UnavailableError
from micrographia.store.uploads import Appending, new_upload_id
from micrographia.web.api.receiving import read_body, receive_into, run, settled
from micrographia.web.api.routes import Accession
from micrographia.web.api.tus import (
    BODY_TYPE,
    CHECKSUMS,
    EXTENSIONS,
    TUS_FAILURES,
    VERSION,
    ProtocolError,
    checksum_of,
    metadata_header,
    metadata_of,
    repr_digest,
    speaks_tus,
    whole_number,
)
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1/drafts/{accession}")

# a file up to this length that comes whole with its creation is put into its place at once
_SMALL_BYTES = 4 << 20

_log = logging.getLogger("micrographia.web")

UploadId = Annotated[str, Path(description="Last part of the upload's address.", max_length=100)]
_OFFSET = {"Upload-Offset": {"description": "Bytes that are here.", "schema": {"type": "integer"}}}
_LOCATION = {"Location": {"description": "Address of the upload.", "schema": {"type": "string"}}}
_NO_CONTENT: dict[int | str, dict[str, Any]] = {**TUS_FAILURES, 204: {"headers": _OFFSET}}


@router.options("/uploads", status_code=204, summary="What the upload protocol can do here", response_class=Response)
async def protocol(request: Request, accession: Accession) -> Response:
    """Version, extensions and checksums of tus, and the largest file."""
    most = site_of(request).archive.settings.upload_gib << 30
    headers = {
        "tus-resumable": VERSION,
        "tus-version": VERSION,
        "tus-extension": EXTENSIONS,
        "tus-checksum-algorithm": ",".join(CHECKSUMS),
        **({"tus-max-size": str(most)} if most else {}),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "/uploads",
    status_code=201,
    summary="Begin an upload",
    responses={**TUS_FAILURES, 201: {"headers": _LOCATION}},
    response_class=Response,
)
@speaks_tus
async def begin(request: Request, accession: Accession) -> Response:
    """Upload-Length says how long the file is; Upload-Metadata carries its `path` and optionally its `sha256`. It may bring first bytes."""
    archive = site_of(request).archive
    length = whole_number(request, "upload-length")
    if length is None:
        raise ProtocolError(400, "Upload-Length is missing: the length of the whole file in bytes.")
    metadata = metadata_of(request)
    has_body = request.headers.get("content-type", "") == BODY_TYPE
    comes = whole_number(request, "content-length", None if has_body else 0)
    here = request.url.path
    if length <= _SMALL_BYTES and comes == length and (has_body or length == 0):
        return await _store_small(request, archive, accession, metadata, length)
    record = await run(
        partial(uploads.begin_upload, archive, accession, metadata["path"], size_bytes=length, sha256=metadata.get("sha256", ""))
    )
    headers = {"location": f"{here.rstrip('/')}/{record.id}"}
    if has_body:
        headers |= await _append(request, archive, accession, record.id, 0)
    else:
        headers["upload-expires"] = formatdate(_now_plus_days(archive), usegmt=True)
    return Response(status_code=201, headers=headers)


async def _store_small(request: Request, archive: Archive, accession: str, metadata: dict[str, str], length: int) -> Response:
    data = await read_body(request, length)
    if len(data) != length:
        raise ProtocolError(400, f"{len(data)} bytes came; {length} were announced.")
    said = checksum_of(request)
    if said is not None and hashlib.new(said[0], data, usedforsecurity=False).digest() != said[1]:
        raise IntegrityError(f"{metadata['path']!r:.200}: the bytes arrived changed: their checksum is not the one that was sent.")
    digest = await run(partial(uploads.store_small, archive, accession, metadata["path"], data, sha256=metadata.get("sha256", "")))
    address = f"{request.url.path.rstrip('/')}/{new_upload_id(metadata['path'])}"
    return Response(status_code=201, headers={"location": address, "upload-offset": str(length), "repr-digest": repr_digest(digest)})


@router.head(
    "/uploads/{upload}", summary="How far an upload is", responses={**TUS_FAILURES, 200: {"headers": _OFFSET}}, response_class=Response
)
@speaks_tus
async def offset(request: Request, accession: Accession, upload: UploadId) -> Response:
    """Upload-Offset says how many bytes are here, and where to go on."""
    archive = site_of(request).archive
    found = await run(partial(uploads.find_upload, archive, accession, upload))
    if found.record.failure:
        return Response(status_code=410)
    headers = {
        "upload-offset": str(found.offset),
        "upload-length": str(found.record.size_bytes),
        "upload-metadata": metadata_header(found),
        "cache-control": "no-store",
        "upload-expires": formatdate(uploads.expires_at(archive, found), usegmt=True),
    }
    return Response(status_code=200, headers=headers)


@router.patch("/uploads/{upload}", status_code=204, summary="Go on with an upload", responses=_NO_CONTENT, response_class=Response)
@speaks_tus
async def append(request: Request, accession: Accession, upload: UploadId) -> Response:
    """The body is added at Upload-Offset. What came before a cut is kept; once all bytes are here the file takes its place in the draft."""
    if request.headers.get("content-type", "") != BODY_TYPE:
        raise ProtocolError(415, f"Content-Type is {request.headers.get('content-type', 'absent')!r:.80}; {BODY_TYPE} is expected.")
    start = whole_number(request, "upload-offset")
    if start is None:
        raise ProtocolError(400, "Upload-Offset is missing: the byte from which the body goes on.")
    return Response(status_code=204, headers=await _append(request, site_of(request).archive, accession, upload, start))


@router.post(
    "/uploads/{upload}",
    status_code=204,
    summary="PATCH or DELETE for clients that cannot send it",
    responses={**_NO_CONTENT, 405: {"description": "X-HTTP-Method-Override is neither."}},
    response_class=Response,
)
async def overridden(request: Request, accession: Accession, upload: UploadId) -> Response:
    """X-HTTP-Method-Override says which of the two is meant."""
    meant = request.headers.get("x-http-method-override", "").upper()
    if meant not in ("PATCH", "DELETE"):
        return JSONResponse(
            {"error": "InvalidInputError", "message": "Send PATCH to add bytes, DELETE to take the upload back."},
            405,
            {"allow": "HEAD, PATCH, DELETE"},
        )
    return await (append if meant == "PATCH" else take_back)(request, accession, upload)


@router.delete("/uploads/{upload}", status_code=204, summary="Take an upload back", responses=TUS_FAILURES, response_class=Response)
@speaks_tus
async def take_back(request: Request, accession: Accession, upload: UploadId) -> Response:
    """Its bytes are deleted."""
    await run(partial(uploads.take_back_upload, site_of(request).archive, accession, upload))
    return Response(status_code=204)


async def _append(request: Request, archive: Archive, accession: str, upload: str, start: int) -> dict[str, str]:
    """Add the body to an upload, and return the headers that say what became of it."""
    said = checksum_of(request)
    appending = await run(partial(uploads.open_upload, archive, accession, upload, offset=start))
    digest, is_later = "", False
    try:
        if said is not None:
            appending.expect(*said)
        comes = whole_number(request, "content-length", None)
        if comes is not None and start + comes > appending.record.size_bytes:
            raise TooLargeError(f"{comes:,} bytes from byte {start:,} on are more than the file's {appending.record.size_bytes:,} bytes.")
        if not await receive_into(request, appending):
            raise ProtocolError(400, "The body was cut; what came is kept. Ask for the offset and go on from there.")
        await run(appending.confirm)
        if appending.is_whole:
            digest, is_later = await _finish(archive, accession, appending)
    finally:
        await settled(run(appending.close))
    if is_later:
        request.app.state.finishing.add(accession, upload)
    headers = {"upload-offset": str(appending.offset), "upload-expires": formatdate(_now_plus_days(archive), usegmt=True)}
    return headers | ({"repr-digest": repr_digest(digest)} if digest else {})


async def _finish(archive: Archive, accession: str, appending: Appending) -> tuple[str, bool]:
    """Return the digest of a file that took its place, or whether that is left to a thread behind: it must be read once more."""
    if not await run(lambda: appending.is_hashed):
        return "", True
    try:
        return await run(partial(uploads.finish_upload, archive, accession, appending)), False
    except UnavailableError as error:
        _log.warning("%s: %s takes its place later: %s", accession, appending.record.path, error.message)
        return "", True


def _now_plus_days(archive: Archive) -> float:
    return time.time() + archive.settings.upload_days * 86400
