"""Answers kept in memory, for as long as nobody wrote to the catalogue."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy.engine import make_url

_T = TypeVar("_T")
# how long another process may not have noticed a withdrawal where the database cannot tell us of writes
_UNNOTICED_SECONDS = 1.0


class Remembered:
    """A bounded memory of answers from the catalogue; any write to the catalogue empties it.

    On SQLite a write is noticed at once (PRAGMA data_version costs microseconds); on other databases answers are kept for a second.
    """

    def __init__(self, database_url: str, most: int = 20_000) -> None:
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()
        self._seen: object = None
        url = make_url(database_url)
        self._sqlite = None
        if url.get_backend_name() == "sqlite" and url.database:
            self._sqlite = sqlite3.connect(url.database, check_same_thread=False, isolation_level=None)

    def get(self, key: Hashable, find: Callable[[], _T]) -> _T:
        """Return what `find` said for `key`, asking it again once the catalogue has changed. Failures are not remembered."""
        with self._lock:
            now = self._state()
            if now != self._seen:
                self._answers.clear()
                self._seen = now
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]  # type: ignore[no-any-return]
        answer = find()
        with self._lock:
            # only what was found in the state that was seen: a write between the two would be missed otherwise
            if self._seen == now == self._state():
                self._answers[key] = answer
                while len(self._answers) > self._most:
                    self._answers.popitem(last=False)
        return answer

    def peek(self, key: Hashable) -> Any | None:
        """Return what is remembered for `key` and still true; None when the catalogue must be asked."""
        with self._lock:
            return self._answers.get(key) if self._state() == self._seen else None

    def close(self) -> None:
        """Let go of the database."""
        if self._sqlite is not None:
            self._sqlite.close()

    def _state(self) -> object:
        if self._sqlite is None:
            return int(time.monotonic() / _UNNOTICED_SECONDS)
        return self._sqlite.execute("PRAGMA data_version").fetchone()[0]
