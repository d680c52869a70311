"""Answers about entries, versions, files and images, each a query or two inside a transaction of the caller."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select, tuple_

from micrographia.catalogue.rows import EntryRow, FolderPage, FolderRow, ImagePage, ImageRow, ProcessLink, VersionRow
from micrographia.catalogue.tables import edges, entries, events, files, folders, images, versions
from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State
from micrographia.model.records import Event, FileRecord, ImageRecord

_PUBLIC = tuple(s.value for s in State if s.is_public)

# put together once: a page of single images asks for those of fifty entries
_OF_LISTING = (images.c.listing == bindparam("listing_id"), images.c.number > bindparam("behind"))
_IMAGES = select(images.c.number, images.c.document).where(*_OF_LISTING).order_by(images.c.number).limit(bindparam("most"))
# the numbers alone come out of the index; asked for documents at once, SQLite would look through those of all kinds
_NUMBERS_OF_KINDS = select(images.c.number).where(*_OF_LISTING, images.c.kind.in_(bindparam("kinds", expanding=True)))
_IMAGES_OF_KINDS = (
    select(images.c.number, images.c.document)
    .where(
        images.c.listing == bindparam("listing_id"),
        images.c.number.in_(_NUMBERS_OF_KINDS.order_by(images.c.number).offset(bindparam("skipped")).limit(bindparam("most"))),
    )
    .order_by(images.c.number)
)
_PIECE = 5_000
_VERSION_COLUMNS = [c for c in versions.c if c.name not in ("listing", "document")]


def entry(connection: Connection, number: int) -> EntryRow | None:
    """Return an entry, whatever its state."""
    row = connection.execute(select(entries).where(entries.c.number == number)).first()
    if row is None:
        return None
    return EntryRow(
        EntryId.from_number(number), State(row.state), row.latest_version, row.created_at, row.released_at, json.loads(row.detail)
    )


def version_rows(connection: Connection, *conditions: Any) -> list[VersionRow]:
    """Return versions by accession and number."""
    query = select(*_VERSION_COLUMNS).where(*conditions).order_by(versions.c.number, versions.c.version)
    return [_version(row) for row in connection.execute(query)]


def _version(row: Row[Any]) -> VersionRow:
    values = row._asdict()
    return VersionRow(accession=EntryId.from_number(values.pop("number")), **values | {"state": State(row.state)})


def listing_of(connection: Connection, number: int, version: int) -> int | None:
    """Return the listing of a version."""
    query = select(versions.c.listing).where(versions.c.number == number, versions.c.version == version)
    return connection.execute(query).scalar_one_or_none()


def media_types(connection: Connection, number: int, version: int) -> list[str]:
    """Return the media types of the files of a version."""
    query = select(files.c.media_type).where(files.c.listing == listing_of(connection, number, version)).distinct()
    return sorted(kind for (kind,) in connection.execute(query) if kind)


def document(connection: Connection, number: int, version: int) -> tuple[str, bool] | None:
    """Return the JSON of a version's record, and whether it is one of a released version."""
    query = select(versions.c.document, versions.c.released_at).where(versions.c.number == number, versions.c.version == version)
    row = connection.execute(query).first()
    return None if row is None else (row.document, bool(row.released_at))


def _path(row: Row[Any]) -> str:
    return f"{row.folder}/{row.name}" if row.folder else str(row.name)


def _file(row: Row[Any]) -> FileRecord:
    return FileRecord(
        path=_path(row),
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        media_type=row.media_type,
        content_path=row.content_path,
        format=row.format,
        role=row.role,
    )


def file(connection: Connection, number: int, version: int, path: str) -> FileRecord | None:
    """Return one file of a version."""
    folder, slash, name = path.rpartition("/")
    if slash and not folder:
        return None
    at = (versions.c.number == number, versions.c.version == version, files.c.folder == folder, files.c.name == name)
    row = connection.execute(select(files).join(versions, versions.c.listing == files.c.listing).where(*at)).first()
    return None if row is None else _file(row)


def file_page(connection: Connection, listing: int, *, after: str, limit: int, glob: str) -> list[FileRecord]:
    """Return files by folder and name, from behind the path `after`, those that fit `glob`."""
    fits = _glob(glob)
    piece = limit if fits is None else _PIECE
    found: list[FileRecord] = []
    while len(found) < limit:
        query = select(files).where(files.c.listing == listing, *_prefilter(glob)).order_by(files.c.folder, files.c.name).limit(piece)
        if after:
            folder, _, name = after.rpartition("/")
            query = query.where(tuple_(files.c.folder, files.c.name) > (folder, name))
        rows = connection.execute(query).all()
        found += [_file(row) for row in rows if fits is None or fits.match(_path(row))]
        if len(rows) < piece:
            break
        after = _path(rows[-1])
    return found[:limit]


def _glob(glob: str) -> re.Pattern[str] | None:
    """`*` stands for anything, `/` too; `**/` also for nothing."""
    if glob in ("", "*", "**", "**/*"):
        return None
    patterns = {glob, re.sub(r"(^|/)\*\*/", r"\1", glob)}
    return re.compile("|".join(fnmatch.translate(p) for p in patterns))


def _prefilter(glob: str) -> list[Any]:
    """What every path that fits a glob has in common, as conditions that the database judges quickly: first folders, end of the name."""
    if not glob:
        return []
    folder = re.split(r"[*?\[]", glob, maxsplit=1)[0].rpartition("/")[0]
    slash, end = re.split(r"[*?\]]", glob)[-1].rpartition("/")[1:]
    conditions: list[Any] = [files.c.folder >= folder, files.c.folder < folder + "0"] if folder else []  # "0" follows "/"
    if "[" not in end:
        conditions.append(files.c.name == end if slash else files.c.name.endswith(end, autoescape=True))
    return conditions


def folder_page(connection: Connection, listing: int, path: str, *, after: str, limit: int) -> FolderPage | None:
    """Return what lies in the folder `path`: its folders, then its files; None when there is no such folder."""
    path = path.strip("/")
    parent, _, name = path.rpartition("/")
    own = connection.execute(
        select(folders).where(folders.c.listing == listing, folders.c.parent == parent, folders.c.name == name)
    ).first()
    if own is None:
        return None
    below: list[FolderRow] = []
    if not after or after.endswith("/"):
        query = select(folders).where(folders.c.listing == listing, folders.c.parent == path, folders.c.name > after.rstrip("/"))
        below = [_folder(row) for row in connection.execute(query.order_by(folders.c.name).limit(limit + 1))]
    room = limit + 1 - len(below)
    inside: list[FileRecord] = []
    if room > 0:
        from_name = "" if after.endswith("/") else after
        files_in = select(files).where(files.c.listing == listing, files.c.folder == path, files.c.name > from_name)
        inside = [_file(row) for row in connection.execute(files_in.order_by(files.c.name).limit(room))]
    if len(below) + len(inside) <= limit:
        return FolderPage(_folder(own), tuple(below), tuple(inside), None)
    below, inside = below[:limit], inside[: max(0, limit - len(below))]
    return FolderPage(_folder(own), tuple(below), tuple(inside), inside[-1].path.rpartition("/")[2] if inside else f"{below[-1].name}/")


def _folder(row: Row[Any]) -> FolderRow:
    return FolderRow(f"{row.parent}/{row.name}" if row.parent else row.name, row.name, row.file_count, row.size_bytes)


def image(connection: Connection, image_id: ImageId) -> ImageRow | None:
    """Return one image."""
    at = (versions.c.number == image_id.accession.number, versions.c.version == image_id.version, images.c.number == image_id.number)
    query = select(images.c.document, versions.c.state).join(versions, versions.c.listing == images.c.listing).where(*at)
    row = connection.execute(query).first()
    return None if row is None else ImageRow(image_id, State(row.state), ImageRecord.model_validate_json(row.document))


def images_of_version(connection: Connection, number: int, version: int, *, kind: str, after: int, limit: int) -> ImagePage:
    """Return the images of one version in the order of their numbers."""
    at = (versions.c.number == number, versions.c.version == version)
    known = connection.execute(select(versions.c.listing, versions.c.state, versions.c.image_count).where(*at)).first()
    if known is None:
        return ImagePage(0, (), None)
    fits = [images.c.listing == known.listing, *([images.c.kind == kind] if kind else [])]
    total = known.image_count if not kind else connection.execute(select(func.count()).select_from(images).where(*fits)).scalar_one()
    rows = image_rows(connection, known.listing, (kind,) if kind else (), after=after, limit=limit + 1)
    accession, state = EntryId.from_number(number), State(known.state)
    items = tuple(ImageRow(ImageId(accession, version, r.number), state, ImageRecord.model_validate_json(r.document)) for r in rows[:limit])
    return ImagePage(total, items, items[-1].id if len(rows) > limit and items else None)


def image_rows(connection: Connection, listing: int, kinds: Collection[str], *, after: int = 0, skip: int = 0, limit: int) -> Sequence[Any]:
    """Return number and document of images of a listing (of some kinds) in the order of their numbers, `skip` of them left out."""
    given = {"listing_id": listing, "most": limit}
    if not kinds:  # numbered from 1 without a gap
        return connection.execute(_IMAGES, given | {"behind": after + skip}).all()
    return connection.execute(_IMAGES_OF_KINDS, given | {"behind": after, "skipped": skip, "kinds": list(kinds)}).all()


def public_images(connection: Connection, *, kind: str, after: ImageId | None, limit: int) -> ImagePage:
    """Return the images of the latest version of every public entry, by accession and number."""
    latest: Select[Any] = (
        select(entries.c.number, versions.c.version, versions.c.state, images.c.number.label("image"), images.c.document)
        .join(versions, (versions.c.number == entries.c.number) & (versions.c.version == entries.c.latest_version))
        .join(images, images.c.listing == versions.c.listing)
        .where(entries.c.state.in_(_PUBLIC))
    )
    sums = select(func.coalesce(func.sum(versions.c.image_count), 0)).join(
        entries, (versions.c.number == entries.c.number) & (versions.c.version == entries.c.latest_version)
    )
    if kind:
        latest = latest.where(images.c.kind == kind)
        total = connection.execute(select(func.count()).select_from(latest.subquery())).scalar_one()
    else:
        total = int(connection.execute(sums.where(entries.c.state.in_(_PUBLIC))).scalar_one())
    if after:
        number = after.accession.number
        # two plain conditions: the first one lets the index begin in the right place
        latest = latest.where(entries.c.number >= number, (entries.c.number > number) | (images.c.number > after.number))
    rows = connection.execute(latest.order_by(entries.c.number, images.c.number).limit(limit + 1)).all()
    items = tuple(
        ImageRow(ImageId(EntryId.from_number(r.number), r.version, r.image), State(r.state), ImageRecord.model_validate_json(r.document))
        for r in rows[:limit]
    )
    return ImagePage(total, items, items[-1].id if len(rows) > limit and items else None)


def entry_events(connection: Connection, number: int) -> list[Event]:
    """Return what happened to an entry, oldest first."""
    rows = connection.execute(select(events.c.document).where(events.c.number == number).order_by(events.c.at, events.c.id)).scalars()
    return [Event.model_validate_json(document) for document in rows]


def users_of(connection: Connection, number: int, item: str) -> Iterator[ProcessLink]:
    """Return the processes of latest public versions of other entries that used something of an entry."""
    query = (
        select(edges)
        .join(entries, (entries.c.number == edges.c.number) & (entries.c.latest_version == edges.c.version))
        .where(edges.c.item_number == number, edges.c.is_input, edges.c.number != number, entries.c.state.in_(_PUBLIC))
        .order_by(edges.c.number, edges.c.place)
    )
    for row in connection.execute(query.where(edges.c.item == item) if item else query):
        yield ProcessLink(EntryId.from_number(row.number), row.version, row.process, row.kind, row.item)
