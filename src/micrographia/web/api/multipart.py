"""Forms that bring large files (multipart/form-data): each goes to a disk as it comes, nothing of it is held in memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from micrographia.errors import InvalidInputError, TooLargeError
from micrographia.store.disk import disk_errors
from micrographia.web.api.receiving import run, settled

_BLOCK_BYTES = 1 << 20
_MOST_PARTS = 20
_LONGEST_FIELD = 4096
# what surrounds the files: headers of parts, small fields
_AROUND_BYTES = 64 << 10
# a sender that says nothing for so long is gone
_PATIENCE_S = 30.0


@dataclass(slots=True)
class ReceivedForm:
    """What a form brought; a file that nobody chose is not there."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)


async def receive_form(request: Request, place: Callable[[str, str], Path], *, most_bytes: int) -> ReceivedForm:
    """Return what a multipart form brings; `place` says where the file of a field (its name, that of the file) is written.

    Raises
    ------
    TooLargeError
        More comes than `most_bytes`; where its length was announced, before any of it is received.
    InvalidInputError
        It is no such form, or was cut.
    """
    boundary = parse_options_header(request.headers.get("content-type"))[1].get(b"boundary", b"")
    if not boundary:
        raise InvalidInputError("This form has no boundary between its parts; send it as multipart/form-data.")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most_bytes + _AROUND_BYTES:
        raise _too_large(most_bytes)
    parts = _Parts(place, most_bytes)
    parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
    try:
        await _feed(request, parser)
    except MultipartParseError as exc:
        raise InvalidInputError("This is no multipart form, or it was damaged on its way.") from exc
    finally:
        parts.close()
    if not parts.is_whole:
        raise InvalidInputError("The form was cut before all of it was here. Send it again.")
    return parts.form


async def _feed(request: Request, parser: MultipartParser) -> None:
    """Parse and write about a megabyte at a time, by a thread."""
    held, more = bytearray(), True
    while more:
        try:
            message = await asyncio.wait_for(request.receive(), _PATIENCE_S)
        except TimeoutError:
            return
        if message["type"] == "http.disconnect":
            return
        held += message.get("body", b"")
        more = message.get("more_body", False)
        if held and (len(held) >= _BLOCK_BYTES or not more):
            await settled(run(partial(parser.write, bytes(held))))
            held.clear()


class _Parts:
    """What the parser tells, part by part."""

    def __init__(self, place: Callable[[str, str], Path], most_bytes: int) -> None:
        self.form = ReceivedForm()
        self.is_whole = False
        self._place = place
        self._most = self._left = most_bytes
        self._count = 0
        self._headers: dict[bytes, bytes] = {}
        self._name, self._value = bytearray(), bytearray()
        self._field = ""
        self._text: bytearray | None = None
        self._file: int | None = None

    def callbacks(self) -> dict[str, Any]:
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._open,
            "on_part_data": self._data,
            "on_part_end": self.close,
            "on_end": self._end,
        }

    def close(self) -> None:
        """End the part that is open."""
        if self._file is not None:
            os.close(self._file)
        elif self._text is not None:
            self.form.fields[self._field] = self._text.decode("utf-8", "replace")
        self._file = self._text = None

    def _begin(self) -> None:
        self._headers = {}
        self._count += 1
        if self._count > _MOST_PARTS:
            raise InvalidInputError(f"This form has more than {_MOST_PARTS} parts.")

    def _header(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _open(self) -> None:
        options = parse_options_header(self._headers.get(b"content-disposition"))[1]
        self._field = options.get(b"name", b"").decode("utf-8", "replace")[:100]
        file_name = options.get(b"filename")
        if file_name is None:
            self._text = bytearray()
        elif file_name and self._field not in self.form.files:
            path = self._place(self._field, file_name.decode("utf-8", "replace"))
            with disk_errors("what is sent"):
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self.form.files[self._field] = path

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._left -= end - start
            if self._left < 0:
                raise _too_large(self._most)
            rest = memoryview(data)[start:end]
            with disk_errors("what is sent"):
                while rest:
                    rest = rest[os.write(self._file, rest) :]
        elif self._text is not None:
            self._text += data[start:end]
            if len(self._text) > _LONGEST_FIELD:
                raise TooLargeError(f"The field {self._field!r} is longer than {_LONGEST_FIELD} bytes.")

    def _end(self) -> None:
        self.is_whole = True


def _too_large(most_bytes: int) -> TooLargeError:
    return TooLargeError(f"At most {most_bytes >> 20:,} MiB may be sent for one comparison. Pool or crop the map, then try again.")
