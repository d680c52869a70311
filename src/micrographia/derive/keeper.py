"""The keeper makes what should exist and does not: products of the images of accepted and public versions.

There is no queue. Work is the difference between the images and what is recorded of them, so a keeper may be killed at any moment and the
next one makes the rest. One keeper works at a time, by a lease; what it makes is seen as a whole or not at all, and is recorded only while
the lease is its own.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from micrographia.archive.archive import Archive
from micrographia.catalogue import ImageRow, Lease, LostLeaseError, Outcome
from micrographia.derive.checkpoint import NAME as CHECKPOINT
from micrographia.derive.executors import JobExecutor
from micrographia.derive.on_demand import is_forgotten
from micrographia.derive.product import (
    DISCARDED,
    MAKING,
    TRIES,
    Job,
    Product,
    being_made,
    discard,
    job_of,
    keep_resumable,
    product_folder,
    recipes_of,
    run_job,
)
from micrographia.errors import NotFoundError, UnavailableError
from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State

LEASE = "keeper"
_LEASE_SECONDS = 30.0
_RENEW_SECONDS = 8.0
# workers that may be killed from outside while they make one thing, before that is held against it
_KILLS = 10
# results are recorded together: every transaction makes all servers look at the database again
_RECORD_SECONDS = 0.5
_LOOK_SECONDS = 1.0
_LOOK_ANYWAY_SECONDS = 60.0
_log = logging.getLogger("micrographia.derive")


@dataclass(slots=True)
class _Version:
    """A version on its way: how many of its jobs run, and whether all of its images were looked at."""

    accession: EntryId
    number: int
    product: Product
    running: int = 0
    is_listed: bool = False
    is_unfinished: bool = False
    """Whether an image of it is to be tried again."""


@dataclass(slots=True)
class _Running:
    job: Job
    version: _Version
    tries: int


@dataclass(slots=True)
class Keeper:
    """Makes the products of one archive with one executor."""

    archive: Archive
    executor: JobExecutor
    products: tuple[Product, ...]
    """What is made, in this order."""
    progress: Callable[[int], None] | None = None
    """Called with 1 for each product made."""
    made: int = 0
    """Products made so far."""
    _outcomes: list[Outcome] = field(default_factory=list)
    _finished: list[_Version] = field(default_factory=list)
    _recorded: float = 0.0
    _renewed: float = 0.0
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set it to let `make_all` and `watch` end soon."""
    _kills: Counter[tuple[ImageId, str]] = field(default_factory=Counter)

    @property
    def root(self) -> Path:
        """Folder of derived files."""
        return self.archive.settings.derived.absolute()

    @property
    def recipes(self) -> dict[str, int]:
        """Recipe of each product."""
        return recipes_of(self.products)

    def watch(self) -> None:
        """Make what is missing, whenever something is, until told to stop. Failures are those of `make_all`."""
        seen: tuple[int, ...] | None = None
        looked = 0.0
        while not self.stopping.is_set():
            change = self.archive.catalogue.derived.change()
            if (change != seen or time.monotonic() - looked > _LOOK_ANYWAY_SECONDS) and self.make_all():
                seen, looked = change, time.monotonic()
            self.stopping.wait(_LOOK_SECONDS)

    def make_all(self) -> bool:
        """Make everything that is missing; False where another keeper is at it.

        Raises
        ------
        UnavailableError
            The store, the database or the executor do not answer.
        """
        derived = self.archive.catalogue.derived
        lease = derived.take_lease(LEASE, seconds=_LEASE_SECONDS)
        if lease is None:
            return False
        self._renewed = time.monotonic()
        try:
            self._clean(lease)
            self._forget_lost()
            while not self.stopping.is_set() and self._pass(lease):
                pass
            if not self.stopping.is_set():
                self._remove_old_recipes()
        except LostLeaseError as exc:
            _log.warning("%s", exc)
            return False
        finally:
            mine = self.root / MAKING / str(lease.fence)
            if not (self.stopping.is_set() and any(mine.glob(f"*/{CHECKPOINT}"))):  # else the next one goes on from there
                discard(mine)
            derived.give_lease_back(lease)
        return True

    def pending(self) -> int:
        """Return how many products are still to be made."""
        return sum(1 for p in self.products for v in self._unfinished(p) for _ in self._unmade(v))

    # one pass

    def _pass(self, lease: Lease) -> bool:
        """Look at all unfinished versions once; whether there were any."""
        running: dict[Future[None], _Running] = {}
        found = False
        try:
            for product in self.products:
                for version in self._unfinished(product):
                    found = True
                    for image, tries in self._unmade(version):
                        if self.stopping.is_set():
                            return True
                        self._start(lease, running, version, image, tries)
                        while len(running) >= 2 * self.executor.count:
                            self._gather(lease, running)
                    version.is_listed = True
                    self._finish(lease, version)
            while running and not self.stopping.is_set():
                self._gather(lease, running)
            self._record(lease, now=True)
        except BaseException:
            for future in running:
                future.cancel()
            raise
        return found

    def _unfinished(self, product: Product) -> Iterator[_Version]:
        for accession, number in self.archive.catalogue.derived.unfinished_versions(product.name, product.recipe):
            yield _Version(accession, number, product)

    def _unmade(self, version: _Version) -> Iterator[tuple[ImageRow, int]]:
        after: int | None = 0
        product = version.product
        while after is not None:
            page, after = self.archive.catalogue.derived.unmade(
                version.accession, version.number, product.name, product.recipe, after=after
            )
            row = self.archive.catalogue.version(version.accession, version.number)
            if row is None:  # discarded or purged meanwhile
                return
            for record, tries in page:
                if product.applies(record):
                    yield ImageRow(ImageId(version.accession, version.number, record.number), row.state, record), tries

    def _start(self, lease: Lease, running: dict[Future[None], _Running], version: _Version, image: ImageRow, tries: int) -> None:
        product = version.product
        if product_folder(self.root, product, image.id).exists():  # made before the catalogue was rebuilt
            self._outcomes.append(Outcome(image.id, product.name, product.recipe, "done"))
            self._record(lease)
            return
        try:
            job = job_of(self.archive, product, image, str(lease.fence))
        except NotFoundError:  # purged meanwhile
            return
        version.running += 1
        running[self.executor.submit(run_job, job)] = _Running(job, version, tries)

    def _gather(self, lease: Lease, running: dict[Future[None], _Running]) -> None:
        """Wait for a job to end, or a second."""
        done, _ = wait(running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            ended = running.pop(future)
            outcome = self._outcome(future, ended)
            ended.version.running -= 1
            ended.version.is_unfinished |= outcome.state == "trying"
            if outcome.state == "done":
                self.made += 1
                if self.progress:
                    self.progress(1)
            self._outcomes.append(outcome)
            self._finish(lease, ended.version)
        self._record(lease)

    def _outcome(self, future: Future[None], ended: _Running) -> Outcome:
        job = ended.job
        try:
            future.result()
        except BaseException as exc:
            if self.executor.was_killed(exc) and self._kills[job.image, job.product.name] < _KILLS:
                self._kills[job.image, job.product.name] += 1
                mine = job.root / MAKING / job.fence
                for left in list(mine.glob(f"{being_made(job)}-*")):
                    keep_resumable(left, mine)
                return Outcome(job.image, job.product.name, job.product.recipe, "trying", ended.tries)
            error = self.executor.failure(exc, job)
            if isinstance(error, UnavailableError):
                raise error from exc
            tries = ended.tries + 1
            state = "failed" if tries >= TRIES else "trying"
            _log.warning("%s (%s): no %s (try %d): %s", job.image, job.record.path, job.product.name, tries, error.message)
            return Outcome(job.image, job.product.name, job.product.recipe, state, tries, error.message)  # type: ignore[arg-type]
        return Outcome(job.image, job.product.name, job.product.recipe, "done", ended.tries + 1)

    def _finish(self, lease: Lease, version: _Version) -> None:
        if version.is_listed and not version.running and not version.is_unfinished:
            self._finished.append(version)
            self._record(lease)

    def _record(self, lease: Lease, *, now: bool = False) -> None:
        """Write down what has ended, and hold the lease."""
        derived, time_now = self.archive.catalogue.derived, time.monotonic()
        if (self._outcomes or self._finished) and (now or time_now - self._recorded > _RECORD_SECONDS):
            outcomes, finished = self._outcomes, self._finished
            self._outcomes, self._finished, self._recorded = [], [], time_now
            derived.record(lease, outcomes)
            for version in finished:
                derived.finish_version(lease, version.accession, version.number, version.product.name, version.product.recipe)
        if time_now - self._renewed > _RENEW_SECONDS:
            derived.renew_lease(lease, seconds=_LEASE_SECONDS)
            self._renewed = time_now

    # files

    def _clean(self, lease: Lease) -> None:
        """Remove what earlier keepers left half made, and what was made of purged entries."""
        making = self.root / MAKING
        mine = making / str(lease.fence)
        mine.mkdir(parents=True, exist_ok=True)
        for folder in list(making.iterdir()):
            name = folder.name
            is_old = name.isdigit() and int(name) < lease.fence
            for left in list(folder.iterdir()) if is_old else ():
                keep_resumable(left, mine)
            if name.startswith(DISCARDED) or is_old or is_forgotten(folder):
                discard(folder)
        for folder in self.root.glob("*/MG-*"):
            row = self.archive.catalogue.entry(folder.name)
            if row is not None and row.state is State.PURGED:
                shutil.rmtree(folder, ignore_errors=True)
                self.archive.catalogue.derived.forget(row.accession)

    def _forget_lost(self) -> None:
        """Forget products whose files were deleted: they are made again."""
        derived = self.archive.catalogue.derived
        for product in self.products:
            versions = derived.finished_versions(product.name, product.recipe)
            versions += derived.unfinished_versions(product.name, product.recipe)
            for accession, number in versions:
                folder = self.root / product.folder / accession / str(number)
                there = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
                if any(str(n) not in there for n in derived.done(accession, number, product.name, product.recipe)):
                    derived.forget(accession, number, product.name)

    def _remove_old_recipes(self) -> None:
        """Remove files of earlier recipes, now that all are made by the present ones."""
        present = {p.folder for p in self.products} | {MAKING}
        names = {p.name for p in self.products}
        for folder in self.root.iterdir():
            name, _, recipe = folder.name.rpartition("-")
            if folder.name not in present and name in names and recipe.isdigit():
                shutil.rmtree(folder, ignore_errors=True)
