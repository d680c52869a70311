"""``/iiif/3/{identifier}``: the base address, info.json, and pictures."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from micrographia.catalogue import ImageRow
from micrographia.errors import InvalidInputError, MicrographiaError, NotFoundError, TooLargeError
from micrographia.model.image import METRES
from micrographia.model.vocabulary import LICENCES
from micrographia.web.iiif.identifier import View, split_identifier, view_of
from micrographia.web.iiif.parameters import FORMATS, MOST_PIXELS, MOST_SIDE, UnsupportedError, parse_request
from micrographia.web.iiif.render import picture_of
from micrographia.web.pages.rendering import origin
from micrographia.web.site import site_of
from micrographia.web.stream.conditions import not_modified
from micrographia.web.stream.files import IMMUTABLE

PREFIX = "/iiif/3"
_CONTEXT = "http://iiif.io/api/image/3/context.json"
_PROFILE = "http://iiif.io/api/image/3/level2.json"
_TILE = 512
_SMALLEST_SIDE = 64
# raise it when the same address would answer with other bytes
_RECIPE = 1

Route = Callable[[Request], Awaitable[Response]]


def _in_iiif_words(route: Route) -> Route:
    """Answer failures with the statuses of section 5.3 and 7: 400 for what makes no sense, 501 for what is not served."""

    async def answer(request: Request) -> Response:
        try:
            return await route(request)
        except (InvalidInputError, TooLargeError) as error:
            return _refusal(501 if isinstance(error, UnsupportedError) else 400, error)

    return answer


@_in_iiif_words
async def base(request: Request) -> Response:
    """GET /iiif/3/{identifier}: to its info.json."""
    view, _ = await _found(request)
    return RedirectResponse(f"{origin(request)}{PREFIX}/{view.identifier}/info.json", status_code=303)


@_in_iiif_words
async def info(request: Request) -> Response:
    """GET /iiif/3/{identifier}/info.json."""
    view, image = await _found(request)
    document = _information(request, view, image)
    document["rights"] = LICENCES.get((await _licence(request, image)) or "", "")
    is_linked_data = "application/ld+json" in request.headers.get("accept", "")
    media_type = f'application/ld+json;profile="{_CONTEXT}"' if is_linked_data else "application/json"
    headers = {"cache-control": "public, max-age=86400", "vary": "Accept", "link": f'<{_PROFILE}>;rel="profile"'}
    return JSONResponse({k: v for k, v in document.items() if v}, media_type=media_type, headers=headers)


@_in_iiif_words
async def picture(request: Request) -> Response:
    """GET /iiif/3/{identifier}/{region}/{size}/{rotation}/{quality}.{format}."""
    view, image = await _found(request)
    del request.path_params["identifier"]
    asked = parse_request(view.width, view.height, **request.path_params)
    canonical = f"{view.identifier}/{asked.canonical}"
    headers = {
        "cache-control": IMMUTABLE,
        "etag": f'"{hashlib.blake2b(f"{_RECIPE} {canonical}".encode(), digest_size=12).hexdigest()}"',
        "link": f'<{origin(request)}{PREFIX}/{canonical}>;rel="canonical", <{_PROFILE}>;rel="profile"',
    }
    if not_modified(request.headers, headers["etag"], 0):
        return Response(status_code=304, headers=headers)
    site = site_of(request)
    data = await asyncio.to_thread(lambda: picture_of(site, image, view).render(asked))
    return Response(data, media_type=FORMATS[asked.format], headers=headers)


async def _found(request: Request) -> tuple[View, ImageRow]:
    site = site_of(request)
    image_id, options = split_identifier(request.path_params["identifier"])
    try:
        image = await site.remembered(("image", image_id), lambda: site.image(image_id))
    except InvalidInputError as exc:
        raise NotFoundError(exc.message) from exc
    return view_of(str(image.id), image.record, options), image


async def _licence(request: Request, image: ImageRow) -> str:
    site = site_of(request)
    key = ("entry", image.id.accession, image.id.version)
    view = await site.remembered(key, lambda: site.entry(image.id.accession, image.id.version))
    return view.record.sheet.licence


def _information(request: Request, view: View, image: ImageRow) -> dict[str, Any]:
    factors = [1 << k for k in range(max(1, math.ceil(math.log2(max(view.width, view.height, 2) / _TILE)) + 1))]
    sizes = [
        {"width": -(-view.width // f), "height": -(-view.height // f)}
        for f in (1 << k for k in range(15, -1, -1))
        if max(view.width, view.height) // f >= _SMALLEST_SIDE or f == 1
    ]
    return {
        "@context": _CONTEXT,
        "id": f"{origin(request)}{PREFIX}/{view.identifier}",
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": view.width,
        "height": view.height,
        "maxWidth": MOST_SIDE,
        "maxHeight": MOST_SIDE,
        "maxArea": MOST_PIXELS,
        "sizes": [s for s in sizes if s["width"] * s["height"] <= MOST_PIXELS and max(s.values()) <= MOST_SIDE],
        "tiles": [{"width": _TILE, "height": _TILE, "scaleFactors": factors}],
        "preferredFormats": ["webp", "png", "jpg"],
        "extraFormats": ["webp", "tif"],
        "extraQualities": ["color", "gray", "bitonal"],
        "extraFeatures": ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling"],
        "service": _physical_size(view, image),
    }


def _physical_size(view: View, image: ImageRow) -> list[dict[str, Any]]:
    """Size of a pixel by IIIF's service for physical dimensions, where pixels are square."""
    voxel = image.record.voxel_size
    rows, columns = (getattr(voxel, a, None) for a in view.plane)
    if voxel is None or not rows or not columns or abs(rows / columns - 1) > 1e-3:
        return []
    context = "http://iiif.io/api/annex/services/physdim/1/context.json"
    profile = "http://iiif.io/api/annex/services/physdim"
    return [{"@context": context, "profile": profile, "physicalScale": columns * METRES[voxel.unit] * 1e3, "physicalUnits": "mm"}]


def _refusal(status: int, error: MicrographiaError) -> Response:
    return JSONResponse({"error": "InvalidInputError", "message": error.message}, status_code=status, headers={"cache-control": "no-cache"})
