"""Who sends a request: nobody known, a person by a token or a session, a reviewer by a link.

The middleware asks once a request, before any route. What a route does with somebody's rights must never be kept by a cache that others
share, so each answer to somebody is private.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from micrographia.archive.accounts import TOKEN_PREFIX, caller_of_token
from micrographia.archive.archive import Archive
from micrographia.errors import MicrographiaError
from micrographia.model.people import Caller
from micrographia.web.status_codes import CALLER, answer_failure

_PRIVATE = (b"cache-control", b"private, no-store")


class Callers:
    """ASGI middleware: finds out who asks, refuses what does not prove it, and keeps answers to somebody out of shared caches."""

    def __init__(self, app: ASGIApp, archive: Archive) -> None:
        self.application = app
        self._archive = archive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self.application(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        proof = _proof(Headers(scope=scope))
        if proof is None:
            scope[CALLER] = Caller(address=address)
            await self.application(scope, receive, send)
            return
        try:
            scope[CALLER] = await asyncio.to_thread(proof, self._archive, address)
        except MicrographiaError as error:
            await (await answer_failure(Request(scope), error))(scope, receive, send)
            return

        async def send_privately(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*(h for h in message.get("headers", ()) if h[0] != b"cache-control"), _PRIVATE]}
            await send(message)

        await self.application(scope, receive, send_privately)


def _proof(headers: Headers) -> Callable[[Archive, str], Caller] | None:
    """Return how to find out who it is; None where the request does not say."""
    kind, _, secret = headers.get("authorization", "").partition(" ")
    if kind.lower() in ("bearer", "token") and secret.strip().startswith(TOKEN_PREFIX):
        return lambda archive, address: caller_of_token(archive, secret.strip(), address)
    return None
