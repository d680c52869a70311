"""Files from an archive into a folder: in parallel, resumed, verified, never outside of the folder."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from micrographia.client.transport import Opened
from micrographia.errors import IntegrityError, InvalidInputError, MicrographiaError, UnavailableError

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be fetched."""

    path: str
    """Path inside the entry."""
    size_bytes: int
    """Length that it must have."""
    sha256: str
    """Digest that it must have."""
    open: Callable[[int], AbstractContextManager[Opened]]
    """Opens it from a byte."""


class _StoppedError(Exception):
    """Another file failed for good, or the user interrupted: leave the part as it is."""


def download_files(files: Sequence[Wanted], to: Path, *, workers: int = 4, progress: bool | Callable[[int], None] = False) -> list[Path]:
    """Return where the files lie, in their order, once every one is there and verified.

    What came before an interruption is kept beside its target as a hidden ``.part`` file, and the next call continues it.
    """
    root = to.resolve()
    targets = [safe_target(root, file.path) for file in files]
    _refuse_collisions(files, targets)
    stop = Event()
    with _shown(progress, sum(f.size_bytes for f in files)) as advance, ThreadPoolExecutor(max(1, workers), "micrographia-get") as pool:
        futures = [pool.submit(_fetch, file, target, root, advance=advance, stop=stop) for file, target in zip(files, targets, strict=True)]
        try:
            failures = _failures(futures, stop)
        except BaseException:  # the user's interruption: let every worker leave at its next piece
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if failures:
        first = next((f for f in failures if isinstance(f, UnavailableError)), failures[0])
        if len(failures) > 1:
            raise type(first)(f"{first.message} ({len(failures)} files failed. The same call continues with what is missing.)") from first
        raise first
    return targets


def safe_target(root: Path, path: str) -> Path:
    """Return where `path` of an entry lies below the folder `root`; InvalidInputError when it would lie elsewhere."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts) or (os.name == "nt" and any(c in path for c in ':\\<>"|?*')):
        raise InvalidInputError(f"{path[:200]!r} is not a path inside a folder; nothing was written.")
    return root.joinpath(*parts)


def _refuse_collisions(files: Sequence[Wanted], targets: Sequence[Path]) -> None:
    seen: dict[Path, str] = {}
    for file, target in zip(files, targets, strict=True):
        if target in seen and seen[target] != file.sha256:
            raise InvalidInputError(f"{file.path!r} is listed twice with different content; nothing was written.")
        seen[target] = file.sha256


def _failures(futures: Sequence[Future[None]], stop: Event) -> list[MicrographiaError]:
    """What failed. A damaged file does not keep the others from coming; an archive that is away does."""
    failures: list[MicrographiaError] = []
    for future in as_completed(futures):
        if future.cancelled():
            continue
        error = future.exception()
        if error is None or isinstance(error, _StoppedError):
            continue
        if not isinstance(error, MicrographiaError):
            raise error
        failures.append(error)
        if not isinstance(error, IntegrityError) and not stop.is_set():
            stop.set()
            for other in futures:
                other.cancel()
    return failures


def _fetch(file: Wanted, target: Path, root: Path, *, advance: Callable[[int], None], stop: Event) -> None:
    """Make `target` whole."""
    if stop.is_set():
        raise _StoppedError
    try:
        if _is_whole(target, file):
            advance(file.size_bytes)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(root):
            raise InvalidInputError(f"{target.parent} leads out of {root} through a symbolic link; nothing was written there.")
        part = target.parent / f".{hashlib.sha256(f'{target.name}:{file.sha256}'.encode()).hexdigest()[:16]}.part"
        for _attempt in range(2):  # a part that an older, broken attempt left may be wrong: once more from nothing
            if _fill_resuming(part, file, advance=advance, stop=stop):
                part.replace(target)
                return
            part.unlink()
    except OSError as exc:
        raise _local_trouble(exc, target) from exc
    raise IntegrityError(
        f"{file.path}: what came has not the SHA-256 that the manifest says ({file.sha256}), twice. It was deleted. "
        "Ask the archive for an audit of this entry."
    )


def _fill_resuming(part: Path, file: Wanted, *, advance: Callable[[int], None], stop: Event) -> bool:
    """Continue `part` as often as the connection breaks, as long as each attempt brings something."""
    had = -1
    while True:
        try:
            return _fill(part, file, advance=advance, stop=stop)
        except UnavailableError:
            have = part.stat().st_size
            if have <= had or stop.is_set():
                raise
            had = have
            advance(-have)  # it is counted again when it is hashed again


def _fill(part: Path, file: Wanted, *, advance: Callable[[int], None], stop: Event) -> bool:
    """Continue `part` to its end and return whether it is what was wanted."""
    digest = hashlib.sha256()
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(descriptor, "r+b", buffering=0) as out:
        have = 0
        while have < file.size_bytes and (piece := out.read(min(_READ_BYTES, file.size_bytes - have))):
            digest.update(piece)
            have += len(piece)
        advance(have)
        if have < file.size_bytes:
            with file.open(have) as (start, pieces):
                if start != have:  # the archive could not continue: from the beginning
                    advance(-have)
                    digest, have = hashlib.sha256(), 0
                out.truncate(have)
                out.seek(have)
                for piece in pieces:
                    if stop.is_set():
                        raise _StoppedError
                    _write(out, piece)
                    digest.update(piece)
                    have += len(piece)
                    advance(len(piece))
                    if have > file.size_bytes:
                        break
        out.truncate(have)
    if have == file.size_bytes and digest.hexdigest() == file.sha256:
        return True
    advance(-have)
    return False


def _write(out: object, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[out.write(view) :]  # type: ignore[attr-defined]


def _is_whole(target: Path, file: Wanted) -> bool:
    if target.is_symlink() or not target.is_file() or target.stat().st_size != file.size_bytes:
        return False
    with target.open("rb") as existing:
        return hashlib.file_digest(existing, "sha256").hexdigest() == file.sha256


def _local_trouble(exc: OSError, target: Path) -> MicrographiaError:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnavailableError(f"No space left for {target}. What came so far is kept; make room and run the same command again.")
    return InvalidInputError(f"{target} cannot be written: {exc.strerror or exc}. Choose another folder.")


@contextmanager
def _shown(progress: bool | Callable[[int], None], total_bytes: int) -> Iterator[Callable[[int], None]]:
    """Give the function that every number of bytes goes to."""
    if callable(progress):
        yield progress
        return
    if not progress:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    is_seen = console.is_terminal or console.is_jupyter
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress("downloading", *columns, console=console, transient=True, disable=not is_seen) as bar:
        task = bar.add_task("", total=total_bytes)
        yield lambda count: bar.advance(task, count)
