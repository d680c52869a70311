"""What a search found, taken away: the entries as a table, their files as a manifest; streamed, however many there are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.catalogue import SearchItem, SearchQuery
from micrographia.catalogue.search import MOST_PER_PAGE
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.model.documents import file_link
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
    items = _all_items(archive, query_of(request.query_params, facet_values=0, others=("path",)))
    lines = (json.dumps(line, ensure_ascii=False) + "\n" for line in _files(archive, items, glob, origin(request)))
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
    first = lookup.search(archive, replace(query, page=1, per_page=MOST_PER_PAGE))

    def rest() -> Iterator[SearchItem]:
        for number in range(2, -(-first.total // MOST_PER_PAGE) + 1):
            yield from lookup.search(archive, replace(query, page=number, per_page=MOST_PER_PAGE)).items

    def unique() -> Iterator[SearchItem]:
        seen: set[str] = set()  # an entry released meanwhile moves the others to later pages
        for item in chain(first.items, rest()):
            if item.accession not in seen:
                seen.add(item.accession)
                yield item

    return unique()


def _files(archive: Archive, items: Iterable[SearchItem], glob: str, origin_: str) -> Iterator[dict[str, Any]]:
    for item in items:
        try:
            for file in lookup.iterate_files(archive, item.accession, item.version, glob=glob):
                yield {
                    "accession": item.accession,
                    "version": item.version,
                    "path": file.path,
                    "size_bytes": file.size_bytes,
                    "sha256": file.sha256,
                    "link": origin_ + file_link(item.accession, item.version, file.path),
                }
        except NotFoundError:  # withdrawn meanwhile
            continue


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
