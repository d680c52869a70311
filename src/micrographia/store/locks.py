"""One process at a time on an entry: flock in a folder, a leased object in a bucket."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from micrographia.errors import UnavailableError
from micrographia.store.bucket import Bucket
from micrographia.store.disk import PRIVATE_FOLDER, disk_errors, make_folders
from micrographia.store.folder import FolderBucket

_WAIT_S = 30.0
_LEASE_S = 60.0
_LOCKS = ".locks"


# tries once to take a named lock; returns a function that gives it back, or None when another holds it
Attempt = Callable[[str], Callable[[], None] | None]


class BusyError(UnavailableError):
    """Another process or thread has the lock."""


class Locks:
    """Named locks; a thread that holds one may take it again."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._held = threading.local()

    def take(self, name: str) -> Callable[[], None] | None:
        """Return a function that gives the lock back, whichever thread calls it; None when another holds it."""
        return self._attempt(name)

    @contextmanager
    def hold(self, name: str, *, wait: bool) -> Iterator[None]:
        """Hold the lock; BusyError when another process or thread has it (with `wait`, still after 30 s)."""
        held: set[str] = self._held.__dict__.setdefault("names", set())
        if name in held:
            yield
            return
        until = time.monotonic() + (_WAIT_S if wait else 0)
        while (release := self._attempt(name)) is None:
            if time.monotonic() >= until:
                raise BusyError(f"{name}: another process is working on it. Try again when it has finished.")
            time.sleep(0.05)
        held.add(name)
        try:
            yield
        finally:
            held.discard(name)
            release()


def folder_locks(bucket: FolderBucket) -> Locks:
    """Return locks that the system gives back when the process dies."""

    def attempt(name: str) -> Callable[[], None] | None:
        path = bucket.path(f"{_LOCKS}/{name}")
        with disk_errors(name):
            make_folders(path.parent, PRIVATE_FOLDER)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return lambda: os.close(fd)

    return Locks(attempt)


def bucket_locks(bucket: Bucket) -> Locks:
    """Return locks that are objects with a lease of 60 s, renewed while they are held; the service must do conditional writes."""

    def attempt(name: str) -> Callable[[], None] | None:
        key, owner = f"{_LOCKS}/{name}", secrets.token_hex(16)
        if not _take(bucket, key, owner):
            return None
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(_LEASE_S / 3):
                _take(bucket, key, owner)

        keeper = threading.Thread(target=renew, name=f"lease of {name}", daemon=True)
        keeper.start()

        def release() -> None:
            ended.set()
            keeper.join()
            bucket.delete(key)

        return release

    return Locks(attempt)


def _take(bucket: Bucket, key: str, owner: str) -> bool:
    """Whether the lease is ours now: it was free, ours, or not renewed in time."""
    taken = False

    def lease(text: bytes) -> bytes:
        nonlocal taken
        before: dict[str, Any] = json.loads(text) if text else {"owner": "", "until": 0.0}
        taken = before["owner"] in ("", owner) or before["until"] < time.time()
        return json.dumps({"owner": owner, "until": time.time() + _LEASE_S}).encode() if taken else text

    bucket.update(key, lease, staging="")
    return taken
