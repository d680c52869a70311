"""People: who somebody is, what they may do on the archive as a whole and with one entry, and the private dossier of an entry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from micrographia.model.records import Event


class Standing(StrEnum):
    """What a person is to the archive as a whole."""

    MEMBER = "member"
    CURATOR = "curator"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person is to one entry; exactly one is its owner."""

    OWNER = "owner"
    EDITOR = "editor"
    SUBMITTER = "submitter"
    VIEWER = "viewer"


class Scope(StrEnum):
    """What a token may be used for; a person who signed in has all scopes."""

    DEPOSIT = "deposit"
    """All that an owner may do."""
    CURATE = "curate"
    """All that a curator may do, for a curator or admin."""
    READ_PRIVATE = "read-private"
    """See what its person may see before release."""
    ADMIN = "admin"
    """Everything, for an admin."""


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. Every question and every verb is answered to somebody."""

    name: str = ""
    email: str = ""
    """Confirmed address, lower case; empty where there is none."""
    orcid: str = ""
    """0000-0002-1825-0097; empty where there is none."""
    standing: Standing | None = None
    """None: nobody has signed in."""
    scopes: frozenset[Scope] = frozenset()
    address: str = ""
    """Where the request came from, for the audit trail."""
    reviewer_key: str = ""
    """SHA-256 of the secret of a reviewer link; empty without one."""
    is_operator: bool = False
    """Whether this is a process of the archive's own machine: it may do everything."""

    @property
    def is_known(self) -> bool:
        """Whether somebody has signed in."""
        return self.standing is not None or self.is_operator

    @property
    def is_anyone(self) -> bool:
        """Whether this may see what everybody may see, and no more."""
        return not self.is_known and not self.reviewer_key

    @property
    def is_curator(self) -> bool:
        """Whether this may do what curators do."""
        in_scope = Scope.CURATE in self.scopes and self.standing in (Standing.CURATOR, Standing.ADMIN)
        return in_scope or self.is_admin

    @property
    def is_admin(self) -> bool:
        """Whether this may do everything."""
        return self.is_operator or (self.standing is Standing.ADMIN and Scope.ADMIN in self.scopes)

    def has_scope(self, *scopes: Scope) -> bool:
        """Whether one of these scopes, or that of an admin, was given."""
        return self.is_admin or not self.scopes.isdisjoint(scopes)

    @property
    def signature(self) -> str:
        """How the audit trail names this: address, ORCID or name; empty for the operator."""
        return self.email or self.orcid or self.name


ANYONE = Caller()
"""Who has not signed in."""

OPERATOR = Caller(is_operator=True)
"""A process of the archive's own machine: the command line, the keeper."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Membership(_Record):
    """A person's role on one entry. The person is known by a confirmed address or by ORCID and need not have an account yet."""

    role: Role
    email: str = ""
    """Lower case."""
    orcid: str = ""
    name: str = ""

    def is_of(self, caller: Caller) -> bool:
        """Whether the caller is this person."""
        return bool((self.email and self.email == caller.email) or (self.orcid and self.orcid == caller.orcid))


class ReviewerLink(_Record):
    """An address that lets whoever has it read one entry before release."""

    id: str
    key_sha256: str
    """SHA-256 of the secret part of the address, which is shown once."""
    hide_authors: bool = False
    created_at: str
    created_by: str = ""
    revoked_at: str = ""
    """Empty while it works."""


class Dossier(_Record):
    """What the archive keeps of an entry for its people alone: ``drafts/.dossiers/MG-10001.json``. It outlives drafts and the database."""

    accession: str
    people: tuple[Membership, ...] = ()
    links: tuple[ReviewerLink, ...] = ()
    curator: str = ""
    """Signature of the curator who claimed it."""
    events: tuple[Event, ...] = ()
    """What happened, with names and comments, without what still stands in the draft's record."""

    def role_of(self, caller: Caller) -> Role | None:
        """Return the role of a caller on the entry."""
        return next((person.role for person in self.people if person.is_of(caller)), None)
