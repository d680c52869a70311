"""The people of an entry: who has which role, given and taken; exactly one is its owner."""

from __future__ import annotations

from micrographia.archive.accounts import checked_email, checked_orcid
from micrographia.archive.archive import Archive
from micrographia.archive.dossier import change_dossier
from micrographia.archive.permissions import require
from micrographia.archive.transition import event_now
from micrographia.errors import InvalidInputError, NotFoundError, WrongStateError
from micrographia.ids import EntryId
from micrographia.model.people import Dossier, Membership, Role

_MOST_PEOPLE = 200


def people_of(archive: Archive, accession: str) -> tuple[Membership, ...]:
    """Return the people of an entry, for themselves and curators."""
    require(archive, accession, "comment")
    return archive.drafts.dossier(accession).people


def share_entry(archive: Archive, accession: str, *, role: str, email: str = "", orcid: str = "", name: str = "") -> tuple[Membership, ...]:
    """Return the people of an entry after a role was given to somebody, who need not have an account yet.

    Who makes somebody else the owner stays an editor.
    """
    require(archive, accession, "share")
    try:
        wanted = Role(role)
    except ValueError:
        raise InvalidInputError(f"{role[:40]!r} is not a role; expected {', '.join(Role)}.") from None
    if bool(email) == bool(orcid):
        raise InvalidInputError("A person is named by an e-mail address or by ORCID: exactly one of them.")
    person = Membership(
        role=wanted, email=checked_email(email) if email else "", orcid=checked_orcid(orcid) if orcid else "", name=name.strip()[:200]
    )

    def change(dossier: Dossier) -> Dossier:
        others = tuple(p for p in dossier.people if not _is_same(p, person))
        before = next((p for p in dossier.people if _is_same(p, person)), None)
        if before is not None and before.role is Role.OWNER and wanted is not Role.OWNER:
            raise WrongStateError(f"{accession} has exactly one owner; make somebody else its owner first.")
        if wanted is Role.OWNER:
            others = tuple(p.model_copy(update={"role": Role.EDITOR}) if p.role is Role.OWNER else p for p in others)
        if len(others) >= _MOST_PEOPLE:
            raise InvalidInputError(f"{accession} has {len(others)} people; that is the most.")
        now = before.model_copy(update={"role": wanted}) if before else person
        return _noted(archive, dossier, (*others, now), person, str(wanted))

    return change_dossier(archive, EntryId.parse(accession), change).people


def unshare_entry(archive: Archive, accession: str, who: str) -> tuple[Membership, ...]:
    """Return the people of an entry after the one with this address or ORCID lost their role; everybody may take their own."""
    is_self = who in (archive.caller.email, archive.caller.orcid) and bool(who)
    require(archive, accession, "comment" if is_self else "share")

    def change(dossier: Dossier) -> Dossier:
        gone = next((p for p in dossier.people if who.lower() == p.email or who == p.orcid), None)
        if gone is None or not who:
            raise NotFoundError(f"{accession} has no {who[:200]!r} among its people.")
        if gone.role is Role.OWNER:
            raise WrongStateError(f"{accession} has exactly one owner; make somebody else its owner first.")
        return _noted(archive, dossier, tuple(p for p in dossier.people if p is not gone), gone, "")

    return change_dossier(archive, EntryId.parse(accession), change).people


def _is_same(one: Membership, other: Membership) -> bool:
    return bool((one.email and one.email == other.email) or (one.orcid and one.orcid == other.orcid))


def _noted(archive: Archive, dossier: Dossier, people: tuple[Membership, ...], person: Membership, role: str) -> Dossier:
    event = event_now(archive, "share", _version(archive, dossier.accession), detail={"person": person.email or person.orcid, "role": role})
    return dossier.model_copy(update={"people": people, "events": (*dossier.events, event)})


def _version(archive: Archive, accession: str) -> int:
    row = archive.catalogue.entry(EntryId.parse(accession))
    return max(1, row.latest_version if row else 1)
