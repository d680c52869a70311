"""Which sections of a stack may be equal: a weighted sum over each, made while the bytes pass, nearly for free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD = 8
# words are added up in columns before they are weighted; a prime, so that shifted rows do not fall into the same columns
_COLUMNS = 509
# sections up to this many words are weighted word by word, many sections at once
_SMALL = 8192
_WEIGHTS = np.resize(np.random.default_rng(0x6D67).integers(1, 1 << 63, _COLUMNS, np.uint64) | np.uint64(1), _SMALL)


class SectionSums:
    """Sums (modulo 2⁶⁴) over sections that come as one stream of bytes. Equal sections have equal sums; the reverse must be proved.

    Parameters
    ----------
    count : int
        Sections in all.
    section_bytes : int
        Length of one.
    """

    def __init__(self, count: int, section_bytes: int) -> None:
        self._section_bytes = section_bytes
        self._sums = np.zeros(count, np.uint64)
        self._number = 0
        self._inside = 0  # bytes of the current section so far
        self._columns = np.zeros(_COLUMNS, np.uint64)
        self._carry = b""

    def take(self, data: memoryview) -> None:
        """Take the next bytes of the stream."""
        while len(data):
            whole = len(data) // self._section_bytes if self._inside == 0 else 0
            if whole and self._section_bytes % _WORD == 0 and self._section_bytes <= _SMALL * _WORD:
                data = self._take_small(data, whole)
            else:
                data = self._take_part(data)

    def equal(self) -> Iterator[list[int]]:
        """Yield the numbers of sections that have the same sum, ascending, two or more at a time; a sum of 0 is left out."""
        order = np.argsort(self._sums, kind="stable")
        ordered = self._sums[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]).tolist()
        for first, last in zip(starts, [*starts[1:], len(ordered)], strict=True):
            if last - first > 1 and ordered[first]:
                yield order[first:last].tolist()

    def _take_small(self, data: memoryview, whole: int) -> memoryview:
        length = self._section_bytes // _WORD
        at_once = max(1, _SMALL // length)
        for start in range(0, whole, at_once):
            some = min(at_once, whole - start)
            first = start * self._section_bytes
            words = np.frombuffer(data[first : first + some * self._section_bytes], np.uint64).reshape(some, length)
            self._sums[self._number : self._number + some] = (words * _WEIGHTS[:length]).sum(axis=1)
            self._number += some
        return data[whole * self._section_bytes :]

    def _take_part(self, data: memoryview) -> memoryview:
        here, rest = data[: self._section_bytes - self._inside], data[self._section_bytes - self._inside :]
        end = self._inside + len(here)
        if self._carry:
            missing = _WORD - len(self._carry)
            self._carry += bytes(here[:missing])
            here = here[missing:]
            if len(self._carry) == _WORD:
                self._add(np.frombuffer(self._carry, np.uint64), end - len(here) - _WORD)
                self._carry = b""
        whole = len(here) // _WORD * _WORD
        if whole:
            self._add(np.frombuffer(here[:whole], np.uint64), end - len(here))
        if not self._carry:
            self._carry = bytes(here[whole:])
        self._inside = end
        if end == self._section_bytes:
            self._finish()
        return rest

    def _add(self, words: NDArray[Any], at_byte: int) -> None:
        """Add words, the first of which lies at a byte of the section, to their columns."""
        column = at_byte // _WORD % _COLUMNS
        head = min(-column % _COLUMNS, words.size)
        self._columns[column : column + head] += words[:head]
        rows = (words.size - head) // _COLUMNS
        if rows:
            self._columns += words[head : head + rows * _COLUMNS].reshape(rows, _COLUMNS).sum(axis=0)
        tail = words[head + rows * _COLUMNS :]
        self._columns[: tail.size] += tail

    def _finish(self) -> None:
        if self._carry:
            self._add(np.frombuffer(self._carry.ljust(_WORD, b"\0"), np.uint64), self._section_bytes // _WORD * _WORD)
        self._sums[self._number] = (self._columns * _WEIGHTS[:_COLUMNS]).sum()
        self._columns[:] = 0
        self._carry, self._inside = b"", 0
        self._number += 1
