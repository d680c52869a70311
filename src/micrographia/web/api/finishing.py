"""What is still to be done with uploads whose bytes are all here, or are fetched by the archive itself: behind the requests, by threads.

They are daemons: a server that is told to stop does not wait for a terabyte to be hashed. The next one begins with what is left.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading

from micrographia.archive.archive import Archive
from micrographia.archive.pulls import go_on_with_pull
from micrographia.archive.uploads import tend_uploads
from micrographia.errors import MicrographiaError
from micrographia.store.spools import BusyError

_THREADS = 4
_LOOK_EVERY_S = 600.0
_log = logging.getLogger("micrographia.web")


class Finishing:
    """Ends uploads one after the other."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._waiting: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Look through all drafts, now and then again."""
        threading.Thread(target=self._look, name="uploads of all drafts", daemon=True).start()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()

    def add(self, accession: str, upload: str) -> None:
        """Have an upload ended soon."""
        self._waiting.put((accession, upload))
        with self._lock:
            if len(self._threads) < _THREADS:
                self._threads.append(threading.Thread(target=self._work, name="verifying", daemon=True))
                self._threads[-1].start()

    def _work(self) -> None:
        while not self._stopping.is_set():
            accession, upload = self._waiting.get()
            try:
                go_on_with_pull(self._archive, accession, upload)
            except BusyError:  # another process, or thread, is at it
                continue
            except (MicrographiaError, OSError) as error:
                _log.warning("%s: an upload is not in its place yet: %s", accession, error)

    def _look(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(MicrographiaError, OSError):
                for accession, upload in tend_uploads(self._archive):
                    self.add(accession, upload)
            self._stopping.wait(_LOOK_EVERY_S)
