"""Sequences that fetch as far as they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar, overload

from micrographia.errors import InvalidInputError, NotFoundError


class _Named(Protocol):
    @property
    def path(self) -> str: ...


T_co = TypeVar("T_co", bound=_Named, covariant=True)


class LazySequence(Sequence[T_co]):
    """A sequence whose items come from an iterator when they are asked for; also looked up by path or by glob."""

    def __init__(self, fetch: Callable[[], Iterator[T_co]], length: int, what: str) -> None:
        self._fetch = fetch
        self._length = length
        self._what = what
        self._known: list[T_co] = []
        self._rest: Iterator[T_co] | None = None

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, key: int | str) -> T_co: ...
    @overload
    def __getitem__(self, key: slice) -> list[T_co]: ...
    def __getitem__(self, key: int | str | slice) -> T_co | list[T_co]:
        """Return the item at a place or with a path, or the items of a slice."""
        if isinstance(key, str):
            return self._at_path(key)
        if isinstance(key, slice):
            return [self._at(i) for i in range(*key.indices(self._length))]
        if not -self._length <= key < self._length:
            raise IndexError(f"{self._what} {key} was asked for; there are {self._length}")
        return self._at(key % self._length)

    def __iter__(self) -> Iterator[T_co]:
        i = 0
        while self._reach(i):
            yield self._known[i]
            i += 1

    def __contains__(self, key: object) -> bool:
        return any(item.path == key if isinstance(key, str) else item == key for item in self)

    def glob(self, pattern: str) -> list[T_co]:
        """Return the items whose path matches; `*` also matches `/`, so ``*.mrc`` finds them in every folder."""
        return [item for item in self if matches(item.path, pattern)]

    def _at_path(self, path: str) -> T_co:
        found = [item for item in self if item.path == path] or self.glob(path)
        if len(found) == 1:
            return found[0]
        if not found:
            raise NotFoundError(f"There is no {self._what} {path!r} in this entry; it has {self._length}, listed by iterating.")
        raise InvalidInputError(f"{path!r} means {len(found)} {self._what}s; take them with glob({path!r}).")

    def _at(self, i: int) -> T_co:
        if not self._reach(i):
            raise IndexError(f"{self._what} {i} was asked for; the archive listed only {len(self._known)}")
        return self._known[i]

    def _reach(self, i: int) -> bool:
        if self._rest is None:
            self._rest = self._fetch()
        while len(self._known) <= i:
            try:
                self._known.append(next(self._rest))
            except StopIteration:
                return False
        return True

    def __repr__(self) -> str:
        return f"<{self._length} {self._what}{'s' * (self._length != 1)}>"


def matches(path: str, pattern: str) -> bool:
    """Return whether `path` is `pattern` or matches it as a glob whose `*` crosses folders."""
    return path == pattern or fnmatchcase(path, pattern)
