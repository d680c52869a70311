"""Questions that anyone may ask. Nothing that is not public is ever an answer: who may not know of a thing is told that there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.catalogue import EntryRow, FolderPage, ImageRow, SearchPage, SearchQuery, VersionRow
from micrographia.errors import GoneError, InvalidInputError, NotFoundError
from micrographia.formats import registry
from micrographia.formats.description import LazyImage
from micrographia.formats.source import ByteSource, ByteTree, MappingTree
from micrographia.ids import EntryId, ImageId
from micrographia.model.documents import entry_document
from micrographia.model.lifecycle import State
from micrographia.model.records import EntryRecord, FileRecord, ImageRecord
from micrographia.store import Store

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class EntryView:
    """One released version of an entry, with what is known of the entry as a whole."""

    record: EntryRecord
    row: EntryRow
    versions: tuple[VersionRow, ...]
    """All released versions, lowest first."""

    @property
    def state(self) -> State:
        """RELEASED or OBSOLETE."""
        return self.row.state

    @property
    def is_latest(self) -> bool:
        """Whether there is no newer released version."""
        return self.record.version == self.row.latest_version

    def document(self) -> dict[str, Any]:
        """Return the JSON of the entry."""
        return entry_document(
            self.record, state=self.row.state, latest_version=self.row.latest_version, superseded_by=self.row.superseded_by or None
        )


def find_entry(archive: Archive, accession: str, version: int | None = None) -> EntryView:
    """Return a released version of an entry, the latest unless told otherwise; NotFoundError, or GoneError where it was withdrawn."""
    row = _public_entry(archive, accession)
    number = row.latest_version if version is None else version
    record = archive.catalogue.entry_document(row.accession, number)
    if record is None:
        raise NotFoundError(f"{accession} has no version {number}; its latest is {row.latest_version}.")
    released = tuple(v for v in archive.catalogue.versions(row.accession) if v.released_at)
    return EntryView(record, row, released)


def find_file(archive: Archive, accession: str, version: int, path: str) -> FileRecord:
    """Return the record of a file of a released version."""
    row = _public_entry(archive, accession)
    record = archive.catalogue.file(row.accession, version, path) if 0 < version <= row.latest_version else None
    if record is None:
        raise NotFoundError(f"{accession} version {version} has no file {path[:300]!r}.")
    return record


def list_files(archive: Archive, accession: str, version: int, *, after: str = "", limit: int = _PAGE, glob: str = "") -> list[FileRecord]:
    """Return files of a released version by folder and name, from behind the path `after`."""
    row = _public_version(archive, accession, version)
    return archive.catalogue.files(row.accession, version, after=after, limit=limit, glob=glob)


def iterate_files(archive: Archive, accession: str, version: int, *, glob: str = "") -> Iterator[FileRecord]:
    """Yield all files of a released version (or those that `glob` matches), a page at a time."""
    after = ""
    while page := list_files(archive, accession, version, after=after, glob=glob):
        yield from page
        after = page[-1].path


def list_folder(archive: Archive, accession: str, version: int, path: str = "", *, after: str = "", limit: int = _PAGE) -> FolderPage:
    """Return what lies in one folder of a released version; NotFoundError when there is no such folder."""
    row = _public_version(archive, accession, version)
    page = archive.catalogue.folder(row.accession, version, path, after=after, limit=limit)
    if page is None:
        raise NotFoundError(f"{accession} version {version} has no folder {path[:300]!r}.")
    return page


def find_image(archive: Archive, image_id: str) -> ImageRow:
    """Return an image of a released version."""
    identifier = ImageId.parse(image_id)
    row = _public_entry(archive, identifier.accession)
    found = archive.catalogue.image(identifier) if identifier.version <= row.latest_version else None
    if found is None or not found.state.is_public:
        raise NotFoundError(f"There is no image {image_id}.")
    return found


def list_images(
    archive: Archive, accession: str, version: int | None = None, *, after: str = "", limit: int = 100, kind: str = ""
) -> tuple[int, list[ImageRow], str | None]:
    """Return (how many there are, a page of them, the identifier to continue after or None) of a released version's images."""
    row = _public_entry(archive, accession) if version is None else _public_version(archive, accession, version)
    start = ImageId.parse(after) if after else None
    page = archive.catalogue.images(row.accession, version or row.latest_version, kind=kind, after=start, limit=limit)
    return page.total, list(page.items), str(page.next) if page.next else None


def search(archive: Archive, query: SearchQuery) -> SearchPage:
    """Return one page of public entries that fit, with facet counts over all of them."""
    return archive.catalogue.search(query)


def open_file(archive: Archive, accession: str, content_path: str) -> ByteSource:
    """Return a released file for reading by ranges; `content_path` is that of its record."""
    return archive.store.source(accession, content_path)


def local_path(archive: Archive, accession: str, content_path: str) -> Path | None:
    """Return where a released file lies on this machine; None when the store is a bucket."""
    return archive.store.local_path(accession, content_path)


def open_image(archive: Archive, image: ImageRow) -> LazyImage:
    """Return the lazy array of a released image. A format that is `isolated` must be opened in a worker process: `stored_image(…).open`."""
    return stored_image(archive, image).open(archive.store)


def stored_image(archive: Archive, image: ImageRow) -> StoredImage:
    """Return where a released image lies, in a form that crosses process borders."""
    record = image.record
    file = archive.catalogue.file(image.id.accession, image.id.version, record.path)
    members = None if file else _members(archive, image.id.accession, image.id.version, record.path)
    return StoredImage(archive.store.location, image.id.accession, file.content_path if file else members or {}, record)


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A released image as a worker process takes it."""

    location: str
    """Of the store."""
    accession: str
    content: str | Mapping[str, str]
    """Content path of its file; of a folder (OME-Zarr) path inside the folder → content path."""
    record: ImageRecord

    def open(self, store: Store | None = None) -> LazyImage:
        """Return the lazy array; nothing is read yet but what its format needs to begin."""
        store = store or _store(self.location)
        source: ByteSource | ByteTree
        if isinstance(self.content, str):
            source = store.source(self.accession, self.content)
        else:
            members = {path: partial(store.source, self.accession, content) for path, content in self.content.items()}
            source = MappingTree(self.record.path.rpartition("/")[2], members)
        return registry.open_image(source, self.record.format, self.record.index, self.record.header)


@lru_cache(maxsize=4)
def _store(location: str) -> Store:
    return Store.open(location, create=False)


def _members(archive: Archive, accession: str, version: int, folder: str) -> dict[str, str]:
    below = f"{folder.rstrip('/')}/"
    pattern = re.sub(r"[*?\[]", lambda m: f"[{m[0]}]", below) + "**"
    return {f.path.removeprefix(below): f.content_path for f in iterate_files(archive, accession, version, glob=pattern)}


def _public_entry(archive: Archive, accession: str) -> EntryRow:
    try:
        row = archive.catalogue.entry(EntryId.parse(accession))
    except InvalidInputError as exc:
        raise NotFoundError(exc.message) from exc
    if row is None or (not row.latest_version and row.state not in (State.WITHDRAWN, State.PURGED)):
        raise NotFoundError(f"There is no entry {accession}.")
    if row.state in (State.WITHDRAWN, State.PURGED):
        tombstone = {"accession": str(row.accession), "status": str(row.state), **row.detail}
        raise GoneError(f"{accession} was {str(row.state).lower()}.", tombstone)
    return row


def _public_version(archive: Archive, accession: str, version: int) -> EntryRow:
    row = _public_entry(archive, accession)
    if not 0 < version <= row.latest_version:
        raise NotFoundError(f"{accession} has no version {version}; its latest is {row.latest_version}.")
    return row
