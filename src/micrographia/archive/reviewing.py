"""Reviewer links: an address that lets whoever has it read one entry before release, until it is revoked."""

from __future__ import annotations

import secrets

from micrographia.archive.accounts import key_digest
from micrographia.archive.archive import Archive
from micrographia.archive.dossier import change_dossier
from micrographia.archive.permissions import require
from micrographia.archive.transition import event_now, find_draft
from micrographia.catalogue import dossiers
from micrographia.errors import NotFoundError, WrongStateError
from micrographia.ids import EntryId
from micrographia.model.people import Dossier, ReviewerLink

_MOST_LINKS = 50


def make_reviewer_link(archive: Archive, accession: str, *, hide_authors: bool = False) -> tuple[str, ReviewerLink]:
    """Return (the secret part of a new link's address, which is shown this once; what is known of it)."""
    require(archive, accession, "share")
    record = find_draft(archive, accession, "share")
    secret = secrets.token_urlsafe(32)
    link = ReviewerLink(
        id=secrets.token_hex(4),
        key_sha256=key_digest(secret),
        hide_authors=hide_authors,
        created_at=archive.now(),
        created_by=archive.caller.signature,
    )
    event = event_now(archive, "reviewer link", record.version, detail={"id": link.id, "hide_authors": hide_authors})

    def change(dossier: Dossier) -> Dossier:
        if sum(not known.revoked_at for known in dossier.links) >= _MOST_LINKS:
            raise WrongStateError(f"{accession} has {_MOST_LINKS} reviewer links; revoke some first.")
        return dossier.model_copy(update={"links": (*dossier.links, link), "events": (*dossier.events, event)})

    change_dossier(archive, EntryId.parse(accession), change)
    return secret, link


def reviewer_links(archive: Archive, accession: str) -> tuple[ReviewerLink, ...]:
    """Return the links that were made, revoked ones too."""
    require(archive, accession, "share")
    return archive.drafts.dossier(accession).links


def revoke_reviewer_link(archive: Archive, accession: str, link_id: str) -> None:
    """Let a link open nothing any more."""
    require(archive, accession, "share")

    def change(dossier: Dossier) -> Dossier:
        if not any(link.id == link_id and not link.revoked_at for link in dossier.links):
            raise NotFoundError(f"{accession} has no working reviewer link {link_id[:40]!r}.")
        row = archive.catalogue.entry(EntryId.parse(accession))
        event = event_now(archive, "revoke reviewer link", max(1, row.latest_version if row else 1), detail={"id": link_id})
        links = tuple(l.model_copy(update={"revoked_at": archive.now()}) if l.id == link_id else l for l in dossier.links)  # noqa: E741
        return dossier.model_copy(update={"links": links, "events": (*dossier.events, event)})

    change_dossier(archive, EntryId.parse(accession), change)


def end_reviews(archive: Archive, accession: str) -> None:
    """Let all links of an entry end with its release: they shall not open what its next version will be before that is released."""
    now = archive.now()

    def change(dossier: Dossier) -> Dossier:
        links = tuple(link if link.revoked_at else link.model_copy(update={"revoked_at": now}) for link in dossier.links)
        return dossier.model_copy(update={"links": links})

    change_dossier(archive, EntryId.parse(accession), change)


def reviewed_entry(archive: Archive, secret: str) -> EntryId:
    """Return the entry that a working link opens; NotFoundError where it opens none."""
    with archive.catalogue.read() as connection:
        found = dossiers.reviewer_link(connection, key_digest(secret))
    if found is None:
        raise NotFoundError("This link opens nothing: it was revoked, its entry was released, or it is not complete.")
    return found[0]
