"""The session of a browser: its cookie, the token that its forms carry, and the way back after signing in."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import unquote

from starlette.requests import HTTPConnection
from starlette.responses import Response

from micrographia.archive.sessions import LONGEST
from micrographia.catalogue.sessions import Session

# key of the ASGI scope under which the session of a request stands
SESSION = "micrographia.session"
_COOKIE = "micrographia"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session that a request came with."""

    session: Session
    csrf_token: str = field(repr=False)
    """What its forms carry, and no other site knows."""


def session_of(request: HTTPConnection) -> SignedIn | None:
    """Return the session that a request came with; None where nobody has signed in by cookie."""
    found: SignedIn | None = request.scope.get(SESSION)
    return found


def cookie_name(scheme: str, name: str = _COOKIE) -> str:
    """Return the name of the cookie; by its prefix browsers take it from this very host, over TLS, alone (RFC 6265bis, 4.1.3)."""
    return f"__Host-{name}" if scheme == "https" else name


def csrf_token(secret: str) -> str:
    """Return the token that forms of the session with this secret carry; the secret cannot be told from it."""
    return hmac.new(secret.encode(), b"forms", hashlib.sha256).hexdigest()


def keep_session(request: HTTPConnection, response: Response, secret: str) -> None:
    """Give the browser the secret of a new session."""
    keep_cookie(request, response, _COOKIE, secret, LONGEST)


def drop_session(request: HTTPConnection, response: Response) -> None:
    """Let the browser forget its session."""
    drop_cookie(request, response, _COOKIE)


def keep_cookie(request: HTTPConnection, response: Response, name: str, secret: str, lasts: timedelta) -> None:
    """Give the browser a secret that no script and no other site sees."""
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        cookie_name(request.url.scheme, name),
        secret,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )


def kept_cookie(request: HTTPConnection, name: str = _COOKIE) -> str:
    """Return the secret that the browser kept; empty without one."""
    return request.cookies.get(cookie_name(request.url.scheme, name), "")


def drop_cookie(request: HTTPConnection, response: Response, name: str) -> None:
    """Let the browser forget a secret."""
    scheme = request.url.scheme
    response.delete_cookie(cookie_name(scheme, name), path="/", secure=scheme == "https", httponly=True, samesite="lax")


def own_path(text: str, default: str = "/") -> str:
    """Return a path of this archive to go on to; `default` for whatever a browser might take for another site."""
    path = text.partition("?")[0].partition("#")[0]
    if not text.isprintable() or len(text) > 2000:
        return default
    for _ in range(4):  # as often as it may have been encoded
        if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
            return default
        path, before = unquote(path), path
        if path == before:
            return text if "\\" not in text and " " not in text else default
    return default
