"""Telling outside what lies in the outbox, beside everything else."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping

from micrographia.archive.archive import Archive
from micrographia.archive.outbox import Deliver, deliver_due
from micrographia.errors import MicrographiaError

_LOOK_SECONDS = 2.0
_PAUSE_SECONDS = 20.0
_STOP_SECONDS = 5.0
_log = logging.getLogger("micrographia.derive")


@contextlib.contextmanager
def delivering(archive: Archive, deliverers: Mapping[str, Deliver]) -> Iterator[None]:
    """Deliver what is due in the background, whenever something is."""
    stopping = threading.Event()
    thread = threading.Thread(target=_deliver, args=(archive, deliverers, stopping), name="outbox", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(_STOP_SECONDS)


def _deliver(archive: Archive, deliverers: Mapping[str, Deliver], stopping: threading.Event) -> None:
    while not stopping.wait(_LOOK_SECONDS):
        try:
            deliver_due(archive, deliverers)
        except Exception as exc:  # noqa: BLE001  the edge of the thread
            _log.warning("Nothing is delivered for a while: %s", exc, exc_info=not isinstance(exc, MicrographiaError))
            stopping.wait(_PAUSE_SECONDS)
