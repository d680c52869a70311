"""Submit a draft: its depositor says it is complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.transition import move_draft
from micrographia.errors import InvalidInputError
from micrographia.model.finding import Report
from micrographia.model.records import DraftRecord


def submit_entry(archive: Archive, accession: str) -> DraftRecord:
    """Return the draft, now SUBMITTED; InvalidInputError with all findings where its last check found errors."""
    return move_draft(archive, accession, "submit", prepare=_refuse_errors)


def _refuse_errors(record: DraftRecord) -> Mapping[str, Any]:
    report = Report(record.findings)
    if report.errors:
        raise InvalidInputError(
            f"{record.accession} has {report.errors} error{'s' * (report.errors > 1)}; correct them, then submit it again.",
            [f.as_json() for f in report.findings],
        )
    return {}
