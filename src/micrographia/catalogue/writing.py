"""Putting entries into the catalogue: each function works inside a transaction of its caller; long lists come in pieces."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, tuple_, update

from micrographia.catalogue.facets import MOST_INDEXED_FILES, cover_image, entry_columns, entry_summary, entry_texts
from micrographia.catalogue.fulltext import FullText
from micrographia.catalogue.tables import (
    counters,
    edges,
    entries,
    events,
    files,
    findings,
    folders,
    images,
    listings,
    search_entries,
    versions,
)
from micrographia.errors import NotFoundError, UnavailableError
from micrographia.ids import EntryId
from micrographia.model.finding import Finding
from micrographia.model.lifecycle import State
from micrographia.model.records import DraftRecord, EntryRecord, Event, FileRecord, ImageRecord
from micrographia.model.sheet import Sheet

# states that are said of an entry as a whole
ENTRY_STATES = frozenset({State.OBSOLETE, State.WITHDRAWN, State.PURGED})

# rows written in one transaction: about a tenth of a second, in which other writers wait
_PIECE = 20_000

_ENTRY = re.compile(r"MG-[1-9][0-9]{4,11}")
_OTHER_ENTRY = re.compile(rf"({_ENTRY.pattern})/(.+)", re.DOTALL)

Write = Callable[[], AbstractContextManager[Connection]]


class ContentDigest:
    """Digest over path, length and sha256 of files in their order: equal for deposits of the same files."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def add(self, file: FileRecord) -> None:
        """Take one file."""
        self._sha256.update(f"{file.path}\t{file.size_bytes}\t{file.sha256}\n".encode("utf-8", "surrogatepass"))

    def hexdigest(self) -> str:
        """Return the digest of all files so far."""
        return self._sha256.hexdigest()


def content_digest(records: Iterable[FileRecord]) -> str:
    """Return the digest over path, length and sha256 of `records` in their order, by which the same deposit is known again."""
    digest = ContentDigest()
    for record in records:
        digest.add(record)
    return digest.hexdigest()


@dataclass
class Listing:
    """The files and images of one version on their way into the database, and what was counted on the way."""

    number: int
    version: int
    id: int = 0
    file_count: int = 0
    size_bytes: int = 0
    image_count: int = 0
    manifest_sha256: str = ""
    rest: list[tuple[Table, list[dict[str, Any]]]] = field(default_factory=list)
    """Rows that the last transaction still has to write."""


def write_listing(write: Write, number: int, version: int, records: Iterable[FileRecord], image_records: Iterable[ImageRecord]) -> Listing:
    """Write the rows of a version that nobody sees yet, in short transactions; what fits into one is left for the last."""
    listing = Listing(number, version)
    digest = ContentDigest()
    tree: dict[str, list[int]] = {"": [0, 0]}
    rows: list[dict[str, Any]] = []

    def flush(table: Table, *, last: bool = False) -> None:
        if len(rows) >= _PIECE:
            with write() as connection:
                insert_rows(connection, listing, table, rows)
            rows.clear()
        elif last and rows:
            listing.rest.append((table, rows.copy()))
            rows.clear()

    for file in records:
        folder, _, name = file.path.rpartition("/")
        rows.append(file.model_dump() | {"folder": folder, "name": name})
        digest.add(file)
        for parent in _parents(folder):
            sums = tree.setdefault(parent, [0, 0])
            sums[0] += 1
            sums[1] += file.size_bytes
        flush(files)
    flush(files, last=True)
    for path, (count, size_bytes) in tree.items():
        parent, _, name = path.rpartition("/")
        rows.append({"parent": parent, "name": name, "file_count": count, "size_bytes": size_bytes})
        flush(folders)
    flush(folders, last=True)
    for image in image_records:
        rows.append({"number": image.number, "kind": image.kind, "document": image.model_dump_json(exclude_defaults=True)})
        listing.image_count += 1
        flush(images)
    flush(images, last=True)
    listing.file_count, listing.size_bytes = tree[""]
    listing.manifest_sha256 = digest.hexdigest()
    return listing


def _parents(folder: str) -> Iterable[str]:
    yield ""
    if folder:
        at = folder.find("/")
        while at >= 0:
            yield folder[:at]
            at = folder.find("/", at + 1)
        yield folder


def insert_rows(connection: Connection, listing: Listing, table: Table, rows: list[dict[str, Any]]) -> None:
    """Write rows of `table` into `listing`, which is made by the first of them."""
    if not listing.id:
        made = connection.execute(insert(listings).values(number=listing.number, version=listing.version).returning(listings.c.id))
        listing.id = made.scalar_one()
    elif connection.execute(select(listings.c.id).where(listings.c.id == listing.id)).first() is None:
        raise UnavailableError(f"MG-{listing.number} was written by two processes at once; this one gave way. Try again.")
    if rows:
        names = [c.name for c in table.columns]
        connection.execute(insert(table), [{n: row[n] if n != "listing" else listing.id for n in names} for row in rows])


def finish_listing(connection: Connection, listing: Listing) -> None:
    """Write what `write_listing` left."""
    for table, rows in listing.rest or [(files, [])]:
        insert_rows(connection, listing, table, rows)


def unused_listings(connection: Connection, number: int | None = None, version: int | None = None) -> list[int]:
    """Return the listings at which no version points (of one entry, of one version): replaced ones, and those of writers that died."""
    used = select(versions.c.listing)
    query = select(listings.c.id).where(listings.c.id.not_in(used))
    if number is not None:
        query = query.where(listings.c.number == number)
    if version is not None:
        query = query.where(listings.c.version == version)
    return list(connection.execute(query).scalars())


def delete_listing(write: Write, listing: int) -> None:
    """Delete a listing at which no version points, in short transactions."""
    for table in (files, folders, images):
        key = list(table.primary_key.columns)
        some = select(*key).where(table.c.listing == listing).limit(_PIECE)
        while True:
            with write() as connection:
                if connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount < _PIECE:
                    break
    with write() as connection:
        connection.execute(delete(listings).where(listings.c.id == listing))


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What the row of a version says beside its listing."""

    accession: EntryId
    version: int
    state: State
    sheet: Sheet
    created_at: str
    change_note: str
    document: str
    findings: tuple[Finding, ...]
    released_at: str = ""
    hold_until: str = ""

    @classmethod
    def of_entry(cls, record: EntryRecord, state: State) -> VersionFacts:
        """Return the facts of a released version."""
        return cls(
            accession=EntryId.parse(record.accession),
            version=record.version,
            state=state,
            sheet=record.sheet,
            created_at=record.created_at,
            change_note=record.change_note,
            document=record.model_dump_json(by_alias=True),
            findings=record.findings,
            released_at=record.released_at,
        )

    @classmethod
    def of_draft(cls, record: DraftRecord) -> VersionFacts:
        """Return the facts of a draft."""
        return cls(
            accession=EntryId.parse(record.accession),
            version=record.version,
            state=record.state,
            sheet=record.sheet,
            created_at=record.created_at,
            change_note=record.change_note,
            document=record.model_dump_json(by_alias=True),
            findings=record.findings,
            hold_until=record.hold_until,
        )


def put_version_row(connection: Connection, facts: VersionFacts, listing: Listing | None) -> None:
    """Write the row of a version, its findings and its provenance in place of what was there."""
    number, key = facts.accession.number, {"number": facts.accession.number, "version": facts.version}
    where = (versions.c.number == number, versions.c.version == facts.version)
    known = connection.execute(select(versions.c.listing).where(*where)).first()
    values: dict[str, Any] = {
        "state": facts.state,
        "title": facts.sheet.title,
        "created_at": facts.created_at,
        "released_at": facts.released_at,
        "hold_until": facts.hold_until,
        "change_note": facts.change_note,
        "document": facts.document,
    }
    if listing is None and known is None:
        listing = Listing(number, facts.version, manifest_sha256=content_digest(()))
        listing.rest.append((folders, [{"parent": "", "name": "", "file_count": 0, "size_bytes": 0}]))
    if listing is not None:
        finish_listing(connection, listing)
        values |= {"listing": listing.id, "manifest_sha256": listing.manifest_sha256, "file_count": listing.file_count}
        values |= {"size_bytes": listing.size_bytes, "image_count": listing.image_count}
    if known is None:
        connection.execute(insert(versions).values(**key, **values))
    else:
        connection.execute(update(versions).where(*where).values(**values))
    _replace(connection, findings, key, [f.as_json() for f in facts.findings])
    _replace(connection, edges, key, list(_edges(facts.accession.number, facts.sheet)))


def _replace(connection: Connection, table: Table, key: Mapping[str, int], rows: list[dict[str, Any]]) -> None:
    connection.execute(delete(table).where(table.c.number == key["number"], table.c.version == key["version"]))
    if rows:
        connection.execute(insert(table), [dict(key) | {"place": i} | _clean(row) for i, row in enumerate(rows)])


def _clean(row: Mapping[str, Any]) -> dict[str, Any]:
    """Names of hostile files may hold what no database takes: zero characters, halves of surrogate pairs."""
    return {k: v.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if isinstance(v, str) else v for k, v in row.items()}


def _edges(number: int, sheet: Sheet) -> Iterable[dict[str, Any]]:
    for process in sheet.processes:
        for is_input, items in ((True, process.inputs), (False, process.outputs)):
            for item in items:
                other = _OTHER_ENTRY.fullmatch(item) if is_input else None
                at = (EntryId(other[1]).number, other[2]) if other else (number, item)
                yield {"process": process.id, "kind": process.kind, "is_input": is_input, "item_number": at[0], "item": at[1]}
    for related in sheet.related:
        if _ENTRY.fullmatch(related.to):
            at = (EntryId(related.to).number, related.image_set)
            yield {"process": "", "kind": related.relation, "is_input": True, "item_number": at[0], "item": at[1]}


def put_entry_row(connection: Connection, facts: VersionFacts) -> None:
    """Write the row of the entry to which a version belongs; what was said of the entry as a whole stays said."""
    number = facts.accession.number
    is_released = bool(facts.released_at)
    known = connection.execute(select(entries).where(entries.c.number == number).with_for_update()).one_or_none()
    if known is None:
        released = {"latest_version": facts.version if is_released else 0, "released_at": facts.released_at}
        row = {"number": number, "state": facts.state, "created_at": facts.created_at, "detail": "{}"}
        connection.execute(insert(entries).values(**row, **released))
        return
    values: dict[str, Any] = {"created_at": min(known.created_at, facts.created_at)}
    if is_released:
        values["latest_version"] = max(known.latest_version, facts.version)
        values["released_at"] = min(known.released_at or facts.released_at, facts.released_at)
    if known.state not in ENTRY_STATES and (is_released or known.latest_version == 0):
        values["state"] = facts.state
    connection.execute(update(entries).where(entries.c.number == number).values(**values))


def put_search_row(connection: Connection, index: FullText, record: EntryRecord, state: State) -> None:
    """Make the latest version of an entry, whose rows are all written, findable."""
    number = EntryId(record.accession).number
    row = connection.execute(select(versions).where(versions.c.number == number, versions.c.version == record.version)).one()
    counted = {"file_count": row.file_count, "size_bytes": row.size_bytes, "image_count": row.image_count}
    some_files = select(files.c.folder, files.c.name).where(files.c.listing == row.listing).order_by(files.c.folder, files.c.name)
    paths = [f"{file.folder}/{file.name}" for file in connection.execute(some_files.limit(MOST_INDEXED_FILES))]
    first, count = func.min(images.c.number).label("first"), func.count().label("count")
    kinds = connection.execute(select(images.c.kind, first, count).where(images.c.listing == row.listing).group_by(images.c.kind)).all()
    cover = cover_image({kind.kind: kind.first for kind in kinds})
    index.put(connection, number, entry_texts(record, paths))
    columns = entry_columns(record, **counted, images_by_kind={kind.kind: kind._mapping["count"] for kind in kinds})
    summary = entry_summary(record, **counted, cover=cover)
    _put_search(connection, number, state=state, columns=json.dumps(columns), summary=json.dumps(summary))


def set_search_state(connection: Connection, index: FullText, number: int, state: State) -> None:
    """Flag an entry as obsolete, or make it unfindable."""
    if state.is_public:
        _put_search(connection, number, state=state)
    else:
        index.remove(connection, number)
        _put_search(connection, number, state=state, columns="{}", summary="{}")


def _put_search(connection: Connection, number: int, **values: str) -> None:
    # the counter's row is locked until the commit: changes are seen in the order of their numbers
    change = next_value(connection, "change")
    t = search_entries
    if not connection.execute(update(t).where(t.c.number == number).values(change=change, **values)).rowcount and "columns" in values:
        connection.execute(insert(t).values(number=number, change=change, **values))


def next_value(connection: Connection, name: str) -> int:
    """Count one up."""
    step = update(counters).where(counters.c.name == name).values(value=counters.c.value + 1)
    return int(connection.execute(step.returning(counters.c.value)).scalar_one())


def set_entry_state(connection: Connection, number: int, state: State, detail: Mapping[str, Any]) -> None:
    """Say a state of an entry as a whole and of all its released versions; bytes of a purged one are listed no more."""
    values: dict[str, Any] = {"state": state, "detail": json.dumps(dict(detail))}
    blank = {"latest_version": 0, "created_at": "", "released_at": ""}
    if state is State.PURGED:
        values |= blank  # all that the tombstone does not tell is gone
    if not connection.execute(update(entries).where(entries.c.number == number).values(**values)).rowcount:
        if state is not State.PURGED:
            raise NotFoundError(f"There is no entry MG-{number}.")
        connection.execute(insert(entries).values(number=number, **values))
    if state is State.PURGED:
        for table in (findings, edges):
            connection.execute(delete(table).where(table.c.number == number))
        connection.execute(delete(versions).where(versions.c.number == number, versions.c.released_at != ""))
    else:
        set_released_state(connection, number, state)


def set_released_state(connection: Connection, number: int, state: State) -> None:
    """Say of all released versions what was said of their entry."""
    connection.execute(update(versions).where(versions.c.number == number, versions.c.released_at != "").values(state=state))


def set_draft_state(connection: Connection, number: int, version: int, state: State) -> None:
    """Set the state of a draft."""
    at = (versions.c.number == number, versions.c.version == version, versions.c.released_at == "")
    document = connection.execute(select(versions.c.document).where(*at)).scalar()
    if document is None:
        raise NotFoundError(f"There is no draft of version {version} of MG-{number}.")
    record = DraftRecord.model_validate_json(document).model_copy(update={"state": state})
    connection.execute(update(versions).where(*at).values(state=state, document=record.model_dump_json(by_alias=True)))
    connection.execute(update(entries).where(entries.c.number == number, entries.c.latest_version == 0).values(state=state))


def delete_draft_row(connection: Connection, number: int) -> None:
    """Forget the draft of an entry, and the entry when it was nothing else."""
    draft = connection.execute(select(versions.c.version).where(versions.c.number == number, versions.c.released_at == "")).scalars().all()
    for version in draft:
        for table in (findings, edges, versions):
            connection.execute(delete(table).where(table.c.number == number, table.c.version == version))
    others = select(func.count()).select_from(versions).where(versions.c.number == number)
    if not connection.execute(others).scalar_one():
        connection.execute(delete(events).where(events.c.number == number))
        connection.execute(delete(entries).where(entries.c.number == number, entries.c.state.not_in(ENTRY_STATES)))


def put_events(connection: Connection, number: int, happened: Iterable[Event]) -> None:
    """Add those events that are not there yet."""
    rows: dict[str, dict[str, Any]] = {}
    for e in happened:
        document = e.model_dump_json()
        digest = hashlib.sha256(document.encode()).hexdigest()
        rows[digest] = {"number": number, "digest": digest, "at": e.at, "version": e.version, "verb": e.verb, "document": document}
    if not rows:
        return
    known = set(connection.execute(select(events.c.digest).where(events.c.number == number, events.c.digest.in_(rows))).scalars())
    if new := [row for digest, row in rows.items() if digest not in known]:
        connection.execute(insert(events), new)
