"""Moving a draft from state to state: its record first (the truth), then the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.permissions import require
from micrographia.errors import NotFoundError, WrongStateError
from micrographia.ids import EntryId
from micrographia.model.lifecycle import State, allowed_verbs, next_state
from micrographia.model.records import DraftRecord, Event


def move_draft(
    archive: Archive,
    accession: str,
    verb: str,
    *,
    detail: Mapping[str, Any] | None = None,
    prepare: Callable[[DraftRecord], Mapping[str, Any]] | None = None,
) -> DraftRecord:
    """Return the draft after `verb`; WrongStateError where the verb does not fit, NotFoundError where there is no draft for the caller.

    `prepare` sees the draft under its lock, may refuse by raising, and returns further fields of the record to change.
    """
    require(archive, accession, verb)
    with archive.drafts.lock(accession):
        record = find_draft(archive, accession, verb)
        state = next_state(verb, record.state, accession=accession)
        if record.released_at:
            record = _given_up(archive, record)
        changes = dict(prepare(record)) if prepare else {}
        event = event_now(archive, verb, record.version, state, detail)
        record = record.model_copy(update={**changes, "state": state, "events": (*record.events, event)})
        save_draft(archive, record)
        return record


def _given_up(archive: Archive, record: DraftRecord) -> DraftRecord:
    """Return a draft whose release could not go on as if it had not begun; WrongStateError where it is in the store already."""
    if archive.store.recover(record.accession) >= record.version:
        raise WrongStateError(f"{record.accession} is being released; look again in a minute.", status=record.state)
    happened = tuple(event for event in record.events if event.verb != "release" or event.version != record.version)
    return record.model_copy(update={"released_at": "", "events": happened})


def find_draft(archive: Archive, accession: str, verb: str) -> DraftRecord:
    """Return the draft of an entry; NotFoundError where there is none, WrongStateError where it is released already."""
    try:
        return archive.drafts.record(accession)
    except NotFoundError:
        row = archive.catalogue.entry(EntryId.parse(accession))
        if row is None:
            raise
        raise WrongStateError(
            f"{accession} is {row.state} and has no new version that one could {verb}.", status=row.state, allowed=allowed_verbs(row.state)
        ) from None


def event_now(archive: Archive, verb: str, version: int, state: State | None = None, detail: Mapping[str, Any] | None = None) -> Event:
    """Return the event of something that the caller does now."""
    caller = archive.caller
    return Event(
        at=archive.now(),
        verb=verb,
        version=version,
        actor=caller.signature,
        address=caller.address,
        state=state,
        detail=dict(detail or {}),
    )


def save_draft(archive: Archive, record: DraftRecord, *, with_files: bool = False) -> None:
    """Write the draft's record, then its row. A crash between leaves the row behind until the next verb or `rebuild`.

    Once its files have been looked at (`with_files`), the entry's people find them and their images as they will those of a released one.
    """
    archive.drafts.save(record)
    if with_files:
        archive.catalogue.put_draft(record, archive.drafts.files(record.accession), archive.drafts.images(record.accession))
    else:
        archive.catalogue.put_draft(record)
