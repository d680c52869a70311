"""Questions about entries. They are answered to `archive.caller`: who may not know of a thing is told that there is none.

Everyone sees released versions; the people of an entry, its reviewers and curators see the version that is a draft still, under its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.permissions import may
from micrographia.archive.stored import StoredBytes
from micrographia.catalogue import EntryRow, FolderPage, ImageRow, ProcessLink, SearchPage, SearchQuery, VersionRow
from micrographia.errors import GoneError, InvalidInputError, NotFoundError
from micrographia.formats import registry
from micrographia.formats.description import LazyImage
from micrographia.formats.source import ByteSource
from micrographia.ids import EntryId, ImageId
from micrographia.model import ocfl
from micrographia.model.contour import shown_contour
from micrographia.model.documents import entry_document
from micrographia.model.lifecycle import State
from micrographia.model.records import DraftRecord, EntryRecord, FileRecord, ImageRecord
from micrographia.model.sheet import Map
from micrographia.store import Drafts, Store

_PAGE = 1000
# where findings may name people
_OF_PEOPLE = ("entry.yaml:authors", "entry.yaml:funding", "entry.yaml:annotations")


@dataclass(frozen=True, slots=True)
class EntryView:
    """One released version of an entry, with what is known of the entry as a whole."""

    record: EntryRecord
    row: EntryRow
    versions: tuple[VersionRow, ...]
    """All released versions, lowest first."""
    state: State
    """RELEASED or OBSOLETE, or the state of the draft."""
    hides_authors: bool = False
    """Whether the caller reviews it and is not to know whose it is: its record names nobody then."""

    @property
    def is_latest(self) -> bool:
        """Whether there is no newer released version."""
        return self.record.version == self.row.latest_version

    def document(self) -> dict[str, Any]:
        """Return the JSON of the entry."""
        return entry_document(
            self.record, state=self.state, latest_version=self.row.latest_version, superseded_by=self.row.superseded_by or None
        ) | ({"hides_authors": True, "citation": ""} if self.hides_authors else {})


def find_entry(archive: Archive, accession: str, version: int | None = None) -> EntryView:
    """Return a version of an entry, the latest released one unless told otherwise; NotFoundError, or GoneError where it was withdrawn."""
    row, number = _visible_version(archive, accession, version)
    rows = archive.catalogue.versions(row.accession)
    released = tuple(v for v in rows if v.released_at)
    record = archive.catalogue.entry_document(row.accession, number)
    if record is not None:
        return EntryView(record, row, released, row.state)
    draft, counted = archive.catalogue.draft_document(row.accession), next((v for v in rows if v.version == number), None)
    if draft is None or counted is None:  # it was released or discarded just now
        raise NotFoundError(f"{accession} has no version {number}.")
    preview, hidden = _preview(draft, counted), _is_blind(archive, row.accession)
    if hidden:
        findings = tuple(finding for finding in preview.findings if not finding.path.startswith(_OF_PEOPLE))
        preview = preview.model_copy(update={"sheet": preview.sheet.without_people(), "findings": findings})
    return EntryView(preview, row, released, draft.state, hidden)


def _is_blind(archive: Archive, accession: EntryId) -> bool:
    """Whether the caller reads a draft as a reviewer alone, by a link that hides its authors."""
    key = archive.caller.reviewer_key
    if not key or may(archive.called_by(replace(archive.caller, reviewer_key="")), accession, "read"):
        return False
    link = archive.catalogue.reviewer_link(accession, key)
    return link is not None and link.hide_authors


def _preview(draft: DraftRecord, counted: VersionRow) -> EntryRecord:
    """Return the record that a draft would be released with, as far as its files are known."""
    return EntryRecord(
        accession=draft.accession,
        version=draft.version,
        created_at=draft.created_at,
        released_at="",
        doi=draft.doi,
        change_note=draft.change_note,
        file_count=counted.file_count,
        size_bytes=counted.size_bytes,
        image_count=counted.image_count,
        sheet=draft.sheet.without_addresses(),
        findings=draft.findings,
    )


def find_file(archive: Archive, accession: str, version: int, path: str) -> FileRecord:
    """Return the record of a file of a version."""
    row, number = _visible_version(archive, accession, version)
    record = archive.catalogue.file(row.accession, number, path)
    if record is None:
        raise NotFoundError(f"{accession} version {version} has no file {path[:300]!r}.")
    return record


def list_files(archive: Archive, accession: str, version: int, *, after: str = "", limit: int = _PAGE, glob: str = "") -> list[FileRecord]:
    """Return files of a released version by folder and name, from behind the path `after`."""
    row, _ = _visible_version(archive, accession, version)
    return archive.catalogue.files(row.accession, version, after=after, limit=limit, glob=glob)


def iterate_files(archive: Archive, accession: str, version: int, *, glob: str = "") -> Iterator[FileRecord]:
    """Yield all files of a released version (or those that `glob` matches), a page at a time."""
    after = ""
    while page := list_files(archive, accession, version, after=after, glob=glob):
        yield from page
        after = page[-1].path


def list_folder(archive: Archive, accession: str, version: int, path: str = "", *, after: str = "", limit: int = _PAGE) -> FolderPage:
    """Return what lies in one folder of a released version; NotFoundError when there is no such folder."""
    row, _ = _visible_version(archive, accession, version)
    page = archive.catalogue.folder(row.accession, version, path, after=after, limit=limit)
    if page is None:
        raise NotFoundError(f"{accession} version {version} has no folder {path[:300]!r}.")
    return page


def find_image(archive: Archive, image_id: str) -> ImageRow:
    """Return an image of a released version; NotFoundError where there is none, whatever was asked for."""
    try:
        identifier = ImageId.parse(image_id)
    except InvalidInputError as exc:
        raise NotFoundError(exc.message) from exc
    _visible_version(archive, identifier.accession, identifier.version)
    found = archive.catalogue.image(identifier)
    if found is None:
        raise NotFoundError(f"There is no image {image_id}.")
    return found


def list_images(
    archive: Archive, accession: str, version: int | None = None, *, after: str = "", limit: int = 100, kind: str = ""
) -> tuple[int, list[ImageRow], str | None]:
    """Return (how many there are, a page of them, the identifier to continue after or None) of a released version's images."""
    row, number = _visible_version(archive, accession, version)
    start = ImageId.parse(after) if after else None
    page = archive.catalogue.images(row.accession, number, kind=kind, after=start, limit=limit)
    return page.total, list(page.items), str(page.next) if page.next else None


def used_by(archive: Archive, accession: str) -> list[ProcessLink]:
    """Return what other public entries made from an entry, or say of it."""
    return archive.catalogue.used_by(accession)


def search(archive: Archive, query: SearchQuery) -> SearchPage:
    """Return one page of public entries that fit, with facet counts over all of them."""
    return archive.catalogue.search(query)


def suggestion(archive: Archive, q: str) -> str:
    """Return words like those of a question that found nothing, of which each stands in some public entry; empty where there are none."""
    return archive.catalogue.suggestion(q)


def open_file(archive: Archive, accession: str, content_path: str) -> ByteSource:
    """Return a file for reading by ranges; `content_path` is that of its record."""
    return _place(archive, accession, content_path).source(accession, content_path)


def local_path(archive: Archive, accession: str, content_path: str) -> Path | None:
    """Return where a file lies on this machine; None when it lies in a bucket."""
    return _place(archive, accession, content_path).local_path(accession, content_path)


def _place(archive: Archive, accession: str, content_path: str) -> Store | Drafts:
    """Return where the bytes of a file lie: a draft holds its own version's files, the store those of released versions."""
    if archive.caller.is_anyone:  # who was told of released files alone
        return archive.store
    row = archive.catalogue.entry(EntryId.parse(accession))
    is_released = row is None or ocfl.split_content_path(content_path)[0] <= row.latest_version
    return archive.store if is_released else archive.drafts


def open_image(archive: Archive, image: ImageRow) -> LazyImage:
    """Return the lazy array of a released image. A format that is `isolated` must be opened in a worker process: `stored_image(…).open`."""
    return stored_image(archive, image).open()


def stored_image(archive: Archive, image: ImageRow) -> StoredImage:
    """Return where a released image lies, in a form that crosses process borders."""
    record = image.record
    file = archive.catalogue.file(image.id.accession, image.id.version, record.path)
    members = None if file else _members(archive, image.id.accession, image.id.version, record.path)
    draft = archive.drafts.location if image.state.is_before_release else ""
    content = file.content_path if file else members or {}
    return StoredImage(archive.store.location, image.id.accession, content, record, draft, image.id.version if draft else 0)


def contour_of(archive: Archive, image: ImageRow) -> float | None:
    """Return the level at which an image is shown as a surface; None where nobody knows."""
    return shown_contour(image.record, declared_map(archive, image))


def declared_map(archive: Archive, image: ImageRow) -> Map | None:
    """Return what the depositor says of the map to which an image belongs; None where nothing is said."""
    draft = archive.catalogue.draft_document(image.id.accession) if image.state.is_before_release else None
    entry = draft or archive.catalogue.entry_document(image.id.accession, image.id.version)
    return entry.sheet.map_with(image.record.role) if entry else None


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image as a worker process takes it."""

    location: str
    """Of the store."""
    accession: str
    content: str | Mapping[str, str]
    """Content path of its file; of a folder (OME-Zarr) path inside the folder → content path."""
    record: ImageRecord
    drafts: str = ""
    """Location of the drafts, for an image of one."""
    draft_version: int = 0
    """The version whose own files lie there."""

    def open(self) -> LazyImage:
        """Return the lazy array; nothing is read yet but what its format needs to begin."""
        return registry.open_image(self.bytes.open(), self.record.format, self.record.index, self.record.header)

    @property
    def bytes(self) -> StoredBytes:
        """Its file or folder."""
        name = self.record.path.rpartition("/")[2]
        return StoredBytes(self.location, self.drafts, self.draft_version, self.accession, name, self.content)


def _members(archive: Archive, accession: str, version: int, folder: str) -> dict[str, str]:
    below = f"{folder.rstrip('/')}/"
    pattern = re.sub(r"[*?\[]", lambda m: f"[{m[0]}]", below) + "**"
    return {f.path.removeprefix(below): f.content_path for f in iterate_files(archive, accession, version, glob=pattern)}


def _visible_version(archive: Archive, accession: str, version: int | None) -> tuple[EntryRow, int]:
    """Return an entry and the number of one of its versions (none given: the latest), if the caller may see it."""
    try:
        row = archive.catalogue.entry(EntryId.parse(accession))
    except InvalidInputError as exc:
        raise NotFoundError(exc.message) from exc
    unknown = NotFoundError(f"There is no entry {accession}.")
    if row is None:
        raise unknown
    if row.state in (State.WITHDRAWN, State.PURGED):
        tombstone = {"accession": str(row.accession), "status": str(row.state), **row.detail}
        raise GoneError(f"{accession} was {str(row.state).lower()}.", tombstone)
    if row.latest_version and (version is None or 0 < version <= row.latest_version):
        return row, version or row.latest_version
    if not may(archive, row.accession, "read"):
        raise unknown if not row.latest_version else _no_version(accession, version, row)
    draft = archive.catalogue.draft_document(row.accession)
    if draft is None or version not in (None, draft.version):
        raise _no_version(accession, version, row)
    return row, draft.version


def _no_version(accession: str, version: int | None, row: EntryRow) -> NotFoundError:
    return NotFoundError(f"{accession} has no version {version}; its latest is {row.latest_version}.")
