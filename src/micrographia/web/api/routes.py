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
from micrographia.model.documents import file_document
from micrographia.web.api import exporting
from micrographia.web.api.searching import SEARCH_PARAMETERS, search_document
from micrographia.web.api.showing import image_json, images_json
from micrographia.web.site import Site, site_of
from micrographia.web.stream import images as image_streams

router = APIRouter(prefix="/api/v1")

Json = dict[str, Any]


def _documented(parameters: Mapping[str, str]) -> dict[str, Any]:
    return {"parameters": [{"name": n, "in": "query", "description": d, "schema": {"type": "string"}} for n, d in parameters.items()]}


Accession = Annotated[str, Path(description="Accession of an entry: MG-10001.", examples=["MG-10001"])]
ImageIdentifier = Annotated[str, Path(description="Identifier of an image: MG-10001.1.3.", examples=["MG-10001.1.1"])]
Version = Annotated[int | None, Query(ge=1, le=10**9, description="Version; the latest without it.")]

FAILURES: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such thing, or none that is public."},
    410: {"description": "It was withdrawn; `tombstone` says why."},
    413: {"description": "More than one answer may hold."},
    422: {"description": "The request makes no sense; `message` says what does."},
    503: {"description": "Not now; try again."},
}


@router.get("/entries", summary="Search entries", responses=FAILURES, openapi_extra=_documented(SEARCH_PARAMETERS))
def entries(request: Request) -> Json:
    """Entries that match, best first, 20 a page; `next` is the address of the next page. Facets: see /search."""
    found = search_document(request, with_facets=False)
    return {"total": found["total"], "next": found["next"], "items": found["items"]}


@router.get("/search", summary="Search entries, with facets", responses=FAILURES, openapi_extra=_documented(SEARCH_PARAMETERS))
def search(request: Request) -> Json:
    """Entries that match, and how many there are of each kind, organism, protein and so on."""
    return search_document(request, with_facets=True)


_QUESTION = {name: words for name, words in SEARCH_PARAMETERS.items() if name not in ("page", "per_page")}


@router.get(
    "/search/files",
    summary="All files of what a search finds",
    responses={**FAILURES, 200: {"content": {"application/jsonl": {}}}},
    response_class=Response,
    openapi_extra=_documented({**_QUESTION, "path": "Glob of paths: *.mrc, movies/*.tiff."}),
)
def search_files(request: Request) -> Response:
    """A line of JSON a file: accession, version, path, size, SHA-256, link; `micrographia get --manifest` fetches them."""
    return exporting.manifest_response(request)


@router.get(
    "/search/export",
    summary="All entries that a search finds, as a table",
    responses={**FAILURES, 200: {"content": {"text/csv": {}, "application/json": {}}}},
    response_class=Response,
    openapi_extra=_documented({**_QUESTION, "format": "csv or json."}),
)
def search_export(request: Request) -> Response:
    """As CSV, or with format=json as one JSON list of the items of /search."""
    return exporting.export_response(request)


@router.get("/entries/{accession}", summary="An entry", responses=FAILURES)
def entry(request: Request, accession: Accession, version: Version = None) -> Json:
    """All metadata of a released version."""
    return site_of(request).entry(accession, version).document()


@router.get("/entries/{accession}/progress", summary="How far the pictures of an entry are", responses=FAILURES)
def progress(request: Request, accession: Accession, version: Version = None) -> Json:
    """Images of a version, those that have their pictures, those that never will; `finished` once all is made for the viewers too."""
    site = site_of(request)
    view = site.entry(accession, version)
    preparing = site.preparing(view)
    return {**preparing, "finished": False} if preparing else {"total": view.record.image_count, "finished": True}


@router.get("/entries/{accession}/versions", summary="Versions of an entry", responses=FAILURES)
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


@router.get("/entries/{accession}/files", summary="Files of an entry", responses=FAILURES)
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


@router.get("/images", summary="Images of an entry", responses=FAILURES)
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


@router.get("/images/{image_id}", summary="An image", responses=FAILURES)
def image(request: Request, image_id: ImageIdentifier) -> Json:
    """Axes, shape, type, voxel size, statistics and links of one image."""
    site = site_of(request)
    return image_json(site, site.image(image_id))


_SECTION_PARAMETERS = {
    "axis": "Axis across which to cut: z, y, x; t or c where the image has them.",
    "index": "Which section, from 0; the central one without it.",
    "level": "Resolution level; 0 is the deposited one, and at each one more every direction in space is halved by means.",
    "format": "png, webp, jpg; npy and tiff give the deposited numbers.",
    "region": "x,y,width,height in the section's columns and rows.",
    "min": "Value that is black; automatic without it.",
    "max": "Value that is white.",
    "max_size": "Longest side of a picture, pixels; smaller pictures are means of squares.",
    "t": "Time point, where the image has several and they are not the axis; 0 without it.",
    "c": "Channel, likewise.",
}
_CROP_PARAMETERS = {
    **{axis: f"start:stop along {axis}; all of it without." for axis in "tczyx"},
    "level": "Resolution level, 0 without it; start and stop count its samples.",
    "format": "npy; tiff (OME-TIFF) and mrc keep voxel size and place.",
}
_POWER_PARAMETERS = {name: _SECTION_PARAMETERS[name] for name in ("axis", "index", "t", "c")}


@router.get(
    "/images/{image_id}/slice",
    summary="A section of an image",
    responses={
        **FAILURES,
        200: {"content": {"image/png": {}, "image/webp": {}, "image/jpeg": {}, "application/x-npy": {}, "image/tiff": {}}},
    },
    response_class=Response,
    openapi_extra=_documented(_SECTION_PARAMETERS),
)
async def section(request: Request, image_id: ImageIdentifier) -> Any:
    """As a picture, full size and brighter where values are higher; as npy exactly the deposited values."""
    return await image_streams.section(request)


@router.get(
    "/images/{image_id}/crop",
    summary="A block of an image",
    responses={**FAILURES, 200: {"content": {"application/x-npy": {}, "image/tiff": {}, "application/x-mrc": {}}}},
    response_class=Response,
    openapi_extra=_documented(_CROP_PARAMETERS),
)
async def crop(request: Request, image_id: ImageIdentifier) -> Any:
    """Exactly the deposited values of a block, all axes kept; at most 256 MiB at once. A link that can be cited: POST /crops."""
    return await image_streams.crop(request)


@router.get(
    "/images/{image_id}/power",
    summary="The power spectrum of a micrograph",
    responses={**FAILURES, 200: {"content": {"image/png": {}}}},
    response_class=Response,
    openapi_extra=_documented(_POWER_PARAMETERS),
)
async def power(request: Request, image_id: ImageIdentifier) -> Any:
    """As a PNG, logarithmic, zero frequency in the middle; of the central 1024² pixels where there are more."""
    return await image_streams.power(request)


def _all_images(site: Site, kind: str, after: str, limit: int) -> tuple[int, list[ImageRow], str | None]:
    page = site.archive.catalogue.images(kind=kind, after=ImageId.parse(after) if after else None, limit=limit)
    return page.total, list(page.items), str(page.next) if page.next else None
