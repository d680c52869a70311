"""No other site acts with somebody's cookie: what changes something must come from a page of ours.

(1) Reading (GET, HEAD, OPTIONS) and whatever a token authorises (a browser sends none by itself) pass.
(2) What a browser says comes from another site is refused, signed in or not: also nobody shall be signed in as somebody else.
(3) A form of somebody signed in carries the token of the session (`csrf_field` in the templates).
(4) Anything else (JSON, uploads, forms with large files) is said by the browser to come from this site, or carries the token in the header
    X-CSRF-Token.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from micrographia.web.sessions import session_of
from micrographia.web.status_codes import answer_http_exception, caller_of

FIELD = "csrf_token"
HEADER = "x-csrf-token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# what a form of any site can send without asking (Fetch standard, "CORS-safelisted request-header")
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
_LONGEST_FORM = 2**20


class CrossSiteGuard:
    """ASGI middleware: refuses what other sites send with the cookie of somebody's browser."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self.application = app
        self._url = url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self.application(scope, receive, send)
            return
        request = Request(scope, receive)
        signed_in = session_of(request)
        if signed_in is None and (caller_of(request).is_known or scope["path"].startswith("/api/")):  # (1), or nobody's
            await self.application(scope, receive, send)
            return
        headers = request.headers
        own = self._is_own(headers, scope)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        why = "It came from another site." if own is False else ""  # (2)
        if not why and signed_in and not hmac.compare_digest(headers.get(HEADER, "").encode(), signed_in.csrf_token.encode()):
            if kind in _FORMS and not (own and _brings_large_files(request, kind)):  # (3)
                receive, given = await _token_of_form(request, kind)
                if not hmac.compare_digest(given.encode(), signed_in.csrf_token.encode()):
                    why = "Its form is too old, or not one of this archive: open the page anew and send it again."
            elif own is None:  # (4)
                why = "It does not say where it came from; send the header Origin or X-CSRF-Token."
        if why:
            refusal = HTTPException(403, f"This was refused for your safety. {why}")
            await (await answer_http_exception(request, refusal))(scope, receive, send)
            return
        await self.application(scope, receive, send)

    def _is_own(self, headers: Headers, scope: Scope) -> bool | None:
        """Whether the browser says that a page of this archive sent it; None where it says nothing."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        ours = (f"{scope['scheme']}://{headers.get('host', '')}", self._url)
        if site not in (None, "same-origin", "none") or (origin is not None and _spelled(origin) not in map(_spelled, ours)):
            return False
        return True if origin is not None or site == "same-origin" else None


def _brings_large_files(request: Request, kind: str) -> bool:
    """Whether a form is too large to be looked into before it is received."""
    size = request.headers.get("content-length", "")
    return kind == "multipart/form-data" and size.isdigit() and int(size) > _LONGEST_FORM


async def _token_of_form(request: Request, kind: str) -> tuple[Receive, str]:
    """Return how to receive the form once more, and the token in it; empty without one, or where the form is too large."""
    messages: list[Message] = []
    size = 0
    while size <= _LONGEST_FORM:
        message = await request.receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    else:
        return request.receive, ""

    def again() -> Receive:
        left = iter(messages)

        async def receive() -> Message:
            return next(left, None) or await request.receive()

        return receive

    if kind == "text/plain":
        return again(), ""
    async with Request(request.scope, again()).form() as form:
        given = form.get(FIELD)
    return again(), given if isinstance(given, str) else ""


def _spelled(origin: str) -> str:
    """Return an origin without the port that its scheme has anyway, in lower case."""
    parts = urlsplit(origin.lower())
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.removesuffix(default) if default else parts.netloc}"
