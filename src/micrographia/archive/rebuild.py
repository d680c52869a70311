"""Rebuild the catalogue from the store and the drafts alone. What cannot be placed stays private."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from micrographia.archive.archive import Archive
from micrographia.archive.withdraw import ENTRY_VERBS, apply_event
from micrographia.errors import MicrographiaError
from micrographia.ids import FIRST_ACCESSION_NUMBER, EntryId
from micrographia.model.lifecycle import State
from micrographia.model.records import Event

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild placed."""

    entries: int
    versions: int
    drafts: int
    skipped: tuple[str, ...]
    """Accessions whose record could not be read; `audit` says what is wrong with them."""


def rebuild(archive: Archive, *, progress: Callable[[str], None] | None = None) -> Rebuilt:
    """Recreate every row about entries."""
    archive.catalogue.clear_entries()
    versions, skipped, highest = 0, [], FIRST_ACCESSION_NUMBER - 1
    accessions = list(archive.store.accessions())
    for accession in accessions:
        highest = max(highest, accession.number)
        try:
            versions += _rebuild_entry(archive, accession)
        except (MicrographiaError, OSError, ValueError) as error:
            log.warning("%s could not be placed: %s", accession, error)
            skipped.append(str(accession))
        if progress:
            progress(accession)
    for accession in archive.store.purged():
        highest = max(highest, accession.number)
        events = archive.store.events(accession)
        # what a purge leaves of an entry need not have been known before; what led to it does
        for event in sorted(events, key=lambda e: e.verb != "purge"):
            (apply_event if event.verb == "purge" else _note)(archive, event, accession)
    drafts = 0
    for accession in archive.drafts.accessions():
        highest = max(highest, accession.number)
        try:
            record = archive.drafts.record(accession)
        except (MicrographiaError, ValueError) as error:
            log.warning("the draft of %s could not be read: %s", accession, error)
            skipped.append(str(accession))
            continue
        archive.catalogue.put_draft(record, archive.drafts.files(accession), archive.drafts.images(accession))
        drafts += 1
    for dossier in archive.drafts.dossiers():
        archive.catalogue.put_dossier(dossier)
    archive.catalogue.reserve_at_least(highest)
    return Rebuilt(len(accessions), versions, drafts, tuple(skipped))


def _note(archive: Archive, event: Event, accession: str) -> None:
    archive.catalogue.add_event(accession, event)


def _rebuild_entry(archive: Archive, accession: EntryId) -> int:
    head = archive.store.versions(accession)
    events = archive.store.events(accession)
    # said with the first version already, so that a withdrawn entry is at no moment public
    state = next((e.state for e in reversed(events) if e.verb in ENTRY_VERBS and e.state), State.RELEASED)
    for version in range(1, head + 1):
        entry = archive.store.entry(accession, version)
        archive.catalogue.put_version(entry, state, archive.store.files(accession, version), archive.store.images(accession, version))
    for event in events:
        apply_event(archive, event, accession)
    return head
