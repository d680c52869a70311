"""A zip file as a tree of byte sources: stored members are ranges of the file, compressed ones are unpacked within bounds."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable

from micrographia.errors import IntegrityError
from micrographia.formats.description import UnreadableError
from micrographia.formats.file_object import SourceFile
from micrographia.formats.source import ByteSource, BytesSource

_LONGEST_MEMBER_BYTES = 256 << 20
_MOST_MEMBERS = 2_000_000
_LOCAL_HEADER = struct.Struct("<4s22x2H")
_MARKERS = ("zarr.json", ".zgroup", ".zattrs", ".zarray")


class ZipTree:
    """The files of a zip; paths are relative to the outermost Zarr node in it."""

    def __init__(self, source: ByteSource) -> None:
        self.name = source.name
        self._source = source
        try:
            self._zip = zipfile.ZipFile(SourceFile(source))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, IntegrityError, struct.error, OverflowError) as exc:
            raise _unreadable(source.name, str(exc), "a whole zip file") from exc
        members = [m for m in self._zip.infolist() if not m.is_dir()]
        if len(members) > _MOST_MEMBERS:
            raise _unreadable(source.name, f"{len(members)} files", f"at most {_MOST_MEMBERS}")
        for member in members:
            parts = member.filename.split("/")
            if any(part in ("", ".", "..") for part in parts) or "\\" in member.filename or not member.filename.isprintable():
                raise _unreadable(source.name, f"the path {member.filename[:100]!r}", "paths inside the archive", rule="ozx.path")
            if stat.S_ISLNK(member.external_attr >> 16):
                raise _unreadable(source.name, f"the symbolic link {member.filename[:100]!r}", "plain files", rule="ozx.path")
        roots = [m.filename[: -len(marker)] for m in members for marker in _MARKERS if f"/{m.filename}".endswith(f"/{marker}")]
        root = min(roots, key=len, default="")
        self._members = {m.filename[len(root) :]: m for m in members if m.filename.startswith(root)}

    def open(self, relative_path: str) -> ByteSource | None:
        """Return the member at this path, None when there is none."""
        member = self._members.get(relative_path)
        if member is None:
            return None
        if member.flag_bits & 0x1:
            raise _unreadable(self.name, f"{relative_path} is encrypted", "a zip without a password")
        if member.compress_type == zipfile.ZIP_STORED:
            return _Part(self._source, relative_path, self._data_offset(member), member.file_size)
        if member.file_size > _LONGEST_MEMBER_BYTES:
            found = f"{relative_path} with {member.file_size} bytes"
            raise _unreadable(self.name, found, f"compressed files of at most {_LONGEST_MEMBER_BYTES} bytes", rule="ozx.size")
        try:
            return BytesSource(self._zip.read(member), relative_path)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError, RuntimeError) as exc:
            raise _unreadable(self.name, f"{relative_path}: {exc}", "a whole zip file") from exc

    def list(self, prefix: str = "") -> Iterable[str]:
        """Return the paths below the folder `prefix`, sorted."""
        folder = prefix.rstrip("/") + "/" if prefix else ""
        return sorted(path for path in self._members if path.startswith(folder))

    def _data_offset(self, member: zipfile.ZipInfo) -> int:
        if member.header_offset + _LOCAL_HEADER.size > self._source.size:
            raise _unreadable(self.name, f"{member.filename} beyond the end", "a whole zip file")
        mark, name_length, extra_length = _LOCAL_HEADER.unpack(self._source.read(member.header_offset, _LOCAL_HEADER.size))
        offset = member.header_offset + _LOCAL_HEADER.size + int(name_length) + int(extra_length)
        if mark != b"PK\3\4" or member.file_size != member.compress_size or offset + member.file_size > self._source.size:
            raise _unreadable(self.name, f"{member.filename} beyond the end or without its header", "a whole zip file")
        return offset


class _Part:
    """A range of a source as a source of its own."""

    def __init__(self, source: ByteSource, name: str, start: int, size: int) -> None:
        self.name = name
        self.size = size
        self._source = source
        self._start = start

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes from byte `start`; IntegrityError when the part is shorter."""
        if start < 0 or length < 0 or start + length > self.size:
            raise IntegrityError(f"{self.name}: {length} bytes from byte {start} were asked for; it holds {self.size} bytes.")
        return self._source.read(self._start + start, length)


def _unreadable(name: str, found: str, expected: str, *, rule: str = "ozx.unreadable") -> UnreadableError:
    return UnreadableError(rule, f"{name} cannot be read as OME-Zarr in a zip.", found=found[:200], expected=expected)
