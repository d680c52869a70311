"""Examination of a folder: its files, its sheet, the rules, and one pass over the data. `check` prints it, a deposit begins with it.

The phases are apart, so that a deposit reads each byte once:

(1) `examine_structure`: every header, the sheet, the rules that need no pixel;
(2) `read_data` makes the facts that only the data know (a deposit makes them itself, while it copies);
(3) `Examination.judged` applies all rules to both.
"""

from __future__ import annotations

import errno
import os
import pickle  # nosec B403  reads back only what this process wrote
import stat
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from micrographia.checks import check
from micrographia.describe import draft_sheet, load_sheet
from micrographia.errors import InvalidInputError
from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import DataFacts, read_once, read_tree
from micrographia.formats.source import folder_reader
from micrographia.formats.survey import survey
from micrographia.formats.workers import WorkerLimits
from micrographia.model.finding import Finding, Report
from micrographia.model.image import ImageHeader, RawLayout, Statistics, VoxelSize
from micrographia.model.records import SHEET_FILE
from micrographia.model.sheet import Author, Sheet
from micrographia.settings import Settings

_IN_MEMORY_BYTES = 32 << 20
_BATCH = 64
_SHEET_BYTES = (16 << 20) + 1


class Descriptions(Iterable[FileDescription]):
    """What the headers of a folder say, as often as it is asked for; beyond some thousands of files it lies in a temporary file."""

    def __init__(self, descriptions: Iterable[FileDescription] = ()) -> None:
        self._spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  lives as long as the object
        weakref.finalize(self, self._spool.close)
        self.file_count = 0
        self.size_bytes = 0
        rest = iter(descriptions)
        while batch := list(islice(rest, _BATCH)):
            pickler = pickle.Pickler(self._spool, pickle.HIGHEST_PROTOCOL)
            pickler.dispatch_table = _FIELDS_ALONE
            pickler.dump(batch)
            self.file_count += sum(max(1, len(description.members)) for description in batch)
            self.size_bytes += sum(description.size_bytes for description in batch)
        self._end = self._spool.tell()

    def __iter__(self) -> Iterator[FileDescription]:
        at = 0
        while at < self._end:  # the place is kept here: one iteration may run inside another
            self._spool.seek(at)
            batch = pickle.load(self._spool)  # noqa: S301  # nosec B301
            at = self._spool.tell()
            yield from batch


def _by_fields(kind: type) -> Callable[[Any], tuple[type, tuple[Any, ...]]]:
    values = attrgetter(*(field.name for field in fields(kind)))
    return lambda record: (kind, values(record))


# the pickling that dataclasses with slots bring along is several times slower
_FIELDS_ALONE: dict[type, Callable[[Any], Any]] = {
    kind: _by_fields(kind) for kind in (FileDescription, ImageHeader, VoxelSize, RawLayout, Statistics, Finding)
}


@dataclass(frozen=True)
class Given:
    """What a person says beside the files; it fills what the sheet leaves open."""

    title: str = ""
    """Title."""
    authors: Sequence[str] = ()
    """«Last, First» each."""


@dataclass(frozen=True)
class Examination:
    """What is known of a folder."""

    folder: Path
    """The folder."""
    sheet: Sheet
    """Its sheet as far as it could be read, or the draft where there is none; with what was given filled in."""
    sheet_text: bytes | None
    """Content of ``entry.yaml``; None where there is none."""
    blanks: tuple[str, ...]
    """Places of the sheet that still hold «?»."""
    descriptions: Descriptions
    """What the headers say, file by file."""
    sheet_findings: tuple[Finding, ...]
    """What is wrong with the text of the sheet."""
    report: Report
    """All findings so far."""
    strict: bool
    """Whether missing metadata are errors."""
    deposit: bool
    """Whether the folder is to be deposited: then title, author and files are required even where there is no ``entry.yaml``."""

    def judged(self, facts: Mapping[str, DataFacts] | None) -> Examination:
        """Return the examination with the findings of every rule.

        Parameters
        ----------
        facts : mapping of path to DataFacts, or None
            What the pass over the data found; None applies only the rules that need no pixel.
        """
        return replace(self, report=self._judge(facts))

    def _judge(self, facts: Mapping[str, DataFacts] | None) -> Report:
        alone = self.sheet_text is None and not self.deposit  # what a sheet would lack is no fault of the files
        unreadable = any(f.rule == "sheet.unreadable" for f in self.sheet_findings)  # what it lacks is not known
        return check(
            None if unreadable else self.sheet,
            self.descriptions,
            facts=facts or {},
            strict=self.strict,
            blanks=self.blanks,
            findings=(*self.sheet_findings, _NO_SHEET) if alone and not self.sheet_findings else self.sheet_findings,
            drafted=alone,
            read=folder_reader(self.folder),
        )


_NO_SHEET = Finding(
    "sheet.absent",
    "note",
    SHEET_FILE,
    f"There is no {SHEET_FILE}: only what the files alone show was checked.",
    hint="`micrographia describe` drafts one from the files.",
)


def examine_structure(
    folder: Path,
    *,
    settings: Settings,
    given: Given | None = None,
    deposit: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Examination:
    """Return what headers and sheet of a folder say, judged by the rules that need no pixel.

    Parameters
    ----------
    folder : Path
    settings : Settings
        Limits of the workers that parse files; `curation` decides how strict the rules are.
    given : Given, optional
        Title and authors for a sheet that leaves them open.
    deposit : bool
        Whether the folder is to be deposited.
    progress : callable, optional
        Called with the number of files looked at since the last call.
    """
    descriptions = survey_folder(folder, settings=settings, progress=progress)
    text, findings = read_sheet(folder)
    blanks: tuple[str, ...] = ()
    if text is not None:
        loaded = load_sheet(text)
        sheet, blanks = loaded.sheet, loaded.blanks
        findings = (*findings, *loaded.findings)
    else:
        sheet = draft_sheet(descriptions, folder_reader(folder)).sheet
    sheet = fill(sheet, given or Given(), prefer_given=text is None)
    examination = Examination(
        folder=folder,
        sheet=sheet,
        sheet_text=text,
        blanks=tuple(b for b in blanks if not _is_given(b, given or Given())),
        descriptions=descriptions,
        sheet_findings=findings,
        report=Report(),
        strict=settings.curation == "strict",
        deposit=deposit,
    )
    return examination.judged(None)


def refuse_home(folder: Path, home: Path) -> None:
    """Refuse to deposit a folder in which the archive itself lies, or one of the archive's own folders."""
    here, archive = folder.resolve(), home.resolve()
    if archive.is_relative_to(here):
        raise InvalidInputError(f"The archive {home} lies inside {folder} and would take in itself; give another folder or another --home.")
    if any(here.is_relative_to(archive / own) for own in ("store", "drafts", "derived")):
        raise InvalidInputError(f"{folder} belongs to the archive {home} itself; deposit a folder outside of it.")


def refuse_errors(report: Report, consequence: str) -> None:
    """Raise InvalidInputError with all findings when some are errors."""
    if report.errors:
        count = f"{report.errors} error{'s' if report.errors > 1 else ''}"
        raise InvalidInputError(
            f"The folder has {count}; {consequence}. Correct what the findings say, then run it again.",
            [f.as_json() for f in report.findings],
        )


def survey_folder(folder: Path, *, settings: Settings, progress: Callable[[int], None] | None = None) -> Descriptions:
    """Return what the headers of all files in a folder say."""
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} is not a folder; give the folder whose files make up the entry.")
    limits = WorkerLimits(memory_mib=settings.worker_memory_mib, seconds=settings.worker_seconds)
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if progress:
            progress(done - told)
        told = done

    return Descriptions(survey(folder, limits=limits, workers=settings.worker_count, progress=tell))


def read_data(examination: Examination, *, progress: Callable[[int], None] | None = None) -> dict[str, DataFacts]:
    """Return what one pass over every file finds: digests, statistics, data that cannot be decoded.

    Parameters
    ----------
    examination : Examination
    progress : callable, optional
        Called with the number of bytes read since the last call.
    """
    facts: dict[str, DataFacts] = {}
    for description in examination.descriptions:
        if any(remark.severity == "error" for remark in description.remarks):
            continue  # a link, a pipe, a file that lies about its size: refused already, and not read
        path = examination.folder / description.path
        if description.members:
            facts[description.path] = read_tree(path, description)
            if progress:
                progress(description.size_bytes)
        else:
            facts[description.path] = read_once(path, description, progress=progress)
    return facts


def read_sheet(folder: Path) -> tuple[bytes | None, tuple[Finding, ...]]:
    """Return the content of the folder's ``entry.yaml`` (None where there is none) and what keeps it from being read."""
    try:
        # no link is followed, and no pipe is waited for
        descriptor = os.open(folder / SHEET_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None, ()
    except OSError as exc:
        why = "it is a symbolic link" if exc.errno == errno.ELOOP else exc.strerror or str(exc)
        return None, (_unreadable_sheet(why),)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None, (_unreadable_sheet("it is no plain file"),)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(_SHEET_BYTES)
    finally:
        os.close(descriptor)
    return data, ()


def fill(sheet: Sheet, given: Given, *, prefer_given: bool = False) -> Sheet:
    """Return the sheet with what was `given` in place of what it leaves open (or, with `prefer_given`, of what it says)."""
    try:
        said = Sheet(title=given.title, authors=tuple(Author(name=name) for name in given.authors))
    except ValidationError as exc:
        raise InvalidInputError(f"Title or author cannot be used: {exc.errors(include_url=False)[0]['msg']}.") from exc
    changes: dict[str, Any] = {}
    if said.title and (prefer_given or not sheet.title):
        changes["title"] = said.title
    if said.authors and (prefer_given or not sheet.authors):
        changes["authors"] = said.authors
    return sheet.model_copy(update=changes)


def _is_given(blank: str, given: Given) -> bool:
    return bool((given.title and blank == "title") or (given.authors and blank.startswith("authors[")))


def _unreadable_sheet(why: str) -> Finding:
    return Finding(
        "sheet.unreadable", "error", SHEET_FILE, f"{SHEET_FILE} cannot be read: {why}.", why, "a plain text file in UTF-8", "Replace it."
    )
