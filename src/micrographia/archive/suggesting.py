"""What the files of a draft say of themselves, for a depositor who has not written it yet."""

from __future__ import annotations

from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.examining import found_in
from micrographia.archive.permissions import require
from micrographia.archive.transition import find_draft
from micrographia.describe import draft_sheet


def suggest(archive: Archive, accession: str) -> dict[str, Any]:
    """Return a sheet drafted from the files that were looked at, where each part comes from, and the places that wait for a person."""
    require(archive, accession, "comment")
    record = find_draft(archive, accession, "describe")
    with found_in(archive, record) as (descriptions, read):
        draft = draft_sheet(descriptions, read)
        sheet, blanks = draft.sheet.as_json(), draft.wanted
    return {
        "accession": record.accession,
        "sheet": sheet,
        "comments": dict(draft.comments),
        "blanks": [{"place": at, "wanted": blank} for at, blank in blanks.items()],
        "file_count": draft.file_count,
    }
