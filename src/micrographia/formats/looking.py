"""A file wherever it lies, looked at once: what its header says and what its data say, in a worker process with limits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from micrographia.errors import IntegrityError, MicrographiaError, UnavailableError
from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import SLOWEST_DECODER_BYTES_PER_S, DataFacts, measure
from micrographia.formats.registry import HEAD_BYTES, format_named, identify, inspect_as, media_type, unreadable
from micrographia.formats.source import Opener, opened
from micrographia.formats.table import Format
from micrographia.formats.workers import Workers

_BATCH_FILES = 32
_BATCH_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Located:
    """A file, or a folder that is one image, that can be opened."""

    path: str
    """Path inside the deposit."""
    opener: Opener
    size_bytes: int
    sha256: str
    """Digest of its bytes, known already; of a folder, of the digests of its files."""
    format_name: str = ""
    """Format of a folder."""
    members: tuple[str, ...] = ()
    """Files of a folder, as paths inside the deposit."""
    beside: Mapping[str, Opener] = field(default_factory=dict)
    """Files beside it that may say more of it, by name."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """All that is known of a file."""

    description: FileDescription
    data: DataFacts


def look_at(item: Located) -> FileFacts:
    """Return what header and data of a file say; run it in a worker."""
    with ExitStack() as stack:
        source = stack.enter_context(opened(item.opener))
        if item.format_name:
            format_: Format | None = format_named(item.format_name)
        else:
            format_ = identify(source.name, source.read(0, min(HEAD_BYTES, source.size)))
        if format_ is None:
            description = FileDescription(item.path, source.size, "", media_type(source.name))
        else:
            beside = item.beside.get(format_.companion(source.name)) if format_.companion else None
            companion = stack.enter_context(opened(beside)) if beside else None
            size_bytes = item.size_bytes if item.members else source.size
            description = inspect_as(source, item.path, format_, size_bytes, companion)
    if item.members:
        description = replace(description, members=item.members)
    return FileFacts(description, measure(item.opener, description, "" if item.members else item.sha256))


def look_at_all(items: Iterable[Located], workers: Workers) -> Iterator[tuple[Located, FileFacts]]:
    """Yield what is found of each file, in order; a file that cannot be looked at says why and harms no other.

    Raises
    ------
    UnavailableError
        The bytes cannot be reached, or no worker can be started.
    """
    waiting: deque[tuple[list[Located], Callable[[], list[FileFacts | Exception]]]] = deque()
    for batch in _batches(items):
        seconds = workers.limits.seconds + sum(item.size_bytes for item in batch) / SLOWEST_DECODER_BYTES_PER_S
        waiting.append((batch, workers.submit_batch(look_at, batch, timeout=seconds)))
        if len(waiting) > 2 * workers.count:
            yield from _finished(*waiting.popleft())
    while waiting:
        yield from _finished(*waiting.popleft())


def _finished(batch: list[Located], wait: Callable[[], list[FileFacts | Exception]]) -> Iterator[tuple[Located, FileFacts]]:
    for item, found in zip(batch, wait(), strict=True):
        if isinstance(found, (UnavailableError, OSError)):
            raise UnavailableError(f"{item.path} cannot be read now: {found}") from found
        yield item, found if isinstance(found, FileFacts) else _unseen(item, found)


def _batches(items: Iterable[Located]) -> Iterator[list[Located]]:
    batch: list[Located] = []
    size_bytes = 0
    for item in items:
        batch.append(item)
        size_bytes += item.size_bytes
        if len(batch) >= _BATCH_FILES or size_bytes >= _BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch


def _unseen(item: Located, reason: Exception) -> FileFacts:
    name = item.path.rpartition("/")[2]
    format_ = format_named(item.format_name) if item.format_name else identify(name, b"")
    said = reason.message if isinstance(reason, MicrographiaError) else reason
    remark = unreadable(item.path, format_.name if format_ else "file", said)
    if isinstance(reason, IntegrityError):
        raise UnavailableError(f"{item.path} cannot be read as it was taken in: {said}") from reason
    description = FileDescription(
        item.path, item.size_bytes, format_.name if format_ else "", media_type(name, format_), remarks=(remark,), members=item.members
    )
    return FileFacts(description, DataFacts(item.path, item.size_bytes, "" if item.members else item.sha256))
