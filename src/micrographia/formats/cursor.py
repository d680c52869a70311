"""A position in a byte source that reads numbers and text one after another, and says so when the file ends too early."""

from __future__ import annotations

import struct
from typing import Any

from micrographia.formats.description import UnreadableError
from micrographia.formats.file_object import SourceFile
from micrographia.formats.source import ByteSource


class Cursor:
    """Reads forwards in pages, so that a header of many small values costs few reads.

    Parameters
    ----------
    source : ByteSource
    format_name : str
        Name of the format, for the rule of a failure.
    order : str
        ``<`` or ``>``: the byte order of `unpack`.
    """

    def __init__(self, source: ByteSource, format_name: str, order: str = "<") -> None:
        self._file = SourceFile(source)
        self._source = source
        self._format = format_name
        self.order = order

    @property
    def position(self) -> int:
        """Byte of the next read."""
        return self._file.tell()

    def seek(self, position: int) -> None:
        """Go to a byte; UnreadableError when the file has none there."""
        if not 0 <= position <= self._source.size:
            raise self.refused(f"a position of byte {position}", f"one within the {self._source.size} bytes of the file")
        self._file.seek(position)

    def skip(self, length: int) -> None:
        """Leave out `length` bytes; UnreadableError when the file has fewer."""
        self.seek(self.position + length)

    def read(self, length: int) -> bytes:
        """Return exactly `length` bytes; UnreadableError when the file has fewer."""
        left = self._source.size - self.position
        if not 0 <= length <= left:
            raise self.refused(f"{left} bytes from byte {self.position}", f"{length} bytes")
        return self._file.read(length)

    def unpack(self, form: str) -> tuple[Any, ...]:
        """Return the values of a `struct` format without its byte order."""
        return struct.unpack(self.order + form, self.read(struct.calcsize(self.order + form)))

    def one(self, form: str) -> Any:
        """Return one value of a `struct` format."""
        return self.unpack(form)[0]

    def text(self, length: int, encoding: str = "latin-1") -> str:
        """Return text of `length` bytes up to its first zero, without what cannot be printed."""
        return printable(self.read(length).decode(encoding, "replace").split("\0", 1)[0])

    def refused(self, found: str, expected: str) -> UnreadableError:
        """Return the failure that the file is not what it claims to be."""
        return refused(self._source, self._format, found, expected)


def refused(source: ByteSource, format_name: str, found: str, expected: str, *, rule: str = "unreadable") -> UnreadableError:
    """Return the failure that a file is not what its format asks."""
    return UnreadableError(
        f"{format_name}.{rule}",
        f"{source.name} is not a whole file of its format.",
        found=found,
        expected=expected,
        hint="Transfer it again from where it was made, or save it again with the program that made it.",
    )


def refuse_short(source: ByteSource, format_name: str, end: int) -> None:
    """Raise UnreadableError when samples reach beyond the end of the file."""
    if end > source.size:
        raise refused(source, format_name, f"{source.size} bytes", f"at least {end} bytes", rule="truncated")


def printable(text: str) -> str:
    """Return text with its runs of white space and of what cannot be printed as single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
