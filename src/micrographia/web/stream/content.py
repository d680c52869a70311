"""One answer for any immutable bytes: whole, a range, several ranges, not modified, headers only."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from micrographia.errors import IntegrityError, NotFoundError
from micrographia.web.stream.conditions import not_modified, precondition_failed, range_applies
from micrographia.web.stream.ranges import Span, parse_range
from micrographia.web.stream.sendfile import Disconnect, in_memory, send_file_part

# one read of an object store: large enough that its latency does not count, small enough for many clients at once
_REMOTE_CHUNK = 4 << 20


class RangeReader(Protocol):
    """Anything that reads byte ranges: a ByteSource."""

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes from byte `start`."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """Immutable bytes and what is said of them."""

    size: int
    etag: str
    """Quoted entity tag."""
    modified: float
    """When they were published, POSIX seconds."""
    media_type: str
    path: Path | None = None
    """Where they lie on this machine, if they do."""
    reader: Callable[[], RangeReader] | None = None
    """Opens them, where they lie elsewhere."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """All headers that do not depend on the request: ETag, Last-Modified, digest, Cache-Control, …"""
    accel: str = ""
    """Internal path under which a proxy in front serves the file itself (nginx X-Accel-Redirect); empty: we send it."""


@dataclass(slots=True)
class ContentResponse:
    """The ASGI response that sends `content` as the request's headers ask."""

    content: Content
    _head: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        content = self.content
        asked = Headers(scope=scope)
        self._head = {**content.headers, "accept-ranges": "bytes"}
        if precondition_failed(asked, content.etag, content.modified):
            await self._without_body(send, 412)
        elif not_modified(asked, content.etag, content.modified):
            await self._without_body(send, 304)
        else:
            await self._with_body(scope, receive, send, asked)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send, asked: Headers) -> None:
        content = self.content
        spans: tuple[Span, ...] | None = None
        # RFC 9110, 14.2: Range counts for GET alone
        if scope["method"] == "GET" and (wanted := asked.get("range")) and range_applies(asked, content.etag, content.modified):
            spans = parse_range(wanted, content.size)
        if spans == ():
            self._head["content-range"] = f"bytes */{content.size}"
            await self._without_body(send, 416)
        elif content.accel:
            self._head |= {"x-accel-redirect": content.accel, "content-type": content.media_type}
            await self._without_body(send, 200)
        elif spans is None:
            await self._send(scope, receive, send, 200, content.media_type, content.size, [Span(0, content.size)])
        elif len(spans) == 1:
            self._head["content-range"] = spans[0].content_range(content.size)
            await self._send(scope, receive, send, 206, content.media_type, spans[0].length, spans)
        else:
            boundary = secrets.token_hex(16)
            parts = list(_multipart(spans, content, boundary))
            length = sum(len(p) if isinstance(p, bytes) else p.length for p in parts)
            await self._send(scope, receive, send, 206, f"multipart/byteranges; boundary={boundary}", length, parts)

    async def _send(
        self, scope: Scope, receive: Receive, send: Send, status: int, media_type: str, length: int, parts: Iterable[bytes | Span]
    ) -> None:
        self._head |= {"content-type": media_type, "content-length": str(length)}
        if scope["method"] == "HEAD":
            await self._start(send, status)
            await send({"type": "http.response.body", "body": b""})
            return
        if self.content.path is not None:
            await self._send_local(scope, receive, send, status, parts)
        else:
            await self._send_remote(receive, send, status, parts)

    async def _send_local(self, scope: Scope, receive: Receive, send: Send, status: int, parts: Iterable[bytes | Span]) -> None:
        fd = _open(self.content)
        try:
            await self._start(send, status)
            await send_parts(scope, receive, send, fd, parts)
        finally:
            os.close(fd)

    async def _send_remote(self, receive: Receive, send: Send, status: int, parts: Iterable[bytes | Span]) -> None:
        if self.content.reader is None:
            raise NotFoundError("These bytes lie neither on this machine nor in an object store.")
        reader = await asyncio.to_thread(self.content.reader)
        gone = Disconnect(receive)
        try:
            started = False
            async for data in _read_ahead(reader, parts):
                if not started:  # only now it is sure that the store answers
                    await self._start(send, status)
                    started = True
                    gone.watch()
                if gone.noticed():
                    return
                await send({"type": "http.response.body", "body": data, "more_body": True})
            if not started:
                await self._start(send, status)
            await send({"type": "http.response.body", "body": b""})
        finally:
            await gone.stop()

    async def _without_body(self, send: Send, status: int) -> None:
        if status >= 400:
            self._head["content-length"] = "0"
        await self._start(send, status)
        await send({"type": "http.response.body", "body": b""})

    async def _start(self, send: Send, status: int) -> None:
        await start_response(send, status, self._head)


async def start_response(send: Send, status: int, headers: Mapping[str, str]) -> None:
    """Send status and headers."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def send_parts(scope: Scope, receive: Receive, send: Send, fd: int, parts: Iterable[bytes | Span]) -> None:
    """Send the body of a started response: bytes, and spans of an open file; ends early when the client goes away."""
    gone = Disconnect(receive)
    try:
        for part in parts:
            if isinstance(part, bytes):
                await send({"type": "http.response.body", "body": part, "more_body": True})
                continue
            await in_memory(fd, part.start, part.stop)
            if not await send_file_part(scope, send, gone, fd=fd, start=part.start, stop=part.stop):
                return
        await send({"type": "http.response.body", "body": b""})
    finally:
        await gone.stop()


def _open(content: Content) -> int:
    if content.path is None:
        raise NotFoundError("These bytes do not lie on this machine.")
    try:
        fd = os.open(content.path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise IntegrityError(
            f"{content.path.name} is missing from the store; `micrographia audit` names what is damaged and repairs it."
        ) from exc
    if (size := os.fstat(fd).st_size) != content.size:
        os.close(fd)
        raise IntegrityError(f"{content.path.name} has {size} bytes in the store; {content.size} were published. Run `micrographia audit`.")
    return fd


def _multipart(spans: Iterable[Span], content: Content, boundary: str) -> Iterable[bytes | Span]:
    for span in spans:
        yield (
            f"--{boundary}\r\nContent-Type: {content.media_type}\r\nContent-Range: {span.content_range(content.size)}\r\n\r\n".encode(
                "latin-1"
            )
        )
        yield span
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


async def _read_ahead(reader: RangeReader, parts: Iterable[bytes | Span]) -> AsyncIterator[bytes]:
    """Pieces of `parts`, the next one being fetched while the last one is sent."""
    wanted: list[bytes | Span] = []
    for part in parts:
        if isinstance(part, bytes):
            wanted.append(part)
        else:
            wanted += [Span(at, min(at + _REMOTE_CHUNK, part.stop)) for at in range(part.start, part.stop, _REMOTE_CHUNK)]
    pending: asyncio.Task[bytes] | None = None
    try:
        for i, piece in enumerate(wanted):
            if isinstance(piece, bytes):
                yield piece
                continue
            data = await (pending or _fetch(reader, piece))
            following = wanted[i + 1] if i + 1 < len(wanted) else None
            pending = asyncio.ensure_future(_fetch(reader, following)) if isinstance(following, Span) else None
            yield data
    finally:
        if pending is not None:
            pending.cancel()


async def _fetch(reader: RangeReader, span: Span) -> bytes:
    return await asyncio.to_thread(reader.read, span.start, span.length)
