"""Moving a draft from state to state: its record first (the truth), then the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.model.lifecycle import next_state
from micrographia.model.records import DraftRecord, Event


def move_draft(
    archive: Archive,
    accession: str,
    verb: str,
    *,
    actor: str = "",
    detail: Mapping[str, Any] | None = None,
    prepare: Callable[[DraftRecord], Mapping[str, Any]] | None = None,
) -> DraftRecord:
    """Return the draft after `verb`; WrongStateError where the verb does not fit, NotFoundError where there is no draft.

    `prepare` sees the draft under its lock, may refuse by raising, and returns further fields of the record to change.
    """
    with archive.drafts.lock(accession):
        record = archive.drafts.record(accession)
        state = next_state(verb, record.state, accession=accession)
        changes = dict(prepare(record)) if prepare else {}
        event = Event(at=archive.now(), verb=verb, version=record.version, actor=actor, state=state, detail=dict(detail or {}))
        record = record.model_copy(update={**changes, "state": state, "events": (*record.events, event)})
        save_draft(archive, record)
        return record


def save_draft(archive: Archive, record: DraftRecord) -> None:
    """Write the draft's record, then its row. A crash between leaves the row behind until the next verb or `rebuild`."""
    archive.drafts.save(record)
    archive.catalogue.put_draft(record)
