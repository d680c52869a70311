"""The page of a block of an image: what it shows, how it is cited, how it is had."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any
from urllib.parse import urlencode

import numpy as np
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.formats.exporting import can_be_mrc
from micrographia.imaging.planes import plane_axes
from micrographia.model.documents import citation
from micrographia.web.api.showing import image_json
from micrographia.web.pages.citing import bibtex
from micrographia.web.pages.images import shown_image
from micrographia.web.pages.rendering import origin, page
from micrographia.web.pages.wording import bytes_words, voxel_words
from micrographia.web.site import site_of
from micrographia.web.stream.crop_addresses import MOST_ADDRESS_LENGTH, crop_address, crop_query, parse_address, ranges_text

_PREVIEW_SIDE = 960


def crop_page(request: Request) -> Response:
    """GET /crops/{image_id}/{ranges}."""
    site = site_of(request)
    try:
        row = site.image(request.path_params["image_id"])
        ranges = parse_address(request.path_params["ranges"][:MOST_ADDRESS_LENGTH], row.record)
    except InvalidInputError as exc:
        raise NotFoundError(exc.message) from exc
    path = crop_address(row.id, ranges)
    if request.url.path != path:
        return RedirectResponse(path, status_code=308)
    document = shown_image(image_json(site, row))
    view = site.entry(row.id.accession, row.id.version)
    url = origin(request) + path
    text = ranges_text(ranges)
    shape = [r.stop - r.start for r in ranges.values()]
    size_bytes = prod(shape) * np.dtype(row.record.dtype).itemsize
    formats = {
        "npy": "NPY: NumPy",
        "tiff": "TIFF: Fiji, napari",
        **({"mrc": "MRC: ChimeraX, IMOD"} if can_be_mrc(row.record, shape) else {}),
    }
    query = crop_query(ranges)
    return page(
        request,
        "crop.html",
        i=document,
        text=text,
        url=url,
        entry_title=view.record.sheet.title,
        entry_link=f"/entries/{row.id.accession}" + ("" if view.is_latest else f"?version={row.id.version}"),
        preview=_preview(document, ranges),
        facts=_facts(document, ranges, size_bytes),
        downloads=[
            {"words": words, "link": f"{document['links']['crop']}?{urlencode({**query, 'format': name}, safe=':')}"}
            for name, words in formats.items()
        ],
        citation=f"{citation(view.record)} Image {row.id}, {text}. {url}",
        bibtex=bibtex(view.document(), url, part=f"image {row.id}, {text}"),
        python=_python(document, ranges, origin(request)),
    )


def _preview(document: Mapping[str, Any], ranges: Mapping[str, slice]) -> dict[str, Any]:
    """The central section of the block as a picture."""
    axes = document["axes"]
    across = next((a for a in "ztc" if a in axes), "z")
    plane, others = plane_axes(axes, across)
    rows, columns = ranges[plane[0]], ranges[plane[1]]
    width, height = columns.stop - columns.start, rows.stop - rows.start
    index = (ranges[across].start + ranges[across].stop) // 2 if across in ranges else 0
    query: dict[str, Any] = {"axis": across, "index": index, **{a: ranges[a].start for a in others}}
    query |= {"region": f"{columns.start},{rows.start},{width},{height}", "format": "png"}
    query |= {"max_size": _PREVIEW_SIDE} if max(width, height) > _PREVIEW_SIDE else {}
    alt = f"Section {across}={index} of {ranges_text(ranges)} of {document['path']}"
    link = f"{document['links']['slice']}?{urlencode(query, safe=',')}"
    return {"link": link, "alt": alt, "width": width, "height": height, "is_small": max(width, height) <= 256}


def _facts(document: Mapping[str, Any], ranges: Mapping[str, slice], size_bytes: int) -> list[tuple[str, str]]:
    along = [
        (axis, f"{r.start} up to {r.stop}, {r.stop - r.start} of {n}")
        for (axis, r), n in zip(ranges.items(), document["shape"], strict=True)
    ]
    facts = [
        *((f"Along {axis}", words) for axis, words in along),
        ("Voxel size", voxel_words(document["voxel_size"])),
        ("Type", document["dtype"]),
        ("Size", bytes_words(size_bytes)),
        ("Image", document["id"]),
        ("File", document["path"]),
    ]
    return [(name, value) for name, value in facts if value]


def _python(document: Mapping[str, Any], ranges: Mapping[str, slice], origin_: str) -> str:
    index = ", ".join(f"{r.start}:{r.stop}" for r in ranges.values())
    return f'import micrographia\n\narchive = micrographia.open("{origin_}")\nblock = archive.image("{document["id"]}")[{index}]'
