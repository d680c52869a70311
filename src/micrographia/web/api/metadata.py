"""Entries in the languages of other archives and standards."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from micrographia.archive.doi import media_types
from micrographia.exchange.datacite import datacite_document
from micrographia.web.api.routes import FAILURES, Accession, Version
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1")


@router.get("/entries/{accession}/datacite.json", summary="An entry as DataCite describes it", responses=FAILURES)
def datacite(request: Request, accession: Accession, version: Version = None) -> dict[str, Any]:
    """The metadata of its DOI: DataCite's kernel 4.5 in JSON."""
    site = site_of(request)
    view, settings = site.entry(accession, version), site.archive.settings
    return datacite_document(
        view.record,
        url=settings.url,
        archive=settings.title,
        formats=media_types(site.archive, accession, view.record.version),
        state=view.state,
        detail=view.row.detail,
    )
