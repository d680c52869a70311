"""Release: the bytes move into the store, the entry becomes public, the draft is gone.

(1) The draft's record says when the release began. From here on a restart completes it.
(2) The store publishes the version; writing the root inventory is the commit point.
(3) The draft's events join the object's log, without names and comments, and the entry's private dossier as they are.
(4) The catalogue shows the version.
(5) The draft is deleted.
Every step may be repeated.
"""

from __future__ import annotations

import logging

from micrographia.archive.archive import Archive
from micrographia.archive.dossier import keep_events
from micrographia.archive.permissions import require
from micrographia.archive.transition import event_now, find_draft
from micrographia.errors import MicrographiaError, UnavailableError, WrongStateError
from micrographia.model.lifecycle import State, next_state
from micrographia.model.records import DraftRecord, EntryRecord

log = logging.getLogger(__name__)


def release_entry(archive: Archive, accession: str) -> EntryRecord:
    """Return the record of the version that is now public; WrongStateError unless it was ACCEPTED or HELD."""
    require(archive, accession, "release")
    with archive.drafts.lock(accession):
        record = find_draft(archive, accession, "release")
        if not record.released_at:
            state = next_state("release", record.state, accession=accession)
            now = archive.now()
            event = event_now(archive, "release", record.version, state)
            record = record.model_copy(update={"released_at": now, "events": (*record.events, event)})  # (1)
            archive.drafts.save(record)
        return _complete_release(archive, record)


def recover(archive: Archive) -> list[str]:
    """Return the accessions whose interrupted release was completed; those that another process is busy with are left to it."""
    completed = []
    for accession in list(archive.drafts.accessions()):
        try:
            if archive.drafts.record(accession).released_at:
                with archive.drafts.lock(accession, wait=False):
                    _complete_release(archive, archive.drafts.record(accession))
                completed.append(str(accession))
        except UnavailableError:
            continue
        except MicrographiaError as error:  # one damaged draft must not keep the archive from starting
            log.warning("%s: its interrupted release could not be completed: %s", accession, error)
    return completed


def release_due(archive: Archive) -> list[str]:
    """Return the accessions of held drafts that were released because their day has come (UTC); what another process has is left to it."""
    today, released = archive.now()[:10], []
    for accession in list(archive.drafts.accessions()):
        try:
            record = archive.drafts.record(accession)
            if record.state is State.HELD and record.hold_until and record.hold_until <= today:
                with archive.drafts.lock(accession, wait=False):
                    release_entry(archive, accession)
                released.append(str(accession))
        except (UnavailableError, WrongStateError):
            continue
        except MicrographiaError as error:  # one damaged draft must not keep the archive from starting
            log.warning("%s: it was held until today and could not be released: %s", accession, error)
    return released


def _complete_release(archive: Archive, draft: DraftRecord) -> EntryRecord:
    accession, version = draft.accession, draft.version
    file_count = size_bytes = image_count = 0
    for file in archive.drafts.files(accession):
        file_count += 1
        size_bytes += file.size_bytes
    for _ in archive.drafts.images(accession):
        image_count += 1
    entry = EntryRecord(
        accession=accession,
        version=version,
        created_at=draft.created_at,
        released_at=draft.released_at,
        change_note=draft.change_note,
        file_count=file_count,
        size_bytes=size_bytes,
        image_count=image_count,
        sheet=draft.sheet.without_addresses(),  # the root may be mirrored by anyone
        findings=draft.findings,
    )
    archive.store.publish(
        archive.drafts,
        accession,
        version,
        entry=entry,
        files=lambda: archive.drafts.files(accession),
        images=lambda: archive.drafts.images(accession),
        message=draft.change_note or ("First release" if version == 1 else f"Version {version}"),
        user=draft.sheet.authors[0].name if draft.sheet.authors else "",
    )  # (2)
    for event in draft.events:
        archive.store.append_event(accession, event.public())  # (3)
    keep_events(archive, accession, draft.events)
    archive.catalogue.put_version(
        entry, State.RELEASED, archive.store.files(accession, version), archive.store.images(accession, version)
    )  # (4)
    archive.drafts.delete(accession)  # (5)
    return entry
