"""Reports on drafts, made in the background: whoever looks at a draft finds what the checks say of it, and its images."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field

from micrographia.archive.archive import Archive
from micrographia.archive.examining import examine_draft
from micrographia.errors import MicrographiaError
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.model.lifecycle import State

_NICENESS = 10
_LOOK_SECONDS = 3.0
# in a bucket every look costs requests
_LOOK_IN_BUCKET_SECONDS = 60.0
# a draft is looked at for at most one second of so many, however large it is and however often it changes
_SHARE = 20
_log = logging.getLogger("micrographia.derive")


@dataclass
class DraftKeeper:
    """Examines the drafts that changed, one after the other. Several may run at once: each draft is one's at a time."""

    archive: Archive
    stopping: threading.Event = field(default_factory=threading.Event)
    _rests: dict[str, float] = field(default_factory=dict)

    def watch(self) -> None:
        """Examine what changed, whenever something did, until told to stop."""
        least = _LOOK_IN_BUCKET_SECONDS if "://" in self.archive.drafts.location else _LOOK_SECONDS
        while not self.stopping.is_set():
            self.examine_all()
            self.stopping.wait(least)

    def examine_all(self) -> None:
        """Examine every draft whose sheet or files changed since its last report."""
        settings = self.archive.settings
        limits = WorkerLimits(settings.worker_memory_mib, settings.worker_seconds, _NICENESS)
        drafts = [row.accession for row in self.archive.catalogue.drafts(State.DRAFT)]
        self._rests = {accession: until for accession, until in self._rests.items() if accession in drafts}
        with Workers(settings.worker_count, limits) as workers:  # they start with the first file
            for accession in drafts:
                began = time.monotonic()
                if self.stopping.is_set() or self._rests.get(accession, 0.0) > began:
                    continue
                try:
                    examine_draft(self.archive, accession, workers=workers, wait=False)
                except (MicrographiaError, OSError) as error:
                    _log.info("%s: its report waits: %s", accession, error)
                self._rests[accession] = time.monotonic() + _SHARE * (time.monotonic() - began)
