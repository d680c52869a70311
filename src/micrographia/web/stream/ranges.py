"""The part of a file that a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

# more parts than this in one request serve nobody but an attacker (RFC 9110, 17.15); the whole file is the answer then
MAX_SPANS = 64
_SPEC = re.compile(r"(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` up to and without `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Number of bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """Return the value of the header Content-Range for a file of `size` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def parse_range(value: str, size: int) -> tuple[Span, ...] | None:
    """Return the spans that a Range header asks of a file of `size` bytes.

    None where the header is to be ignored (another unit, malformed, too many or overlapping spans); an empty tuple
    where no span lies inside the file.
    """
    unit, equals, specs = value.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    parts = [part.strip() for part in specs.split(",") if part.strip()]
    if not parts or len(parts) > MAX_SPANS:
        return None
    spans: list[Span] = []
    for part in parts:
        match = _SPEC.fullmatch(part)
        if match is None or (first := match[1]) + (last := match[2]) == "" or len(first) > 20 or len(last) > 20:
            return None
        if first and last and int(last) < int(first):
            return None
        start = int(first) if first else max(0, size - int(last))
        stop = min(size, int(last) + 1) if first and last else size
        if start < stop:
            spans.append(Span(start, stop))
    if len(spans) > 1 and sum(s.length for s in spans) > size:
        return None
    return tuple(spans)
