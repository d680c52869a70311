"""What was found in the files of a draft, kept beside it, so that no file is read twice."""

from __future__ import annotations

import tempfile
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from micrographia.archive.archive import Archive
from micrographia.archive.locating import located_key
from micrographia.formats.description import FileDescription
from micrographia.formats.looking import FileFacts, Located
from micrographia.formats.read_once import DataFacts

_IN_MEMORY_BYTES = 16 << 20
# notes are written together; a crash loses so much work at most
_NOTE_BYTES = 4 << 20
_NOTE_FILES = 200


class _Line(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")

    key: str
    description: FileDescription
    data: DataFacts


class KnownFacts:
    """The notes of one draft; a context manager, which writes what was added."""

    def __init__(self, archive: Archive, accession: str) -> None:
        self._drafts, self._accession = archive.drafts, accession
        self._places: dict[bytes, tuple[int, int]] = {}
        self._notes = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  closed with the context
        self._new: list[bytes] = []
        for line in self._drafts.facts(accession):
            if line.startswith(b'{"key":"'):
                self._remember(line[8:72], line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.write()
        self._notes.close()

    def __contains__(self, item: Located) -> bool:
        return _key(item) in self._places

    def of(self, item: Located) -> FileFacts | None:
        """Return what was found in a file; None where it was not looked at."""
        place = self._places.get(_key(item))
        if place is None:
            return None
        self._notes.seek(place[0])
        try:
            line = _Line.model_validate_json(self._notes.read(place[1]))
        except ValidationError:  # noted by another release of the program
            return None
        return FileFacts(line.description, line.data)

    def add(self, item: Located, found: FileFacts) -> None:
        """Note what was found in a file."""
        key = _key(item)
        line = _Line(key=key.decode(), description=found.description, data=found.data).model_dump_json().encode()
        self._remember(key, line)
        self._new.append(line + b"\n")
        if len(self._new) >= _NOTE_FILES or sum(map(len, self._new)) >= _NOTE_BYTES:
            self.write()

    def write(self) -> None:
        """Make what was added durable."""
        if self._new:
            self._drafts.append_facts(self._accession, b"".join(self._new))
            self._new = []

    def _remember(self, key: bytes, line: bytes) -> None:
        self._notes.seek(0, 2)
        self._places[key] = (self._notes.tell(), len(line))
        self._notes.write(line)


def _key(item: Located) -> bytes:
    return located_key(item).encode()
