"""The verbs of an entry's life, each 200 with the new status, or 409 with the status and what fits it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from micrographia.archive import curate
from micrographia.archive.release import release_entry
from micrographia.archive.revise import begin_version
from micrographia.archive.withdraw import obsolete_entry, withdraw_entry
from micrographia.catalogue import VersionRow
from micrographia.errors import InvalidInputError
from micrographia.model.lifecycle import State
from micrographia.model.records import DraftRecord, Event
from micrographia.web.api.bodies import FAILURES, Body, takes, text_of
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1", tags=["life of an entry"], responses=FAILURES)

Json = dict[str, Any]
Accession = Annotated[str, Path(description="Accession of an entry: MG-10001.", examples=["MG-10001"])]


@router.get("/curation/queue", summary="What waits for a curator")
def queue(request: Request) -> Json:
    """Submitted versions, the longest waiting first, then what is accepted or held."""
    archive = site_of(request).archive
    items = [_queued(row, archive.drafts.dossier(row.accession).curator) for row in curate.curation_queue(archive)]
    return {"total": len(items), "next": None, "items": items}


def _queued(row: VersionRow, curator: str) -> Json:
    return {
        "accession": row.accession,
        "version": row.version,
        "status": str(row.state),
        "title": row.title,
        "created": row.created_at,
        "hold_until": row.hold_until or None,
        "file_count": row.file_count,
        "size_bytes": row.size_bytes,
        "curator": curator or None,
        "links": {
            "self": f"/api/v1/drafts/{row.accession}",
            "page": f"/entries/{row.accession}?version={row.version}",
            "report": f"/api/v1/drafts/{row.accession}/report",
            "diff": f"/api/v1/entries/{row.accession}/diff?from=submission",
        },
    }


@router.post("/entries/{accession}/claim", summary="Look after a submitted version")
def claim(request: Request, accession: Accession) -> Json:
    """Says which curator looks after it; others may decide all the same."""
    return _of_draft(curate.claim_entry(site_of(request).archive, accession))


@router.post(
    "/entries/{accession}/return",
    summary="Return a version to its depositor",
    openapi_extra=takes(comment="What to correct.", findings="[{rule, path, comment}], comments on single findings."),
)
def send_back(request: Request, accession: Accession, body: Body) -> Json:
    """It is a draft again; the comment goes to its people."""
    findings = body.get("findings") or []
    if not isinstance(findings, list) or not all(isinstance(finding, dict) for finding in findings):
        raise InvalidInputError("`findings` is no list of objects; expected [{rule, path, comment}].")
    return _of_draft(curate.return_entry(site_of(request).archive, accession, comment=text_of(body, "comment"), findings=findings))


@router.post("/entries/{accession}/accept", summary="Accept a submitted version")
def accept(request: Request, accession: Accession) -> Json:
    """It may be released."""
    return _of_draft(curate.accept_entry(site_of(request).archive, accession))


@router.post(
    "/entries/{accession}/hold",
    summary="Hold an accepted version",
    openapi_extra=takes(
        until="A day like 2027-01-31, or «publication».",
        **{"with": "Accession of an entry with which it is released.", "reason": "Why longer than a year (curators)."},
    ),
)
def hold(request: Request, accession: Accession, body: Body) -> Json:
    """Until a day at most a year ahead, until its paper is out, or until another entry is released."""
    record = curate.hold_entry(
        site_of(request).archive,
        accession,
        until=text_of(body, "until"),
        together_with=text_of(body, "with"),
        reason=text_of(body, "reason"),
    )
    return _of_draft(record)


@router.post("/entries/{accession}/release", summary="Release an accepted or held version")
def release(request: Request, accession: Accession) -> Json:
    """Everybody sees it from now on."""
    record = release_entry(site_of(request).archive, accession)
    page = f"/entries/{record.accession}"
    return {"accession": record.accession, "version": record.version, "status": str(State.RELEASED), "links": {"page": page}}


@router.post("/entries/{accession}/obsolete", summary="Say that another entry replaces it", openapi_extra=takes(superseded_by="Accession."))
def obsolete(request: Request, accession: Accession, body: Body) -> Json:
    """It stays readable and names what replaces it."""
    return _of_event(accession, obsolete_entry(site_of(request).archive, accession, superseded_by=text_of(body, "superseded_by")))


@router.post("/entries/{accession}/withdraw", summary="Withdraw an entry", openapi_extra=takes(reason="Why; the tombstone shows it."))
def withdraw(request: Request, accession: Accession, body: Body) -> Json:
    """A tombstone answers in its place; the bytes are kept."""
    return _of_event(accession, withdraw_entry(site_of(request).archive, accession, reason=text_of(body, "reason")))


@router.post(
    "/entries/{accession}/comment",
    summary="Say something about an entry",
    openapi_extra=takes(text="What.", path="File that it is about.", rule="Rule of a finding that it is about."),
)
def comment(request: Request, accession: Accession, body: Body) -> Json:
    """Its people and curators read it."""
    archive = site_of(request).archive
    curate.comment_entry(archive, accession, text=text_of(body, "text"), path=text_of(body, "path"), rule=text_of(body, "rule"))
    row = archive.catalogue.entry(accession)
    return {"accession": accession, "status": str(row.state) if row else None}


@router.post("/entries/{accession}/versions", summary="Begin a new version", status_code=201, openapi_extra=takes(note="What is new."))
def begin(request: Request, accession: Accession, body: Body) -> Json:
    """A draft with the sheet and all files of the version before; no byte is copied."""
    record = begin_version(site_of(request).archive, accession, note=text_of(body, "note"))
    return {**_of_draft(record), "uploads": f"/api/v1/drafts/{accession}/uploads", "links": {"self": f"/api/v1/drafts/{accession}"}}


def _of_draft(record: DraftRecord) -> Json:
    document: Json = {"accession": record.accession, "version": record.version, "status": str(record.state)}
    return {**document, "hold_until": record.hold_until} if record.hold_until else document


def _of_event(accession: str, event: Event) -> Json:
    return {"accession": accession, "version": event.version, "status": str(event.state), **event.detail}
