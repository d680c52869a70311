"""``/api/v1/drafts``: a draft while its people work on it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from micrographia.archive import drafting, suggesting
from micrographia.archive.mine import own_entries
from micrographia.archive.permissions import require_known
from micrographia.archive.submit import require_submittable, submit_entry
from micrographia.catalogue import VersionRow
from micrographia.model.finding import Report
from micrographia.model.people import Role, Scope
from micrographia.web.api.bodies import FAILURES, MOST_BYTES, Body, takes, text_of
from micrographia.web.api.receiving import read_body
from micrographia.web.site import Site, site_of

router = APIRouter(prefix="/api/v1/drafts", tags=["drafts"], responses=FAILURES)

Json = dict[str, Any]
Accession = Annotated[str, Path(description="Accession of a draft: MG-10001.", examples=["MG-10001"])]
_WAIT_SECONDS = 30.0
_SHEET = takes(title="Title.", authors="[{name, orcid, affiliation, email}]", image_sets="And all other fields of entry.yaml.")


@router.get("", summary="Your drafts")
def drafts(request: Request) -> Json:
    """The drafts on which you have a role, newest first."""
    archive = _site(request).archive
    require_known(archive.caller, Scope.READ_PRIVATE if archive.caller.has_scope(Scope.READ_PRIVATE) else Scope.DEPOSIT)
    items = [_listed(entry.draft, entry.role) for entry in own_entries(archive) if entry.draft]
    return {"total": len(items), "next": None, "items": items}


def _listed(row: VersionRow, role: Role) -> Json:
    return {
        "accession": row.accession,
        "version": row.version,
        "status": str(row.state),
        "title": row.title,
        "role": str(role),
        "created": row.created_at,
        "hold_until": row.hold_until or None,
        "file_count": row.file_count,
        "size_bytes": row.size_bytes,
        "links": {"self": f"/api/v1/drafts/{row.accession}"},
    }


@router.post("", summary="Begin a draft", status_code=201, openapi_extra=_SHEET)
def begin(request: Request, body: Body) -> JSONResponse:
    """A sheet as in entry.yaml, which may say almost nothing yet; whoever sends it owns the draft."""
    record = drafting.begin_draft(_site(request).archive, body)
    base = f"/api/v1/drafts/{record.accession}"
    document = {"accession": record.accession, "version": record.version, "status": str(record.state), "uploads": f"{base}/uploads"}
    return JSONResponse(document, 201, headers={"location": base, "etag": f'"{drafting.sheet_tag(record)}"'})


@router.get("/{accession}", summary="A draft")
def draft(request: Request, accession: Accession) -> JSONResponse:
    """Sheet, status, what the checks found in short, hold, people and links. The ETag is for If-Match of PATCH."""
    view = drafting.find_draft_view(_site(request).archive, accession)
    return JSONResponse(view.document(), headers={"etag": f'"{view.tag}"'})


@router.patch("/{accession}", summary="Edit a draft", openapi_extra=_SHEET)
def edit(request: Request, accession: Accession, body: Body) -> JSONResponse:
    """These fields of the sheet in place of what they were; null empties one. With If-Match: only if nobody else changed it since."""
    site = _site(request)
    tag = request.headers.get("if-match", "").strip().removeprefix("W/").strip('"')
    drafting.edit_draft(site.archive, accession, body, tag="" if tag == "*" else tag)
    view = drafting.find_draft_view(site.archive, accession)
    return JSONResponse(view.document(), headers={"etag": f'"{view.tag}"'})


@router.delete("/{accession}", summary="Discard a draft", status_code=204, response_class=Response)
def discard(request: Request, accession: Accession) -> Response:
    """It and its files are gone; its accession is not given away again."""
    drafting.discard_draft(_site(request).archive, accession)
    return Response(status_code=204)


@router.get("/{accession}/report", summary="What the checks find in a draft")
async def report(request: Request, accession: Accession) -> Json:
    """All findings about sheet and files as they are now, worst first. What takes longer than half a minute answers 503: ask again."""
    return (await examined(_site(request), accession)).as_json()


@router.get("/{accession}/suggestions", summary="What the files of a draft say")
async def suggestions(request: Request, accession: Accession) -> Json:
    """A sheet drafted from the files, and the places that wait for a person."""
    site = _site(request)
    await examined(site, accession)
    return await asyncio.to_thread(suggesting.suggest, site.archive, accession)


@router.put(
    "/{accession}/sheet",
    summary="Take over an entry.yaml",
    openapi_extra={"requestBody": {"content": {"application/yaml": {"schema": {"type": "string"}}}}},
)
async def put_sheet(request: Request, accession: Accession) -> JSONResponse:
    """The text of an ``entry.yaml`` in place of the sheet; what it leaves open («?») stays open. With mistakes: 422 and all findings."""
    site = _site(request)
    text = await read_body(request, MOST_BYTES)
    await asyncio.to_thread(drafting.replace_sheet, site.archive, accession, text)
    return await asyncio.to_thread(draft, request, accession)


@router.post("/{accession}/submit", summary="Submit a draft", openapi_extra=takes(hold_until="A day like 2027-01-31, or «publication»."))
async def submit(request: Request, accession: Accession, body: Body) -> Json:
    """Its depositor says that it is complete; it is held, if asked for, once it is accepted. With errors: 422 and all findings."""
    site = _site(request)
    await asyncio.to_thread(require_submittable, site.archive, accession)
    await examined(site, accession)
    record = await asyncio.to_thread(submit_entry, site.archive, accession, hold_until=text_of(body, "hold_until"))
    return {"accession": accession, "version": record.version, "status": str(record.state)}


def _site(request: Request) -> Site:
    """Return the site as one of the entry's people meets it: a reviewer's link opens no draft's record."""
    site = site_of(request)
    return site.called_by(replace(site.archive.caller, reviewer_key=""))


async def examined(site: Site, accession: str) -> Report:
    """Return the report on a draft, made off the event loop."""
    examination = await asyncio.to_thread(site.examiner.begin, site.archive, accession)
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(examination.report)), _WAIT_SECONDS)
    except TimeoutError:
        raise examination.unfinished() from None
