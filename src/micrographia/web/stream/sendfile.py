"""Bytes from a local file to a socket: by the kernel's sendfile where our server's protocol offers the socket, else in pieces."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any

from starlette.types import Receive, Scope, Send

EXTENSION = "micrographia.sendfile"
# a client that takes nothing for so long is gone (nginx send_timeout)
STALLED_SECONDS = 60.0
_CHUNK = 1 << 20
# below this, one read and one write cost less than preparing sendfile
_SENDFILE_FROM = 1 << 16
# parts longer than this are read ahead by the kernel while they go out
_WARMED_BYTES = 8 << 20
_READ_NOW_ONLY = getattr(os, "RWF_NOWAIT", 0)


class ResponseSocket:
    """The socket under one response of uvicorn; `server.py` puts it into the scope."""

    __slots__ = ("_cycle", "_transport")

    def __init__(self, cycle: Any, transport: asyncio.Transport) -> None:
        self._cycle = cycle
        self._transport = transport

    async def send(self, fd: int, start: int, stop: int) -> bool:
        """Send bytes `start` up to `stop` of the open file `fd` after what was written already; False when the client went away."""
        if not await self._flushed():
            return False
        # a file descriptor of our own: the event loop refuses to watch a transport's
        out = os.dup(self._transport.get_extra_info("socket").fileno())
        try:
            position = start
            while position < stop:
                if self._transport.is_closing():
                    return False
                try:
                    sent = os.sendfile(out, fd, position, min(stop - position, _CHUNK))
                except BlockingIOError:
                    if not await _writable(out):
                        self._abandon()
                        return False
                    continue
                except OSError:
                    self._abandon()
                    return False
                if sent == 0:  # the file is shorter than it was said to be: the client must notice
                    self._abandon()
                    return False
                position += sent
                if position < stop:
                    await asyncio.sleep(0)
        finally:
            os.close(out)
        # uvicorn counts what passes through it against Content-Length
        self._cycle.expected_content_length -= stop - start
        return True

    def _abandon(self) -> None:
        self._cycle.disconnected = True
        self._transport.close()

    async def _flushed(self) -> bool:
        waited = 0.0
        pause = 0.0
        while self._transport.get_write_buffer_size():
            if self._transport.is_closing() or waited > STALLED_SECONDS:
                self._abandon()
                return False
            await asyncio.sleep(pause)
            waited += pause
            pause = min(0.02, pause + 0.001)
        return not self._transport.is_closing()


async def send_file_part(scope: Scope, send: Send, gone: Disconnect, *, fd: int, start: int, stop: int) -> bool:
    """Send bytes `start` up to `stop` of an open file as part of a started response; False when the client went away."""
    socket: ResponseSocket | None = scope.get("extensions", {}).get(EXTENSION)
    if socket is not None and stop - start >= _SENDFILE_FROM:
        return await socket.send(fd, start, stop)
    while start < stop:
        if gone.noticed():
            return False
        data = os.pread(fd, min(stop - start, _CHUNK), start)
        if not data:
            return False
        start += len(data)
        await send({"type": "http.response.body", "body": data, "more_body": True})
        if start < stop:
            gone.watch()
            await asyncio.sleep(0)
    return True


async def in_memory(fd: int, start: int, stop: int) -> None:
    """Wait, in a thread, until a short part of a file is in memory; if it is there already (ends are looked at) nothing waits.

    What the disk must first bring would stop every other answer while the kernel waits for it.
    """
    if not _READ_NOW_ONLY or not 0 < stop - start <= _WARMED_BYTES:
        return
    ends = bytearray(1)
    try:
        if all(os.preadv(fd, [ends], at, _READ_NOW_ONLY) for at in (start, stop - 1)):
            return
    except OSError:  # not in memory, or a file system that cannot tell
        pass
    await asyncio.to_thread(os.pread, fd, stop - start, start)


class Disconnect:
    """Notices that the client of a long response went away; watching starts only when it is worth a task."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Begin to listen."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._wait())

    def noticed(self) -> bool:
        """Whether the client is known to be gone."""
        return self._task is not None and self._task.done()

    async def stop(self) -> None:
        """End listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _writable(fd: int) -> bool:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(fd, _finish, ready)
    try:
        async with asyncio.timeout(STALLED_SECONDS):
            await ready
    except TimeoutError:
        return False
    finally:
        loop.remove_writer(fd)
    return True


def _finish(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
