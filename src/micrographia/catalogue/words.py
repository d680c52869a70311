"""Words: the one way in which text is cut for the index and for questions, so that both databases find the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# a search asks for at most so much; what stands behind is ignored
_LONGEST_QUERY = 1_000
_MOST_TERMS = 40
# PostgreSQL cuts longer words and SQLite would keep them whole
_LONGEST_WORD = 200

_IDENTIFIER = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{1,8})[-_]([A-Za-z0-9]{1,12})(?![A-Za-z0-9])")
_TERM = re.compile(r'"([^"]*)"?(\*?)|([^\s"]+)')


def words(text: str) -> list[str]:
    """Return the words of `text`: no accents, no capitals, English plurals as singulars, cut at whatever is no letter and no digit."""
    return [_singular(w) for w in _cut(text)]


def identifier_words(text: str) -> list[str]:
    """Return the words of `text`, and those with a hyphen also written together: EMD-1832 → emd, 1832, emd1832."""
    return words(text) + [_singular((left + right).lower()) for left, right in _IDENTIFIER.findall(text)]


def _cut(text: str) -> list[str]:
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c)).casefold()
    return [w[:_LONGEST_WORD] for w in "".join(c if c.isalnum() else " " for c in plain).split()]


def _singular(word: str) -> str:
    """Harman's S stemmer (J. ASIS 42, 1991): weak on purpose, names of molecules and people stay what they are."""
    if len(word) < 4 or word[-1] != "s" or not word.isalpha():
        return word
    if word.endswith("ies") and word[-4] not in "ea":
        return word[:-3] + "y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    return word if word[-2] in "us" else word[:-1]


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must stand in the text: words that follow each other, the last one perhaps only begun."""

    words: tuple[str, ...]
    is_prefix: bool = False
    together: str = ""
    """The same as one word, which will do as well: cryoem for cryo-EM."""


def parse_query(text: str) -> tuple[Term, ...] | None:
    """Return what `text` asks for: words, "phrases", begin*; None when it asks for nothing that could be found.

    Any text is a valid question. An empty one, and a lone ``*``, ask for everything: ().
    """
    text = text[:_LONGEST_QUERY].strip()
    if text in ("", "*"):
        return ()
    terms: dict[Term, None] = {}
    for quoted, star, bare in _TERM.findall(text):
        is_prefix = bool(star) or bare.endswith("*")
        found = words(quoted or bare)
        if is_prefix and found:  # what is only begun has no plural yet
            found[-1] = _cut(quoted or bare)[-1]
        if found:
            hyphen = _IDENTIFIER.fullmatch(bare.rstrip("*"))
            terms[Term(tuple(found), is_prefix, "".join(found) if hyphen else "")] = None
    return tuple(terms)[:_MOST_TERMS] or None


def limited(parts: Iterable[str], most: int) -> list[str]:
    """Return the first `most` words of all `parts`, with identifiers written together."""
    found: list[str] = []
    for part in parts:
        found += identifier_words(part)
        if len(found) >= most:
            break
    return found[:most]
