"""A product that somebody waits for is made at once; whoever else asks for it meanwhile waits for the same."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from micrographia.archive.archive import Archive
from micrographia.catalogue import DerivedState, ImageRow, Outcome, is_dead, this_process
from micrographia.derive.product import MAKING, TRIES, Product, discard, job_of, product_folder, run_job
from micrographia.errors import MicrographiaError, UnavailableError
from micrographia.formats.workers import Workers
from micrographia.ids import ImageId

# what a server makes on demand belongs to no keeper but lies in a folder of that server
_FOLDER = "demand-"
_FORGOTTEN_SECONDS = 3600.0
_log = logging.getLogger("micrographia.derive")


class OnDemand:
    """One product of the images of one archive. Safe for threads and for several processes on one folder.

    Parameters
    ----------
    archive : Archive
    product : Product
    workers : Workers
        Where it is made.
    """

    def __init__(self, archive: Archive, product: Product, workers: Workers) -> None:
        self._archive = archive
        self._product = product
        self._workers = workers
        self._root = archive.settings.derived.absolute()
        self._busy: dict[ImageId, threading.Lock] = {}
        self._lock = threading.Lock()

    def folder(self, image_id: ImageId) -> Path:
        """Return where the product lies, or will."""
        return product_folder(self._root, self._product, image_id)

    def get(self, image: ImageRow) -> Path | None:
        """Return the folder of the product, made now if it is not there; None when it cannot be made."""
        folder = self.folder(image.id)
        if folder.exists():
            return folder
        outcomes = self._archive.catalogue.derived.outcomes(image.id, {self._product.name: self._product.recipe})
        before = outcomes.get(self._product.name)
        if before and before.state == "failed":
            return None
        with self._lock:
            lock = self._busy.setdefault(image.id, threading.Lock())
        try:
            with lock:
                return folder if folder.exists() or self._make(image, before.tries if before else 0) else None
        finally:
            with self._lock:
                self._busy.pop(image.id, None)

    def close(self) -> None:
        """Leave nothing behind."""
        discard(self._root / MAKING / (_FOLDER + this_process()))

    def _make(self, image: ImageRow, tries: int) -> bool:
        fence = _FOLDER + this_process()
        (self._root / MAKING / fence).mkdir(parents=True, exist_ok=True)
        job = job_of(self._archive, self._product, image, fence)
        outcome = Outcome(image.id, self._product.name, self._product.recipe, "done")
        try:
            self._workers.call(run_job, job, timeout=job.seconds)
        except UnavailableError:
            raise
        except MicrographiaError as exc:
            _log.warning("%s (%s): no %s: %s", image.id, image.record.path, self._product.name, exc.message)
            state: DerivedState = "failed" if tries + 1 >= TRIES else "trying"
            outcome = Outcome(image.id, self._product.name, self._product.recipe, state, tries + 1, exc.message)
        self._archive.catalogue.derived.record(None, [outcome])
        return outcome.state == "done"


def is_forgotten(folder: Path) -> bool:
    """Whether a folder inside `.making` belongs to a server that is no more (one of another host: that made nothing for an hour)."""
    if not folder.name.startswith(_FOLDER):
        return False
    gone = is_dead(folder.name.removeprefix(_FOLDER))
    try:
        return time.time() - folder.stat().st_mtime > _FORGOTTEN_SECONDS if gone is None else gone
    except FileNotFoundError:
        return False
