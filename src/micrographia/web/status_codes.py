"""The one table from failure to HTTP status, and how a failure is answered: JSON for programs, a page for people."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from micrographia.archive.drafting import EditedMeanwhileError
from micrographia.errors import (
    GoneError,
    IntegrityError,
    InvalidInputError,
    MicrographiaError,
    NotFoundError,
    NotPermittedError,
    TooLargeError,
    TooManyAttemptsError,
    UnavailableError,
    WrongStateError,
)
from micrographia.model.people import ANYONE, Caller

# a leaf class stands here once; what is not public is a NotFoundError to strangers already, so that it looks like what does not exist
STATUS_CODES: Mapping[type[MicrographiaError], int] = {
    InvalidInputError: 422,
    GoneError: 410,
    NotFoundError: 404,
    NotPermittedError: 403,
    EditedMeanwhileError: 412,
    WrongStateError: 409,
    IntegrityError: 500,
    TooLargeError: 413,
    TooManyAttemptsError: 429,
    UnavailableError: 503,
}
# key of the ASGI scope under which who sends the request stands
CALLER = "micrographia.caller"
_API_PREFIX = "/api/"
_RETRY_S = 5
# addresses of pictures: who follows them is no reader of pages
_PICTURES = ("/thumbnails/", "/iiif/")
_log = logging.getLogger("micrographia.web")


def caller_of(request: Request) -> Caller:
    """Return who sent a request."""
    return request.scope.get(CALLER) or ANYONE


def status_of(error: MicrographiaError) -> int:
    """Return the HTTP status of a failure; a class that is not in the table counts as its nearest ancestor."""
    return next((STATUS_CODES[kind] for kind in type(error).__mro__ if kind in STATUS_CODES), 500)


async def answer_failure(request: Request, error: Exception) -> Response:
    """Answer a failure that a verb raised."""
    if not isinstance(error, MicrographiaError):
        raise error
    status = status_of(error)
    if status >= 500:
        _log.error("%s %s: %s", request.method, _without_secrets(request.url.path), error.message)
    if isinstance(error, NotPermittedError) and not caller_of(request).is_known:
        status = HTTPStatus.UNAUTHORIZED
    tombstone = error.tombstone if isinstance(error, GoneError) else None
    wait_s = error.wait_s if isinstance(error, TooManyAttemptsError) else _RETRY_S
    return _answer(request, status, error.as_json(), tombstone=tombstone, wait_s=wait_s)


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: no such route, no such method."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        said = NotFoundError(f"{request.url.path[:200]}: there is no such address here.").as_json()
    else:
        said = {"error": HTTPStatus(error.status_code).phrase, "message": str(error.detail)}
    response = _answer(request, error.status_code, said)
    response.headers.update(error.headers or {})
    return response


async def answer_bug(request: Request, error: Exception) -> Response:
    """Answer an exception that nobody expected; the log has the traceback."""
    return _answer(request, 500, {"error": "InternalError", "message": "The server failed on this request; its log says more."})


def _answer(
    request: Request, status: int, said: Mapping[str, object], *, tombstone: Mapping[str, object] | None = None, wait_s: int = _RETRY_S
) -> Response:
    headers = {"cache-control": "no-store" if status >= 500 else "no-cache"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        headers["retry-after"] = str(wait_s)
    if request.url.path.startswith(_API_PREFIX) or not _wants_html(request):
        return JSONResponse(dict(said), status_code=status, headers=headers)
    from micrographia.web.pages.trouble import trouble_page

    return trouble_page(request, status, str(said["message"]), tombstone=tombstone, headers=headers)


def _without_secrets(path: str) -> str:
    """Return a path without what may be a link that works for whoever has it."""
    return re.sub(r"[\w-]{40,}", "…", path)


def _wants_html(request: Request) -> bool:
    return not request.url.path.startswith(_PICTURES) and "text/html" in request.headers.get("accept", "text/html")
