"""Deposit a folder: examined, taken in, checked, and on request submitted, accepted and released.

The same command completes what a crash cut:

(1) Headers and sheet are examined; with an error nothing is kept.
(2) A draft is made, or the one that an earlier run of the same command left is taken up.
(3) Every file is taken in, in one pass that copies, hashes and measures it.
(4) All rules judge what is in.
(5) Verbs move the draft on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from micrographia.archive.archive import Archive
from micrographia.archive.curate import accept_entry
from micrographia.archive.drafting import create_draft, discard_draft
from micrographia.archive.examining import draft_digest
from micrographia.archive.ingest import Ingest, Progress
from micrographia.archive.release import release_entry
from micrographia.archive.submit import submit_entry
from micrographia.archive.transition import save_draft
from micrographia.catalogue import content_digest
from micrographia.examine import Examination, Given, examine_structure, refuse_errors, refuse_home
from micrographia.model.finding import Report
from micrographia.model.lifecycle import State
from micrographia.model.records import DraftRecord
from micrographia.store.incoming import Mode

Until = Literal["draft", "submitted", "released"]


@dataclass(frozen=True, slots=True)
class Deposited:
    """What became of a deposit."""

    accession: str
    version: int
    state: State
    title: str
    file_count: int
    size_bytes: int
    report: Report
    already_there: bool = False
    """Whether exactly this had been released before; nothing was done then."""


def deposit_folder(
    archive: Archive,
    folder: Path,
    *,
    given: Given | None = None,
    mode: Mode = "copy",
    until: Until = "draft",
    looked_at: Callable[[int], None] | None = None,
    progress: Progress | None = None,
    begun: Callable[[str, Examination], None] | None = None,
) -> Deposited:
    """Deposit the files of a folder as one new entry.

    Parameters
    ----------
    given
        Title and authors for a sheet that leaves them open.
    mode
        copy; link (hard links, no bytes move); move (the folder's files are gone afterwards).
    until
        How far the entry goes: it stays a draft, is submitted, or is released at once (what a single-user archive does).
    looked_at, progress
        Called with the number of files examined, and of bytes taken in, since the last call.
    begun
        Called with the accession and the examination once the draft is there.

    Raises
    ------
    InvalidInputError
        The checks found errors (all findings come with it), or the folder holds the archive itself.
    """
    refuse_home(folder, archive.settings.home)
    source = str(folder.resolve())
    draft = _left_by_earlier_run(archive, source)
    if draft is None or not draft.files_complete or draft.state is State.DRAFT:
        examination = examine_structure(folder, settings=archive.settings, given=given, deposit=True, progress=looked_at)
        refuse_errors(examination.report, "nothing was deposited")
        draft = _begin(archive, source, examination, draft)
        if begun:
            begun(draft.accession, examination)
        draft = take_in(archive, draft, folder, examination, mode=mode, progress=progress)
    if until == "released" and (known := _same_released(archive, draft)):
        discard_draft(archive, draft.accession)
        _remove_sources(folder, draft, archive, mode)
        return known
    return move_on(archive, draft, folder, mode, until)


def take_in(
    archive: Archive, draft: DraftRecord, folder: Path, examination: Examination, *, mode: Mode, progress: Progress | None
) -> DraftRecord:
    """Return the draft with all files of the folder in it, judged; InvalidInputError, and the draft stays, where they have errors."""
    with archive.drafts.lock(draft.accession):
        facts = Ingest(archive, draft, folder, mode=mode, progress=progress).run(examination.descriptions)
        report = examination.judged(facts).report
        draft = draft.model_copy(update={"findings": report.findings, "files_complete": report.errors == 0})
        draft = draft.model_copy(update={"examined": draft_digest(archive, draft)})
        save_draft(archive, draft, with_files=True)
    refuse_errors(report, f"its draft {draft.accession} is kept, so that the same command goes on from here")
    return draft


def _left_by_earlier_run(archive: Archive, source: str) -> DraftRecord | None:
    for accession in archive.drafts.accessions():
        record = archive.drafts.record(accession)
        if record.source == source and record.version == 1 and record.state is not State.HELD:
            return record
    return None


def _begin(archive: Archive, source: str, examination: Examination, draft: DraftRecord | None) -> DraftRecord:
    """Return the draft, new or taken up, with the sheet as it is now."""
    if draft is not None:
        draft = draft.model_copy(update={"sheet": examination.sheet, "findings": examination.report.findings, "files_complete": False})
        save_draft(archive, draft)
        return draft
    return create_draft(archive, examination.sheet, findings=examination.report.findings, source=source)


def _same_released(archive: Archive, draft: DraftRecord) -> Deposited | None:
    """Return the released entry that has exactly these files and this sheet: the same command was run twice."""
    digest = content_digest(archive.drafts.files(draft.accession))
    for row in archive.catalogue.find_content(digest):
        record = archive.catalogue.entry_document(row.accession, row.version)
        if record is not None and record.sheet == draft.sheet.without_addresses():
            return Deposited(
                row.accession,
                row.version,
                row.state,
                row.title,
                row.file_count,
                row.size_bytes,
                Report(record.findings),
                already_there=True,
            )
    return None


def move_on(archive: Archive, draft: DraftRecord, folder: Path, mode: Mode, until: Until) -> Deposited:
    """Move a draft whose files are all in as far as was asked; with `move` the sources go once it is submitted."""
    if until != "draft" and draft.state is State.DRAFT:
        draft = submit_entry(archive, draft.accession)
    _remove_sources(folder, draft, archive, mode)
    if until == "released":
        if draft.state is State.SUBMITTED:
            draft = accept_entry(archive, draft.accession)
        entry = release_entry(archive, draft.accession)
        state, file_count, size_bytes = State.RELEASED, entry.file_count, entry.size_bytes
    else:
        files = list(archive.drafts.files(draft.accession))
        state, file_count, size_bytes = draft.state, len(files), sum(f.size_bytes for f in files)
    return Deposited(draft.accession, draft.version, state, draft.sheet.title, file_count, size_bytes, Report(draft.findings))


def _remove_sources(folder: Path, draft: DraftRecord, archive: Archive, mode: Mode) -> None:
    """With `move`: remove what is safely in. Links to the draft's own bytes, so no byte is lost whenever this stops."""
    if mode != "move":
        return
    for file in archive.drafts.files(draft.accession):
        for name in {file.path, unicodedata.normalize("NFD", file.path)}:  # as the file system of a Mac gives it
            (folder / name).unlink(missing_ok=True)
