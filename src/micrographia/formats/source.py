"""Where readers get their bytes: a file, bytes in memory, or a folder of such sources; remote stores bring their own adapters."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from micrographia.errors import IntegrityError, InvalidInputError


@runtime_checkable
class ByteSource(Protocol):
    """Bytes of known length that can be read in any order, from several threads."""

    @property
    def name(self) -> str:
        """File name with its suffixes."""
        ...

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes from byte `start`; IntegrityError when the source is shorter."""
        ...


@runtime_checkable
class ByteTree(Protocol):
    """A folder of byte sources that is one thing: an OME-Zarr image."""

    @property
    def name(self) -> str:
        """Name of the folder."""
        ...

    def open(self, relative_path: str) -> ByteSource | None:
        """Return the source at this path inside the folder, `/` between folders; None when there is none."""
        ...

    def list(self, prefix: str = "") -> Iterable[str]:
        """Return the paths of all files below `prefix`, relative to the tree, sorted."""
        ...


ReadWhole = Callable[[str], bytes | None]
"""Returns the bytes of a small file by its path inside the deposit; None where it cannot be read."""


class Opener(Protocol):
    """Where a file, or a folder that is one thing, is opened: small enough to be sent to another process."""

    def open(self) -> ByteSource | ByteTree:
        """Return its bytes for reading."""
        ...


@contextmanager
def opened(opener: Opener) -> Iterator[Any]:
    """Open something for a while."""
    source = opener.open()
    try:
        yield source
    finally:
        if isinstance(source, FileSource):
            source.close()


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A plain file of this machine; links and pipes are refused."""

    path: str

    def open(self) -> FileSource:
        """Return its bytes; OSError where it cannot be opened, InvalidInputError where it is no plain file."""
        source = FileSource(self.path, follow_links=False)
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            source.close()
            raise InvalidInputError(f"{self.path} is not a plain file.")
        return source


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder of this machine that is one thing."""

    path: str

    def open(self) -> FolderTree:
        """Return its files."""
        return FolderTree(self.path)


class FileSource:
    """A local file, read with `pread`: safe to share between threads, no seek, no buffer.

    With `follow_links=False` a symbolic link in the last place is refused (OSError) and a pipe does not block.
    """

    __slots__ = ("_fd", "name", "path", "size")

    def __init__(self, path: Path | str, name: str | None = None, *, follow_links: bool = True) -> None:
        self.path = path
        self.name = name or os.path.basename(path)  # noqa: PTH119  cheaper, and this runs once a file
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW | os.O_NONBLOCK))
        self.size = os.fstat(self._fd).st_size

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes from byte `start`; IntegrityError when the file is shorter."""
        if start < 0 or length < 0 or start + length > self.size:
            raise _short(self, start, length)
        data = os.pread(self._fd, length, start)
        if len(data) < length:  # a signal, a limit of 2 GiB a call, or a file that shrank
            parts = [data]
            got = len(data)
            while got < length:
                more = os.pread(self._fd, length - got, start + got)
                if not more:
                    raise _short(self, start, length)
                parts.append(more)
                got += len(more)
            data = b"".join(parts)
        return data

    def read_into(self, start: int, buffer: memoryview) -> None:
        """Fill `buffer` with the bytes from `start`; IntegrityError when the file is shorter."""
        if start < 0 or start + len(buffer) > self.size:
            raise _short(self, start, len(buffer))
        at, left = start, buffer
        while left:
            got = os.preadv(self._fd, [left], at)
            if not got:
                raise _short(self, start, len(buffer))
            at, left = at + got, left[got:]

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._fd

    def close(self) -> None:
        """Give the file descriptor back; closing twice is harmless."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            self.close()


class BytesSource:
    """Bytes in memory under a file name."""

    __slots__ = ("_data", "name", "size")

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self.name = name
        self.size = len(data)

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes from byte `start`; IntegrityError when there are fewer."""
        if start < 0 or length < 0 or start + length > self.size:
            raise _short(self, start, length)
        return self._data[start : start + length]


class FolderTree:
    """A local folder; symbolic links and special files in it are not there."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.name = self.path.name

    def open(self, relative_path: str) -> FileSource | None:
        """Return the file at this path inside the folder, None when there is none; never leaves the folder."""
        _refuse_climbing(relative_path)
        current = self.path
        for part in relative_path.split("/"):
            current = current / part
            if current.is_symlink():
                return None
        return FileSource(current, follow_links=False) if current.is_file() else None

    def list(self, prefix: str = "") -> Iterable[str]:
        """Return the paths of all plain files below `prefix`, relative to the tree, sorted."""
        if prefix:
            _refuse_climbing(prefix.rstrip("/"))
        found: list[str] = []
        pending = [prefix.rstrip("/")]
        while pending:
            folder = pending.pop()
            try:
                entries = list(os.scandir(self.path / folder))
            except (FileNotFoundError, NotADirectoryError):
                continue
            for entry in entries:
                relative = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    pending.append(relative)
                elif entry.is_file(follow_symlinks=False):
                    found.append(relative)
        return sorted(found)


class MappingTree:
    """Sources under relative paths; a value may be a function that opens the source when it is asked for."""

    def __init__(self, name: str, members: Mapping[str, ByteSource | Callable[[], ByteSource]]) -> None:
        self.name = name
        self._members = members

    def open(self, relative_path: str) -> ByteSource | None:
        """Return the source at this path, None when there is none."""
        member = self._members.get(relative_path)
        return member() if callable(member) else member

    def renamed(self, names: Mapping[str, str]) -> MappingTree:
        """Return the tree in which only the members among `names` (new path → path here) are, under their new paths."""
        return MappingTree(self.name, {new: self._members[old] for new, old in names.items() if old in self._members})

    def list(self, prefix: str = "") -> Iterable[str]:
        """Return the paths below the folder `prefix`, sorted."""
        folder = prefix.rstrip("/") + "/" if prefix else ""
        return sorted(path for path in self._members if path.startswith(folder))


def folder_reader(folder: Path) -> ReadWhole:
    """Return a function that reads small files of a folder of this machine whole."""

    def read(path: str) -> bytes | None:
        try:
            return (folder / path).read_bytes()
        except OSError:
            return None

    return read


def _refuse_climbing(relative_path: str) -> None:
    if relative_path.startswith("/") or any(part in ("", ".", "..") for part in relative_path.split("/")):
        raise InvalidInputError(f"{relative_path[:200]!r} is not a path inside the folder.")


def _short(source: ByteSource, start: int, length: int) -> IntegrityError:
    return IntegrityError(f"{source.name}: {length} bytes from byte {start} were asked for; the source holds {source.size} bytes.")
