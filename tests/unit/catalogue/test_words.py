"""Words and questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.catalogue.words import Term, identifier_words, limited, parse_query, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("70S ribosomes of E. coli", ["70s", "ribosome", "of", "e", "coli"]),
        ("Müller–Łukasz, Ångström", ["muller", "łukasz", "angstrom"]),
        ("viruses, bodies, mass, virus, axes", ["viruse", "body", "mass", "virus", "axe"]),
        ("TS_01_rec.mrc", ["ts", "01", "rec", "mrc"]),
        ("Straße ﬁlament ²", ["strasse", "filament", "2"]),
        ("", []),
        ("?!", []),
    ],
)
def test_text_is_cut_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_words_hold_letters_and_digits_only_and_stay_what_they_are(text: str) -> None:
    found = words(text)
    assert all(w.isalnum() and len(w) <= 200 for w in found)
    assert words(" ".join(found)) == found


def test_identifiers_are_kept_in_both_spellings() -> None:
    assert identifier_words("see EMD-1832.") == ["see", "emd", "1832", "emd1832"]


def test_a_question_is_taken_apart() -> None:
    assert parse_query('ribosomes "P site" ery* EMD-1832') == (
        Term(("ribosome",)),
        Term(("p", "site")),
        Term(("ery",), True),
        Term(("emd", "1832"), False, "emd1832"),
    )
    assert parse_query("  ") == parse_query("*") == ()
    assert parse_query("?!") is None
    assert parse_query('"open phrase') == (Term(("open", "phrase")),)
    assert parse_query("ribosomes*") == (Term(("ribosomes",), True),)


@given(st.text(max_size=3000))
def test_any_text_is_a_question(text: str) -> None:
    terms = parse_query(text)
    assert terms is None or (all(t.words for t in terms) and len(terms) <= 40)


def test_long_texts_are_cut() -> None:
    assert limited(["a b", "c d", "e"], 3) == ["a", "b", "c"]
