"""Submit a draft: its depositor says it is complete."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.examining import examine_draft, is_examined
from micrographia.archive.permissions import require
from micrographia.archive.transition import find_draft, move_draft
from micrographia.errors import InvalidInputError, UnavailableError
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.model.finding import Report
from micrographia.model.lifecycle import State, next_state
from micrographia.model.records import DraftRecord, Submission

_KEPT_SUBMISSIONS = 2


def submit_entry(archive: Archive, accession: str) -> DraftRecord:
    """Return the draft, now SUBMITTED; InvalidInputError with all findings where sheet or files have errors as they are now."""
    require(archive, accession, "submit")
    record = find_draft(archive, accession, "submit")
    next_state("submit", record.state, accession=accession)
    if record.state is State.DRAFT and not is_examined(archive, record):
        settings = archive.settings
        with Workers(settings.worker_count, WorkerLimits(settings.worker_memory_mib, settings.worker_seconds)) as workers:
            examine_draft(archive, accession, workers=workers)
    return move_draft(archive, accession, "submit", prepare=lambda record: _submitted(archive, record))


def _submitted(archive: Archive, record: DraftRecord) -> Mapping[str, Any]:
    if record.state is State.DRAFT and not is_examined(archive, record):
        raise UnavailableError(f"{record.accession} was changed just now; submit it again.")
    report = Report(record.findings)
    if report.errors:
        raise InvalidInputError(
            f"{record.accession} has {report.errors} error{'s' * (report.errors > 1)}; correct them, then submit it again.",
            [f.as_json() for f in report.findings],
        )
    files_sha256, file_count = files_digest(archive, record.accession)
    now = Submission(at=archive.now(), sheet=record.sheet, files_sha256=files_sha256, file_count=file_count)
    return {"submissions": (*record.submissions, now)[-_KEPT_SUBMISSIONS:]}


def files_digest(archive: Archive, accession: str) -> tuple[str, int]:
    """Return (a digest over path and SHA-256 of the files of a draft, how many there are)."""
    digest, count = hashlib.sha256(), 0
    for file in sorted(archive.drafts.files(accession), key=lambda file: file.path):
        digest.update(f"{file.path}\n{file.sha256}\n".encode("utf-8", "surrogatepass"))
        count += 1
    return digest.hexdigest(), count
