"""Questions over all public entries: full text, facets with counts, ranges, order, pages."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from micrographia.catalogue.columns import Columns
from micrographia.catalogue.facets import FACETS
from micrographia.catalogue.found_images import counts_of_images, page_of_images, read_images
from micrographia.catalogue.fulltext import TIERS, FullText
from micrographia.catalogue.rows import ImageRow
from micrographia.catalogue.tables import search_entries
from micrographia.catalogue.words import parse_query
from micrographia.errors import InvalidInputError
from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State

Sort = Literal["relevance", "released", "resolution", "voxel_size", "size", "images", "title"]
SORTS: tuple[str, ...] = get_args(Sort)
MOST_PER_PAGE = 200
# values of the one facet that was opened
MOST_OPENED = 200
_BINS = 24
_RANGED = ("resolution_a", "voxel_size_a", "size_bytes")


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
    """relevance (title before molecules, organisms, authors before the rest, each newest first); released, size, images (greatest
    first); resolution, voxel_size (finest first); title. With a minus in front (not relevance) the other way round."""
    page: int = 1
    """From 1."""
    per_page: int = 20
    """Items on a page, at most 200."""
    facet_values: int = 20
    """Values counted per facet, most frequent first; 0 leaves the facets out."""
    opened: str = ""
    """A facet of which up to 200 values are counted."""
    opened_part: str = ""
    """Only those of its values whose label holds this, in any case of letters."""
    of_images: bool = False
    """Whether single images are wanted: those of the entries that fit, in the order of the entries; of the kinds chosen as facet `kind`."""


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
    voxel_size_a: float | None = None
    """Its finest pixel or voxel, Å."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How a figure is spread over the entries that fit in all but this figure; the edges grow by a factor."""

    low: float
    """Lower edge of the first bin."""
    high: float
    """Upper edge of the last bin."""
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of results, and counts over the whole hit set."""

    total: int
    """Entries that fit."""
    items: tuple[SearchItem, ...]
    """Those of this page; where images are wanted, the entries that these are of."""
    facets: Mapping[str, tuple[FacetCount, ...]]
    """Facet → values; those of a facet in use are counted as if it were not, so that one sees what else could be chosen. Where images
    are wanted, `kind` counts images."""
    file_count: int = 0
    """Files of all entries that fit."""
    size_bytes: int = 0
    histograms: Mapping[str, Histogram] = field(default_factory=dict)
    """resolution_a, voxel_size_a, size_bytes → spread; left out with the facets, and where nothing has the figure."""
    image_total: int = 0
    """Images of all entries that fit, of the kinds chosen as facet `kind`."""
    images: tuple[ImageRow, ...] = ()
    """Those of this page, where images are wanted."""


def check_query(query: SearchQuery) -> None:
    """Raise InvalidInputError when `query` names an unknown facet or order, or a page that cannot be."""
    unknown = [name for name in (*query.facets, *filter(None, (query.opened,))) if name not in FACETS]
    if unknown:
        raise InvalidInputError(f"There is no facet {unknown[0][:80]!r}; expected one of {', '.join(FACETS)}.")
    if query.sort == "-relevance" or query.sort.removeprefix("-") not in SORTS:
        raise InvalidInputError(f"{query.sort[:80]!r} is no order; expected one of {', '.join(SORTS)}.")
    if query.page < 1 or not 0 <= query.per_page <= MOST_PER_PAGE:
        raise InvalidInputError(
            f"Page {query.page} with {query.per_page} items was asked for; expected page ≥ 1 and at most {MOST_PER_PAGE} items."
        )


def search(connection: Connection, columns: Columns, index: FullText, query: SearchQuery) -> SearchPage:
    """Answer `query` from the full-text index and from the columns in memory."""
    at, tier = found(connection, columns, index, query.q)
    fits = {name: _between(getattr(columns, name)[at], low, high) for name, (low, high) in _ranges(query).items()}
    fits |= {name: columns.facets[name].fits(at, values) for name, values in query.facets.items() if values}
    keep = _all_but("", fits, len(at))
    hits = at[keep]
    facets: dict[str, tuple[FacetCount, ...]] = {}
    histograms: dict[str, Histogram] = {}
    if query.facet_values > 0:
        facets = {name: _counts(columns, name, at[_all_but(name, fits, len(at))] if name in fits else hits, query) for name in FACETS}
        spread = {name: _histogram(getattr(columns, name)[at[_all_but(name, fits, len(at))]]) for name in _RANGED}
        histograms = {name: h for name, h in spread.items() if h}
    sums = {"file_count": int(columns.file_count[hits].sum()), "size_bytes": int(columns.size_bytes[hits].sum())}
    kinds = query.facets.get("kind", ())
    image_counts = counts_of_images(columns, hits, kinds)
    images: tuple[ImageRow, ...] = ()
    if query.of_images:
        order = _order(columns, hits, tier[keep], query, stop=len(hits))
        pieces = page_of_images(hits[order], image_counts[order], page=query.page, per_page=query.per_page)
        page = np.array([piece.row for piece in pieces], np.int64)
        images = read_images(connection, columns, pieces, kinds)
    else:
        stop = min(query.page * query.per_page, len(hits))
        page = hits[_order(columns, hits, tier[keep], query, stop=stop)[(query.page - 1) * query.per_page :]]
    items = _items(connection, columns, page)
    return SearchPage(len(hits), items, facets, **sums, histograms=histograms, image_total=int(image_counts.sum()), images=images)


def _counts(columns: Columns, name: str, rows: NDArray[np.int64], query: SearchQuery) -> tuple[FacetCount, ...]:
    is_opened = name == query.opened
    counted = columns.facets[name].counts(
        rows,
        MOST_OPENED if is_opened else query.facet_values,
        chosen := query.facets.get(name, ()),
        part=query.opened_part if is_opened else "",
        weights=columns.kind_counts if query.of_images and name == "kind" else None,
    )
    return tuple(FacetCount(*v, selected=v[0] in chosen) for v in counted)


def _histogram(values: NDArray[Any]) -> Histogram | None:
    values = values[values > 0]  # NaN is not
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    if low == high:
        return Histogram(low, high, (len(values),))
    bins = np.minimum((np.log(values / low) * (_BINS / np.log(high / low))).astype(np.int64), _BINS - 1)
    return Histogram(low, high, tuple(np.bincount(bins, minlength=_BINS).tolist()))


def found(connection: Connection, columns: Columns, index: FullText, q: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the columns that the words of `q` are in, and per row the group of words in which they all are (0 is best)."""
    terms = parse_query(q)
    if terms is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if not terms:
        at = columns.living
        return at, np.where(columns.is_obsolete[at], TIERS, 0)
    group = np.full(len(columns.numbers), TIERS, np.int64)
    rows = columns.rows_of(index.hits(connection, terms, TIERS))
    group[rows] = TIERS - 1
    if len(rows):
        for tier in range(TIERS - 1, 0, -1):
            group[columns.rows_of(index.hits(connection, terms, tier))] = tier - 1
    return rows, np.where(columns.is_obsolete[rows], TIERS, group[rows])


def _ranges(query: SearchQuery) -> dict[str, tuple[float | None, float | None]]:
    """Figure → what it must lie between, of those that are asked for."""
    asked = {
        "resolution_a": (query.resolution_min_a, query.resolution_max_a),
        "voxel_size_a": (query.voxel_size_min_a, query.voxel_size_max_a),
        "size_bytes": (query.size_min_bytes, query.size_max_bytes),
    }
    return {name: ends for name, ends in asked.items() if ends != (None, None)}


def _between(values: NDArray[Any], low: float | None, high: float | None) -> NDArray[np.bool_]:
    """NaN, no such figure, never fits."""
    keep: NDArray[np.bool_] = ~np.isnan(values)
    if low is not None:
        keep &= values >= low
    if high is not None:
        keep &= values <= high
    return keep


def _all_but(name: str, fits: Mapping[str, NDArray[np.bool_]], count: int) -> NDArray[np.bool_]:
    masks = [mask for other, mask in fits.items() if other != name]
    return np.logical_and.reduce(masks) if masks else np.ones(count, bool)


def _order(columns: Columns, at: NDArray[np.int64], tier: NDArray[np.int64], query: SearchQuery, *, stop: int) -> NDArray[np.int64]:
    """Places in `at` of the first `stop` rows in order; only as much is sorted as that needs."""
    key = columns.rank("released" if query.sort == "relevance" else query.sort)[at]
    if query.sort == "relevance":
        key = key + tier * len(columns.numbers)
    first = np.argpartition(key, stop - 1)[:stop] if 0 < stop < len(at) else np.arange(len(at))
    return first[np.argsort(key[first])][:stop]


def _items(connection: Connection, columns: Columns, rows: NDArray[np.int64]) -> tuple[SearchItem, ...]:
    t = search_entries.c
    numbers = columns.numbers[rows].tolist()
    read = connection.execute(select(t.number, t.state, t.summary).where(t.number.in_(numbers))).all() if numbers else []
    voxels = dict(zip(numbers, columns.voxel_size_a[rows].tolist(), strict=True))
    items = {row.number: _item(row.number, row.state, json.loads(row.summary), voxels[row.number]) for row in read}
    return tuple(items[n] for n in numbers if n in items)


def _item(number: int, state: str, summary: dict[str, object], voxel_size_a: float) -> SearchItem:
    cover = str(summary.pop("cover"))
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in summary.items()}
    return SearchItem(
        accession=EntryId.from_number(number),
        state=State(state),
        cover=ImageId.parse(cover) if cover else None,
        voxel_size_a=None if math.isnan(voxel_size_a) else voxel_size_a,
        **values,  # type: ignore[arg-type]
    )
