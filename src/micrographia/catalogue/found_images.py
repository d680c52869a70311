"""The images of the entries that a search found: which of them make a page, without looking at those of any other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from micrographia.catalogue.columns import Columns
from micrographia.catalogue.reading import image_rows
from micrographia.catalogue.rows import ImageRow
from micrographia.catalogue.tables import entries, versions
from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State
from micrographia.model.records import ImageRecord


@dataclass(frozen=True, slots=True)
class Piece:
    """Images of one entry that are on the page."""

    row: int
    """Of the columns."""
    skip: int
    """So many that are wanted are on pages before."""
    count: int


def counts_of_images(columns: Columns, rows: NDArray[np.int64], kinds: Collection[str]) -> NDArray[np.int64]:
    """Return how many images each of the entries `rows` has, of one of `kinds` if any are named."""
    return columns.facets["kind"].sums(rows, columns.kind_counts, kinds) if kinds else columns.image_count[rows]


def page_of_images(rows: NDArray[np.int64], counts: NDArray[np.int64], *, page: int, per_page: int) -> list[Piece]:
    """Return which images of the entries `rows`, that have `counts` images each, make page `page`."""
    ends = np.cumsum(counts)
    start, stop = (page - 1) * per_page, min(page * per_page, int(ends[-1]) if len(ends) else 0)
    if start >= stop:
        return []
    first, last = int(np.searchsorted(ends, start, "right")), int(np.searchsorted(ends, stop, "left"))
    pieces = []
    for place in range(first, last + 1):
        before = int(ends[place] - counts[place])
        skip = max(0, start - before)
        if count := min(stop, int(ends[place])) - before - skip:
            pieces.append(Piece(int(rows[place]), skip, count))
    return pieces


def read_images(connection: Connection, columns: Columns, pieces: Sequence[Piece], kinds: Collection[str]) -> tuple[ImageRow, ...]:
    """Return the images of a page."""
    numbers = [int(columns.numbers[piece.row]) for piece in pieces]
    at = (versions.c.number == entries.c.number) & (versions.c.version == entries.c.latest_version)
    query = select(versions.c.number, versions.c.version, versions.c.state, versions.c.listing).join(entries, at)
    known = {row.number: row for row in connection.execute(query.where(versions.c.number.in_(numbers)))} if numbers else {}
    found: list[ImageRow] = []
    for number, piece in zip(numbers, pieces, strict=True):
        version = known[number]
        of, state = (EntryId.from_number(number), version.version), State(version.state)
        rows = image_rows(connection, version.listing, kinds, skip=piece.skip, limit=piece.count)
        found += [ImageRow(ImageId(*of, row.number), state, ImageRecord.model_validate_json(row.document)) for row in rows]
    return tuple(found)
