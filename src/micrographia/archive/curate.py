"""What a curator does with a submitted draft: accept it, return it, hold it until a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from micrographia.archive.archive import Archive
from micrographia.archive.transition import move_draft
from micrographia.errors import InvalidInputError
from micrographia.model.records import DraftRecord

# EMDB and EMPIAR hold for at most one year (EMDB policies, "Release of entries")
LONGEST_HOLD = timedelta(days=366)


def accept_entry(archive: Archive, accession: str) -> DraftRecord:
    """Return the draft, now ACCEPTED: it may be released."""
    return move_draft(archive, accession, "accept")


def return_entry(archive: Archive, accession: str, *, comment: str) -> DraftRecord:
    """Return the draft to its depositor with a comment; it is a DRAFT again."""
    if not comment.strip():
        raise InvalidInputError("A draft is returned with a comment that says what to correct; the comment is empty.")
    return move_draft(archive, accession, "return", detail={"comment": comment}, prepare=lambda _: {"hold_until": ""})


def hold_entry(archive: Archive, accession: str, *, until: str) -> DraftRecord:
    """Return the draft, now HELD until the day `until` (ISO 8601), at most a year ahead."""
    day = _parse_day(until)
    today = datetime.fromisoformat(archive.now()).date()
    if not today < day <= today + LONGEST_HOLD:
        raise InvalidInputError(f"Hold until {day}: expected a day after {today} and not after {today + LONGEST_HOLD}.")
    return move_draft(archive, accession, "hold", detail={"until": str(day)}, prepare=lambda _: {"hold_until": str(day)})


def _parse_day(text: str) -> date:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).date() if "T" in text else date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(f"{text[:40]!r} is not a day; expected one like 2026-12-31.") from None
