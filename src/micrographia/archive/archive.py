"""One archive: its store, drafts, catalogue and settings, as every verb takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from micrographia.catalogue import Catalogue
from micrographia.model.people import OPERATOR, Caller
from micrographia.settings import Settings
from micrographia.store import Drafts, Store


def utc_now() -> str:
    """Return the present time as the records write it: 2026-01-31T12:00:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Archive:
    """What the verbs work on; made by `micrographia.assembly.open_archive`."""

    store: Store
    """Released bytes."""
    drafts: Drafts
    """Private bytes and records."""
    catalogue: Catalogue
    """Index, workflow state, events."""
    settings: Settings
    now: Callable[[], str] = utc_now
    """The clock."""
    caller: Caller = OPERATOR
    """Who asks: a process of this machine unless said otherwise."""

    def called_by(self, caller: Caller) -> Archive:
        """Return the same archive as `caller` meets it."""
        return replace(self, caller=caller)
