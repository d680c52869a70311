"""The dossier of an entry: its people, reviewer links and private events. The file is the truth, the catalogue its index."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from micrographia.archive.archive import Archive
from micrographia.ids import EntryId
from micrographia.model.people import Dossier
from micrographia.model.records import Event


def change_dossier(archive: Archive, accession: str, change: Callable[[Dossier], Dossier]) -> Dossier:
    """Return the dossier after `change`, which runs while nobody else works on the entry."""
    with archive.drafts.lock(accession):
        dossier = change(archive.drafts.dossier(accession))
        archive.drafts.save_dossier(dossier)
        archive.catalogue.put_dossier(dossier)
        return dossier


def keep_events(archive: Archive, accession: str, events: Iterable[Event]) -> Dossier:
    """Add events to the dossier; those that stand there already are not added twice."""
    new = tuple(events)
    return change_dossier(
        archive, accession, lambda d: d.model_copy(update={"events": (*d.events, *(event for event in new if event not in d.events))})
    )


def events_of(archive: Archive, accession: str) -> tuple[Event, ...]:
    """Return all that happened to an entry, oldest first, with names, comments and addresses."""
    entry = EntryId.parse(accession)
    own = archive.drafts.record(entry).events if archive.drafts.exists(entry) else ()
    kept = archive.drafts.dossier(entry).events
    return tuple(sorted((*kept, *(event for event in own if event not in kept)), key=lambda event: event.at))
