"""Release: the bytes move into the store, the entry becomes public, the draft is gone.

(1) The draft's record says when the release began. From here on a restart completes it.
(2) The store publishes the version; writing the root inventory is the commit point.
(3) The draft's events join the object's log, without names and comments, and the entry's private dossier as they are.
(4) The catalogue shows the version.
(5) The outbox is to tell of it.
(6) The draft is deleted.
Every step may be repeated.
"""

from __future__ import annotations

import logging

from micrographia.archive.archive import Archive
from micrographia.archive.curate import PUBLICATION
from micrographia.archive.doi import announce, reserved_doi
from micrographia.archive.dossier import keep_events
from micrographia.archive.permissions import require, role_of
from micrographia.archive.reviewing import end_reviews
from micrographia.archive.transition import event_now, find_draft, save_draft
from micrographia.catalogue import accounts
from micrographia.errors import MicrographiaError, UnavailableError, WrongStateError
from micrographia.ids import EntryId
from micrographia.model.finding import Report
from micrographia.model.lifecycle import State, next_state
from micrographia.model.people import OPERATOR, Role
from micrographia.model.records import DraftRecord, EntryRecord

log = logging.getLogger(__name__)


def release_entry(archive: Archive, accession: str) -> EntryRecord:
    """Return the record of the version that is now public; WrongStateError unless it was ACCEPTED or HELD."""
    require(archive, accession, "release")
    with archive.drafts.lock(accession):
        record = find_draft(archive, accession, "release")
        if record.state is State.SUBMITTED and may_release_alone(archive, record):
            record = _accepted_by_itself(archive, record)
        if not record.released_at:
            state = next_state("release", record.state, accession=accession)
            now = archive.now()
            event = event_now(archive, "release", record.version, state)
            record = record.model_copy(update={"released_at": now, "events": (*record.events, event)})  # (1)
            archive.drafts.save(record)
        entry = _complete_release(archive, record)
    _release_partners(archive, accession)
    return entry


def may_release_alone(archive: Archive, record: DraftRecord) -> bool:
    """Whether the caller may release a submitted version without a curator: the setting says so, and no check found anything wrong."""
    setting, caller = archive.settings.self_release, archive.caller
    report = Report(record.findings)
    if setting == "nobody" or report.errors or report.count("warning") or role_of(archive, record.accession) is not Role.OWNER:
        return False
    if setting == "everyone":
        return True
    with archive.catalogue.read() as connection:
        if caller.email:
            account = accounts.find_account(connection, email=caller.email)
        else:
            account = accounts.find_account(connection, orcid=caller.orcid)
    return account is not None and account.is_active and account.is_trusted


def _accepted_by_itself(archive: Archive, record: DraftRecord) -> DraftRecord:
    state = next_state("accept", record.state, accession=record.accession)
    event = event_now(archive, "accept", record.version, state, {"by": "its owner: the checks are clean"})
    record = record.model_copy(update={"state": state, "events": (*record.events, event)})
    save_draft(archive, record)
    return record


def _release_partners(archive: Archive, accession: str) -> None:
    """Release what was held to be released together with an entry; what cannot be now is left to `release_due`."""
    for row in archive.catalogue.drafts(State.HELD):
        draft = archive.catalogue.draft_document(row.accession)
        if draft is not None and draft.hold_for == accession:
            try:
                release_entry(archive.called_by(OPERATOR), row.accession)
            except MicrographiaError as error:
                log.warning("%s: it is to be released with %s and could not be yet: %s", row.accession, accession, error)


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
            if record.state is State.HELD and _is_due(archive, record, today):
                with archive.drafts.lock(accession, wait=False):
                    release_entry(archive, accession)
                released.append(str(accession))
        except (UnavailableError, WrongStateError):
            continue
        except MicrographiaError as error:  # one damaged draft must not keep the archive from starting
            log.warning("%s: it was held until today and could not be released: %s", accession, error)
    return released


def _is_due(archive: Archive, record: DraftRecord, today: str) -> bool:
    """Whether the day has come, or the entry was released with which it is to be."""
    if record.hold_until and record.hold_until <= today:
        return True
    if record.hold_for in ("", PUBLICATION):
        return False
    partner = archive.catalogue.entry(EntryId.parse(record.hold_for))
    return partner is not None and partner.latest_version > 0 and not archive.drafts.exists(record.hold_for)


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
        doi=draft.doi or reserved_doi(archive.settings, accession),
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
    end_reviews(archive, accession)
    archive.catalogue.put_version(
        entry, State.RELEASED, archive.store.files(accession, version), archive.store.images(accession, version)
    )  # (4)
    with archive.catalogue.write() as connection:
        announce(archive, connection, accession, version, State.RELEASED)  # (5)
    archive.drafts.delete(accession)  # (6)
    return entry
