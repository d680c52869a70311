"""The full-text index: FTS5 on SQLite, tsvector on PostgreSQL. Both get words that are already cut (words.py), so both find the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from micrographia.catalogue.facets import Texts
from micrographia.catalogue.words import Term

# how many groups of words a question may look into, from the first: title; and molecules, authors, …; and everything
TIERS = 3
# PostgreSQL keeps a place for this many words of a text and this many places of one word
_LAST_PLACE = 16_383
_MOST_PLACES = 255


class FullText(Protocol):
    """What either database does with the words of entries."""

    def put(self, connection: Connection, number: int, texts: Texts) -> None:
        """Index the words of an entry, in place of those it had."""

    def remove(self, connection: Connection, number: int) -> None:
        """Forget the words of an entry."""

    def clear(self, connection: Connection) -> None:
        """Forget everything."""

    def hits(self, connection: Connection, terms: Sequence[Term], tier: int) -> NDArray[np.int64]:
        """Return the numbers of the entries in whose first `tier` groups of words all `terms` stand."""


def full_text(dialect: str) -> FullText:
    """Return the index of this kind of database."""
    return _SqliteFullText() if dialect == "sqlite" else _PostgresFullText()


def _numbers(joined: str | None) -> NDArray[np.int64]:
    # one long string is five times faster than 20,000 rows
    return np.fromstring(joined, np.int64, sep=",") if joined else np.zeros(0, np.int64)


class _SqliteFullText:
    def put(self, connection: Connection, number: int, texts: Texts) -> None:
        self.remove(connection, number)
        connection.execute(
            text("INSERT INTO entry_text (rowid, a, b, c) VALUES (:number, :a, :b, :c)"),
            {"number": number, "a": " ".join(texts.primary), "b": " ".join(texts.secondary), "c": " ".join(texts.other)},
        )

    def remove(self, connection: Connection, number: int) -> None:
        connection.execute(text("DELETE FROM entry_text WHERE rowid = :number"), {"number": number})

    def clear(self, connection: Connection) -> None:
        connection.execute(text("DELETE FROM entry_text"))

    def hits(self, connection: Connection, terms: Sequence[Term], tier: int) -> NDArray[np.int64]:
        expression = " AND ".join(_asked_of_sqlite(t) for t in terms)
        if tier < TIERS:
            expression = f"{{{' '.join('abc'[:tier])}}} : ({expression})"
        joined = connection.execute(text("SELECT group_concat(rowid) FROM entry_text WHERE entry_text MATCH :q"), {"q": expression})
        return _numbers(joined.scalar())


class _PostgresFullText:
    def put(self, connection: Connection, number: int, texts: Texts) -> None:
        connection.execute(
            text(
                "INSERT INTO entry_text (number, words) VALUES (:number, CAST(:words AS tsvector))"
                " ON CONFLICT (number) DO UPDATE SET words = excluded.words"
            ),
            {"number": number, "words": " ".join(_lexemes(texts))},
        )

    def remove(self, connection: Connection, number: int) -> None:
        connection.execute(text("DELETE FROM entry_text WHERE number = :number"), {"number": number})

    def clear(self, connection: Connection) -> None:
        connection.execute(text("DELETE FROM entry_text"))

    def hits(self, connection: Connection, terms: Sequence[Term], tier: int) -> NDArray[np.int64]:
        groups = "ABC"[:tier] if tier < TIERS else ""
        expression = " & ".join(_asked_of_postgres(t, groups) for t in terms)
        joined = connection.execute(
            text("SELECT string_agg(number::text, ',') FROM entry_text WHERE words @@ CAST(:q AS tsquery)"), {"q": expression}
        )
        return _numbers(joined.scalar())


# words hold letters and digits only: nothing of either query language can be in them


def _asked_of_sqlite(term: Term) -> str:
    star = " *" if term.is_prefix else ""
    phrase = f'"{" ".join(term.words)}"{star}'
    return f'({phrase} OR "{term.together}"{star})' if term.together else phrase


def _asked_of_postgres(term: Term, groups: str) -> str:
    last = groups + "*" * term.is_prefix
    flags = [groups] * (len(term.words) - 1) + [last]
    phrase = " <-> ".join(_lexeme(word, f) for word, f in zip(term.words, flags, strict=True))
    return f"(({phrase}) | {_lexeme(term.together, last)})" if term.together else f"({phrase})"


def _lexeme(word: str, flags: str) -> str:
    return f"'{word}':{flags}" if flags else f"'{word}'"


def _lexemes(texts: Texts) -> Iterator[str]:
    """Words with their places, as the text form of a tsvector: `'ribosome':1A,40C`."""
    places: dict[str, list[str]] = {}
    place = 0
    for group, members in (("A", texts.primary), ("B", texts.secondary), ("C", texts.other)):
        for word in members:
            place = min(place + 1, _LAST_PLACE)
            places.setdefault(word, []).append(f"{place}{group}")
        place += 1  # a phrase does not run from one group into the next
    return (f"'{word}':{','.join(at[:_MOST_PLACES])}" for word, at in places.items())
