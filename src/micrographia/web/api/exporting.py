"""What a search found, taken away: the entries as a table, their files as a manifest; streamed, however many there are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, groupby
from pathlib import PurePosixPath
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.catalogue import SearchItem, SearchQuery
from micrographia.catalogue.search import MOST_PER_PAGE
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.model.documents import file_link
from micrographia.model.records import FileRecord
from micrographia.web.api.searching import item_document, query_of
from micrographia.web.pages.rendering import origin
from micrographia.web.site import site_of

_COLUMNS = (
    "accession",
    "version",
    "status",
    "title",
    "authors",
    "licence",
    "released",
    "experiments",
    "organisms",
    "categories",
    "resolution_a",
    "voxel_size_a",
    "file_count",
    "size_bytes",
    "image_count",
)
# what a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LINES_A_PIECE = 500
_MOST_GLOB_LENGTH = 1000


def manifest_response(request: Request) -> Response:
    """Answer with a line of JSON for each file of the entries that the question of a request finds."""
    archive = site_of(request).archive
    glob = request.query_params.get("path", "")
    if len(glob) > _MOST_GLOB_LENGTH or any(ord(c) < 32 for c in glob):
        raise InvalidInputError("path is no glob of file paths; expected one like *.mrc or movies/*.tiff.")
    query = query_of(request.query_params, facet_values=0, others=("path",))
    found = _files(archive, _all_items(archive, query), glob)
    if query.of_images:
        found = _of_images(archive, found, query.facets.get("kind", ()))
    lines = (json.dumps(_line(item, file, origin(request)), ensure_ascii=False) + "\n" for item, file in found)
    return _streamed(lines, "application/jsonl", "manifest.jsonl")


def export_response(request: Request) -> Response:
    """Answer with the entries that the question of a request finds, as CSV or JSON."""
    wanted = request.query_params.get("format") or "csv"
    if wanted not in ("csv", "json"):
        raise InvalidInputError(f"format={wanted[:20]}: expected csv or json.")
    items = _all_items(site_of(request).archive, query_of(request.query_params, facet_values=0, others=("format",)))
    documents = (item_document(item) for item in items)
    if wanted == "json":
        return _streamed(_json_list(documents), "application/json", "entries.json")
    return _streamed(_csv(documents, origin(request)), "text/csv; charset=utf-8", "entries.csv")


def neutral(value: object) -> str:
    """Return a cell of a table that no spreadsheet takes for a formula."""
    text = "; ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _all_items(archive: Archive, query: SearchQuery) -> Iterator[SearchItem]:
    """All entries that a question finds, none twice; the first page is asked for at once, so that what makes no sense is refused."""
    query = replace(query, per_page=MOST_PER_PAGE, of_images=False)
    first = lookup.search(archive, replace(query, page=1))

    def rest() -> Iterator[SearchItem]:
        for number in range(2, -(-first.total // MOST_PER_PAGE) + 1):
            yield from lookup.search(archive, replace(query, page=number)).items

    def unique() -> Iterator[SearchItem]:
        seen: set[str] = set()  # an entry released meanwhile moves the others to later pages
        for item in chain(first.items, rest()):
            if item.accession not in seen:
                seen.add(item.accession)
                yield item

    return unique()


def _files(archive: Archive, items: Iterable[SearchItem], glob: str) -> Iterator[tuple[SearchItem, FileRecord]]:
    for item in items:
        try:
            for file in lookup.iterate_files(archive, item.accession, item.version, glob=glob):
                yield item, file
        except NotFoundError:  # withdrawn meanwhile
            continue


def _of_images(
    archive: Archive, found: Iterable[tuple[SearchItem, FileRecord]], kinds: Sequence[str]
) -> Iterator[tuple[SearchItem, FileRecord]]:
    """Those of the files that hold an image, of one of `kinds` if any are named; a folder (OME-Zarr) holds one in all its files."""
    for item, files in groupby(found, key=lambda pair: pair[0]):
        paths = {path for kind in kinds or ("",) for path in _image_paths(archive, item, kind)}
        yield from ((item, file) for _, file in files if not paths.isdisjoint((file.path, *map(str, PurePosixPath(file.path).parents))))


def _image_paths(archive: Archive, item: SearchItem, kind: str) -> Iterator[str]:
    after: str | None = ""
    while after is not None:
        _, rows, after = lookup.list_images(archive, item.accession, item.version, after=after, limit=_LINES_A_PIECE, kind=kind)
        yield from (row.record.path for row in rows)


def _line(item: SearchItem, file: FileRecord, origin_: str) -> dict[str, Any]:
    return {
        "accession": item.accession,
        "version": item.version,
        "path": file.path,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "link": origin_ + file_link(item.accession, item.version, file.path),
    }


def _json_list(documents: Iterable[dict[str, Any]]) -> Iterator[str]:
    before = "[\n"
    for document in documents:
        yield before + json.dumps(document, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _csv(documents: Iterable[dict[str, Any]], origin_: str) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*_COLUMNS, "link"])
    for document in documents:
        writer.writerow([*(neutral(document[name]) for name in _COLUMNS), origin_ + document["links"]["page"]])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _streamed(lines: Iterable[str], media_type: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-cache"}
    return StreamingResponse(_pieces(lines), media_type=media_type, headers=headers)


def _pieces(lines: Iterable[str]) -> Iterator[bytes]:
    """Many lines at a time: each piece is a step of a thread."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == _LINES_A_PIECE:
            yield "".join(held).encode()
            held.clear()
    yield "".join(held).encode()
