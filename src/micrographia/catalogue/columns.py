"""Columns in memory: what all public entries are counted, filtered and sorted by, as NumPy arrays, kept up to date by a change counter."""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json
from sqlalchemy import Connection, select

from micrographia.catalogue.facets import FACETS
from micrographia.catalogue.tables import counters, search_entries
from micrographia.catalogue.words import words

Rows = NDArray[np.int64]

# rows of replaced entries stay in the arrays until there are so many that reading everything again is better
_MOST_DEAD = 1_000

# what an entry has that is not found any more
_ABSENT: dict[str, Any] = {
    "resolution_a": None,
    "voxel_size_a": None,
    "size_bytes": 0,
    "file_count": 0,
    "image_count": 0,
    "released_at": "",
    "title": "",
}


class FacetColumn:
    """The values of one facet for all rows, as numbers into a list of values."""

    def __init__(self, starts: Rows, codes: NDArray[np.int32], values: dict[str, int], labels: list[str]) -> None:
        self.starts = starts
        """First of a row's codes; one more than there are rows."""
        self.codes = codes
        self.values = values
        self.labels = labels

    def _of(self, rows: Rows) -> tuple[NDArray[np.int32], Rows]:
        """All codes of `rows`, and how many each row has."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        return self.codes[self._places(rows, lengths)], lengths

    def _places(self, rows: Rows, lengths: Rows) -> Rows:
        """Places in `codes` of all codes of `rows`."""
        ends = np.cumsum(lengths)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
        places: Rows = np.repeat(self.starts[rows], lengths) + within
        return places

    def fits(self, rows: Rows, values: Collection[str]) -> NDArray[np.bool_]:
        """Return for each of `rows` whether it has one of `values`."""
        wanted = np.zeros(len(self.labels) + 1, bool)
        wanted[[self.values[v] for v in values if v in self.values]] = True
        codes, lengths = self._of(rows)
        fits = np.zeros(len(rows), bool)
        fits[np.repeat(np.arange(len(rows)), lengths)[wanted[codes]]] = True
        return fits

    def counts(
        self, rows: Rows, most: int, always: Collection[str] = (), *, part: str = "", weights: Rows | None = None
    ) -> list[tuple[str, str, int]]:
        """Return (value, label, number of `rows` that have it), the `most` frequent first, then by label; `always` is never left out.

        With `part` only values whose label holds it; with `weights`, a number for each of `codes`, their sums instead of numbers of rows.
        """
        codes, lengths = self._of(rows)
        weighed = None if weights is None else weights[self._places(rows, lengths)]
        counts = np.bincount(codes, weighed, minlength=len(self.labels)).astype(np.int64)
        names, labels = self._names, self.labels
        if part:
            wanted = part.casefold()
            counts[[wanted not in label.casefold() for label in labels]] = 0
        shown = self._most_frequent(counts, most)
        shown += [c for v in always if (c := self.values.get(v, -1)) >= 0 and c not in shown]
        return sorted(((names[c], labels[c], int(counts[c])) for c in shown), key=lambda v: (-v[2], v[1], v[0]))

    def _most_frequent(self, counts: Rows, most: int) -> list[int]:
        found = np.flatnonzero(counts)
        if len(found) <= most:
            return found.tolist()
        least = np.partition(counts[found], -most)[-most]
        surely, perhaps = np.flatnonzero(counts > least).tolist(), np.flatnonzero(counts == least).tolist()
        names, labels = self._names, self.labels
        return surely + heapq.nsmallest(most - len(surely), perhaps, key=lambda c: (labels[c], names[c]))

    def sums(self, rows: Rows, weights: Rows, values: Collection[str]) -> Rows:
        """Return for each of `rows` the sum of the weights of those of its codes that stand for one of `values`."""
        codes, lengths = self._of(rows)
        wanted = np.isin(codes, [self.values[v] for v in values if v in self.values])
        found = np.where(wanted, weights[self._places(rows, lengths)], 0)
        sums: Rows = np.bincount(np.repeat(np.arange(len(rows)), lengths), found, minlength=len(rows)).astype(np.int64)
        return sums

    def totals(self, rows: Rows) -> dict[str, int]:
        """Return value → number of `rows` that have it, most first."""
        return {value: count for value, _, count in self.counts(rows, len(self.labels))}

    @cached_property
    def _names(self) -> list[str]:
        return list(self.values)


class _FacetBuilder:
    """Adds rows to a facet."""

    def __init__(self, column: FacetColumn) -> None:
        self._column = column
        self._values, self._labels = dict(column.values), list(column.labels)
        self._codes: list[int] = []
        self._ends: list[int] = []

    def add(self, pairs: Sequence[str]) -> None:
        """Add the row with these values, each followed by its label."""
        values, labels = self._values, self._labels
        for value, label in zip(pairs[::2], pairs[1::2], strict=True):
            code = values.setdefault(value, len(labels))
            if code == len(labels):
                labels.append(label)
            elif label < labels[code]:  # several names of one protein: the same one whatever the order in which entries came
                labels[code] = label
            self._codes.append(code)
        self._ends.append(len(self._codes))

    def column(self) -> FacetColumn:
        """Return the column with the new rows behind the old ones."""
        starts = np.concatenate([self._column.starts, self._column.starts[-1] + np.array(self._ends, np.int64)])
        return FacetColumn(starts, np.concatenate([self._column.codes, np.array(self._codes, np.int32)]), self._values, self._labels)


class Columns:
    """One state of the columns; never changed, so that questions may go on while a newer one is made."""

    def __init__(self) -> None:
        self.epoch = -1
        self.change = -1
        self.numbers: Rows = np.zeros(0, np.int64)
        self.is_alive: NDArray[np.bool_] = np.zeros(0, bool)
        self.is_obsolete: NDArray[np.bool_] = np.zeros(0, bool)
        self.resolution_a: NDArray[np.float64] = np.zeros(0)
        self.voxel_size_a: NDArray[np.float64] = np.zeros(0)
        self.size_bytes: Rows = np.zeros(0, np.int64)
        self.file_count: Rows = np.zeros(0, np.int64)
        self.image_count: Rows = np.zeros(0, np.int64)
        self.released_at: NDArray[Any] = np.zeros(0, "U20")
        self.title: list[str] = []
        self.facets = {name: FacetColumn(np.zeros(1, np.int64), np.zeros(0, np.int32), {}, []) for name in FACETS}
        self.kind_counts: Rows = np.zeros(0, np.int64)
        """How many images, for each code of the facet `kind`."""
        self._ranks: dict[str, Rows] = {}

    @cached_property
    def living(self) -> Rows:
        """Rows of the entries that are public."""
        return np.flatnonzero(self.is_alive)

    @cached_property
    def _by_number(self) -> tuple[Rows, Rows]:
        order = self.living[np.argsort(self.numbers[self.living])]
        return self.numbers[order], order

    @cached_property
    def vocabulary(self) -> Counter[str]:
        """The words of titles and of the labels of facets, and how many hold each."""
        found = Counter(word for title in self.title for word in title.split())
        for column in self.facets.values():
            found.update(word for label in column.labels for word in words(label))
        return found

    def rows_of(self, numbers: Rows) -> Rows:
        """Return the rows of those `numbers` that are public."""
        known, order = self._by_number
        if not len(known):
            return np.zeros(0, np.int64)
        at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
        rows: Rows = order[at[known[at] == numbers]]
        return rows

    def rank(self, sort: str) -> Rows:
        """Return for each row its place when all are sorted so (see SearchQuery.sort); rows that lack the figure come last either way."""
        rank = self._ranks.get(sort)
        if rank is None:
            newest = np.lexsort((-self.numbers, _descending(self.released_at)))
            keys: dict[str, Callable[[], NDArray[Any]]] = {
                "released": lambda: _descending(self.released_at),
                "size": lambda: -self.size_bytes,
                "images": lambda: -self.image_count,
                "resolution": lambda: self.resolution_a,
                "voxel_size": lambda: self.voxel_size_a,
                "title": lambda: _places(self.title),
            }
            key = keys[sort.removeprefix("-")]()[newest]
            order = newest[np.argsort(-key if sort.startswith("-") else key, kind="stable")]
            rank = np.empty(len(order), np.int64)
            rank[order] = np.arange(len(order))
            self._ranks[sort] = rank
        return rank

    def extended(self, epoch: int, change: int, rows: Sequence[Any]) -> Columns:
        """Return these columns with the changed `rows` of the table `search_entries` in them."""
        new = Columns()
        new.epoch, new.change = epoch, change
        builders = {name: _FacetBuilder(column) for name, column in self.facets.items()}
        told: dict[str, list[Any]] = {name: [] for name in _ABSENT}
        kind_counts: list[int] = []
        for row in rows:  # one after the other: 50,000 parsed documents at once keep the garbage collector busy for seconds
            document = from_json(row.columns)
            for name, builder in builders.items():
                builder.add(document["facets"].get(name, ()) if document else ())
            kind_counts += document.get("kind_counts", ())
            for name, values in told.items():
                values.append(document.get(name, _ABSENT[name]))
        numbers = np.array([row.number for row in rows], np.int64)
        states = [row.state for row in rows]
        new.numbers = np.concatenate([self.numbers, numbers])
        new.is_alive = np.concatenate([self.is_alive & ~np.isin(self.numbers, numbers), np.isin(states, ("RELEASED", "OBSOLETE"))])
        new.is_obsolete = np.concatenate([self.is_obsolete, np.array([s == "OBSOLETE" for s in states], bool)])
        new.resolution_a = np.concatenate([self.resolution_a, np.array(told["resolution_a"], np.float64)])
        new.voxel_size_a = np.concatenate([self.voxel_size_a, np.array(told["voxel_size_a"], np.float64)])
        new.size_bytes = np.concatenate([self.size_bytes, np.array(told["size_bytes"], np.int64)])
        new.file_count = np.concatenate([self.file_count, np.array(told["file_count"], np.int64)])
        new.image_count = np.concatenate([self.image_count, np.array(told["image_count"], np.int64)])
        new.released_at = np.concatenate([self.released_at, np.array(told["released_at"], "U20")])
        new.kind_counts = np.concatenate([self.kind_counts, np.array(kind_counts, np.int64)])
        new.title = self.title + told["title"]
        new.facets = {name: builder.column() for name, builder in builders.items()}
        return new


def _descending(text: NDArray[Any]) -> Rows:
    place: Rows = np.unique(text, return_inverse=True)[1].reshape(-1)
    return -place


def _places(texts: list[str]) -> Rows:
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.empty(len(texts), np.int64)
    place[order] = np.arange(len(texts))
    return place


class LiveColumns:
    """The columns of one process: `current` brings them up to date, which costs two counters when nothing changed."""

    def __init__(self) -> None:
        self._columns = Columns()
        self._lock = threading.Lock()

    def current(self, connection: Connection) -> Columns:
        """Return the columns as the transaction of `connection` sees the entries."""
        counted = {c.name: c.value for c in connection.execute(select(counters).where(counters.c.name.in_(("change", "epoch"))))}
        epoch, change = counted["epoch"], counted["change"]
        have = self._columns
        if (have.epoch, have.change) == (epoch, change):
            return have
        with self._lock:
            have = self._columns
            if have.epoch == epoch and have.change >= change:
                return have
            if have.epoch != epoch or np.count_nonzero(~have.is_alive) > max(_MOST_DEAD, len(have.numbers) // 2):
                have = Columns()
            t = search_entries.c
            rows = connection.execute(
                select(t.number, t.state, t.columns).where(t.change > have.change, t.change <= change).order_by(t.number)
            ).all()
            self._columns = have.extended(epoch, change, rows)
            return self._columns
