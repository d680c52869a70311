"""One file on its way into a draft."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from micrographia.errors import IntegrityError, InvalidInputError
from micrographia.model.records import FileRecord, ImageRecord
from micrographia.store.bucket import BLOCK_BYTES, Writer
from micrographia.store.disk import FileWriter

Mode = Literal["copy", "link", "move"]


class IncomingFile:
    """Where the bytes of one file go; `Drafts.incoming` makes it."""

    def __init__(self, content_path: str, writer: Writer, note: Callable[[FileRecord, Sequence[ImageRecord], Path | None], None]) -> None:
        self.content_path = content_path
        """Where the bytes will lie inside the object: the content path of the record to commit."""
        self._writer = writer
        self._note = note
        self._moved: Path | None = None

    @property
    def path(self) -> Path | None:
        """Local file that may be written instead of calling `write`; None when drafts lie in a bucket."""
        return self._writer.path

    def write(self, data: bytes | memoryview) -> int:
        """Add bytes at the end."""
        return self._writer.write(data)

    def adopt(self, source: Path, mode: Mode) -> None:
        """Take a local file as it is, by a hard link; with ``move`` the source is removed once the file is noted.

        The file must not be written again: both names are the same bytes. It becomes read-only at release.
        """
        if not isinstance(self._writer, FileWriter):
            raise InvalidInputError(f"{source} cannot be taken by {mode}: the drafts lie in a bucket. Use copy.")
        try:
            self._writer.link(source)
        except OSError as error:
            raise InvalidInputError(
                f"{source} cannot be taken by {mode} ({error.strerror}): it must lie on the same file system as the drafts. Use copy."
            ) from error
        if not stat.S_ISREG(self._writer.path.lstat().st_mode):
            raise InvalidInputError(f"{source} is not a plain file.")
        self._moved = source if mode == "move" else None

    def commit(self, record: FileRecord, images: Sequence[ImageRecord] = ()) -> None:
        """Put the file in its place and note it, with its images."""
        if record.content_path != self.content_path:
            raise InvalidInputError(f"{record.path}: its record says {record.content_path}; its bytes lie at {self.content_path}.")
        if self.path is not None and self.path.exists() and (size := self.path.stat().st_size) != record.size_bytes:
            raise IntegrityError(
                f"{record.path}: {size} bytes came in, {record.size_bytes} were counted. Was the file written to meanwhile?"
            )
        self._writer.commit()
        self._note(record, images, self._moved)


def take_in(source: Path, file: IncomingFile, mode: Mode) -> tuple[str, int]:
    """Return (sha256, size in bytes) of a local file whose bytes went into `file` in the same pass."""
    digest, size = hashlib.sha256(), 0
    if not stat.S_ISREG(source.lstat().st_mode):
        raise InvalidInputError(f"{source} is not a plain file.")
    fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)  # the flags stand, should it be exchanged just now
    with os.fdopen(fd, "rb", buffering=0) as stream:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise InvalidInputError(f"{source} is not a plain file.")
        if mode != "copy":
            file.adopt(source, mode)
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            if mode == "copy":
                file.write(block)
    return digest.hexdigest(), size
