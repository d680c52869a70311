"""The resumable upload protocol tus 1.0.0 as headers: what a request says, and how every answer speaks it.

https://tus.io/protocols/resumable-upload
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse, Response

from micrographia.errors import IntegrityError, MicrographiaError
from micrographia.store.spools import BusyError
from micrographia.store.uploads import Checksum, Upload
from micrographia.web.api.routes import FAILURES
from micrographia.web.status_codes import answer_failure

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
CHECKSUMS: tuple[Checksum, ...] = ("sha256", "sha1", "md5")
BODY_TYPE = "application/offset+octet-stream"
# what a refused request may still send over a connection that is kept
_IGNORED_BYTES = 1 << 20

_Handler = Callable[..., Awaitable[Response]]

TUS_FAILURES: dict[int | str, dict[str, Any]] = {
    **FAILURES,
    400: {"description": "A header of the protocol is missing or makes no sense."},
    401: {"description": "Sign in, or send a token."},
    403: {"description": "This is not for you."},
    409: {"description": "The upload ends elsewhere than at Upload-Offset; or the entry is no draft (any more)."},
    412: {"description": "Tus-Resumable is not 1.0.0."},
    415: {"description": f"The body is not {BODY_TYPE}."},
    423: {"description": "Another request is sending to this upload."},
    460: {"description": "The bytes do not have the checksum that was said."},
}


class ProtocolError(Exception):
    """What the protocol itself refuses."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def speaks_tus(handler: _Handler) -> _Handler:
    """Hold a request against the protocol, and let its answer, also a refusal, speak it."""

    @wraps(handler)
    async def answer(request: Request, *args: Any, **named: Any) -> Response:
        try:
            if request.headers.get("tus-resumable") != VERSION:
                raise ProtocolError(412, f"Tus-Resumable is {request.headers.get('tus-resumable', 'absent')!r:.40}; {VERSION} is expected.")
            response = await handler(request, *args, **named)
        except ProtocolError as error:
            response = JSONResponse({"error": "InvalidInputError", "message": str(error)}, error.status)
        except BusyError as error:
            response = JSONResponse(error.as_json(), 423)
        except IntegrityError as error:
            response = JSONResponse(error.as_json(), 460)
        except MicrographiaError as error:
            response = await answer_failure(request, error)
        response.headers["tus-resumable"] = VERSION
        if response.status_code == 412:
            response.headers["tus-version"] = VERSION
        if response.status_code >= 400 and (whole_number(request, "content-length", 0) or 0) > _IGNORED_BYTES:
            response.headers["connection"] = "close"  # rather than to take in what nobody wants
        return response

    return answer


def whole_number(request: Request, name: str, default: int | None = None) -> int | None:
    """Return a header that counts bytes, `default` where it is absent."""
    text = request.headers.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ProtocolError(400, f"{name} is {text[:40]!r}; a whole number of bytes is expected.")
    return int(text)


def metadata_of(request: Request) -> dict[str, str]:
    """Return Upload-Metadata: pairs of a key and its value in Base64, with commas between."""
    said: dict[str, str] = {}
    for pair in request.headers.get("upload-metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        if key in ("path", "sha256"):
            try:
                said[key] = base64.b64decode(value.strip(), validate=True).decode()
            except (binascii.Error, ValueError) as error:
                raise ProtocolError(400, f"Upload-Metadata: the value of {key} is not Base64 of UTF-8 text.") from error
    if not said.get("path"):
        raise ProtocolError(400, "Upload-Metadata carries no `path`: the file's path inside the entry, in Base64.")
    return said


def metadata_header(upload: Upload) -> str:
    """Return Upload-Metadata of an upload."""
    said = {"path": upload.record.path, "sha256": upload.record.sha256}
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items() if value)


def checksum_of(request: Request) -> tuple[Checksum, bytes] | None:
    """Return algorithm and digest of Upload-Checksum."""
    text = request.headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in CHECKSUMS:
        raise ProtocolError(400, f"Upload-Checksum: {algorithm[:20]!r} is not known; {', '.join(CHECKSUMS)} are.")
    try:
        return CHECKSUMS[CHECKSUMS.index(algorithm)], base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(400, "Upload-Checksum: its digest is not Base64.") from error


def repr_digest(sha256: str) -> str:
    """Return a digest as RFC 9530 writes it."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
