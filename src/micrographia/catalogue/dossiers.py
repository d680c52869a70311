"""The index of the entries' dossiers: who may see an entry before release, and which entries are somebody's."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, or_, select

from micrographia.catalogue.tables import members, reviewer_links
from micrographia.ids import EntryId
from micrographia.model.people import Dossier, Membership, ReviewerLink, Role


def put_dossier(connection: Connection, number: int, dossier: Dossier) -> None:
    """Write people and working reviewer links of an entry in place of what was there."""
    forget_dossier(connection, number)
    if dossier.people:
        rows = [person.model_dump() | {"number": number, "place": place} for place, person in enumerate(dossier.people)]
        connection.execute(insert(members), rows)
    if links := [link for link in dossier.links if not link.revoked_at]:
        documents = [{"key_sha256": link.key_sha256, "number": number, "document": link.model_dump_json()} for link in links]
        connection.execute(insert(reviewer_links), documents)


def forget_dossier(connection: Connection, number: int | None = None) -> None:
    """Forget the people and links of one entry, or of all."""
    for table in (members, reviewer_links):
        connection.execute(delete(table) if number is None else delete(table).where(table.c.number == number))


def members_of(connection: Connection, number: int) -> tuple[Membership, ...]:
    """Return the people of an entry."""
    rows = connection.execute(select(members).where(members.c.number == number).order_by(members.c.place))
    return tuple(Membership(role=Role(row.role), email=row.email, orcid=row.orcid, name=row.name) for row in rows)


def entries_of(connection: Connection, *, email: str, orcid: str) -> list[tuple[EntryId, Role]]:
    """Return the entries on which a person has a role, newest first."""
    known = [column == value for column, value in ((members.c.email, email), (members.c.orcid, orcid)) if value]
    if not known:
        return []
    query = select(members.c.number, members.c.role).where(or_(*known)).order_by(members.c.number.desc(), members.c.place)
    return [(EntryId.from_number(number), Role(role)) for number, role in connection.execute(query)]


def reviewer_link(connection: Connection, key_sha256: str) -> tuple[EntryId, ReviewerLink] | None:
    """Return the entry that a working reviewer link opens."""
    row = connection.execute(select(reviewer_links).where(reviewer_links.c.key_sha256 == key_sha256)).first()
    return None if row is None else (EntryId.from_number(row.number), ReviewerLink.model_validate_json(row.document))
