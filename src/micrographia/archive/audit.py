"""Audit: every released byte is read again and held against its digest; a replica mends what is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from micrographia.archive.archive import Archive
from micrographia.ids import EntryId
from micrographia.store import Damage, Store


def audit(
    archive: Archive,
    *,
    accessions: Sequence[str] | None = None,
    repair_from: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Damage]:
    """Yield every damaged, missing or undeclared file.

    Parameters
    ----------
    accessions
        Entries to read; None means all.
    repair_from
        Folder or URL of a replica of the store; what it has whole is put in place of what is damaged here.
    progress
        Called with the number of bytes read since the last call.
    """
    replica = Store.open(repair_from, create=False) if repair_from else None
    wanted = None if accessions is None else [EntryId.parse(a) for a in accessions]
    yield from archive.store.audit(wanted, replica=replica, progress=progress)
