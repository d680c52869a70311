"""What somebody may have meant whose words stand in no entry."""

from __future__ import annotations

import difflib

from sqlalchemy import Connection

from micrographia.catalogue.columns import Columns
from micrographia.catalogue.fulltext import TIERS, FullText
from micrographia.catalogue.words import Term, words

# so much of a word must be the same (difflib's ratio: 2 × letters that match / letters of both)
_LIKENESS = 0.75
_MOST_WORDS = 8
_SHORTEST = 4


def suggestion(connection: Connection, columns: Columns, index: FullText, q: str) -> str:
    """Return the words of `q` with those that no entry has replaced by the most alike that some have; empty where nothing is alike."""
    asked = words(q)[:_MOST_WORDS]
    meant = [word if len(index.hits(connection, [Term((word,))], TIERS)) else _most_alike(columns, word) for word in asked]
    return " ".join(meant) if all(meant) and meant != asked else ""


def _most_alike(columns: Columns, word: str) -> str:
    if len(word) < _SHORTEST:
        return ""
    counts = columns.vocabulary
    # a slip is seldom in the first letter; two swapped ones are
    near = [w for w in counts if w[0] in word[:2] and abs(len(w) - len(word)) <= 2]
    found = difflib.get_close_matches(word, near, n=5, cutoff=_LIKENESS)
    return max(found, key=lambda w: (round(difflib.SequenceMatcher(None, word, w).ratio(), 1), counts[w]), default="")
