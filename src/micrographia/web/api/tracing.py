"""How maps were made: what differs between two chains of processes, and all that was made from the same raw data."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from micrographia.compare.reprocessings import reprocessings as find_reprocessings
from micrographia.compare.reprocessings import reprocessings_document
from micrographia.compare.trace import trace as trace_maps
from micrographia.web.api.routes import FAILURES, Accession
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1")

_MAP = "Accession of an entry (its first map), MG-10001/MAP, or the identifier of an image of a map."
MapReference = Annotated[str, Query(max_length=140, description=_MAP, examples=["MG-10001"])]


@router.get("/trace", summary="What differs in how two maps were made", responses=FAILURES)
def trace(request: Request, a: MapReference, b: MapReference) -> dict[str, Any]:
    """One row a field that differs, the steps of both, the raw images with which both begin, and what of them is not archived."""
    return trace_maps(site_of(request).archive, a, b).as_json()


@router.get("/entries/{accession}/reprocessings", summary="Everything made from the raw data of an entry", responses=FAILURES)
def reprocessings(request: Request, accession: Accession) -> dict[str, Any]:
    """Its own maps, then those of other public entries whose chains of processes lead back to it, with programs, steps and resolution."""
    site = site_of(request)
    return reprocessings_document(find_reprocessings(site.archive, site.entry(accession)))
