"""Deriving as a command asks for it, also beside a running server."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from micrographia.archive.archive import Archive
from micrographia.derive.drafts import DraftKeeper
from micrographia.derive.executors import open_executor
from micrographia.derive.keeper import Keeper
from micrographia.derive.product import Product
from micrographia.errors import MicrographiaError

_LOOK_SECONDS = 0.5
_STOP_SECONDS = 5.0
_PAUSE_SECONDS = 10.0
_log = logging.getLogger("micrographia.derive")


@dataclass(frozen=True, slots=True)
class Derived:
    """What deriving came to."""

    made: int
    """Products made meanwhile."""
    failed: int
    """Products that cannot be made."""
    pending: int
    """Products that another process is still to make."""


def derive(
    archive: Archive,
    products: tuple[Product, ...],
    *,
    wait: bool = False,
    retry: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Derived:
    """Make every product that is missing.

    Parameters
    ----------
    archive : Archive
    products : tuple of Product
        What the archive makes of its images, in this order.
    wait : bool
        Where another process (a server) makes them already, wait for it; else return at once.
    retry : bool
        Try once more what has failed.
    progress : callable, optional
        Called with the number of products made since it was called last.
    """
    derived = archive.catalogue.derived
    if retry:
        derived.retry()
    DraftKeeper(archive).examine_all()
    executor = open_executor(archive.settings)
    try:
        keeper = Keeper(archive, executor, products, progress=progress)
        by_others = 0
        while True:
            before = derived.counts(keeper.recipes)["done"]
            is_ours = keeper.make_all()
            if is_ours or not wait:
                break
            time.sleep(_LOOK_SECONDS)
            by_others += max(0, derived.counts(keeper.recipes)["done"] - before)
            if not keeper.pending():
                break
        return Derived(keeper.made + by_others, derived.counts(keeper.recipes)["failed"], keeper.pending())
    finally:
        executor.close()


@contextlib.contextmanager
def keeping(archive: Archive, products: tuple[Product, ...]) -> Iterator[None]:
    """Make what is missing in the background, whenever something is; a server without its cluster serves all the same."""
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_keep, args=(archive, products, stopping), name="_keep", daemon=True),
        threading.Thread(target=_examine, args=(archive, stopping), name="_examine", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(_STOP_SECONDS)


def _examine(archive: Archive, stopping: threading.Event) -> None:
    """Report on drafts until told to stop."""
    while not stopping.is_set():
        try:
            DraftKeeper(archive, stopping).watch()
        except Exception as exc:  # noqa: BLE001  the edge of the thread
            _log.warning("No draft is looked at for a while: %s", exc, exc_info=not isinstance(exc, MicrographiaError))
            stopping.wait(_PAUSE_SECONDS)


def _keep(archive: Archive, products: tuple[Product, ...], stopping: threading.Event) -> None:
    """Be a keeper until told to stop; a database or a cluster that went away comes back."""
    while not stopping.is_set():
        try:
            executor = open_executor(archive.settings)
            try:
                Keeper(archive, executor, products, stopping=stopping).watch()
            finally:
                executor.close()
        except Exception as exc:  # noqa: BLE001  the edge of the thread
            _log.warning("Nothing is derived for a while: %s", exc, exc_info=not isinstance(exc, MicrographiaError))
            stopping.wait(_PAUSE_SECONDS)
