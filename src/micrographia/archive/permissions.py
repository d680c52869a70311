"""Who may do what: the one table, and the one question that every verb asks of it.

A stranger is told that there is no such entry; who may see it and not do this is told so.
"""

from __future__ import annotations

from collections.abc import Mapping

from micrographia.archive.archive import Archive
from micrographia.errors import NotFoundError, NotPermittedError
from micrographia.ids import EntryId
from micrographia.model.people import Caller, Role, Scope

_PEOPLE = frozenset(Role)
_OWNER = frozenset({Role.OWNER})
_WRITERS = frozenset({Role.OWNER, Role.EDITOR, Role.SUBMITTER})

# verb → roles on the entry that may do it, with a token of scope deposit; and whether curators may
_ALLOWED: Mapping[str, tuple[frozenset[Role], bool]] = {
    "read": (_PEOPLE, True),
    "edit": (_WRITERS, False),
    "submit": (frozenset({Role.OWNER, Role.SUBMITTER}), False),
    "discard": (_OWNER, False),
    "comment": (_PEOPLE, True),
    "claim": (frozenset(), True),
    "accept": (frozenset(), True),
    "return": (frozenset(), True),
    "hold": (_OWNER, True),
    "release": (_OWNER, True),
    "revise": (_OWNER, False),
    "share": (_OWNER, True),
    "obsolete": (_OWNER, True),
    "withdraw": (frozenset(), True),
    "purge": (frozenset(), False),
}


def role_of(archive: Archive, accession: str) -> Role | None:
    """Return the caller's role on an entry."""
    caller = archive.caller
    if not (caller.email or caller.orcid):
        return None
    people = archive.catalogue.members(EntryId.parse(accession))
    return next((person.role for person in people if person.is_of(caller)), None)


def may(archive: Archive, accession: str, verb: str) -> bool:
    """Whether the caller may do `verb` with the entry; not whether its state fits."""
    caller = archive.caller
    if caller.is_admin:
        return True
    roles, curators = _ALLOWED[verb]
    if curators and caller.is_curator:
        return True
    if verb == "read":
        if caller.is_known and caller.has_scope(Scope.DEPOSIT, Scope.READ_PRIVATE, Scope.CURATE) and role_of(archive, accession) in roles:
            return True
        return bool(caller.reviewer_key) and archive.catalogue.reviewer_link(EntryId.parse(accession), caller.reviewer_key) is not None
    return caller.has_scope(Scope.DEPOSIT) and role_of(archive, accession) in roles


def require(archive: Archive, accession: str, verb: str) -> None:
    """Refuse what the caller may not do: NotFoundError where they may not know of the entry, else NotPermittedError."""
    if may(archive, accession, verb):
        return
    row = archive.catalogue.entry(EntryId.parse(accession))
    is_public = row is not None and row.latest_version > 0
    if not is_public and not may(archive, accession, "read"):
        raise NotFoundError(f"There is no entry {accession}.")
    raise NotPermittedError(f"You may not {verb} {accession}. {_who(verb)} may.")


def require_curator(caller: Caller) -> None:
    """Refuse everyone but curators and admins."""
    if not caller.is_curator:
        raise NotPermittedError("This is for curators.")


def require_admin(caller: Caller) -> None:
    """Refuse everyone but admins."""
    if not caller.is_admin:
        raise NotPermittedError("This is for admins.")


def require_known(caller: Caller, *scopes: Scope) -> None:
    """Refuse whoever has not signed in, and tokens without one of the scopes."""
    if not caller.is_known:
        raise NotPermittedError("Sign in first, or send a token: Authorization: Bearer mg_….")
    if not caller.has_scope(*scopes):
        raise NotPermittedError(f"This token lacks the scope {' or '.join(scopes)}.")


def _who(verb: str) -> str:
    roles, curators = _ALLOWED[verb]
    named = [f"its {role}" for role in Role if role in roles] + ["a curator"] * curators
    return (", ".join(named) or "an admin").capitalize()
