"""Which sections of a stack may be equal: a sum over each, made while the bytes pass, nearly for free."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_WORD = 8


class SectionSums:
    """Sums of the 8-byte words of sections that come as one stream of bytes. Equal sections have equal sums; the reverse must be proved.

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
        self._at = 0

    def take(self, data: memoryview) -> None:
        """Take the next bytes of the stream."""
        start = 0
        while start < len(data):
            number, inside = divmod(self._at, self._section_bytes)
            whole = (len(data) - start) // self._section_bytes
            if inside == 0 and whole and self._section_bytes % _WORD == 0:
                end = start + whole * self._section_bytes
                words = np.frombuffer(data[start:end], np.uint64).reshape(whole, -1)
                self._sums[number : number + whole] = words.sum(axis=1)
            else:
                end = min(len(data), start + self._section_bytes - inside)
                self._sums[number : number + 1] += _sum(data[start:end], inside % _WORD)
            self._at += end - start
            start = end

    def equal(self) -> Iterator[list[int]]:
        """Yield the numbers of sections that have the same sum, ascending, two or more at a time; a sum of 0 is left out."""
        order = np.argsort(self._sums, kind="stable")
        ordered = self._sums[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        for first, last in zip(starts, [*starts[1:], len(ordered)], strict=True):
            if last - first > 1 and ordered[first]:
                yield order[first:last].tolist()


def _sum(data: memoryview, phase: int) -> np.uint64:
    """Return the sum of the words in `data`, whose first byte is byte `phase` of a word."""
    head = min(-phase % _WORD, len(data))
    tail = (len(data) - head) % _WORD
    middle = data[head : len(data) - tail]
    total = int(np.frombuffer(middle, np.uint64).sum(dtype=np.uint64)) if len(middle) else 0
    total += int.from_bytes(data[:head], "little") << (8 * phase)
    total += int.from_bytes(data[len(data) - tail :], "little") if tail else 0
    return np.uint64(total & 0xFFFF_FFFF_FFFF_FFFF)
