"""Work for worker processes, well and badly behaved; in a module of the package, so that a worker can import it."""

from __future__ import annotations

import os
import time

from micrographia.formats.description import UnreadableError


def double(x: int) -> int:
    """Return twice `x`."""
    return 2 * x


def die_of_five(x: int) -> int:
    """Return `x`; end the process at 5."""
    if x == 5:
        os._exit(3)
    return x


def refuse_three(x: int) -> int:
    """Return `x`; raise at 3."""
    if x == 3:
        raise UnreadableError("a.b", "Three is refused.")
    return x


def hang_at_two(x: int) -> int:
    """Return `x`; take a minute at 2."""
    if x == 2:
        time.sleep(60)
    return x


def take(megabytes: int) -> int:
    """Return a number of bytes after holding them."""
    return len(bytearray(megabytes << 20))


def thread_setting() -> str | None:
    """Return how many threads OpenMP may start."""
    return os.environ.get("OMP_NUM_THREADS")
