"""Examination of a draft: every file is looked at once, wherever it lies, and all rules judge what was found.

(1) Sheet and files are taken as they are now; nobody is kept from changing them.
(2) Files not looked at yet are looked at in worker processes; what is found is noted at once, so that a killed examination goes on there.
(3) Where sheet and files are still the same, roles, images and findings are written; else it begins again, with little left to do.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from micrographia.archive.archive import Archive
from micrographia.archive.declaring import Declaring
from micrographia.archive.facts import KnownFacts
from micrographia.archive.locating import located_files
from micrographia.archive.permissions import require
from micrographia.archive.transition import find_draft, save_draft
from micrographia.checks import check
from micrographia.describe import draft_sheet
from micrographia.errors import UnavailableError
from micrographia.formats.description import FileDescription
from micrographia.formats.looking import FileFacts, Located, look_at_all
from micrographia.formats.read_once import DataFacts
from micrographia.formats.source import ReadWhole
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.ids import EntryId
from micrographia.model.finding import Report
from micrographia.model.lifecycle import State
from micrographia.model.records import DraftRecord, FileRecord, ImageRecord
from micrographia.model.sheet import Sheet
from micrographia.store.locks import BusyError

Progress = Callable[[int, int], None]

_MOST_READ_BYTES = 16 << 20
_POLL_SECONDS = 1.0
_DECLARING = ("image_sets", "maps", "annotations", "screens", "other_files")
# what a drafted sheet says of how the images came about, beside which files they are
_DRAFTED = (*_DECLARING, "acquisitions", "processes")


def draft_digest(archive: Archive, record: DraftRecord) -> str:
    """Return the digest of what a report on a draft depends on: sheet and files."""
    sheet = hashlib.sha256(record.sheet.model_dump_json(by_alias=True).encode()).hexdigest()
    return f"{sheet}:{archive.drafts.files_digest(record.accession)}"


def is_examined(archive: Archive, record: DraftRecord) -> bool:
    """Whether the last report is about the sheet and the files as they are now."""
    return bool(record.examined) and record.examined == draft_digest(archive, record)


def declares_nothing(sheet: Sheet) -> bool:
    """Whether a sheet says of no file what it is."""
    return not any(getattr(sheet, part) for part in _DECLARING)


def examine_draft(archive: Archive, accession: str, *, workers: Workers, wait: bool = True, progress: Progress | None = None) -> Report:
    """Return the report on a draft, made now where sheet or files changed since the last one.

    Parameters
    ----------
    workers : Workers
        Where files are looked at.
    wait : bool
        While another process looks at them: wait for its report. Otherwise leave it to that.
    progress : callable, optional
        Told how many files are looked at, and how many there are.

    Raises
    ------
    UnavailableError
        The bytes cannot be reached; or, without `wait`, another process is at it.
    """
    accession = EntryId.parse(accession)
    while True:
        record = archive.drafts.record(accession)
        if record.state is not State.DRAFT or is_examined(archive, record):
            return Report(record.findings)
        with ExitStack() as stack:
            try:
                stack.enter_context(archive.drafts.looking(accession))
            except BusyError:
                if not wait:
                    raise
                time.sleep(_POLL_SECONDS)
                if progress:
                    progress(sum(1 for _ in archive.drafts.facts(accession)), sum(1 for _ in archive.drafts.files(accession)))
                continue
            known = stack.enter_context(KnownFacts(archive, accession))
            if (report := _examined(archive, accession, known, workers, progress)) is not None:
                return report


def _examined(archive: Archive, accession: str, known: KnownFacts, workers: Workers, progress: Progress | None) -> Report | None:
    """Return the report; None where the draft changed meanwhile."""
    record = archive.drafts.record(accession)
    before = draft_digest(archive, record)
    files = list(archive.drafts.files(accession))
    items = located_files(archive, record, files)
    carried = _carried(archive, record, files)
    _look(items, carried, known, workers, progress)

    def found() -> Iterator[FileFacts]:
        for item in items:
            facts = known.of(item) or carried.get(item.path)
            assert facts is not None
            yield facts

    sheet, is_drafted = _declared(record, found, items)
    report, data = _report(archive, sheet, found, items)
    with archive.drafts.lock(accession):
        record = archive.drafts.record(accession)
        if record.state is not State.DRAFT or draft_digest(archive, record) != before:
            return None
        _write(archive, record.model_copy(update={"sheet": sheet, "is_declared_by_files": is_drafted}), files, found, data, report)
    return report


def _look(items: list[Located], carried: dict[str, FileFacts], known: KnownFacts, workers: Workers, progress: Progress | None) -> None:
    new = [item for item in items if item not in known and item.path not in carried]
    done = len(items) - len(new)
    if progress:
        progress(done, len(items))
    for item, facts in look_at_all(new, workers):
        known.add(item, facts)
        done += 1
        if progress:
            progress(done, len(items))
    known.write()


def _carried(archive: Archive, draft: DraftRecord, files: Iterable[FileRecord]) -> dict[str, FileFacts]:
    """Return what the version before says of the images that it shares with the draft: nothing of it is read again."""
    if draft.version == 1:
        return {}
    before = draft.version - 1
    own = f"v{draft.version}/"
    shared = {file.path: file for file in files if not file.content_path.startswith(own)}
    same = {
        f.path
        for f in archive.store.files(EntryId.parse(draft.accession), before)
        if f.path in shared and shared[f.path].sha256 == f.sha256
    }
    images: dict[str, list[ImageRecord]] = {}
    for image in archive.store.images(EntryId.parse(draft.accession), before):
        if image.path in same:  # folders that are one image are looked at again
            images.setdefault(image.path, []).append(image)
    return {path: _as_found(shared[path], sorted(there, key=lambda image: image.index)) for path, there in images.items()}


def _as_found(file: FileRecord, images: list[ImageRecord]) -> FileFacts:
    headers = tuple(image.header for image in images)
    description = FileDescription(file.path, file.size_bytes, file.format, file.media_type, headers)
    return FileFacts(description, DataFacts(file.path, file.size_bytes, file.sha256, tuple(image.statistics for image in images)))


def _declared(record: DraftRecord, found: Callable[[], Iterator[FileFacts]], items: list[Located]) -> tuple[Sheet, bool]:
    """Return the sheet, where it says nothing of the files with what they say of themselves, and whether they did."""
    if not items or not (record.is_declared_by_files or declares_nothing(record.sheet)):
        return record.sheet, record.is_declared_by_files
    drafted = draft_sheet((facts.description for facts in found()), reader_of(items)).sheet
    present = record.sheet
    parts = {name: getattr(drafted, name) for name in (_DRAFTED if record.is_declared_by_files else _DECLARING)}
    for name in ("acquisitions", "processes"):
        if not getattr(present, name):
            parts[name] = getattr(drafted, name)
    known = {a.id for a in parts.get("acquisitions", present.acquisitions)}
    specimens = {s.id for s in present.specimens}
    parts["image_sets"] = tuple(
        s.model_copy(
            update={
                "acquisition": s.acquisition if s.acquisition in known else None,
                "specimen": s.specimen if s.specimen in specimens else None,
            }
        )
        for s in parts["image_sets"]
    )
    parts["maps"] = tuple(m if m.specimen in specimens else m.model_copy(update={"specimen": None}) for m in parts["maps"])
    return present.model_copy(update=parts), True


@contextmanager
def found_in(archive: Archive, record: DraftRecord) -> Iterator[tuple[Iterator[FileDescription], ReadWhole]]:
    """Give what was found in the files of a draft that were looked at so far, and how to read small ones."""
    files = list(archive.drafts.files(record.accession))
    items = located_files(archive, record, files)
    carried = _carried(archive, record, files)
    with KnownFacts(archive, record.accession) as known:
        found = (known.of(item) or carried.get(item.path) for item in items)
        yield (facts.description for facts in found if facts is not None), reader_of(items)


def reader_of(items: Iterable[Located]) -> ReadWhole:
    """Return a function that reads small files of a draft whole."""
    places = {item.path: item for item in items if not item.members}

    def read(path: str) -> bytes | None:
        item = places.get(path)
        if item is None or item.size_bytes > _MOST_READ_BYTES:
            return None
        source = item.opener.open()
        return source.read(0, source.size)  # type: ignore[union-attr]

    return read


def _report(
    archive: Archive, sheet: Sheet, found: Callable[[], Iterator[FileFacts]], items: list[Located]
) -> tuple[Report, dict[str, DataFacts]]:
    data = {facts.data.path: facts.data for facts in found()}
    report = check(
        sheet,
        (facts.description for facts in found()),
        facts=data,
        strict=archive.settings.curation == "strict",
        read=reader_of(items),
    )
    return report, data


def _write(
    archive: Archive,
    record: DraftRecord,
    files: list[FileRecord],
    found: Callable[[], Iterator[FileFacts]],
    data: dict[str, DataFacts],
    report: Report,
) -> None:
    """Write what was found, inside the draft's lock."""
    accession, declaring = EntryId.parse(record.accession), Declaring(record.sheet)
    formats: dict[str, tuple[str, str]] = {}
    images: list[ImageRecord] = []
    for facts in found():
        description = facts.description
        formats |= dict.fromkeys(
            description.members or (description.path,), ("", "") if description.members else (description.format, description.media_type)
        )
        images.extend(declaring.images(description, data[description.path], len(images)))
    noted = [_noted(file, formats.get(file.path, ("", "")), declaring.role(file.path)) for file in files]
    pictured = _pictured(images, {file.path: file.sha256 for file in files})
    # the catalogue lists these files already, where only the sheet changed and makes nothing else of them
    is_listed = record.examined.endswith(f":{archive.drafts.files_digest(accession)}") and noted == files
    if list(archive.drafts.images(accession)) != images:
        archive.drafts.write_images(accession, images)
        is_listed = False
    if noted != files:
        archive.drafts.write_files(accession, noted)
    if pictured != record.pictured:
        forget_derived(archive, accession, record.version)
    record = record.model_copy(update={"findings": report.findings, "files_complete": True, "pictured": pictured})
    save_draft(archive, record.model_copy(update={"examined": draft_digest(archive, record)}), with_files=not is_listed)


def _noted(file: FileRecord, form: tuple[str, str], role: str) -> FileRecord:
    format_, media_type = form
    return file.model_copy(update={"format": format_, "role": role, **({"media_type": media_type} if media_type else {})})


def _pictured(images: list[ImageRecord], sha256: dict[str, str]) -> str:
    digest = hashlib.sha256()
    for image in images:
        digest.update(f"{image.number}\n{image.path}\n{image.index}\n{sha256.get(image.path)}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def forget_derived(archive: Archive, accession: str, version: int) -> None:
    """Let go of everything that was derived of a draft's images."""
    archive.catalogue.derived.forget(EntryId.parse(accession), version)
    for folder in archive.settings.derived.glob(f"*/{accession}/{version}"):
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Examination:
    """An examination that goes on by itself."""

    accession: str
    report: Future[Report]
    done: int = 0
    total: int = 0

    def unfinished(self) -> UnavailableError:
        """Return how to say that it takes longer."""
        return UnavailableError(f"{self.accession}: still looking at its files, {self.done:,} of {self.total:,} are done; try again.")


class Examiner:
    """Examines drafts for those who wait for it; an examination goes on when nobody waits any longer."""

    def __init__(self, archive: Archive) -> None:
        settings = archive.settings
        self._archive = archive
        self._workers = Workers(settings.worker_count, WorkerLimits(settings.worker_memory_mib, settings.worker_seconds))
        self._threads = ThreadPoolExecutor(4, "examine")
        self._running: dict[str, Examination] = {}
        self._lock = threading.Lock()

    def begin(self, archive: Archive, accession: str) -> Examination:
        """Return the examination of a draft for the caller of `archive`, begun now where it is needed."""
        require(archive, accession, "read")
        record = find_draft(archive, accession, "examine")
        examination = Examination(accession, Future())
        if record.state is not State.DRAFT or is_examined(archive, record):
            examination.report.set_result(Report(record.findings))
            return examination
        with self._lock:
            examination = self._running.setdefault(accession, examination)
            if not examination.report.running():
                examination.report.set_running_or_notify_cancel()
                self._threads.submit(self._run, examination)
        return examination

    def close(self) -> None:
        """Stop."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._workers.close()

    def _run(self, examination: Examination) -> None:
        def tell(done: int, total: int) -> None:
            examination.done, examination.total = done, total

        report: Report | BaseException
        try:
            report = examine_draft(self._archive, examination.accession, workers=self._workers, progress=tell)
        except BaseException as error:  # noqa: BLE001  the edge of the thread: whoever waits is told
            report = error
        with self._lock:
            self._running.pop(examination.accession, None)
        if isinstance(report, Report):
            examination.report.set_result(report)
        else:
            examination.report.set_exception(report)
