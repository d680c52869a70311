"""Questions over all public entries: full text, facets with counts, ranges, order, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from micrographia.catalogue.columns import Columns
from micrographia.catalogue.facets import FACETS
from micrographia.catalogue.fulltext import TIERS, FullText
from micrographia.catalogue.tables import search_entries
from micrographia.catalogue.words import parse_query
from micrographia.errors import InvalidInputError
from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State

Sort = Literal["relevance", "released", "resolution", "size", "title"]
SORTS: tuple[str, ...] = get_args(Sort)
MOST_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is asked. Nothing given means everything, newest first."""

    q: str = ""
    """Words that must all stand in the entry, "phrases", begin*; accessions of this and of other archives. No text is invalid."""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Facet (a name in FACETS) → values; one of the values of each facet must fit."""
    resolution_min_a: float | None = None
    """Best map not better than this, Å."""
    resolution_max_a: float | None = None
    """Best map not worse than this, Å."""
    voxel_size_min_a: float | None = None
    """Finest pixel or voxel size at least so coarse, Å."""
    voxel_size_max_a: float | None = None
    """Finest pixel or voxel size at least so fine, Å."""
    size_min_bytes: int | None = None
    """All files together at least so long."""
    size_max_bytes: int | None = None
    """All files together at most so long."""
    sort: str = "relevance"
    """relevance (title before molecules, organisms, authors before the rest, each newest first), released and size (greatest first),
    resolution (best first), title."""
    page: int = 1
    """From 1."""
    per_page: int = 20
    """Items on a page, at most 200."""
    facet_values: int = 20
    """Values counted per facet, most frequent first; 0 leaves the facets out."""


@dataclass(frozen=True, slots=True)
class FacetCount:
    """One value of a facet and how many entries of the hit set have it."""

    value: str
    """What SearchQuery.facets takes."""
    label: str
    """What people read."""
    count: int
    selected: bool = False


@dataclass(frozen=True, slots=True)
class SearchItem:
    """One entry in a list of results."""

    accession: EntryId
    version: int
    state: State
    """RELEASED or OBSOLETE."""
    title: str
    authors: tuple[str, ...]
    abstract: str
    """Its first 400 characters."""
    licence: str
    released_at: str
    experiments: tuple[str, ...]
    organisms: tuple[str, ...]
    categories: tuple[str, ...]
    """Kinds of its image sets, maps, annotations."""
    resolution_a: float | None
    file_count: int
    size_bytes: int
    image_count: int
    cover: ImageId | None
    """The image that stands for the entry."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of results, and counts over the whole hit set."""

    total: int
    items: tuple[SearchItem, ...]
    facets: Mapping[str, tuple[FacetCount, ...]]
    """Facet → values; those of a facet in use are counted as if it were not, so that one sees what else could be chosen."""


def check_query(query: SearchQuery) -> None:
    """Raise InvalidInputError when `query` names an unknown facet or order, or a page that cannot be."""
    unknown = [name for name in query.facets if name not in FACETS]
    if unknown:
        raise InvalidInputError(f"There is no facet {unknown[0][:80]!r}; expected one of {', '.join(FACETS)}.")
    if query.sort not in SORTS:
        raise InvalidInputError(f"{query.sort[:80]!r} is no order; expected one of {', '.join(SORTS)}.")
    if query.page < 1 or not 0 <= query.per_page <= MOST_PER_PAGE:
        raise InvalidInputError(
            f"Page {query.page} with {query.per_page} items was asked for; expected page ≥ 1 and at most {MOST_PER_PAGE} items."
        )


def search(connection: Connection, columns: Columns, index: FullText, query: SearchQuery) -> SearchPage:
    """Answer `query` from the full-text index and from the columns in memory."""
    at, tier = _found(connection, columns, index, query.q)
    keep = _in_ranges(columns, at, query)
    at, tier = at[keep], tier[keep]
    fits = {name: columns.facets[name].fits(at, values) for name, values in query.facets.items() if values}
    hits = np.logical_and.reduce([*fits.values(), np.ones(len(at), bool)])
    facets: dict[str, tuple[FacetCount, ...]] = {}
    if query.facet_values > 0:
        for name, column in columns.facets.items():
            others = np.logical_and.reduce([f for n, f in fits.items() if n != name] or [np.ones(len(at), bool)]) if name in fits else hits
            chosen = query.facets.get(name, ())
            facets[name] = tuple(FacetCount(*v, selected=v[0] in chosen) for v in column.counts(at[others], query.facet_values, chosen))
    page = _page(columns, at[hits], tier[hits], query)
    return SearchPage(int(np.count_nonzero(hits)), _items(connection, columns.numbers[page]), facets)


def _found(connection: Connection, columns: Columns, index: FullText, q: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the columns that the words of `q` are in, and per row the group of words in which they all are (0 is best)."""
    terms = parse_query(q)
    if terms is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if not terms:
        at = columns.living
        return at, np.where(columns.is_obsolete[at], TIERS, 0)
    group = np.full(len(columns.numbers), TIERS, np.int64)
    found = columns.rows_of(index.hits(connection, terms, TIERS))
    group[found] = TIERS - 1
    if len(found):
        for tier in range(TIERS - 1, 0, -1):
            group[columns.rows_of(index.hits(connection, terms, tier))] = tier - 1
    return found, np.where(columns.is_obsolete[found], TIERS, group[found])


def _in_ranges(columns: Columns, at: NDArray[np.int64], query: SearchQuery) -> NDArray[np.bool_]:
    keep = np.ones(len(at), bool)
    if query.resolution_min_a is not None:
        keep &= columns.resolution_a[at] >= query.resolution_min_a  # NaN, no map, never fits
    if query.resolution_max_a is not None:
        keep &= columns.resolution_a[at] <= query.resolution_max_a
    if query.voxel_size_min_a is not None:
        keep &= columns.voxel_size_a[at] >= query.voxel_size_min_a
    if query.voxel_size_max_a is not None:
        keep &= columns.voxel_size_a[at] <= query.voxel_size_max_a
    if query.size_min_bytes is not None:
        keep &= columns.size_bytes[at] >= query.size_min_bytes
    if query.size_max_bytes is not None:
        keep &= columns.size_bytes[at] <= query.size_max_bytes
    return keep


def _page(columns: Columns, at: NDArray[np.int64], tier: NDArray[np.int64], query: SearchQuery) -> NDArray[np.int64]:
    """Rows of one page in order; only as much is sorted as the page needs."""
    key = columns.rank("released" if query.sort == "relevance" else query.sort)[at]
    if query.sort == "relevance":
        key = key + tier * len(columns.numbers)
    start = (query.page - 1) * query.per_page
    stop = min(start + query.per_page, len(at))
    if start >= stop:
        return np.zeros(0, np.int64)
    first = np.argpartition(key, stop - 1)[:stop] if stop < len(at) else np.arange(len(at))
    return at[first[np.argsort(key[first])][start:stop]]


def _items(connection: Connection, numbers: NDArray[np.int64]) -> tuple[SearchItem, ...]:
    t = search_entries.c
    rows = connection.execute(select(t.number, t.state, t.summary).where(t.number.in_(numbers.tolist()))).all() if len(numbers) else []
    items = {row.number: _item(row.number, row.state, json.loads(row.summary)) for row in rows}
    return tuple(items[n] for n in numbers.tolist() if n in items)


def _item(number: int, state: str, summary: dict[str, object]) -> SearchItem:
    cover = str(summary.pop("cover"))
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in summary.items()}
    return SearchItem(
        accession=EntryId.from_number(number),
        state=State(state),
        cover=ImageId.parse(cover) if cover else None,
        **values,  # type: ignore[arg-type]
    )
