"""Files that arrive in a draft side by side: whoever gets the draft first notes those of all who wait, with one flush."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from micrographia.archive.archive import Archive
from micrographia.errors import MicrographiaError
from micrographia.model.lifecycle import next_state


@dataclass(slots=True)
class _Arrival:
    put: Callable[[], None]
    is_done: bool = False
    error: Exception | None = None


@dataclass(slots=True)
class _Door:
    """Where the arrivals of one draft wait."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    waiting: list[_Arrival] = field(default_factory=list)


_doors: dict[tuple[str, str], _Door] = {}
_doors_lock = threading.Lock()


def note_arrival(archive: Archive, accession: str, put: Callable[[], None]) -> None:
    """Call `put`, which puts one file into its place in the draft and notes it, and return once that is durable.

    Nobody else works on the draft meanwhile.

    Raises
    ------
    WrongStateError
        The draft is no longer one.
    UnavailableError
        Another process works on the draft for long, or the disk is full.
    """
    key = archive.drafts.location, archive.drafts.folder(accession)
    arrival = _Arrival(put)
    with _doors_lock:
        door = _doors.setdefault(key, _Door())
        door.waiting.append(arrival)
    with door.turn:
        if not arrival.is_done:
            with _doors_lock:
                group, door.waiting = door.waiting, []
            _note(archive, accession, group)
    with _doors_lock:
        if not door.waiting and not door.turn.locked():
            _doors.pop(key, None)
    if arrival.error:
        raise arrival.error


def _note(archive: Archive, accession: str, group: list[_Arrival]) -> None:
    try:
        with archive.drafts.lock(accession):
            next_state("edit", archive.drafts.record(accession).state, accession=accession)
            for arrival in group:
                try:
                    arrival.put()
                except (MicrographiaError, OSError) as error:
                    arrival.error = error
            archive.drafts.flush(accession)
    except Exception as error:  # noqa: BLE001  each of those who wait raises it
        for arrival in group:
            arrival.error = arrival.error or error
    finally:
        for arrival in group:
            arrival.is_done = True
