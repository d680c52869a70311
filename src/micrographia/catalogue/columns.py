"""Columns in memory: what all public entries are counted, filtered and sorted by, as NumPy arrays, kept up to date by a change counter."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from micrographia.catalogue.facets import FACETS
from micrographia.catalogue.tables import counters, search_entries

Rows = NDArray[np.int64]

# rows of replaced entries stay in the arrays until there are so many that reading everything again is better
_MOST_DEAD = 1_000


class FacetColumn:
    """The values of one facet for all rows, as numbers into a list of values."""

    def __init__(self, starts: Rows, codes: NDArray[np.int32], values: dict[str, int], labels: list[str]) -> None:
        self._starts = starts
        """First of a row's codes; one more than there are rows."""
        self._codes = codes
        self._values = values
        self._labels = labels

    def _of(self, rows: Rows) -> tuple[NDArray[np.int32], Rows]:
        """All codes of `rows`, and how many each row has."""
        lengths = self._starts[rows + 1] - self._starts[rows]
        ends = np.cumsum(lengths)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
        return self._codes[np.repeat(self._starts[rows], lengths) + within], lengths

    def fits(self, rows: Rows, values: Collection[str]) -> NDArray[np.bool_]:
        """Return for each of `rows` whether it has one of `values`."""
        wanted = np.zeros(len(self._labels) + 1, bool)
        wanted[[self._values[v] for v in values if v in self._values]] = True
        codes, lengths = self._of(rows)
        fits = np.zeros(len(rows), bool)
        fits[np.repeat(np.arange(len(rows)), lengths)[wanted[codes]]] = True
        return fits

    def counts(self, rows: Rows, most: int, always: Collection[str] = ()) -> list[tuple[str, str, int]]:
        """Return (value, label, number of `rows` that have it), the `most` frequent first, then by label; `always` is never left out."""
        counts = np.bincount(self._of(rows)[0], minlength=len(self._labels))
        found = np.flatnonzero(counts)
        key = self._label_rank[found] - counts[found] * (len(self._labels) + 1)
        first = found[np.argpartition(key, most)[:most]] if len(found) > most else found
        names = self._names
        shown = [(names[c], self._labels[c], int(counts[c])) for c in first]
        shown += [(v, self._labels[c], int(counts[c])) for v in always if (c := self._values.get(v, -1)) >= 0 and c not in first]
        return sorted(shown, key=lambda v: (-v[2], v[1], v[0]))

    def totals(self, rows: Rows) -> dict[str, int]:
        """Return value → number of `rows` that have it, most first."""
        return {value: count for value, _, count in self.counts(rows, len(self._labels))}

    @cached_property
    def _names(self) -> list[str]:
        return list(self._values)

    @cached_property
    def _label_rank(self) -> Rows:
        order = sorted(range(len(self._labels)), key=lambda c: (self._labels[c], self._names[c]))
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return rank

    def extended(self, new: Sequence[Sequence[Sequence[str]]]) -> FacetColumn:
        """Return this column with one row more for each item of `new`: its (value, label) pairs."""
        values, labels = dict(self._values), list(self._labels)
        codes: list[int] = []
        for pairs in new:
            for value, label in pairs:
                code = values.setdefault(value, len(labels))
                if code == len(labels):
                    labels.append(label)
                elif label < labels[code]:  # several names of one protein: the same one whatever the order in which entries came
                    labels[code] = label
                codes.append(code)
        lengths = np.fromiter((len(p) for p in new), np.int64, len(new))
        starts = np.concatenate([self._starts, self._starts[-1] + np.cumsum(lengths)])
        return FacetColumn(starts, np.concatenate([self._codes, np.array(codes, np.int32)]), values, labels)


class Columns:
    """One state of the columns; never changed, so that questions may go on while a newer one is made."""

    def __init__(self) -> None:
        self.epoch = -1
        self.change = -1
        self.numbers: Rows = np.zeros(0, np.int64)
        self.is_alive: NDArray[np.bool_] = np.zeros(0, bool)
        self.is_obsolete: NDArray[np.bool_] = np.zeros(0, bool)
        self.resolution_a: NDArray[np.float64] = np.zeros(0)
        self.size_bytes: Rows = np.zeros(0, np.int64)
        self.file_count: Rows = np.zeros(0, np.int64)
        self.image_count: Rows = np.zeros(0, np.int64)
        self.released_at: NDArray[Any] = np.zeros(0, "U20")
        self.title: list[str] = []
        self.facets = {name: FacetColumn(np.zeros(1, np.int64), np.zeros(0, np.int32), {}, []) for name in FACETS}
        self._ranks: dict[str, Rows] = {}

    @cached_property
    def living(self) -> Rows:
        """Rows of the entries that are public."""
        return np.flatnonzero(self.is_alive)

    @cached_property
    def _by_number(self) -> tuple[Rows, Rows]:
        order = self.living[np.argsort(self.numbers[self.living])]
        return self.numbers[order], order

    def rows_of(self, numbers: Rows) -> Rows:
        """Return the rows of those `numbers` that are public."""
        known, order = self._by_number
        if not len(known):
            return np.zeros(0, np.int64)
        at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
        rows: Rows = order[at[known[at] == numbers]]
        return rows

    def rank(self, sort: str) -> Rows:
        """Return for each row its place when all are sorted so: released, size (greatest first), resolution (best first) or title."""
        rank = self._ranks.get(sort)
        if rank is None:
            newest = np.lexsort((-self.numbers, _descending(self.released_at)))
            keys: dict[str, Callable[[], NDArray[Any]]] = {
                "size": lambda: -self.size_bytes[newest],
                "resolution": lambda: self.resolution_a[newest],
                "title": lambda: _places(self.title)[newest],
            }
            order = newest[np.argsort(keys[sort](), kind="stable")] if sort in keys else newest
            rank = np.empty(len(order), np.int64)
            rank[order] = np.arange(len(order))
            self._ranks[sort] = rank
        return rank

    def extended(self, epoch: int, change: int, rows: Sequence[Any]) -> Columns:
        """Return these columns with the changed `rows` of the table `search_entries` in them."""
        new = Columns()
        new.epoch, new.change = epoch, change
        told = [json.loads(row.columns) for row in rows]
        numbers = np.array([row.number for row in rows], np.int64)
        was = self.is_alive & ~np.isin(self.numbers, numbers)
        states = [row.state for row in rows]
        new.numbers = np.concatenate([self.numbers, numbers])
        new.is_alive = np.concatenate([was, np.array([s in ("RELEASED", "OBSOLETE") for s in states], bool)])
        new.is_obsolete = np.concatenate([self.is_obsolete, np.array([s == "OBSOLETE" for s in states], bool)])
        new.resolution_a = np.concatenate([self.resolution_a, np.array([t.get("resolution_a") for t in told], np.float64)])
        for name in ("size_bytes", "file_count", "image_count"):
            setattr(new, name, np.concatenate([getattr(self, name), np.array([t.get(name, 0) for t in told], np.int64)]))
        new.released_at = np.concatenate([self.released_at, np.array([t.get("released_at", "") for t in told], "U20")])
        new.title = self.title + [t.get("title", "") for t in told]
        new.facets = {n: column.extended([t.get("facets", {}).get(n, ()) for t in told]) for n, column in self.facets.items()}
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
