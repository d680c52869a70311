"""``/api/v1/account``: who asks, and what is theirs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from micrographia.archive.mine import own_entries
from micrographia.archive.permissions import require_known
from micrographia.model.people import Scope
from micrographia.web.api.routes import FAILURES
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1/account")
_FAILURES: dict[int | str, dict[str, Any]] = {401: {"description": "Nobody is signed in, and no token came."}, **FAILURES}


@router.get("", summary="Who asks", responses=_FAILURES)
def account(request: Request) -> dict[str, Any]:
    """Whom a token, or the session of a browser, speaks for, and with which scopes."""
    caller = site_of(request).archive.caller
    require_known(caller, *Scope)
    return {
        "name": caller.name,
        "email": caller.email or None,
        "orcid": caller.orcid or None,
        "role": str(caller.standing),
        "scopes": sorted(caller.scopes),
    }


@router.get("/entries", summary="The caller's entries", responses=_FAILURES)
def entries(request: Request) -> dict[str, Any]:
    """Entries on which the caller has a role, newest first: drafts and released ones, with status and latest version."""
    archive = site_of(request).archive
    require_known(archive.caller, Scope.DEPOSIT, Scope.READ_PRIVATE)
    items = [
        {
            "accession": str(entry.accession),
            "role": str(entry.role),
            "status": str(entry.state),
            "version": entry.row.version,
            "title": entry.row.title,
            "file_count": entry.row.file_count,
            "size_bytes": entry.row.size_bytes,
            "links": {"self": f"/api/v1/entries/{entry.accession}?version={entry.row.version}", "page": f"/entries/{entry.accession}"},
        }
        for entry in own_entries(archive)
    ]
    return {"total": len(items), "next": None, "items": items}
