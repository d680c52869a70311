"""The catalogue as the rest of the archive sees it: every method is one short transaction (long lists: several)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

from sqlalchemy import Connection, delete, func, select, update

from micrographia.catalogue import dossiers, reading, writing
from micrographia.catalogue.columns import LiveColumns
from micrographia.catalogue.database import Database
from micrographia.catalogue.derived import Derived
from micrographia.catalogue.fulltext import full_text
from micrographia.catalogue.rows import EntryRow, FolderPage, ImagePage, ImageRow, ProcessLink, Statistics, VersionRow
from micrographia.catalogue.search import SearchPage, SearchQuery, check_query, search
from micrographia.catalogue.suggesting import suggestion
from micrographia.catalogue.tables import (
    counters,
    derived,
    derived_versions,
    edges,
    entries,
    events,
    findings,
    members,
    reviewer_links,
    search_entries,
    versions,
)
from micrographia.catalogue.writing import ENTRY_STATES, VersionFacts
from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State
from micrographia.model.people import Dossier, Membership, ReviewerLink, Role
from micrographia.model.records import DraftRecord, EntryRecord, Event, FileRecord, ImageRecord


class Catalogue:
    """The database of one archive. Threads may share it; processes each open their own.

    Nothing here asks who wants to know: drafts and withdrawn entries are answered like others, with their state, except where a method
    says that it answers about public ones only (`search`, `statistics`, `images` without an entry, `used_by`, `find_content`).
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._columns = LiveColumns()
        self._text = full_text(database.dialect)
        self.derived = Derived(database)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the catalogue at `url` (``sqlite:///path`` or ``postgresql+psycopg://…``); a new one is made, an older one is migrated."""
        database = Database(url)
        try:
            database.prepare()
        except BaseException:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self) -> AbstractContextManager[Connection]:
        """Open a transaction for questions of your own."""
        return self._database.read()

    def write(self) -> AbstractContextManager[Connection]:
        """Open a transaction for changes of your own; keep it short: on SQLite all other writers wait."""
        return self._database.write()

    # accessions

    def reserve_accession(self) -> EntryId:
        """Return an accession that nobody else gets, ever."""
        with self.write() as connection:
            return EntryId.from_number(writing.next_value(connection, "accession"))

    def reserve_at_least(self, number: int) -> None:
        """Let no accession up to `number` be given away any more (a rebuild has found it in the store or among the drafts)."""
        with self.write() as connection:
            lower = (counters.c.name == "accession", counters.c.value < number)
            connection.execute(update(counters).where(*lower).values(value=number))

    # writing

    def put_draft(
        self, record: DraftRecord, files: Iterable[FileRecord] | None = None, images: Iterable[ImageRecord] | None = None
    ) -> None:
        """Write a draft in place of what was known of it; without `files` its files and images stay as they are."""
        self._put(VersionFacts.of_draft(record), files, images, record.events)

    def put_version(
        self,
        record: EntryRecord,
        state: State = State.RELEASED,
        files: Iterable[FileRecord] | None = None,
        images: Iterable[ImageRecord] | None = None,
    ) -> None:
        """Write a released version in place of what was known of it (its draft too); it is seen, whole, when this returns.

        Parameters
        ----------
        record : EntryRecord
            The version's metadata.
        state : State
            RELEASED, or what has been said of the entry as a whole: so that a rebuild never shows a withdrawn entry, not even for a moment.
        files, images : iterables, read once and in a stream
            None keeps the files and images that the version's draft already has in the catalogue.
        """
        self._put(VersionFacts.of_entry(record, state), files, images, (), record)

    def _put(
        self,
        facts: VersionFacts,
        files: Iterable[FileRecord] | None,
        images: Iterable[ImageRecord] | None,
        happened: Sequence[Event],
        record: EntryRecord | None = None,
    ) -> None:
        number = facts.accession.number
        listing = None
        if files is not None or images is not None:
            listing = writing.write_listing(self.write, number, facts.version, files or (), images or ())
        with self.write() as connection:
            writing.put_entry_row(connection, facts)
            writing.put_version_row(connection, facts, listing)
            writing.put_events(connection, number, happened)
            if record is not None:
                self._make_findable(connection, record)
            unused = writing.unused_listings(connection, number, facts.version)
        for listing_id in unused:
            writing.delete_listing(self.write, listing_id)

    def _make_findable(self, connection: Connection, record: EntryRecord) -> None:
        number = EntryId(record.accession).number
        entry = reading.entry(connection, number)
        assert entry is not None
        if entry.state in ENTRY_STATES:
            writing.set_released_state(connection, number, entry.state)
        if entry.state.is_public and entry.latest_version == record.version:
            writing.put_search_row(connection, self._text, record, entry.state)

    def set_state(self, accession: str, version: int | None, state: State, detail: Mapping[str, Any] | None = None) -> None:
        """Set the state of a draft's version, or (OBSOLETE, WITHDRAWN, PURGED; `version` is ignored) of an entry as a whole.

        `detail` is kept with the entry (EntryRow.detail): title, reason and date of a tombstone, superseded_by of an obsolete entry.
        An entry that is purged need not be known; its versions are listed no more.
        """
        number = EntryId.parse(accession).number
        with self.write() as connection:
            if state not in ENTRY_STATES:
                writing.set_draft_state(connection, number, version or 0, state)
                return
            writing.set_entry_state(connection, number, state, detail or {})
            writing.set_search_state(connection, self._text, number, state)
            unused = writing.unused_listings(connection, number)
        for listing in unused:
            writing.delete_listing(self.write, listing)

    def delete_draft(self, accession: str) -> None:
        """Forget the draft of an entry; the whole entry when it has no released version. Its accession is not given away again."""
        number = EntryId.parse(accession).number
        with self.write() as connection:
            writing.delete_draft_row(connection, number)
            if reading.entry(connection, number) is None:
                dossiers.forget_dossier(connection, number)
            unused = writing.unused_listings(connection, number)
        for listing in unused:
            writing.delete_listing(self.write, listing)

    def add_events(self, accession: str, happened: Iterable[Event]) -> None:
        """Add events; those that are known already are not added twice."""
        with self.write() as connection:
            writing.put_events(connection, EntryId.parse(accession).number, happened)

    def add_event(self, accession: str, event: Event) -> None:
        """Add one event."""
        self.add_events(accession, (event,))

    def clear_entries(self) -> None:
        """Forget all entries, for a rebuild; accessions given away stay given away."""
        with self.write() as connection:
            for table in (findings, edges, events, search_entries, derived, derived_versions, versions, entries, members, reviewer_links):
                connection.execute(delete(table))
            self._text.clear(connection)
            writing.next_value(connection, "epoch")
            unused = writing.unused_listings(connection)
        for listing in unused:
            writing.delete_listing(self.write, listing)

    # people

    def put_dossier(self, dossier: Dossier) -> None:
        """Index the people and reviewer links of an entry, and add its events."""
        number = EntryId.parse(dossier.accession).number
        with self.write() as connection:
            dossiers.put_dossier(connection, number, dossier)
            writing.put_events(connection, number, dossier.events)

    def members(self, accession: str) -> tuple[Membership, ...]:
        """Return the people of an entry."""
        with self.read() as connection:
            return dossiers.members_of(connection, EntryId.parse(accession).number)

    def entries_of(self, *, email: str = "", orcid: str = "") -> list[tuple[EntryId, Role]]:
        """Return the entries on which a person has a role, newest first."""
        with self.read() as connection:
            return dossiers.entries_of(connection, email=email, orcid=orcid)

    def reviewer_link(self, accession: str, key_sha256: str) -> ReviewerLink | None:
        """Return the working link with this key, if it opens this entry."""
        with self.read() as connection:
            found = dossiers.reviewer_link(connection, key_sha256)
        return found[1] if found and found[0] == accession else None

    # entries and versions

    def entry(self, accession: str) -> EntryRow | None:
        """Return an entry, whatever its state."""
        with self.read() as connection:
            return reading.entry(connection, EntryId.parse(accession).number)

    def versions(self, accession: str) -> list[VersionRow]:
        """Return all versions of an entry, a draft among them, lowest first."""
        with self.read() as connection:
            return reading.version_rows(connection, versions.c.number == EntryId.parse(accession).number)

    def version(self, accession: str, version: int) -> VersionRow | None:
        """Return one version of an entry, whatever its state."""
        with self.read() as connection:
            return next(iter(reading.version_rows(connection, *_at(accession, version))), None)

    def latest_released(self, accession: str) -> VersionRow | None:
        """Return the latest released version of an entry that has one, whatever has become of the entry."""
        number = EntryId.parse(accession).number
        latest = select(entries.c.latest_version).where(entries.c.number == number).scalar_subquery()
        with self.read() as connection:
            return next(iter(reading.version_rows(connection, versions.c.number == number, versions.c.version == latest)), None)

    def drafts(self, state: State | None = None) -> list[VersionRow]:
        """Return all versions that are not released yet (in one state)."""
        of_state = [versions.c.state == state] if state else []
        with self.read() as connection:
            return reading.version_rows(connection, versions.c.released_at == "", *of_state)

    def find_content(self, manifest_sha256: str) -> list[VersionRow]:
        """Return the released versions, in public entries, whose files have this `content_digest`."""
        public = versions.c.state.in_([s for s in State if s.is_public])
        with self.read() as connection:
            return reading.version_rows(connection, versions.c.manifest_sha256 == manifest_sha256, versions.c.released_at != "", public)

    def entry_document(self, accession: str, version: int) -> EntryRecord | None:
        """Return the record of a released version."""
        with self.read() as connection:
            found = reading.document(connection, EntryId.parse(accession).number, version)
        return _entry_record(found[0]) if found and found[1] else None

    def draft_document(self, accession: str) -> DraftRecord | None:
        """Return the record of an entry's draft."""
        number = EntryId.parse(accession).number
        with self.read() as connection:
            query = select(versions.c.document).where(versions.c.number == number, versions.c.released_at == "")
            document = connection.execute(query).scalar()
        return DraftRecord.model_validate_json(document) if document else None

    def events(self, accession: str) -> list[Event]:
        """Return what happened to an entry, oldest first."""
        with self.read() as connection:
            return reading.entry_events(connection, EntryId.parse(accession).number)

    def used_by(self, accession: str, item: str = "") -> list[ProcessLink]:
        """Return what other public entries made from an entry (or from `item`, the id of an image set or map of it), or relate to it."""
        with self.read() as connection:
            return list(reading.users_of(connection, EntryId.parse(accession).number, item))

    # files

    def file(self, accession: str, version: int, path: str) -> FileRecord | None:
        """Return one file of a version."""
        with self.read() as connection:
            return reading.file(connection, EntryId.parse(accession).number, version, path)

    def files(self, accession: str, version: int, *, after: str = "", limit: int = 1_000, glob: str = "") -> list[FileRecord]:
        """Return files of a version by folder and name, from behind the path `after`.

        In `glob`, ``*`` stands for anything, slashes too, ``**/`` also for nothing.
        """
        with self.read() as connection:
            listing = reading.listing_of(connection, EntryId.parse(accession).number, version)
            return [] if listing is None else reading.file_page(connection, listing, after=after, limit=limit, glob=glob)

    def folder(self, accession: str, version: int, path: str = "", *, after: str = "", limit: int = 1_000) -> FolderPage | None:
        """Return what lies in one folder of a version (empty: the top); None when there is no such folder."""
        with self.read() as connection:
            listing = reading.listing_of(connection, EntryId.parse(accession).number, version)
            return None if listing is None else reading.folder_page(connection, listing, path, after=after, limit=limit)

    # images

    def image(self, image_id: ImageId) -> ImageRow | None:
        """Return one image, with the state of its version."""
        with self.read() as connection:
            return reading.image(connection, image_id)

    def images(
        self,
        entry: str | None = None,
        version: int | None = None,
        *,
        kind: str = "",
        after: ImageId | None = None,
        limit: int = 100,
    ) -> ImagePage:
        """Return images of a version (of the latest released one when none is given), or without `entry` of all public entries."""
        with self.read() as connection:
            if entry is None:
                return reading.public_images(connection, kind=kind, after=after, limit=limit)
            number = EntryId.parse(entry).number
            if version is None:
                found = reading.entry(connection, number)
                version = found.latest_version if found else 0
            return reading.images_of_version(connection, number, version, kind=kind, after=after.number if after else 0, limit=limit)

    # search

    def search(self, query: SearchQuery) -> SearchPage:
        """Return one page of the public entries that fit, and the facet counts over all of them."""
        check_query(query)
        with self.read() as connection:
            return search(connection, self._columns.current(connection), self._text, query)

    def suggestion(self, q: str) -> str:
        """Return words like those of `q` of which each stands in some entry; empty where there are none."""
        with self.read() as connection:
            return suggestion(connection, self._columns.current(connection), self._text, q)

    def statistics(self) -> Statistics:
        """Return the figures of the public archive."""
        with self.read() as connection:
            columns = self._columns.current(connection)
        at = columns.living
        return Statistics(
            entries=len(at),
            images=int(columns.image_count[at].sum()),
            files=int(columns.file_count[at].sum()),
            size_bytes=int(columns.size_bytes[at].sum()),
            by_experiment=columns.facets["modality"].totals(at),
        )

    def count_drafts(self) -> int:
        """Return how many versions are not released yet."""
        with self.read() as connection:
            return int(connection.execute(select(func.count()).select_from(versions).where(versions.c.released_at == "")).scalar_one())


def _at(accession: str, version: int) -> tuple[Any, ...]:
    return versions.c.number == EntryId.parse(accession).number, versions.c.version == version


@functools.lru_cache(maxsize=256)
def _entry_record(document: str) -> EntryRecord:
    # a page asks for the same record many times; records cannot be changed
    return EntryRecord.model_validate_json(document)
