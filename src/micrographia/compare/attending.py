"""Whatever is asked for is compared, by threads of a server and its worker processes, one after the other as they were asked."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.compare.requests import Asked, Question, Requests
from micrographia.errors import MicrographiaError, UnavailableError
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.store.disk import PRIVATE_FOLDER, remove_tree

# two maps of 512³ take minutes
_SECONDS = 600.0
_MOST_AT_ONCE = 4
# pages, pictures and streams go first
_NICENESS = 5
_TRIES = 3
_LOOK_SECONDS = 1.0
_JOIN_SECONDS = 0.2
_TIDY_SECONDS = 60.0
_log = logging.getLogger("micrographia.compare")

Answer = Callable[[Archive, Asked, Question, Path, Workers], dict[str, Any]]
"""Returns the result of a comparison, whose files it puts into the folder."""


class Attending:
    """Answers the asked-for comparisons of one archive. Several processes may do so at once: each is answered by one of them.

    Parameters
    ----------
    archive : Archive
        As the operator meets it: who may ask for what was seen when it was asked.
    answer : callable
        What compares.
    """

    def __init__(self, archive: Archive, answer: Answer) -> None:
        settings = archive.settings
        self._archive = archive
        self._answer = answer
        self._requests = Requests(settings.home)
        self._count = max(1, min(_MOST_AT_ONCE, settings.worker_count // 2))
        self._workers = Workers(self._count, WorkerLimits(settings.compare_memory_mib, _SECONDS, _NICENESS))
        self._awake = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Answer from now on."""
        self._threads = [threading.Thread(target=self._work, name="comparing", daemon=True) for _ in range(self._count)]
        self._threads.append(threading.Thread(target=self._tidy, name="comparisons of yesterday", daemon=True))
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look at once: something was asked for."""
        with self._awake:
            self._awake.notify()

    def stop(self) -> None:
        """Begin nothing more; what is being compared is left to whoever comes next."""
        self._stopping = True
        with self._awake:
            self._awake.notify_all()
        self._workers.close()
        for thread in self._threads:
            while thread.is_alive():
                thread.join(_JOIN_SECONDS)
                self._workers.close()  # it may just have started them anew

    def answer_all(self) -> int:
        """Answer what nobody answers yet, and return how many that were."""
        count = 0
        for asked, _ in self._requests.unfinished():
            with asked.hold() as tries:
                if tries and not self._stopping:
                    self._attend(asked, tries)
                    count += 1
        return count

    def _work(self) -> None:
        while not self._stopping:
            try:
                self.answer_all()
            except (MicrographiaError, OSError) as error:
                _log.warning("Nothing is compared for a while: %s", error)
            with self._awake:
                if not self._stopping:
                    self._awake.wait(_LOOK_SECONDS)

    def _tidy(self) -> None:
        while not self._stopping:
            try:
                self._requests.forget_old(self._archive.now())
            except OSError as error:
                _log.warning("A comparison of yesterday could not be deleted: %s", error)
            with self._awake:
                self._awake.wait_for(lambda: self._stopping, _TIDY_SECONDS)

    def _attend(self, asked: Asked, tries: int) -> None:
        """Answer one comparison; left as it is where this process is being stopped, or something is away that may come back."""
        try:
            if tries > _TRIES:
                raise MicrographiaError(f"It was begun {_TRIES} times and never came to its end; the server died of it, or was stopped.")
            for left in asked.folder.glob("made-*"):
                remove_tree(left)
            made = asked.folder / f"made-{secrets.token_hex(4)}"
            made.mkdir(mode=PRIVATE_FOLDER)
            asked.finish(self._answer(self._archive, asked, asked.question(), made, self._workers), made)
        except Exception as error:  # noqa: BLE001  the edge of the job
            if self._stopping or not asked.is_there:  # it was deleted meanwhile
                return
            if isinstance(error, UnavailableError) and tries < _TRIES:
                _log.warning("A comparison waits: %s", error.message)
                return
            if not isinstance(error, MicrographiaError):
                _log.error("A comparison failed", exc_info=error)
                error = MicrographiaError("The comparison failed for a reason that nobody foresaw; the log of the server says more.")
            asked.fail(error.as_json())
