"""Columns in memory against plain counting."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from micrographia.catalogue.columns import Columns

_VALUES = st.lists(st.sampled_from("abcdefgh"), max_size=4, unique=True)


def _row(number: int, values: list[str], state: str = "RELEASED") -> SimpleNamespace:
    facets = {"organism": [t for v in values for t in (v, f"The {v}")]}
    return SimpleNamespace(number=number, state=state, columns=json.dumps({"facets": facets, "title": f"t{number}"}))


def _columns(entries: list[list[str]]) -> Columns:
    return Columns().extended(0, 1, [_row(i, values) for i, values in enumerate(entries)])


@given(st.lists(_VALUES, max_size=12), st.data())
def test_values_are_counted_over_any_rows(entries: list[list[str]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(len(entries))), unique=True)) if entries else []
    column = _columns(entries).facets["organism"]
    expected = Counter(v for i in chosen for v in entries[i])
    rows = np.array(chosen, np.int64)
    assert column.totals(rows) == expected
    assert [v for v, _, _ in column.counts(rows, 3)] == [v for v, _ in sorted(expected.items(), key=lambda c: (-c[1], c[0]))[:3]]
    assert column.fits(rows, ("a", "b", "zz")).tolist() == [bool({"a", "b"} & set(entries[i])) for i in chosen]


def test_a_value_in_use_is_shown_however_rare() -> None:
    column = _columns([["a"], ["a"], ["b"]]).facets["organism"]
    rows = np.arange(3)
    assert column.counts(rows, 1) == [("a", "The a", 2)]
    assert column.counts(rows, 1, ("b", "unknown")) == [("a", "The a", 2), ("b", "The b", 1)]
    assert column.counts(rows[:2], 1, ("b",)) == [("a", "The a", 2), ("b", "The b", 0)]


def test_a_changed_entry_takes_the_place_of_its_old_row() -> None:
    old = _columns([["a"], ["b"]])
    new = old.extended(0, 2, [_row(1, ["c"]), _row(7, ["d"])])
    assert new.numbers[new.living].tolist() == [0, 1, 7]
    assert new.facets["organism"].totals(new.living) == {"a": 1, "c": 1, "d": 1}
    assert new.rows_of(np.array([7, 1, 99])).tolist() == [3, 2]
    assert old.facets["organism"].totals(old.living) == {"a": 1, "b": 1}
    gone = new.extended(0, 3, [SimpleNamespace(number=7, state="WITHDRAWN", columns="{}")])
    assert gone.numbers[gone.living].tolist() == [0, 1]


def test_ranks_follow_the_titles() -> None:
    columns = _columns([[], [], []])
    assert columns.rank("title").tolist() == [0, 1, 2]
    assert columns.rank("released").tolist() == [2, 1, 0]
