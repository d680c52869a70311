"""Revise a released entry: a new version from a folder, which shares with the old one every file that did not change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from micrographia.archive.archive import Archive
from micrographia.archive.deposit import Deposited, Until, move_on, take_in
from micrographia.archive.doi import reserved_doi
from micrographia.archive.ingest import Progress
from micrographia.archive.lookup import find_entry
from micrographia.archive.permissions import require
from micrographia.archive.transition import event_now, save_draft
from micrographia.errors import InvalidInputError, NotFoundError, WrongStateError
from micrographia.examine import Given, examine_structure, refuse_errors, refuse_home
from micrographia.ids import EntryId
from micrographia.model.lifecycle import State, allowed_verbs, next_state
from micrographia.model.records import DraftRecord
from micrographia.store.incoming import Mode


def revise_from_folder(
    archive: Archive,
    accession: str,
    folder: Path,
    *,
    change_note: str,
    mode: Mode = "copy",
    until: Until = "draft",
    looked_at: Callable[[int], None] | None = None,
    progress: Progress | None = None,
) -> Deposited:
    """Make the files of a folder the next version of a released entry.

    The folder's ``entry.yaml`` is the new sheet; without one, title and authors of the version before go on.

    Raises
    ------
    InvalidInputError
        The checks found errors, or nothing says what changed.
    WrongStateError
        The entry is not released, or a draft of its next version is someone else's.
    """
    if not change_note.strip():
        raise InvalidInputError("A new version says what changed; the change note is empty.")
    require(archive, accession, "revise")
    refuse_home(folder, archive.settings.home)
    previous = find_entry(archive, accession)
    if previous.state is not State.RELEASED:
        raise WrongStateError(f"{accession} is {previous.state}; only a RELEASED entry gets a new version.", status=previous.state)
    before = previous.record.sheet
    given = Given(title=before.title, authors=tuple(a.name for a in before.authors))
    examination = examine_structure(folder, settings=archive.settings, given=given, deposit=True, progress=looked_at)
    refuse_errors(examination.report, "no version was made")
    draft = _begin(archive, previous.record.version + 1, accession, folder, change_note)
    draft = draft.model_copy(update={"sheet": examination.sheet, "change_note": change_note, "findings": examination.report.findings})
    draft = take_in(archive, draft, folder, examination, mode=mode, progress=progress)
    return move_on(archive, draft, folder, mode, until)


def begin_version(archive: Archive, accession: str, *, note: str) -> DraftRecord:
    """Return a draft of the next version of a released entry, with the sheet and all files of the one before; no byte is copied."""
    if not note.strip():
        raise InvalidInputError("A new version says what changed; the note is empty.")
    require(archive, accession, "revise")
    entry = EntryId.parse(accession)
    with archive.drafts.lock(entry):
        row = archive.catalogue.entry(entry)
        if archive.drafts.exists(entry):
            draft = archive.drafts.record(entry)
            raise WrongStateError(
                f"{accession} has a draft of version {draft.version} ({draft.state}) already.",
                status=draft.state,
                allowed=allowed_verbs(draft.state),
            )
        assert row is not None
        next_state("revise", row.state, accession=accession)
        before = archive.catalogue.entry_document(entry, row.latest_version)
        assert before is not None
        draft = DraftRecord(
            accession=entry,
            version=row.latest_version + 1,
            created_at=archive.now(),
            doi=before.doi or reserved_doi(archive.settings, entry),
            change_note=note.strip(),
            files_complete=True,
            sheet=before.sheet,
            events=(event_now(archive, "revise", row.latest_version + 1, State.DRAFT),),
        )
        # the draft is there once its record is: until then nobody sees what a crash leaves
        archive.drafts.write_images(entry, archive.store.images(entry, row.latest_version))
        archive.drafts.write_files(entry, archive.store.files(entry, row.latest_version))
        archive.drafts.create(draft)
        save_draft(archive, draft, with_files=True)
        return draft


def _begin(archive: Archive, version: int, accession: str, folder: Path, change_note: str) -> DraftRecord:
    source, now = str(folder.resolve()), archive.now()
    try:
        draft = archive.drafts.record(accession)
    except NotFoundError:
        before = find_entry(archive, accession).record
        draft = DraftRecord(
            accession=EntryId.parse(accession),
            version=version,
            created_at=now,
            doi=before.doi or reserved_doi(archive.settings, accession),
            change_note=change_note,
            source=source,
            sheet=before.sheet,
            events=(event_now(archive, "revise", version, State.DRAFT),),
        )
        archive.drafts.create(draft)
        archive.catalogue.put_draft(draft)
        return draft
    if draft.source != source or draft.version != version or draft.state is not State.DRAFT:
        found = f"a draft of version {draft.version} ({draft.state}, from {draft.source or 'an upload'})"
        raise WrongStateError(f"{accession} has {found} already.", status=draft.state)
    return draft
