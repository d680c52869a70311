from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from micrographia.client.sequences import LazySequence
from micrographia.errors import InvalidInputError, NotFoundError


@dataclass(frozen=True)
class Item:
    path: str


class Fetched:
    def __init__(self, *paths: str) -> None:
        self.paths, self.count = paths, 0

    def __call__(self) -> Iterator[Item]:
        for path in self.paths:
            self.count += 1
            yield Item(path)


def sequence(*paths: str) -> LazySequence[Item]:
    return LazySequence(Fetched(*paths), len(paths), "file")


def test_only_what_is_asked_for_is_fetched() -> None:
    fetched = Fetched("a", "b", "c")
    items = LazySequence(fetched, 3, "file")
    assert len(items) == 3
    assert items[1] == Item("b")
    assert fetched.count == 2
    assert list(items) == [Item("a"), Item("b"), Item("c")]
    assert fetched.count == 3


def test_it_is_indexed_like_a_list() -> None:
    items = sequence("a", "b", "c")
    assert items[-1].path == "c"
    assert [i.path for i in items[::2]] == ["a", "c"]
    with pytest.raises(IndexError):
        items[3]


def test_a_path_is_looked_up_before_a_glob() -> None:
    items = sequence("a[1].mrc", "a1.mrc", "sub/b.mrc")
    assert items["a[1].mrc"].path == "a[1].mrc"
    assert items["*/b.mrc"].path == "sub/b.mrc"
    assert [i.path for i in items.glob("*.mrc")] == ["a[1].mrc", "a1.mrc", "sub/b.mrc"]
    assert "a1.mrc" in items and "a2.mrc" not in items


def test_a_name_for_none_or_for_many_is_an_error_in_words() -> None:
    items = sequence("a.mrc", "b.mrc")
    with pytest.raises(NotFoundError, match="no file 'c"):
        items["c.mrc"]
    with pytest.raises(InvalidInputError, match="means 2 files"):
        items["*.mrc"]
