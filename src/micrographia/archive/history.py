"""What happened to an entry, for its owner and curators: who did what, when and from where."""

from __future__ import annotations

from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.dossier import events_of
from micrographia.archive.permissions import may
from micrographia.errors import NotFoundError, NotPermittedError
from micrographia.ids import EntryId
from micrographia.model.records import Event


def private_events(archive: Archive, accession: str) -> tuple[Event, ...]:
    """Return all that happened, oldest first; a stranger learns nothing, not even that there is anything."""
    entry = EntryId.parse(accession)
    if not may(archive, entry, "share"):
        if not archive.caller.is_known:
            raise NotPermittedError("Sign in as the owner of the entry or as a curator.")
        if may(archive, entry, "comment"):
            raise NotPermittedError(f"You may not see what happened to {entry}; its owner and curators may.")
        raise NotFoundError(f"There is no entry {entry}.")
    happened = events_of(archive, entry)
    if not happened and archive.catalogue.entry(entry) is None:
        raise NotFoundError(f"There is no entry {entry}.")
    return happened


def conversation(archive: Archive, accession: str) -> tuple[Event, ...]:
    """Return what was said about an entry, for its people and curators."""
    entry = EntryId.parse(accession)
    if not may(archive, entry, "comment"):
        raise NotFoundError(f"There is no entry {entry}.")
    return tuple(event for event in events_of(archive, entry) if event.verb in ("comment", "return", "submit", "accept"))


def event_document(event: Event) -> dict[str, Any]:
    """Return the JSON of an event."""
    return event.model_dump(mode="json")
