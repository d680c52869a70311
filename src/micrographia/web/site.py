"""What every route shares: the archive as the one who asks meets it, its answers kept in memory, its workers and thumbnails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray
from starlette.requests import Request

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.archive.examining import Examiner
from micrographia.archive.lookup import EntryView, StoredImage
from micrographia.archive.plates import Plate, plate_named, plates_of
from micrographia.catalogue import ImageRow, SearchQuery, Statistics
from micrographia.derive.on_demand import OnDemand
from micrographia.derive.product import product_folder
from micrographia.derive.products import PYRAMID, RECIPES, SECTIONS, THUMBNAIL, progress_of
from micrographia.derive.sections import has_sections
from micrographia.errors import UnavailableError
from micrographia.formats.selection import Selection
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.ids import EntryId
from micrographia.model.multiscale import RECIPE
from micrographia.model.people import ANYONE, Caller
from micrographia.model.records import FileRecord
from micrographia.web.freshness import Remembered
from micrographia.web.status_codes import caller_of
from micrographia.web.stream.arrays import forget_open_files

_T = TypeVar("_T")
# a plate of 384 wells takes about a megabyte
_MOST_ENTRIES_WITH_PLATES = 16


class Site:
    """One archive as the web serves it."""

    def __init__(self, archive: Archive) -> None:
        settings = archive.settings
        self.archive = archive.called_by(ANYONE)
        self.workers = Workers(settings.worker_count, WorkerLimits(settings.worker_memory_mib, settings.worker_seconds))
        self.thumbnails = OnDemand(archive, THUMBNAIL, self.workers)
        self.pyramids = settings.derived.absolute() / PYRAMID.folder
        self._derived = settings.derived.absolute()
        # chunks are bands where the store is not on this machine: their addresses say so
        self.recipe = f"{RECIPE}{'' if archive.store.is_local else 'b'}"
        self.examiner = Examiner(archive)
        self._remembered = Remembered(settings.database)
        self._asks: tuple[object, ...] = ()
        self._plates: dict[tuple[str, int], tuple[Plate, ...]] = {}
        self._lock = threading.Lock()

    def called_by(self, caller: Caller) -> Site:
        """Return the same site as `caller` meets it."""
        site = copy(self)
        site.archive = self.archive.called_by(caller)
        site._asks = () if caller.is_anyone else (caller,)
        return site

    def close(self) -> None:
        """Stop the workers; let go of database and files."""
        self.workers.close()
        self.examiner.close()
        self.thumbnails.close()
        self._remembered.close()
        forget_open_files()

    def entry(self, accession: str, version: int | None = None) -> EntryView:
        """Return a version of an entry."""
        return self.keep(("entry", accession, version), lambda: lookup.find_entry(self.archive, accession, version))

    def file(self, accession: str, version: int, path: str) -> tuple[FileRecord, Path | None]:
        """Return a file and where it lies on this machine, if it does."""

        def find() -> tuple[FileRecord, Path | None]:
            record = lookup.find_file(self.archive, accession, version, path)
            return record, lookup.local_path(self.archive, accession, record.content_path)

        return self.keep(("file", accession, version, path), find)

    def image(self, image_id: str) -> ImageRow:
        """Return an image."""
        return self.keep(("image", image_id), lambda: lookup.find_image(self.archive, image_id))

    def stored(self, image: ImageRow) -> tuple[StoredImage, Path | None]:
        """Return where an image lies, and its file on this machine if it is one file here."""

        def find() -> tuple[StoredImage, Path | None]:
            stored = lookup.stored_image(self.archive, image)
            single = isinstance(stored.content, str)
            return stored, lookup.local_path(self.archive, stored.accession, str(stored.content)) if single else None

        return self.keep(("stored", image.id), find)

    def plates(self, view: EntryView) -> tuple[Plate, ...]:
        """Return the plates of a version."""
        key = (view.record.accession, view.record.version)
        if not view.record.released_at:
            return self.keep(("plates", *key), lambda: plates_of(self.archive, view.record))
        with self._lock:
            known = self._plates.get(key)
        if known is None:  # a released version never changes, whatever else is written to the catalogue
            known = plates_of(self.archive, view.record)
            with self._lock:
                self._plates[key] = known
                while len(self._plates) > _MOST_ENTRIES_WITH_PLATES:
                    self._plates.pop(next(iter(self._plates)))
        return known

    async def plate(self, accession: str, version: int, name: str) -> Plate:
        """Return a plate of a version by its name; NotFoundError where there is none of that name."""
        view = await self.remembered(("entry", accession, version), lambda: self.entry(accession, version))
        known = self._plates.get((view.record.accession, version))
        return plate_named(known if known is not None else await asyncio.to_thread(self.plates, view), name)

    def progress(self, images: Sequence[ImageRow]) -> list[dict[str, str]]:
        """Return for each image what became of its derived products."""
        states = self.archive.catalogue.derived.states([i.id for i in images], RECIPES)
        return [progress_of(image, states[image.id]) for image in images]

    def preparing(self, view: EntryView) -> dict[str, Any] | None:
        """Return how many images of a version are prepared for looking at; None where nothing is left to do."""
        record = view.record
        progress = self.archive.catalogue.derived.progress(EntryId.parse(record.accession), record.version, RECIPES)
        if not record.image_count or all(p.is_finished for p in progress.values()):
            return None
        pictures = progress[THUMBNAIL.name]
        return {"total": record.image_count, "prepared": pictures.done, "failed": pictures.failed}

    def failure(self, image: ImageRow) -> str:
        """Return why an image cannot be prepared for looking at; empty where it can, or is not given up yet."""
        outcomes = self.archive.catalogue.derived.outcomes(image.id, RECIPES)
        return next((outcomes[name].message for name in RECIPES if name in outcomes and outcomes[name].state == "failed"), "")

    def sections(self, image: ImageRow) -> Path | None:
        """Return the folder of the sections and projections of a volume; None where there are none, or none yet."""
        folder = product_folder(self._derived, SECTIONS, image.id)
        return folder if has_sections(image.record) and folder.is_dir() else None

    def figures(self) -> Statistics:
        """Return the figures of the archive."""
        return self._remembered.get("figures", self.archive.catalogue.statistics)

    def warm(self) -> None:
        """Read what searches are answered from, so that nobody waits for it."""
        with suppress(UnavailableError):
            lookup.search(self.archive, SearchQuery(per_page=1))

    def keep(self, key: tuple[object, ...], find: Callable[[], _T]) -> _T:
        """Return what `find` said for `key`, asking it again once the catalogue has changed."""
        return self._remembered.get((*self._asks, *key), find)

    async def remembered(self, key: tuple[object, ...], find: Callable[[], _T]) -> _T:
        """Return what `find`, which asks the database, said: from memory in place, else by a thread."""
        known = self._remembered.peek((*self._asks, *key))
        return known if known is not None else await asyncio.to_thread(find)

    def read(self, stored: StoredImage, selection: Selection) -> NDArray[Any]:
        """Return part of an image: read in this process where no parser is needed, else in a worker with limits."""
        if stored.record.layout is not None:
            return selection.finish(stored.open().read(selection.ranges))
        return selection.finish(self.workers.call(read_part, stored, selection.ranges))


def read_part(stored: StoredImage, ranges: tuple[range, ...]) -> NDArray[Any]:
    """Return the samples at `ranges`; runs in a worker process."""
    return stored.open().read(ranges)


def site_of(request: Request) -> Site:
    """Return the site that a request came to, as who sent it meets it."""
    site: Site = request.app.state.site
    return site.called_by(caller_of(request))
