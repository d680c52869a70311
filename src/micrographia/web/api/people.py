"""Who may do what with an entry: its people, reviewer links, and what happened to it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from micrographia.archive import comparing, history, reviewing, sharing
from micrographia.model.people import Membership, ReviewerLink
from micrographia.model.records import Event
from micrographia.web.api.bodies import FAILURES, Body, flag_of, takes, text_of
from micrographia.web.api.exporting import neutral
from micrographia.web.callers import REVIEWER_COOKIE
from micrographia.web.pages.rendering import origin
from micrographia.web.sessions import cookie_name
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1/entries/{accession}", tags=["people of an entry"], responses=FAILURES)

Json = dict[str, Any]
Accession = Annotated[str, Path(description="Accession of an entry: MG-10001.", examples=["MG-10001"])]


@router.get("/people", summary="People of an entry")
def people(request: Request, accession: Accession) -> Json:
    """Their roles: owner (exactly one), editor, submitter, viewer."""
    return _people(sharing.people_of(site_of(request).archive, accession))


@router.post(
    "/people",
    summary="Give somebody a role",
    openapi_extra=takes(email="Address,", orcid="or ORCID iD.", role="owner, editor, submitter or viewer.", name="For the list."),
)
def share(request: Request, accession: Accession, body: Body) -> Json:
    """They need no account yet. Whoever becomes the owner replaces the one before, who stays an editor."""
    fields = {name: text_of(body, name) for name in ("role", "email", "orcid", "name")}
    return _people(sharing.share_entry(site_of(request).archive, accession, **fields))


@router.delete("/people/{who}", summary="Take a role from somebody")
def unshare(request: Request, accession: Accession, who: Annotated[str, Path(description="Address or ORCID iD.")]) -> Json:
    """Everybody may take their own; the owner's is given to somebody else instead."""
    return _people(sharing.unshare_entry(site_of(request).archive, accession, who))


def _people(members: Iterable[Membership]) -> Json:
    items = [{"role": str(p.role), "name": p.name, "email": p.email, "orcid": p.orcid} for p in members]
    return {"total": len(items), "next": None, "items": items}


@router.get("/reviewer-links", summary="Reviewer links of an entry")
def links(request: Request, accession: Accession) -> Json:
    """Which were made, and which still work; their addresses are shown only once, when they are made."""
    items = [_link(link) for link in reviewing.reviewer_links(site_of(request).archive, accession)]
    return {"total": len(items), "next": None, "items": items}


@router.post(
    "/reviewer-links",
    summary="Make a reviewer link",
    status_code=201,
    openapi_extra=takes(hide_authors="true hides names on pages and in the API; file headers and paths may still tell them."),
)
def make_link(request: Request, accession: Accession, body: Body) -> Json:
    """Whoever has its address reads the entry before release, and nothing else, until it is revoked."""
    secret, link = reviewing.make_reviewer_link(site_of(request).archive, accession, hide_authors=flag_of(body, "hide_authors"))
    return {**_link(link), "url": f"{origin(request)}/review/{secret}"}


@router.delete("/reviewer-links/{link_id}", summary="Revoke a reviewer link", status_code=204, response_class=Response)
def revoke(request: Request, accession: Accession, link_id: str) -> Response:
    """It opens nothing any more."""
    reviewing.revoke_reviewer_link(site_of(request).archive, accession, link_id)
    return Response(status_code=204)


def _link(link: ReviewerLink) -> Json:
    return {
        "id": link.id,
        "hide_authors": link.hide_authors,
        "created": link.created_at,
        "created_by": link.created_by,
        "revoked": link.revoked_at or None,
    }


def follow_reviewer_link(request: Request) -> Response:
    """GET /review/{secret}: from here on the browser is the reviewer's."""
    secret = request.path_params["secret"]
    accession = reviewing.reviewed_entry(site_of(request).archive, secret)
    response = RedirectResponse(f"/entries/{accession}", 303, headers={"referrer-policy": "no-referrer", "x-robots-tag": "noindex"})
    scheme = request.url.scheme
    name = cookie_name(scheme, REVIEWER_COOKIE)
    response.set_cookie(name, secret, path="/", httponly=True, samesite="lax", secure=scheme == "https")
    response.headers["cache-control"] = "no-store"
    return response


@router.get("/events", summary="What happened to an entry", responses={200: {"content": {"text/csv": {}, "application/json": {}}}})
def events(request: Request, accession: Accession, format: Literal["json", "csv"] = "json") -> Response:  # noqa: A002  the address says so
    """Who did what, when and from where, for its owner and curators; as JSON or, to take away, as CSV."""
    happened = history.private_events(site_of(request).archive, accession)
    if format == "csv":
        name = f'attachment; filename="{accession}-events.csv"'
        return Response(_csv(happened), media_type="text/csv; charset=utf-8", headers={"content-disposition": name})
    items = [history.event_document(event) for event in happened]
    return JSONResponse({"total": len(items), "next": None, "items": items})


@router.get("/conversation", summary="What was said about an entry")
def conversation(request: Request, accession: Accession) -> Json:
    """Comments and returns with their comments, for its people and curators."""
    items = [history.event_document(event) for event in history.conversation(site_of(request).archive, accession)]
    return {"total": len(items), "next": None, "items": items}


def _csv(happened: Iterable[Event]) -> str:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("at", "verb", "version", "state", "actor", "address", "detail"))
    for event in happened:
        detail = "; ".join(f"{key}: {value}" for key, value in event.detail.items())
        row = (event.at, event.verb, event.version, event.state or "", event.actor, event.address, detail)
        table.writerow([neutral(value) for value in row])
    return out.getvalue()


@router.get("/diff", summary="What differs between two versions")
def diff(
    request: Request,
    accession: Accession,
    old: Annotated[
        str, Query(alias="from", max_length=20, description="A version (the one before); or «submission»: the last one (curators).")
    ] = "",
    new: Annotated[str, Query(alias="to", max_length=20, description="A version; the latest without it.")] = "",
    limit: Annotated[int, Query(ge=1, le=10_000, description="Files of each kind that are named.")] = 1000,
) -> Json:
    """Fields of the sheet, old and new; files added, removed, changed and moved."""
    archive = site_of(request).archive
    if old == "submission":
        return comparing.compare_submissions(archive, accession)
    return comparing.compare_versions(archive, accession, comparing.version_number(old), comparing.version_number(new), limit=limit)
