"""What may still happen to a released entry: obsolete, withdraw, purge. The bytes of a version never change."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.doi import announce
from micrographia.archive.dossier import keep_events
from micrographia.archive.permissions import require
from micrographia.archive.transition import event_now
from micrographia.errors import InvalidInputError, NotFoundError, UnavailableError
from micrographia.ids import EntryId
from micrographia.model.lifecycle import State, next_state
from micrographia.model.records import Event

# verbs that say something of the entry as a whole
ENTRY_VERBS = ("obsolete", "withdraw", "purge")


def obsolete_entry(archive: Archive, accession: str, *, superseded_by: str) -> Event:
    """Mark a released entry as superseded by another one that is released here; it stays readable."""
    successor = archive.catalogue.entry(EntryId.parse(superseded_by))
    if superseded_by == accession or successor is None or successor.state is not State.RELEASED:
        raise InvalidInputError(f"{superseded_by} cannot supersede {accession}: expected the accession of another entry released here.")
    return _mark(archive, accession, "obsolete", {"superseded_by": superseded_by})


def withdraw_entry(archive: Archive, accession: str, *, reason: str) -> Event:
    """Withdraw an entry: a tombstone (title, reason, date) answers in its place, the bytes are kept."""
    return _mark(archive, accession, "withdraw", {"reason": _given(reason, "withdrawn")})


def purge_entry(archive: Archive, accession: str, *, reason: str) -> Event:
    """Destroy the bytes of an entry, where the law asks for it; tombstone and digests stay. There is no way back."""
    return _mark(archive, accession, "purge", {"reason": _given(reason, "purged")})


def _given(reason: str, done: str) -> str:
    if not reason.strip():
        raise InvalidInputError(f"An entry is {done} with a reason that its tombstone shows; the reason is empty.")
    return reason.strip()


def _mark(archive: Archive, accession: str, verb: str, detail: dict[str, Any]) -> Event:
    """Write the event into the object's log (the truth), then into the catalogue; a start after a crash between completes it."""
    identifier = EntryId.parse(accession)
    require(archive, identifier, verb)
    with archive.drafts.lock(identifier):
        entry = archive.catalogue.entry(identifier)
        if entry is None:
            raise NotFoundError(f"There is no entry {accession}.")
        state = next_state(verb, entry.state, accession=accession)
        record = archive.catalogue.entry_document(identifier, entry.latest_version)
        detail = {"title": record.sheet.title if record else "", **detail}
        event = event_now(archive, verb, entry.latest_version, state, detail)
        archive.drafts.begin_event(identifier, event)
        archive.store.append_event(identifier, event.without_person())
        _complete(archive, event, identifier)
        return event


def _complete(archive: Archive, event: Event, accession: EntryId) -> None:
    """Do what follows once an event stands in the object's log; every step may be repeated."""
    keep_events(archive, accession, (event,))
    if event.state is not None:
        with archive.catalogue.write() as connection:
            announce(archive, connection, accession, event.version, event.state)
    apply_event(archive, event, accession)
    if event.verb == "purge":
        archive.store.purge(accession, event.model_dump(mode="json"))
    archive.drafts.end_event(accession)


def recover_events(archive: Archive) -> None:
    """Complete what a process did that was killed after it had written to an object's log; what is not there did not happen."""
    for accession in list(archive.drafts.begun_events()):
        with suppress(UnavailableError), archive.drafts.lock(accession, wait=False):
            event = archive.drafts.begun_event(accession)
            if event is not None and event.without_person() in archive.store.events(accession):
                _complete(archive, event, accession)
            else:
                archive.drafts.end_event(accession)


def apply_event(archive: Archive, event: Event, accession: str) -> None:
    """Show in the catalogue what an event of an object's log says; once more is harmless."""
    archive.catalogue.add_event(accession, event)
    if event.verb in ENTRY_VERBS and event.state is not None:
        archive.catalogue.set_state(accession, None, event.state, {**event.detail, "date": event.at[:10]})
