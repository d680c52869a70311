"""Who sends a request: nobody known, a person by a token or a session, a reviewer by a link.

The middleware asks once a request, before any route. What a route does with somebody's rights must never be kept by a cache that others
share, so each answer to somebody is private.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from micrographia.archive.accounts import TOKEN_PREFIX, caller_of_token, key_digest
from micrographia.archive.archive import Archive
from micrographia.archive.sessions import find_session
from micrographia.errors import MicrographiaError
from micrographia.model.people import Caller
from micrographia.web.security_headers import PRIVATE
from micrographia.web.sessions import SESSION, SignedIn, cookie_name, csrf_token
from micrographia.web.status_codes import CALLER, answer_failure

REVIEWER_COOKIE = "micrographia_review"
_PRIVATE = (b"cache-control", PRIVATE)
# no search engine keeps what a reviewer sees, and no other site learns the address
_REVIEWER = ((b"x-robots-tag", b"noindex"), (b"referrer-policy", b"no-referrer"))


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
        try:
            caller = await self._caller(scope)
        except MicrographiaError as error:
            await (await answer_failure(Request(scope), error))(scope, receive, send)
            return
        if secret := Request(scope).cookies.get(cookie_name(scope["scheme"], REVIEWER_COOKIE), ""):
            caller = replace(caller, reviewer_key=key_digest(secret))
        scope[CALLER] = caller
        if caller.is_anyone:
            await self.application(scope, receive, send)
            return
        own = (_PRIVATE, *_REVIEWER) if secret else (_PRIVATE,)

        async def send_privately(message: Message) -> None:
            if message["type"] == "http.response.start":
                replaced = {name for name, _ in own}
                message = {**message, "headers": [*(h for h in message.get("headers", ()) if h[0] not in replaced), *own]}
            await send(message)

        await self.application(scope, receive, send_privately)

    async def _caller(self, scope: Scope) -> Caller:
        """Return who it is: a token goes before a session, and one that is not valid is refused; a session that has ended is nobody's."""
        address = scope["client"][0] if scope.get("client") else ""
        kind, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        if kind.lower() in ("bearer", "token") and secret.strip().startswith(TOKEN_PREFIX):
            return await asyncio.to_thread(caller_of_token, self._archive, secret.strip(), address)
        if secret := Request(scope).cookies.get(cookie_name(scope["scheme"]), ""):
            found = await asyncio.to_thread(find_session, self._archive, secret, address)
            if found is not None:
                scope[SESSION] = SignedIn(found[0], csrf_token(secret))
                return found[1]
        return Caller(address=address)
