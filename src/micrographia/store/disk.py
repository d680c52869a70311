"""Files of a local folder, written so that neither a crash nor a power cut leaves half of one."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from micrographia.errors import UnavailableError

READ_ONLY = 0o444
PUBLIC_FOLDER = 0o755
PRIVATE_FOLDER = 0o700
_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than the system allows",
}
_DENIED = {
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not change it",
}
# up to so many files are made durable one by one; beyond, one call for the whole file system is cheaper (each fsync is a journal commit)
_FSYNC_ONE_BY_ONE = 16


@contextmanager
def disk_errors(where: str) -> Iterator[None]:
    """Turn «disk full», «read-only» and their like into UnavailableError; nothing whole is lost, so the same command may be run again."""
    try:
        yield
    except OSError as error:
        if denied := _DENIED.get(error.errno or 0):
            place = f" ({error.filename})" if error.filename else ""
            raise UnavailableError(
                f"{where} could not be written: {denied}{place}. Give this user the right to write, or another home."
            ) from error
        why = _FULL.get(error.errno or 0)
        if why is None:
            raise
        raise UnavailableError(
            f"{where} could not be written: {why}. Make room and run the same command again; what was whole is kept."
        ) from error


def make_folders(folder: Path, mode: int = PUBLIC_FOLDER) -> None:
    """Make `folder` and those above it that are missing, with this mode whatever the umask."""
    if folder.is_dir():
        return
    make_folders(folder.parent, mode)
    try:
        folder.mkdir()
        folder.chmod(mode)
    except FileExistsError:
        return
    except FileNotFoundError:  # another process found the folder above empty and removed it just now
        make_folders(folder, mode)


def sync_file(path: Path) -> None:
    """Bring the bytes of a file (or the names in a folder) to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_all(paths: Collection[Path], top: Path) -> None:
    """Bring files, and the folders between them and `top`, to the disk."""
    if len(paths) > _FSYNC_ONE_BY_ONE:
        _sync_file_system(top)
        return
    folders = {top}
    for path in paths:
        sync_file(path)
        folders.update(parent for parent in path.parents if parent.is_relative_to(top))
    for folder in folders:
        sync_file(folder)


def _sync_file_system(folder: Path) -> None:
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:  # not Linux
        os.sync()
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(fd):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(fd)


def begin_sync(fd: int, start: int, length: int) -> None:
    """Let the system begin to bring part of a file to the disk, so that a later sync has little to wait for."""
    sync_file_range = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if sync_file_range is not None:  # Linux; 2 is SYNC_FILE_RANGE_WRITE: it waits for nothing
        sync_file_range(fd, ctypes.c_int64(start), ctypes.c_int64(length), ctypes.c_uint(2))


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it, if it is there."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def remove_empty_folders(folder: Path, top: Path) -> None:
    """Remove `folder` and then those above it while they are empty, never `top`."""
    with suppress(OSError):  # not empty, or not there
        while folder != top and folder.is_relative_to(top):
            folder.rmdir()
            folder = folder.parent


class FileWriter:
    """A file that appears under its name only when it is whole.

    Bytes come by `write`, or the caller writes the file `path` itself, or links an existing file there.
    """

    def __init__(self, final: Path, temporary: Path, *, durable: bool = True) -> None:
        self._final = final
        self._durable = durable
        self._file: int | None = None
        self._linked = False
        self.path = temporary
        """Where the unfinished bytes lie; the same file system as the final place."""
        make_folders(temporary.parent, PRIVATE_FOLDER)

    def write(self, data: bytes | memoryview) -> int:
        """Add bytes at the end."""
        if self._file is None:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        rest = memoryview(data).cast("B")
        total = len(rest)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        return total

    def link(self, source: Path) -> None:
        """Take an existing file as the bytes, by a hard link; its mode stays as it is."""
        os.link(source, self.path, follow_symlinks=False)
        self._linked = True

    def commit(self) -> None:
        """Make the file read-only and put it in its place."""
        if self._file is None and not self.path.exists():
            self.write(b"")
        self._close()
        if not self._linked:
            self.path.chmod(READ_ONLY)
        if self._durable:
            sync_file(self.path)
        make_folders(self._final.parent)
        self.path.rename(self._final)
        if self._durable:
            sync_file(self._final.parent)

    def abort(self) -> None:
        """Forget the unfinished bytes."""
        self._close()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
