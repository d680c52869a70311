"""``/api/v1/entries/{accession}/validation``: what the archive computed of a map."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from micrographia.compare.validation.reading import find_report
from micrographia.web.api.routes import FAILURES, Accession, Version
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1")

MapId = Annotated[str, Query(alias="map", max_length=1000, description="Id of a map of the entry, or its path; the first map without it.")]


@router.get("/entries/{accession}/validation", summary="Validation report of a map", responses=FAILURES)
def validation(request: Request, accession: Accession, version: Version = None, map_id: MapId = "") -> dict[str, Any]:
    """FSC of half maps, power spectrum, densities, volume, symmetry, findings; 404 while it is still being made.

    A part that cannot be made is null, and `missing` says why.
    """
    return find_report(site_of(request).archive, accession, version, map_id=map_id)
