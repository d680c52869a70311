"""A folder of any size described file by file: safely, in a steady order, in little memory."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from micrographia.errors import InvalidInputError, MicrographiaError
from micrographia.formats.description import FileDescription
from micrographia.formats.registry import (
    HEAD_BYTES,
    format_named,
    identify,
    identify_folder,
    inspect_as,
    media_type,
    unreadable,
)
from micrographia.formats.source import FileSource, FolderTree
from micrographia.formats.table import Format
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.model.finding import Finding
from micrographia.model.records import SHEET_FILE

# what operating systems and version control leave behind; nobody means to deposit it
_LITTER = frozenset(
    (
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        ".git",
        ".svn",
        ".hg",
        "__MACOSX",
        ".Trashes",
        ".Spotlight-V100",
        ".fseventsd",
        ".ipynb_checkpoints",
    )
)
_LITTER_PREFIXES = ("._", ".nfs")
# an object store takes keys of at most 1,024 bytes, and the archive puts its own prefix before the path
_MOST_PATH_BYTES = 900
_MOST_DEPTH = 64
_BATCH = 16
_WINDOW = 512
_PROGRESS_EVERY = 256
_DIGITS = re.compile(r"\d+")


def survey(
    folder: Path | str,
    *,
    limits: WorkerLimits | None = None,
    workers: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Iterator[FileDescription]:
    """Yield the description of each file below `folder`, in natural order of the paths.

    Symbolic links, special files, names with control characters and what cannot be opened give a description with an error remark
    (rules ``file.…``) and are never followed or read. A folder that is one thing (OME-Zarr, N5, the planes of an OIF) is one description
    with members. ``entry.yaml`` at the top and litter of operating systems (.DS_Store, Thumbs.db, .git, …) are left out; other hidden files
    count.

    Parameters
    ----------
    folder : Path
    limits : WorkerLimits, optional
        For the worker processes in which formats of large libraries are parsed.
    workers : int
        Worker processes; 0 means one per processor. None starts before it is needed.
    progress : function of int, optional
        Told from time to time how many files were described since the last call.
    """
    top = os.fspath(folder)
    if not os.path.isdir(top):  # noqa: PTH112
        raise InvalidInputError(f"{top} is not a folder. Give the folder that holds the files.")
    with Workers(workers, limits) as pool:
        done = 0
        for description in _in_order(_walk(top), pool):
            done += 1
            if progress is not None and done == _PROGRESS_EVERY:
                progress(done)
                done = 0
            yield description
        if progress is not None and done:
            progress(done)


def paths_to_deposit(folder: Path | str) -> Iterator[str]:
    """Yield the path of each file that `survey` would describe, members of folders too; InvalidInputError for what it refuses."""
    for item in _walk(os.fspath(folder)):
        for file in _walk(item.absolute, prefix=item.path, inside=True) if item.kind == "folder" else (item,):
            if file.remark is not None:
                raise InvalidInputError(f"{file.path}: {file.remark.message} {file.remark.hint}")
            yield file.path


@dataclass(frozen=True, slots=True)
class _Found:
    """Something in the folder."""

    path: str
    absolute: str
    kind: Literal["file", "folder", "refused"]
    remark: Finding | None = None
    format: Format | None = None
    """Of a folder that is one thing."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A file, or a folder that is one thing, to be inspected in a worker."""

    path: str
    absolute: str
    format_name: str
    size_bytes: int


class _Batch:
    """Jobs that a worker gets together."""

    def __init__(self) -> None:
        self.jobs: list[_Job] = []
        self._wait: Callable[[], list[FileDescription | Exception]] | None = None
        self._results: list[FileDescription | Exception] | None = None

    def start(self, pool: Workers) -> None:
        if self._wait is None:
            self._wait = pool.submit_batch(_inspect_job, self.jobs)

    def result(self, index: int, pool: Workers) -> FileDescription:
        self.start(pool)
        if self._results is None:
            assert self._wait is not None
            self._results = self._wait()
        job, result = self.jobs[index], self._results[index]
        if isinstance(result, FileDescription):
            return result
        reason = result.message if isinstance(result, MicrographiaError) else result
        format_ = format_named(job.format_name)
        remarks = (unreadable(job.path, format_.name, reason),)
        return FileDescription(job.path, job.size_bytes, format_.name, format_.media_type, remarks=remarks)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A place in the order that a worker will fill."""

    batch: _Batch
    index: int
    finish: Callable[[FileDescription], FileDescription]


def _in_order(found: Iterator[_Found], pool: Workers) -> Iterator[FileDescription]:
    """Describe what was found; files for the workers travel in batches while the others go on, and all come out in order."""
    window: deque[FileDescription | _Pending] = deque()
    batch = _Batch()
    for item in found:
        described = _describe(item)
        if isinstance(described, FileDescription):
            window.append(described)
        else:
            job, finish = described
            window.append(_Pending(batch, len(batch.jobs), finish))
            batch.jobs.append(job)
        if len(batch.jobs) == _BATCH or (batch.jobs and len(window) >= _WINDOW):
            batch.start(pool)
            batch = _Batch()
        while window and (isinstance(window[0], FileDescription) or len(window) >= _WINDOW):
            yield _filled(window.popleft(), pool)
    while window:
        yield _filled(window.popleft(), pool)


def _filled(place: FileDescription | _Pending, pool: Workers) -> FileDescription:
    return place if isinstance(place, FileDescription) else place.finish(place.batch.result(place.index, pool))


def _describe(item: _Found) -> FileDescription | tuple[_Job, Callable[[FileDescription], FileDescription]]:
    """Return the description of an item, or the job for a worker and what to do with its answer."""
    if item.kind == "refused":
        assert item.remark is not None
        return FileDescription(item.path, 0, "", media_type(item.path), remarks=(item.remark,))
    if item.kind == "folder":
        assert item.format is not None
        return _folder(item, item.format)
    try:
        with FileSource(item.absolute, follow_links=False) as source:
            format_: Format | None = identify(source.name, source.read(0, min(HEAD_BYTES, source.size)))
            if format_ is None:
                return FileDescription(item.path, source.size, "", media_type(source.name))
            if not format_.isolated:
                return inspect_as(source, item.path, format_, source.size)
            return _Job(item.path, item.absolute, format_.name, source.size), lambda description: description
    except (OSError, MicrographiaError) as exc:
        return FileDescription(item.path, 0, "", media_type(item.path), remarks=(_unopened(item.path, exc),))


def _folder(item: _Found, format_: Format) -> tuple[_Job, Callable[[FileDescription], FileDescription]]:
    members, remarks, size_bytes = [], [], 0
    for member in _walk(item.absolute, prefix=item.path, inside=True):
        if member.remark is not None:
            remarks.append(member.remark)
            continue
        members.append(member.path)
        try:
            size_bytes += os.lstat(member.absolute).st_size
        except OSError as exc:
            remarks.append(_unopened(member.path, exc))

    def finish(description: FileDescription) -> FileDescription:
        return replace(description, size_bytes=size_bytes, members=tuple(members), remarks=(*description.remarks, *remarks))

    return _Job(item.path, item.absolute, format_.name, size_bytes), finish


def _inspect_job(job: _Job) -> FileDescription:
    """Run in a worker."""
    format_ = format_named(job.format_name)
    with ExitStack() as stack:
        companion = _companion(job, format_)
        if companion is not None:
            stack.enter_context(companion)
        if format_.folder:
            return replace(inspect_as(FolderTree(job.absolute), job.path, format_, job.size_bytes, companion), members=())
        source = stack.enter_context(FileSource(job.absolute, follow_links=False))
        return inspect_as(source, job.path, format_, source.size, companion)


def _companion(job: _Job, format_: Format) -> FileSource | None:
    """Return the file beside a file or folder that says more of it; None where there is none."""
    if format_.companion is None:
        return None
    folder, name = os.path.split(job.absolute)
    beside = os.path.join(folder, format_.companion(name))  # noqa: PTH118
    try:
        return FileSource(beside, follow_links=False) if stat.S_ISREG(os.lstat(beside).st_mode) else None
    except OSError:
        return None


def _walk(top: str, *, prefix: str = "", inside: bool = False) -> Iterator[_Found]:
    """Yield files, folders that are one thing and what is refused, depth first, each folder in natural order; `inside` one, files only."""
    pending: list[Iterator[_Found | os.DirEntry[str]]] = [_list(top, prefix)]
    prefixes = [prefix]
    while pending:
        entry = next(pending[-1], None)
        if entry is None:
            pending.pop()
            prefixes.pop()
        elif isinstance(entry, _Found):
            yield entry
        else:
            path = f"{prefixes[-1]}/{entry.name}" if prefixes[-1] else entry.name
            if len(pending) >= _MOST_DEPTH:
                yield _refused(
                    path, entry.path, "file.depth", f"The folder lies more than {_MOST_DEPTH} folders deep.", "Deposit a flatter tree."
                )
            elif not inside and (format_ := _format_of(entry)) is not None:
                yield _Found(path, entry.path, "folder", format=format_)
            else:
                pending.append(_list(entry.path, path))
                prefixes.append(path)


def _list(folder: str, prefix: str) -> Iterator[_Found | os.DirEntry[str]]:
    """Yield what lies in one folder: subfolders as they are, all else as found."""
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=_natural)
    except OSError as exc:
        yield _Found(prefix, folder, "refused", _unopened(prefix, exc))
        return
    for entry in entries:
        name = entry.name
        if name in _LITTER or name.startswith(_LITTER_PREFIXES) or (name == SHEET_FILE and not prefix):
            continue
        path = f"{prefix}/{name}" if prefix else name
        if entry.is_symlink():
            yield _refused(path, entry.path, "file.symlink", "A symbolic link is not deposited.", "Put the file itself in its place.")
        elif not name.isprintable() or len(path) * 4 > _MOST_PATH_BYTES:
            shown = _shown(path)
            if shown != path:
                yield _refused(shown, entry.path, "file.name", "The name holds control characters or is no UTF-8.", "Rename the file.")
            elif len(path.encode()) > _MOST_PATH_BYTES:
                yield _refused(path, entry.path, "file.name", f"The path is longer than {_MOST_PATH_BYTES} bytes.", "Use shorter names.")
            else:
                yield _entry(entry, path)
        else:
            yield _entry(entry, path)


def _entry(entry: os.DirEntry[str], path: str) -> _Found | os.DirEntry[str]:
    if entry.is_file(follow_symlinks=False):
        return _Found(path, entry.path, "file")
    if entry.is_dir(follow_symlinks=False):
        return entry
    return _refused(path, entry.path, "file.special", "A device, pipe or socket is not deposited.", "Take it out of the folder.")


def _natural(entry: os.DirEntry[str]) -> tuple[str, str]:
    """Key that puts image2 before image10."""
    name = entry.name
    return _DIGITS.sub(lambda match: match[0].zfill(20), name), name


def _format_of(folder: os.DirEntry[str]) -> Format | None:
    """Return the format of a folder that is one thing."""

    def start_of(name: str) -> bytes:
        with FileSource(f"{folder.path}/{name}", follow_links=False) as source:
            return source.read(0, min(HEAD_BYTES, source.size))

    try:
        with os.scandir(folder.path) as scan:
            return identify_folder(folder.name, {entry.name for entry in scan if not entry.is_symlink()}, start_of)
    except (OSError, MicrographiaError):
        return None


def _shown(path: str) -> str:
    """Return the path with what cannot be printed escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _refused(path: str, absolute: str, rule: str, message: str, hint: str) -> _Found:
    path = _shown(path)
    return _Found(path, absolute, "refused", Finding(rule, "error", path, message, hint=hint))


def _unopened(path: str, exc: Exception) -> Finding:
    found = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return Finding("file.unreadable", "error", path, "It cannot be opened.", found=found, hint="Check its permissions, or leave it out.")
