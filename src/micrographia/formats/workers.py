"""Worker processes with limits for parsers that trust their input: a worker that dies, hangs or grows fails its own task alone."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self, TypeVar
from weakref import WeakSet

import pebble

from micrographia.errors import TooLargeError, UnavailableError
from micrographia.formats.description import UnreadableError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may take."""

    memory_mib: int = 2048
    """Address space, MiB; what the interpreter and its libraries map counts."""
    seconds: float = 60.0
    """Time for one task, unless the call says another."""
    niceness: int = 0
    """How far its processes stand behind others for the processors (0 to 19)."""


class Workers:
    """A pool of worker processes; they start with the first task. Safe to use from several threads; a context manager.

    Functions and arguments must be picklable, and the functions in modules: the main program is not imported by a worker. Nothing is forked
    from a process with threads: workers come from a fork server (where the platform has one), so starting one again takes milliseconds.

    Parameters
    ----------
    count : int
        Worker processes; 0 means one per processor.
    limits : WorkerLimits
    """

    def __init__(self, count: int = 0, limits: WorkerLimits | None = None) -> None:
        self.count = count or os.cpu_count() or 1
        self.limits = limits or WorkerLimits()
        self._pool: pebble.ProcessPool | None = None
        self._futures: WeakSet[Future[Any]] = WeakSet()
        self._lock = threading.Lock()

    def call(self, function: Callable[..., _Result], *args: Any, timeout: float | None = None) -> _Result:
        """Return `function(*args)` as a worker computed it.

        Raises
        ------
        TooLargeError
            It took more memory or time than the limits allow (`timeout` in seconds; None means that of the limits).
        UnreadableError
            The worker died of it.
        UnavailableError
            No worker could be started.
        Exception
            What the function itself raised.
        """
        return self._start(function, args, timeout)()

    def submit(self, function: Callable[..., _Result], *args: Any, timeout: float | None = None) -> Future[_Result]:
        """Start `function(*args)` and return its future; `failure` says what an exception of it means."""
        future: Future[_Result] = self._schedule(function, args, timeout or self.limits.seconds)[1]
        return future

    def submit_batch(
        self, function: Callable[[_Item], _Result], items: Sequence[_Item], *, timeout: float | None = None
    ) -> Callable[[], list[_Result | Exception]]:
        """Start `function(item)` for `items` in one task and return the function that waits for its results, in order.

        An item that fails gives its exception as result. Where the task fails as a whole, each item is tried again alone.
        """
        wait = self._start(_each, (function, items), timeout)

        def results() -> list[_Result | Exception]:
            try:
                return wait()
            except (TooLargeError, UnreadableError, UnavailableError) as exc:
                if len(items) == 1:
                    return [exc]
                return [result for item in items for result in self.submit_batch(function, [item], timeout=timeout)()]

        return results

    def map_batches(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item], *, batch_size: int = 16
    ) -> Iterator[_Result | Exception]:
        """Yield `function(item)` for each item in order; an item that failed gives its exception and harms no other."""
        waiting: deque[Callable[[], list[_Result | Exception]]] = deque()
        iterator = iter(items)
        while batch := list(islice(iterator, batch_size)):
            waiting.append(self.submit_batch(function, batch))
            if len(waiting) > 2 * self.count:
                yield from waiting.popleft()()
        while waiting:
            yield from waiting.popleft()()

    def close(self) -> None:
        """Stop the workers, busy or not; who waits for one of them is told that it was cancelled."""
        with self._lock:
            pool, self._pool = self._pool, None
            futures = list(self._futures)
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()
        for future in futures:  # the pool leaves some unanswered
            future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start(self, function: Callable[..., _Result], args: tuple[Any, ...], timeout: float | None) -> Callable[[], _Result]:
        """Start a task and return the function that waits for its result; an idle worker that was killed costs one more try."""
        seconds = timeout or self.limits.seconds
        pool, future = self._schedule(function, args, seconds)

        def wait() -> _Result:
            try:
                try:
                    return future.result()  # type: ignore[no-any-return]
                except BrokenProcessPool:
                    self._forget(pool)
                    return self._schedule(function, args, seconds)[1].result()  # type: ignore[no-any-return]
            except (TimeoutError, MemoryError, pebble.ProcessExpired, BrokenProcessPool) as exc:
                raise self.failure(exc, seconds) from exc
            except BaseException:
                future.cancel()
                raise

        return wait

    def _schedule(self, function: Callable[..., Any], args: tuple[Any, ...], seconds: float) -> tuple[pebble.ProcessPool, Any]:
        pool = self._running_pool()
        try:
            future = pool.schedule(function, args=args, timeout=seconds)
        except RuntimeError:  # it broke or was closed meanwhile
            self._forget(pool)
            pool = self._running_pool()
            future = pool.schedule(function, args=args, timeout=seconds)
        with self._lock:
            self._futures.add(future)
        return pool, future

    def _forget(self, pool: pebble.ProcessPool) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None

    def _running_pool(self) -> pebble.ProcessPool:
        with self._lock:
            if self._pool is None:
                self._pool = pebble.ProcessPool(
                    max_workers=self.count,
                    initializer=_limit_this_process,
                    initargs=(self.limits.memory_mib << 20, self.limits.niceness),
                    context=_context(),
                )
            return self._pool

    def failure(self, exc: BaseException, seconds: float) -> Exception:
        """Return what it means that a task ended with `exc`: TimeoutError, MemoryError, ProcessExpired, BrokenProcessPool."""
        if isinstance(exc, TimeoutError):
            return TooLargeError(f"It took more than the {seconds:g} seconds that one task may take.")
        if isinstance(exc, MemoryError):
            return TooLargeError(f"It took more than the {self.limits.memory_mib} MiB of memory that one task may take.")
        if isinstance(exc, BrokenProcessPool):
            return UnavailableError("No worker process could be started. Try again later.")
        return UnreadableError(
            "file.crash",
            "The program that reads such files died of this one.",
            found=str(exc),
            expected="a file that can be read",
            hint="Open it with the program that wrote it and save it again, or leave it out.",
        )


def _each(function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result | Exception]:
    """Run in the worker: one result or exception an item; what says that the worker itself is unwell ends the task."""
    results: list[_Result | Exception] = []
    for item in items:
        try:
            results.append(function(item))
        except MemoryError:
            raise
        except Exception as exc:  # noqa: BLE001  the edge of the job: the caller decides what an exception means
            results.append(exc)
    return results


def _limit_this_process(memory_bytes: int, niceness: int = 0) -> None:
    """Run in the worker as it starts."""
    os.nice(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C
    # locks that libraries make (numcodecs does) then lose their names at once: a worker that is killed leaves none behind to be warned of
    multiprocessing.set_start_method("fork", force=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if sys.platform == "linux":  # follow the fork server, which follows the main process
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _context() -> multiprocessing.context.BaseContext:
    """Return the way to start workers."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from micrographia.formats.fork_server import ForkServerContext

    return ForkServerContext()
