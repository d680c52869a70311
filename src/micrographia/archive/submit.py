"""Submit a draft: its depositor says it is complete."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.curate import checked_hold
from micrographia.archive.examining import examine_draft, is_examined
from micrographia.archive.permissions import require
from micrographia.archive.transition import find_draft, move_draft
from micrographia.archive.uploads import unfinished_paths
from micrographia.errors import InvalidInputError, UnavailableError
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.model.finding import Finding, Report
from micrographia.model.lifecycle import State, next_state
from micrographia.model.records import DraftRecord, Submission

_KEPT_SUBMISSIONS = 2


def submit_entry(archive: Archive, accession: str, *, hold_until: str = "") -> DraftRecord:
    """Return the draft, now SUBMITTED; InvalidInputError with all findings where sheet or files have errors as they are now.

    With `hold_until` (a day, or ``publication``) it is held as soon as a curator has accepted it.
    """
    record = require_submittable(archive, accession)
    hold = checked_hold(archive, accession, until=hold_until) if hold_until else {}
    if record.state is State.DRAFT and not is_examined(archive, record):
        settings = archive.settings
        with Workers(settings.worker_count, WorkerLimits(settings.worker_memory_mib, settings.worker_seconds)) as workers:
            examine_draft(archive, accession, workers=workers)
    return move_draft(archive, accession, "submit", prepare=lambda record: {**_submitted(archive, record), **hold})


def require_submittable(archive: Archive, accession: str) -> DraftRecord:
    """Return the draft; refuse what may not be submitted before its files are looked at."""
    require(archive, accession, "submit")
    record = find_draft(archive, accession, "submit")
    next_state("submit", record.state, accession=accession)
    _refuse_unfinished(archive, accession)
    return record


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


def _refuse_unfinished(archive: Archive, accession: str) -> None:
    """Refuse a draft of which files are still on their way."""
    paths = unfinished_paths(archive, accession)
    if paths:
        message = "its bytes are not all here yet."
        hint = "Wait for its upload, go on with it, or take the file out."
        findings = [Finding("files.unfinished", "error", path, message, hint=hint) for path in paths[:100]]
        count = f"{len(paths)} file{'s' * (len(paths) > 1)} of {accession}"
        raise InvalidInputError(f"{count} are still on their way: {', '.join(paths[:5])}.", [f.as_json() for f in findings])


def files_digest(archive: Archive, accession: str) -> tuple[str, int]:
    """Return (a digest over path and SHA-256 of the files of a draft, how many there are)."""
    digest, count = hashlib.sha256(), 0
    for file in sorted(archive.drafts.files(accession), key=lambda file: file.path):
        digest.update(f"{file.path}\n{file.sha256}\n".encode("utf-8", "surrogatepass"))
        count += 1
    return digest.hexdigest(), count
