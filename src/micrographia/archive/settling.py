"""What killed processes left in the middle is brought to its end, and what is due by the clock is done.

Nobody need do anything: the next start does it, and a server does it again now and then (a full disk has room again, another server died).
"""

from __future__ import annotations

import logging
from contextlib import suppress

from micrographia.archive.archive import Archive
from micrographia.archive.release import recover, release_due
from micrographia.archive.withdraw import recover_events
from micrographia.errors import MicrographiaError, UnavailableError
from micrographia.ids import EntryId
from micrographia.store.uploads import Uploads

log = logging.getLogger(__name__)


def bring_to_end(archive: Archive) -> None:
    """Complete interrupted releases and withdrawals; release what was held until today."""
    recover(archive)
    recover_events(archive)
    release_due(archive)


def settle(archive: Archive) -> None:
    """Do all that `bring_to_end` does, clear what belongs to nothing, and let the catalogue say what the drafts say."""
    bring_to_end(archive)
    archive.drafts.tidy()
    rows = {row.accession for row in archive.catalogue.drafts()}
    accessions = list(archive.drafts.accessions())
    for accession in accessions:
        try:
            Uploads(archive.drafts).clear_ownerless(accession)
            _compare(archive, accession)
        except UnavailableError:  # another process is at it, and says itself what it did
            continue
        except MicrographiaError as error:  # one damaged draft must not keep the others from being settled
            log.warning("%s: its draft could not be looked at: %s", accession, error)
    for accession in map(EntryId.parse, rows.difference(accessions)):
        with suppress(UnavailableError), archive.drafts.lock(accession, wait=False):
            if not archive.drafts.exists(accession):
                log.warning("%s: its draft is gone", accession)
                archive.catalogue.delete_draft(accession)


def _compare(archive: Archive, accession: EntryId) -> None:
    """Write a draft into the catalogue where a process died between the two."""
    if archive.catalogue.draft_document(accession) == archive.drafts.record(accession):
        return
    with archive.drafts.lock(accession, wait=False):
        record = archive.drafts.record(accession)
        if not record.released_at and archive.catalogue.draft_document(accession) != record:
            archive.catalogue.put_draft(record, archive.drafts.files(accession), archive.drafts.images(accession))
            archive.catalogue.put_dossier(archive.drafts.dossier(accession))
