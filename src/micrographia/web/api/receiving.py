"""Bodies on their way to a disk: gathered in the event loop, written by threads, kept as far as they came."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi import Request

from micrographia.errors import TooLargeError
from micrographia.store.uploads import Appending

# bytes that are gathered before they are written: large enough that handing them to a thread does not count
_BLOCK_BYTES = 1 << 20
# a sender that says nothing for so long is gone; the next one need not wait for it
_PATIENCE_S = 30.0

_T = TypeVar("_T")
_pool = ThreadPoolExecutor(32, "uploads")


async def receive_into(request: Request, appending: Appending) -> bool:
    """Append the body; whether all of it came. What came is kept, also when the server is told to stop."""
    loop = asyncio.get_running_loop()
    adding: asyncio.Future[None] | None = None
    held: list[bytes] = []
    held_bytes, more = 0, True
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S) as patience:
                while more:
                    message = await request.receive()
                    if message["type"] == "http.disconnect":
                        break
                    patience.reschedule(loop.time() + _PATIENCE_S)
                    piece = message.get("body", b"")
                    more = message.get("more_body", False)
                    if piece:
                        held.append(piece)
                        held_bytes += len(piece)
                    if held_bytes >= _BLOCK_BYTES:
                        if adding is not None:
                            await asyncio.shield(adding)
                        adding = loop.run_in_executor(_pool, appending.add, held)
                        held, held_bytes = [], 0
    finally:
        if adding is not None:
            await settled(adding)
        if held:
            await settled(loop.run_in_executor(_pool, appending.add, held))
    return not more


async def settled(future: Awaitable[_T]) -> _T:
    """Wait to the end of what a thread does, even if this task is told to stop meanwhile."""
    task = asyncio.ensure_future(future)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result


async def run(function: Callable[[], _T]) -> _T:
    """Return what `function` says, asked by a thread."""
    return await asyncio.get_running_loop().run_in_executor(_pool, function)


async def read_body(request: Request, most: int) -> bytes:
    """Return a whole body; shorter than announced where its sender left, TooLargeError where it is longer than `most`."""
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise TooLargeError(f"At most {most:,} bytes were expected; more came.")
    return bytes(body)
