"""What a curator does with a submitted draft: claim it, accept it, return it; and how long it is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.dossier import change_dossier, keep_events
from micrographia.archive.permissions import may, require, require_curator
from micrographia.archive.transition import event_now, find_draft, move_draft
from micrographia.catalogue import VersionRow
from micrographia.errors import InvalidInputError, NotFoundError, NotPermittedError, WrongStateError
from micrographia.ids import EntryId
from micrographia.model.lifecycle import State, allowed_verbs
from micrographia.model.records import DraftRecord

# EMDB and EMPIAR hold for at most one year (EMDB policies, "Release of entries")
LONGEST_HOLD = timedelta(days=366)
PUBLICATION = "publication"
_LONGEST_COMMENT = 20_000


def curation_queue(archive: Archive) -> list[VersionRow]:
    """Return the versions that wait for a curator, the longest waiting first, then what is accepted or held."""
    require_curator(archive.caller)
    rows = archive.catalogue.drafts()
    order = {State.SUBMITTED: 0, State.ACCEPTED: 1, State.HELD: 2}
    return sorted((row for row in rows if row.state in order), key=lambda row: (order[row.state], row.created_at))


def claim_entry(archive: Archive, accession: str) -> DraftRecord:
    """Say that the caller looks after a submitted draft; others may still decide about it."""
    require(archive, accession, "claim")
    with archive.drafts.lock(accession):
        record = find_draft(archive, accession, "claim")
        if record.state not in (State.SUBMITTED, State.ACCEPTED, State.HELD):
            raise WrongStateError(
                f"{accession} is {record.state}; it is claimed once it is SUBMITTED.",
                status=record.state,
                allowed=allowed_verbs(record.state),
            )
        change_dossier(archive, accession, lambda dossier: dossier.model_copy(update={"curator": archive.caller.signature}))
        keep_events(archive, accession, (event_now(archive, "claim", record.version, record.state),))
        return record


def accept_entry(archive: Archive, accession: str) -> DraftRecord:
    """Return the draft, now ACCEPTED: it may be released; or HELD, where its owner asked for that when it was submitted."""
    record = move_draft(archive, accession, "accept")
    if record.hold_until <= archive.now()[:10]:  # none was asked for, or the day has come meanwhile
        return record
    return move_draft(archive, accession, "hold", detail=_hold_detail(record.hold_until, record.hold_for))


def return_entry(archive: Archive, accession: str, *, comment: str, findings: Sequence[Mapping[str, str]] = ()) -> DraftRecord:
    """Return the draft to its depositor with a comment, and comments on findings (rule, path, comment); it is a DRAFT again."""
    if not comment.strip():
        raise InvalidInputError("A draft is returned with a comment that says what to correct; the comment is empty.")
    detail: dict[str, Any] = {"comment": _said(comment)}
    if findings:
        detail["findings"] = [{key: str(f.get(key, ""))[:2000] for key in ("rule", "path", "comment")} for f in findings[:1000]]
    return move_draft(archive, accession, "return", detail=detail, prepare=lambda _: {"hold_until": "", "hold_for": ""})


def comment_entry(archive: Archive, accession: str, *, text: str, path: str = "", rule: str = "") -> None:
    """Add to the conversation about an entry, which its people and curators read."""
    require(archive, accession, "comment")
    entry = EntryId.parse(accession)
    row = archive.catalogue.entry(entry)
    if row is None:
        raise NotFoundError(f"There is no entry {accession}.")
    version = archive.drafts.record(entry).version if archive.drafts.exists(entry) else row.latest_version
    about = {key: value[:2000] for key, value in (("path", path), ("rule", rule)) if value}
    keep_events(archive, entry, (event_now(archive, "comment", version, detail={"text": _said(text), **about}),))


def hold_entry(archive: Archive, accession: str, *, until: str = "", together_with: str = "", reason: str = "") -> DraftRecord:
    """Return the draft, now HELD.

    Parameters
    ----------
    until
        A day (ISO 8601), at most a year ahead; or ``publication``: until its owner says that the paper is out, a year at the longest.
    together_with
        Accession of another entry with which it is released, a year from now at the latest.
    reason
        With one, a curator may hold beyond a year.
    """
    require(archive, accession, "hold")
    hold = checked_hold(archive, accession, until=until, together_with=together_with, reason=reason)
    detail = _hold_detail(**hold) | ({"reason": _said(reason)} if reason.strip() else {})
    return move_draft(archive, accession, "hold", detail=detail, prepare=lambda _: hold)


def checked_hold(archive: Archive, accession: str, *, until: str = "", together_with: str = "", reason: str = "") -> dict[str, str]:
    """Return what the record of a draft says of a hold that is asked for (see `hold_entry`); InvalidInputError where it cannot be."""
    today = datetime.fromisoformat(archive.now()).date()
    day = today + LONGEST_HOLD if together_with or until == PUBLICATION else _parse_day(until)
    if day <= today:
        raise InvalidInputError(f"Hold until {day}: expected a day after {today}.")
    if day > today + LONGEST_HOLD and not (archive.caller.is_curator and reason.strip()):
        raise InvalidInputError(
            f"Hold until {day}: expected a day not after {today + LONGEST_HOLD}; a curator may hold longer, with a reason."
        )
    hold_for = _partner(archive, accession, together_with) if together_with else PUBLICATION if until == PUBLICATION else ""
    return {"hold_until": str(day), "hold_for": hold_for}


def _hold_detail(hold_until: str, hold_for: str) -> dict[str, str]:
    return {"until": hold_until, **({"for": hold_for} if hold_for else {})}


def _partner(archive: Archive, accession: str, other: str) -> str:
    entry = EntryId.parse(other)
    row = archive.catalogue.entry(entry)
    try:
        if row is None:
            raise NotFoundError(other)
        if not row.latest_version:
            require(archive, entry, "read")
    except (NotFoundError, NotPermittedError):
        raise InvalidInputError(f"{other[:40]} cannot be waited for: there is no such entry that you may see.") from None
    if entry == accession:
        raise InvalidInputError(f"{accession} cannot wait for itself.")
    # a new version of a released entry is known to its people alone
    if row.latest_version and not (may(archive, entry, "read") and archive.drafts.exists(entry)):
        raise InvalidInputError(f"{entry} is released already: release {accession}, or hold it until a day.")
    return entry


def _said(text: str) -> str:
    text = text.strip()
    if not text or len(text) > _LONGEST_COMMENT:
        raise InvalidInputError(f"A text of 1 to {_LONGEST_COMMENT:,} characters is needed; this one has {len(text):,}.")
    return text


def _parse_day(text: str) -> date:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).date() if "T" in text else date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(f"{text[:40]!r} is not a day; expected one like 2026-12-31, or «{PUBLICATION}».") from None
