"""Headers that every answer carries, whatever made it."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# our own pages use our own styles, scripts and pictures and nothing else; no page may be framed
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# pages with a viewer, and the viewers' own workers: they start workers, decode in WebAssembly, draw pictures they made
VIEWER_POLICY = (
    PAGE_POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'").replace("data:", "data: blob:") + "; worker-src 'self'"
)
# what a depositor brought may do nothing at all in a browser
DEPOSIT_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

_ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
# whoever came by TLS once comes by it for a year (RFC 6797)
_BY_TLS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_POLICY_NAME = b"content-security-policy"


# how answers to somebody are marked (callers.py)
PRIVATE = b"private, no-store"


class SecurityHeaders:
    """ASGI middleware: adds the headers above; released data may be read by scripts of any site, what is somebody's by none."""

    def __init__(self, app: ASGIApp) -> None:
        self.application = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                said = {name for name, _ in headers}
                headers += [header for header in _ALWAYS if header[0] not in said]
                if not any(name == _POLICY_NAME for name, _ in headers):
                    headers.append((_POLICY_NAME, PAGE_POLICY.encode()))
                if scope["scheme"] == "https":
                    headers.append(_BY_TLS)
                headers += _SAME_ORIGIN if (b"cache-control", PRIVATE) in headers else _CROSS_ORIGIN
                message = {**message, "headers": headers}
            await send(message)

        await self.application(scope, receive, send_with_headers)


# everything public is readable without credentials; viewers elsewhere need the range headers
_CROSS_ORIGIN: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Link, Repr-Digest"),
)
_SAME_ORIGIN: tuple[tuple[bytes, bytes], ...] = ((b"cross-origin-resource-policy", b"same-origin"),)
