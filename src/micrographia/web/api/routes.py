"""``/api/v1``: entries, files, versions, images, sections, blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from micrographia.archive import lookup
from micrographia.catalogue import ImageRow
from micrographia.ids import ImageId
from micrographia.model.documents import file_document, image_document
from micrographia.web.api.searching import SEARCH_PARAMETERS, search_document
from micrographia.web.site import Site, site_of
from micrographia.web.stream import images as image_streams

router = APIRouter(prefix="/api/v1")

Json = dict[str, Any]


def _documented(parameters: Mapping[str, str]) -> dict[str, Any]:
    return {"parameters": [{"name": n, "in": "query", "description": d, "schema": {"type": "string"}} for n, d in parameters.items()]}


Accession = Annotated[str, Path(description="Accession of an entry: MG-10001.", examples=["MG-10001"])]
ImageIdentifier = Annotated[str, Path(description="Identifier of an image: MG-10001.1.3.", examples=["MG-10001.1.1"])]
Version = Annotated[int | None, Query(ge=1, le=10**9, description="Version; the latest without it.")]

_FAILURES: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such thing, or none that is public."},
    410: {"description": "It was withdrawn; `tombstone` says why."},
    413: {"description": "More than one answer may hold."},
    422: {"description": "The request makes no sense; `message` says what does."},
    503: {"description": "Not now; try again."},
}


@router.get("/entries", summary="Search entries", responses=_FAILURES, openapi_extra=_documented(SEARCH_PARAMETERS))
def entries(request: Request) -> Json:
    """Entries that match, best first, 20 a page; `next` is the address of the next page. Facets: see /search."""
    found = search_document(request, with_facets=False)
    return {"total": found["total"], "next": found["next"], "items": found["items"]}


@router.get("/search", summary="Search entries, with facets", responses=_FAILURES, openapi_extra=_documented(SEARCH_PARAMETERS))
def search(request: Request) -> Json:
    """Entries that match, and how many there are of each kind, organism, protein and so on."""
    return search_document(request, with_facets=True)


@router.get("/entries/{accession}", summary="An entry", responses=_FAILURES)
def entry(request: Request, accession: Accession, version: Version = None) -> Json:
    """All metadata of a released version."""
    return site_of(request).entry(accession, version).document()


@router.get("/entries/{accession}/versions", summary="Versions of an entry", responses=_FAILURES)
def versions(request: Request, accession: Accession) -> Json:
    """All released versions, first to last."""
    view = site_of(request).entry(accession)
    items = [
        {
            "version": v.version,
            "title": v.title,
            "released": v.released_at,
            "change_note": v.change_note,
            "file_count": v.file_count,
            "size_bytes": v.size_bytes,
            "links": {"self": f"/api/v1/entries/{accession}?version={v.version}", "files": f"/files/{accession}/{v.version}/"},
        }
        for v in view.versions
    ]
    return {"total": len(items), "next": None, "items": items}


@router.get("/entries/{accession}/files", summary="Files of an entry", responses=_FAILURES)
def files(
    request: Request,
    accession: Accession,
    version: Version = None,
    path: Annotated[str, Query(max_length=1000, description="Glob of paths: *.mrc, movies/*.tiff.")] = "",
    after: Annotated[str, Query(max_length=4000, description="Continue behind this path (`next` does it for you).")] = "",
    per_page: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> Json:
    """Path, size, SHA-256 and format of each file."""
    site = site_of(request)
    view = site.entry(accession, version)
    number = view.record.version
    page = lookup.list_files(site.archive, accession, number, after=after, limit=per_page, glob=path)
    total = view.record.file_count if not path else None
    following = {"version": number, "path": path, "per_page": per_page, "after": page[-1].path} if len(page) == per_page else None
    return {
        "total": total,
        "next": f"/api/v1/entries/{accession}/files?{urlencode({k: v for k, v in following.items() if v})}" if following else None,
        "items": [file_document(accession, number, f) for f in page],
    }


@router.get("/images", summary="Images of an entry", responses=_FAILURES)
def images(
    request: Request,
    entry: Annotated[str, Query(description="Accession; without it the images of all entries.")] = "",
    version: Version = None,
    kind: Annotated[str, Query(max_length=100, description="map, tomogram, micrograph, …")] = "",
    after: Annotated[str, Query(max_length=60, description="Continue behind this image (`next` does it for you).")] = "",
    per_page: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Json:
    """Axes, shape, type, voxel size, statistics and links of each image."""
    site = site_of(request)
    if entry:
        total, rows, following = lookup.list_images(site.archive, entry, version, after=after, limit=per_page, kind=kind)
    else:
        total, rows, following = _all_images(site, kind, after, per_page)
    query = {"entry": entry, "version": version, "kind": kind, "per_page": per_page, "after": following}
    return {
        "total": total,
        "next": f"/api/v1/images?{urlencode({k: v for k, v in query.items() if v})}" if following else None,
        "items": images_json(site, rows),
    }


@router.get("/images/{image_id}", summary="An image", responses=_FAILURES)
def image(request: Request, image_id: ImageIdentifier) -> Json:
    """Axes, shape, type, voxel size, statistics and links of one image."""
    site = site_of(request)
    return image_json(site, site.image(image_id))


_SECTION_PARAMETERS = {
    "axis": "Axis across which to cut: z, y, x; t or c where the image has them.",
    "index": "Which section, from 0; the central one without it.",
    "format": "png, webp, jpg; npy gives the deposited numbers.",
    "region": "x,y,width,height in the section's columns and rows.",
    "min": "Value that is black; automatic without it.",
    "max": "Value that is white.",
    "max_size": "Longest side of a picture, pixels; smaller pictures are means of squares.",
    "t": "Time point, where the image has several and they are not the axis; 0 without it.",
    "c": "Channel, likewise.",
}
_CROP_PARAMETERS = {
    **{axis: f"start:stop along {axis}; all of it without." for axis in "tczyx"},
    "format": "npy",
}


@router.get(
    "/images/{image_id}/slice",
    summary="A section of an image",
    responses={**_FAILURES, 200: {"content": {"image/png": {}, "image/webp": {}, "image/jpeg": {}, "application/x-npy": {}}}},
    response_class=Response,
    openapi_extra=_documented(_SECTION_PARAMETERS),
)
async def section(request: Request, image_id: ImageIdentifier) -> Any:
    """As a picture, full size and brighter where values are higher; as npy exactly the deposited values."""
    return await image_streams.section(request)


@router.get(
    "/images/{image_id}/crop",
    summary="A block of an image",
    responses={**_FAILURES, 200: {"content": {"application/x-npy": {}}}},
    response_class=Response,
    openapi_extra=_documented(_CROP_PARAMETERS),
)
async def crop(request: Request, image_id: ImageIdentifier) -> Any:
    """Exactly the deposited values of a block, all axes kept; at most 256 MiB at once."""
    return await image_streams.crop(request)


def image_json(site: Site, row: ImageRow) -> Json:
    """Return the JSON of an image with the progress of its derived products."""
    return images_json(site, [row])[0]


def images_json(site: Site, rows: list[ImageRow]) -> list[Json]:
    """Return the JSON of several images."""
    return [
        image_document(row.id.accession, row.id.version, row.record, derived=progress)
        for row, progress in zip(rows, site.progress(rows), strict=True)
    ]


def _all_images(site: Site, kind: str, after: str, limit: int) -> tuple[int, list[ImageRow], str | None]:
    page = site.archive.catalogue.images(kind=kind, after=ImageId.parse(after) if after else None, limit=limit)
    return page.total, list(page.items), str(page.next) if page.next else None
