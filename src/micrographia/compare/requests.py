"""Comparisons that somebody asked for, each in a folder of its own for a day.

::

    HOME/comparisons/<SHA-256 of its secret>/
        request.json        what is compared; the folder appears with it, whole
        upload/a/…, b/…     what was sent; deleted as soon as there is a result
        tries               how often it was begun
        progress.json       how far it is, as the worker says
        made/               files of the result
        result.json or failure.json     which of them is there ends it
        lock                held by the process that works on it

What is to do are the folders that lack an end; nothing else says so. All of it are files, none of it rows: it is private, lives for a day,
may be large, and is nothing that a catalogue must be able to tell again. All processes on one HOME see the same files, and the system gives
a lock back when its holder dies, so that no lease has to run out and no clock to be right: whatever is killed at whatever moment, the next
process that looks finds the folder without an end and without a holder.

The secret is the only way to a comparison; it is kept nowhere.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from micrographia.archive.accounts import key_digest
from micrographia.errors import NotFoundError
from micrographia.store.disk import PRIVATE_FOLDER, disk_errors, make_folders, remove_tree

KEPT_FOR = timedelta(days=1)
_FOLDER = "comparisons"
_REQUEST, _TRIES, _PROGRESS, _RESULT, _FAILURE = "request.json", "tries", "progress.json", "result.json", "failure.json"
_MADE, _UPLOAD, _LOCK = "made", "upload", "lock"
# in front of what is no request: being sent, or on its way out
_HIDDEN = "."
_SECRET = re.compile(r"[\w-]{43}", re.ASCII)
_UNSAFE = re.compile(r"[^\w.+-]+")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Side:
    """One of the maps that are compared: of the archive, or sent."""

    image: str = ""
    """Identifier of an image of the archive; empty where a file was sent."""
    file: str = ""
    """Name of the file that was sent."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared with what."""

    asked_at: str
    """UTC."""
    asked_from: str
    """Network of whoever asked."""
    a: Side
    b: Side | None = None
    """None: with whatever the archive has that is like it."""
    voxel_size_a: float | None = None
    """Of what was sent, Å, in the place of what its header says."""

    @property
    def expires_at(self) -> str:
        """When it is deleted."""
        return (datetime.fromisoformat(self.asked_at) + KEPT_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")


class Requests:
    """All asked-for comparisons of the archive in `home`. Safe for threads and for several processes on one folder."""

    def __init__(self, home: Path) -> None:
        self._root = home.absolute() / _FOLDER

    def find(self, secret: str) -> Asked:
        """Return the comparison of which `secret` is the secret."""
        asked = Asked(self._root / key_digest(secret)) if _SECRET.fullmatch(secret) else None
        if asked is None or not asked.is_there:
            raise unknown()
        return asked

    def all(self) -> list[tuple[Asked, Question]]:
        """Return all that there are, the one asked first before the others."""
        folders = [p for p in self._root.iterdir() if not p.name.startswith(_HIDDEN)] if self._root.is_dir() else []
        found = []
        for asked in map(Asked, folders):
            with suppress(NotFoundError):  # deleted just now
                found.append((asked, asked.question()))
        return sorted(found, key=lambda pair: (pair[1].asked_at, pair[0].folder.name))

    def unfinished(self) -> list[tuple[Asked, Question]]:
        """Return those that have neither result nor failure: what is to do."""
        return [(asked, question) for asked, question in self.all() if not asked.is_ended]

    def size_bytes(self) -> int:
        """Return what all of them take on the disk."""
        sizes = []
        for folder, _, names in os.walk(self._root):
            for name in names:
                with suppress(FileNotFoundError):
                    sizes.append((Path(folder) / name).stat().st_size)
        return sum(sizes)

    @contextmanager
    def begin(self) -> Iterator[Incoming]:
        """Open the folder of a new request, into which files are sent; it is gone at the end of the block unless it was put."""
        folder = self._root / f"{_HIDDEN}incoming-{secrets.token_hex(8)}"
        with disk_errors("the comparison"):
            make_folders(folder, PRIVATE_FOLDER)
        try:
            yield Incoming(folder, self._root)
        finally:
            remove_tree(folder)

    def forget_old(self, now: str) -> None:
        """Delete what was asked more than a day ago, and what was left of requests that never came whole."""
        for asked, question in self.all():
            if question.expires_at <= now:
                asked.remove()
        whole = {asked.folder for asked, _ in self.all()}
        for left in set(self._root.glob("*")) - whole:
            with suppress(FileNotFoundError):
                if left.name.startswith(f"{_HIDDEN}removed-") or time.time() - left.stat().st_mtime > KEPT_FOR.total_seconds():
                    remove_tree(left)


class Incoming:
    """A request whose files are being sent."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root

    def file(self, side: str, name: str) -> Path:
        """Return where the file of a side is written, under a name that is safe; its folder is made."""
        safe = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).lstrip(".")[-_LONGEST_NAME:] or "map"
        folder = self._folder / _UPLOAD / side
        make_folders(folder, PRIVATE_FOLDER)
        return folder / safe

    def put(self, question: Question) -> str:
        """Ask it, now that all files are here, and return its secret."""
        secret = secrets.token_urlsafe(32)
        _write_json(self._folder / _REQUEST, asdict(question))
        with disk_errors("the comparison"):
            self._folder.rename(self._root / key_digest(secret))
        return secret


@dataclass(frozen=True, slots=True)
class Asked:
    """One comparison that was asked for."""

    folder: Path

    @property
    def is_there(self) -> bool:
        """Whether there is such a comparison (any more)."""
        return (self.folder / _REQUEST).is_file()

    @property
    def is_ended(self) -> bool:
        """Whether it has a result or has failed."""
        return (self.folder / _RESULT).exists() or (self.folder / _FAILURE).exists()

    @property
    def made(self) -> Path:
        """Folder of the files of its result."""
        return self.folder / _MADE

    def question(self) -> Question:
        """Return what is compared."""
        document = _read_json(self.folder / _REQUEST)
        if document is None:
            raise unknown()
        a, b = (Side(**document[side]) if document[side] else None for side in "ab")
        assert a is not None
        return Question(**document | {"a": a, "b": b})

    def upload(self, side: str) -> Path | None:
        """Return the file that was sent for a side."""
        return next(iter((self.folder / _UPLOAD / side).glob("*")), None)

    def result(self) -> dict[str, Any] | None:
        """Return what came out; None where nothing has (yet)."""
        return _read_json(self.folder / _RESULT)

    def failure(self) -> dict[str, Any] | None:
        """Return why nothing came out: a failure as JSON; None where it did not fail."""
        return _read_json(self.folder / _FAILURE)

    def progress(self) -> dict[str, Any] | None:
        """Return how far whoever works on it is; None while nobody does."""
        progress = _read_json(self.folder / _PROGRESS)
        if progress is None:
            return None
        if (held := self._lock()) is not None:  # whoever wrote it is dead
            os.close(held)
            return None
        return progress

    def tell(self, stage: str, done: float) -> None:
        """Say how far it is: what is done now, and which share of all is behind (0 to 1)."""
        _write_json(self.folder / _PROGRESS, {"stage": stage, "done": round(done, 3)})

    @contextmanager
    def hold(self) -> Iterator[int]:
        """Work on it alone, and be told how often that was begun, this time counted; 0 where another works on it, or it has ended."""
        held = self._lock()
        try:
            is_mine = held is not None and self.is_there and not self.is_ended
            yield self._begun() if is_mine else 0
        finally:
            if held is not None:
                os.close(held)

    def finish(self, result: Mapping[str, Any], made: Path) -> None:
        """Keep a result, and the files in `made`; what was sent is deleted."""
        remove_tree(self.made)  # of one who died at this very place
        made.rename(self.made)
        _write_json(self.folder / _RESULT, result)
        remove_tree(self.folder / _UPLOAD)

    def fail(self, failure: Mapping[str, Any]) -> None:
        """Keep why nothing came out; what was sent is deleted."""
        _write_json(self.folder / _FAILURE, failure)
        remove_tree(self.folder / _UPLOAD)

    def remove(self) -> None:
        """Delete it: at once for all who ask, then file by file."""
        out = self.folder.parent / f"{_HIDDEN}removed-{secrets.token_hex(8)}"
        with suppress(FileNotFoundError):
            self.folder.rename(out)
        shutil.rmtree(out, ignore_errors=True)

    def _begun(self) -> int:
        tries: int = (_read_json(self.folder / _TRIES) or {}).get("begun", 0) + 1
        try:
            _write_json(self.folder / _TRIES, {"begun": tries})
        except FileNotFoundError:  # deleted just now
            return 0
        return tries

    def _lock(self) -> int | None:
        """Return the descriptor that holds the lock; None where another process or thread has it, or there is nothing to lock."""
        try:
            fd = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd


def unknown() -> NotFoundError:
    """Return what everybody is told of a comparison that is not, or is not theirs."""
    return NotFoundError("There is no such comparison, or no more: each is deleted after a day.")


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return document


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document that is seen whole or not at all; FileNotFoundError where its folder was deleted."""
    with disk_errors("the comparison"):
        beside = path.with_suffix(f".{secrets.token_hex(4)}")
        beside.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
        beside.replace(path)
