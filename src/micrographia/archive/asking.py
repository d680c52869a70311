"""Asking for raw data that is not archived: a mail to whom a released entry belongs."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import EntryView, find_entry
from micrographia.archive.mail import put_mail
from micrographia.archive.permissions import require_known
from micrographia.archive.sessions import counted
from micrographia.catalogue import accounts
from micrographia.errors import InvalidInputError, NotFoundError, WrongStateError
from micrographia.model.people import Role, Scope, Standing
from micrographia.model.vocabulary import NOT_RECORDED

_LONGEST = 2_000


def lacks_raw_data(view: EntryView) -> bool:
    """Whether an entry is public and holds no image set that a microscope recorded."""
    return view.state.is_public and all(image_set.kind in NOT_RECORDED for image_set in view.record.sheet.image_sets)


def ask_for_raw_data(archive: Archive, accession: str, *, words: str = "") -> None:
    """Send a mail to the owner of an entry (where they have no address, to the curators) that the caller asks for its raw images.

    It names the caller and their address, so that they can be answered. Asked again in the same month, nothing more is sent.

    Raises
    ------
    NotPermittedError
        The caller has not signed in.
    InvalidInputError
        The caller has no address, or the words are too long.
    WrongStateError
        The entry is not released, or holds raw images.
    NotFoundError
        There is no such entry for the caller, or nobody who could be asked.
    TooManyAttemptsError
        The caller asked too often.
    """
    caller = archive.caller
    require_known(caller, Scope.DEPOSIT)
    view = find_entry(archive, accession)
    if not lacks_raw_data(view):
        raise WrongStateError(f"{accession} is not released, or holds what a microscope recorded: there is nothing to ask for.")
    if not caller.email:
        raise InvalidInputError("Your account has no e-mail address to which you could be answered; add one to it first.")
    words = words.strip()
    if len(words) > _LONGEST:
        raise InvalidInputError(f"The text has {len(words):,} characters; at most {_LONGEST:,} are sent.")
    title, now = archive.settings.title, archive.now()
    quoted = "".join(f"\n> {line}" for line in words.splitlines())
    text = (
        f"Hello,\n\n{caller.name} <{caller.email}> asks for the raw data behind {accession} at {title}:\n{view.record.sheet.title}\n"
        f"{quoted}\n\nNothing that a microscope recorded is archived with it, so that nobody can trace a difference to its images.\n"
        f"Micrographs or movies can be added in a new version of the entry, or as an entry of their own that its processes name:\n\n"
        f"{archive.settings.url}/manage/{accession}\n\nTo answer, write to {caller.email}.\n"
    )
    who = hashlib.sha256(caller.email.encode()).hexdigest()[:16]
    with counted(archive, f"raw data for {caller.email}", caller.address, forgets=False), archive.catalogue.read() as connection:
        asked = _people(archive, connection, accession)
    if not asked:
        raise NotFoundError(f"Nobody who could be asked about {accession} has an address here.")
    with archive.catalogue.write() as connection:
        for to in asked:
            key = f"raw-data:{accession}:{who}:{now[:7]}:{hashlib.sha256(to.encode()).hexdigest()[:8]}"
            put_mail(archive, connection, key=key, to=to, subject=f"Raw data of {accession}", text=text)


def _people(archive: Archive, connection: Connection, accession: str) -> list[str]:
    owners = [person for person in archive.catalogue.members(accession) if person.role is Role.OWNER]
    found = [person.email or _address(connection, person.orcid) for person in owners]
    if any(found):
        return [email for email in found if email]
    curators = (Standing.CURATOR, Standing.ADMIN)
    return [a.email for a in accounts.list_accounts(connection) if a.standing in curators and a.is_active and a.email]


def _address(connection: Connection, orcid: str) -> str:
    account = accounts.find_account(connection, orcid=orcid) if orcid else None
    return account.email if account else ""
