"""The page of one image: a section that one can step through, and what is known of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from micrographia.archive import lookup
from micrographia.catalogue import ImageRow
from micrographia.derive.sections import PICTURES
from micrographia.errors import MicrographiaError, NotFoundError
from micrographia.ids import ImageId
from micrographia.imaging.contrast import real_part_to_show
from micrographia.imaging.planes import plane_axes, shrink
from micrographia.model.image import METRES
from micrographia.model.records import ImageRecord
from micrographia.web.api.showing import image_json, images_json
from micrographia.web.pages.opening import contour_level, ways_to_open
from micrographia.web.pages.rendering import asked_version, origin, page
from micrographia.web.pages.viewing import viewer_files, viewing
from micrographia.web.pages.wording import (
    axes_words,
    axis_words,
    bytes_words,
    count_words,
    counts_images,
    parameter_words,
    scale_bar,
    shape_words,
    short_number,
    voxel_words,
)
from micrographia.web.security_headers import VIEWER_POLICY
from micrographia.web.site import Site, site_of
from micrographia.web.stream.arrays import shrunk_section
from micrographia.web.stream.crop_addresses import crop_address
from micrographia.web.stream.sections import SectionRequest, limits, parse_section, section_index

# pictures on the page are no larger than this; the full one is a click away
_VIEW_SIDE = 1600
_HISTOGRAM_BINS = 96
_HISTOGRAM_SIDE = 1024
_MOST_HEADER_FACTS = 60
_FORM_FIELDS = frozenset({"axis", "index", "min", "max", "t", "c", "z", "y", "x"})


def image_page(request: Request) -> Response:
    """GET /images/{image_id}."""
    site = site_of(request)
    row = site.image(request.path_params["image_id"])
    record = row.record
    document = shown_image(image_json(site, row))
    view = site.entry(row.id.accession, row.id.version)
    link = f"/entries/{row.id.accession}" + ("" if view.is_latest else f"?version={row.id.version}")
    values: dict[str, Any] = {
        "i": document,
        "entry_title": view.record.sheet.title,
        "entry_link": link,
        "previous": ImageId(row.id.accession, row.id.version, row.id.number - 1) if row.id.number > 1 else None,
        "next": ImageId(row.id.accession, row.id.version, row.id.number + 1) if row.id.number < view.record.image_count else None,
        "facts": _facts(document),
        "statistics": _statistics(document["statistics"]),
        "metadata": _metadata(record.metadata),
        "file_size": _file_size(site, row),
        "python": _python(document, origin(request)),
        "ways": ways_to_open(document, origin(request), contour_level=contour_level(view, record.role))[1:],
        "curl": f"curl -o block.npy '{origin(request)}{document['links']['crop']}?{_some_block(document)}'",
        "view": None,
        "histogram": None,
        "why_not": "",
        "viewing": None,
        "pictures": _pictures(site, row),
        "still": None,
        "viewer_files": viewer_files(),
    }
    try:
        asked = parse_section({k: v for k, v in request.query_params.items() if k in _FORM_FIELDS}, record)
        array = shrunk_section(record, section_index(record, asked), _VIEW_SIDE, partial(site.read, site.stored(row)[0]))
        values |= {"view": _view(document, record, asked, array), "histogram": _histogram(array)}
        whole = {axis: slice(0, n) for axis, n in zip(record.axes, record.shape, strict=True)}
        shown = {axis: slice(i, i + 1) for axis, i in {asked.axis: asked.index, **asked.fixed}.items() if axis in whole}
        values["cite_link"] = crop_address(row.id, whole | shown)
    except NotFoundError:  # its words name a place on the server
        values["why_not"] = f"No picture can be shown. {record.path} is missing from the store; `micrographia audit` names what is damaged."
    except MicrographiaError as exc:
        values["why_not"] = f"No picture can be shown. {exc.message}"
    values["failure"] = site.failure(row)
    is_lost = values["view"] is None and values["failure"] and document["derived"]["pyramid"] != "done"
    values["viewing"] = None if is_lost else viewing(site, row, document)
    values["still"] = document["links"]["thumbnail"] if document["derived"]["thumbnail"] == "done" else None
    headers = {"cache-control": "no-cache"} | ({"content-security-policy": VIEWER_POLICY} if values["viewing"] else {})
    return page(request, "image.html", headers=headers, **values)


def image_list_page(request: Request) -> Response:
    """GET /entries/{accession}/images: all images of a version of an entry, or those of one kind."""
    site, accession = site_of(request), request.path_params["accession"]
    after, kind = request.query_params.get("after", ""), request.query_params.get("kind", "")[:100]
    view = site.entry(accession, asked_version(request))
    version = view.record.version
    total, rows, following = lookup.list_images(site.archive, accession, version, after=after, limit=60, kind=kind)
    kept = {"version": None if view.is_latest else version, "kind": kind}

    def link(**more: str) -> str:
        given = {name: value for name, value in {**kept, **more}.items() if value}
        return f"/entries/{accession}/images" + (f"?{urlencode(given)}" if given else "")

    links = {
        "previous": link() if after else None,
        "next": link(after=following) if following else None,
        "words": f"{rows[0].id.number} to {rows[-1].id.number} of {count_words(view.record.image_count)}" if rows else "",
    }
    entry_link = f"/entries/{accession}" + ("" if view.is_latest else f"?version={version}")
    shown = [shown_image(image) for image in images_json(site, rows)]
    values = {"accession": accession, "entry_link": entry_link, "title": view.record.sheet.title, "kind": kind}
    return page(request, "image_list.html", **values, total=total, images=shown, pages=links)


def shown_image(document: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of an image with the words that pages use."""
    size = shape_words(document)
    label = document["path"].rpartition("/")[2] + (f" · {document['name']}" if document["name"] else "")
    picture = None if document["derived"]["thumbnail"] == "failed" else document["id"]
    return {**document, "picture": picture, "size_words": size, "label": label, "alt": f"{document['kind']} {document['path']}, {size}"}


def _pictures(site: Site, row: ImageRow) -> list[dict[str, str]]:
    """Projections and central sections of a volume, where they are made."""
    if site.sections(row) is None:
        return []
    words = {"projection": "Projection along", "section": "Section across"}
    named = [(picture, *picture.split("-")) for picture in PICTURES]
    return [{"link": f"/previews/{row.id}/{p}.webp", "words": f"{words[what]} {axis}"} for p, what, axis in named]


def _view(document: Mapping[str, Any], record: ImageRecord, asked: SectionRequest, array: np.ndarray[Any, Any]) -> dict[str, Any]:
    lengths = dict(zip(record.axes, record.shape, strict=True))
    choices = [a for a in record.axes if a in "zyxtc" and lengths[a] > 1 and len(plane_axes(record.axes, a)[0]) == 2]
    if counts_images(document) or "s" in record.axes or not _is_volume(lengths):
        choices = [a for a in choices if a not in "yx"]
    axis = asked.axis if asked.axis in lengths else "z"
    choices = list(dict.fromkeys([axis, *choices])) if lengths.get(axis, 1) > 1 else choices
    planes = {a: _plane(document, lengths, a) for a in dict.fromkeys([axis, *choices])}
    shown = planes[axis]
    is_large = max(max(p["columns"], p["rows"]) for p in planes.values()) > _VIEW_SIDE
    low, high = limits(array, record, is_shrunk=is_large)
    touched = asked.low is not None or asked.high is not None
    low, high = asked.low if asked.low is not None else low, asked.high if asked.high is not None else high
    query: dict[str, Any] = {"axis": asked.axis, "index": asked.index, "format": "webp" if is_large else "png"}
    query |= {"max_size": _VIEW_SIDE} if is_large else {}
    query |= {**asked.fixed} | ({"min": low, "max": high} if touched else {})
    full = {**query, "format": "png"}
    full.pop("max_size", None)
    descriptor = {
        "slice": document["links"]["slice"],
        "axis": axis,
        "planes": planes,
        "others": list(asked.fixed),
        "format": query["format"],
        "max_size": query.get("max_size"),
        "touched": touched,
    }
    count = lengths.get(asked.axis, 1)
    return {
        **{k: shown[k] for k in ("width", "height", "bar")},
        "descriptor": json.dumps(descriptor),
        "link": f"{document['links']['slice']}?{urlencode(query)}",
        "full_png": f"{document['links']['slice']}?{urlencode(full)}",
        "npy": f"{document['links']['slice']}?{urlencode({k: v for k, v in full.items() if k not in ('min', 'max')} | {'format': 'npy'})}",
        "alt": f"{axis_words(asked.axis, document)} {asked.index + 1} of {count} of {document['kind']} {document['path']}",
        "pixels": max(shown["columns"], shown["rows"]) <= 256,
        "axis": axis,
        "index": asked.index,
        "count": count,
        "index_words": axis_words(asked.axis, document),
        "choices": [{"axis": a, "words": axis_words(a, document).removeprefix("Section ")} for a in choices],
        "others": [{"axis": a, "index": i, "count": lengths[a], "words": axis_words(a, document)} for a, i in asked.fixed.items()],
        "low": f"{low:.6g}",
        "high": f"{high:.6g}",
        "note": _note(count, is_large),
    }


def _plane(document: Mapping[str, Any], lengths: Mapping[str, int], axis: str) -> dict[str, Any]:
    """Extent of a section as drawn: pixels, stretched where voxels are not square; its scale bar."""
    plane, _ = plane_axes(document["axes"], axis)
    rows, columns = (lengths[plane[0]], lengths[plane[1]]) if len(plane) == 2 else (1, lengths.get("x", 1))
    voxel = document["voxel_size"] or {}
    step_y, step_x = (voxel.get(a) for a in plane) if len(plane) == 2 else (None, None)
    is_space = not (counts_images(document) and "z" in plane)
    stretch = step_y / step_x if is_space and step_y and step_x and 0.02 < step_y / step_x < 50 else 1.0
    width, height = float(columns), rows * stretch
    bar = None
    if voxel and (found := scale_bar(width, step_x, voxel["unit"])):
        length, words = found
        unit = max(width, height) / 100
        bar = {
            "x": round(2.5 * unit, 3),
            "y": round(height - 3.6 * unit, 3),
            "width": round(length, 3),
            "thickness": round(0.8 * unit, 3),
            "text_y": round(height - 4.8 * unit, 3),
            "font": round(2.6 * unit, 3),
            "words": words,
        }
    return {"width": width, "height": round(height, 3), "columns": columns, "rows": rows, "count": lengths.get(axis, 1), "bar": bar}


def _is_volume(lengths: Mapping[str, int]) -> bool:
    return min(lengths.get(a, 1) for a in "zyx") > 1


def _note(count: int, is_large: bool) -> str:
    steps = "Arrow keys, wheel, slider or a swipe step through it. " if count > 1 else ""
    return f"{steps}{'Shown smaller than deposited; the PNG below has every pixel.' if is_large else ''}".strip()


def _histogram(array: np.ndarray[Any, Any]) -> dict[str, Any] | None:
    values = real_part_to_show(shrink(array, _HISTOGRAM_SIDE)).astype(np.float64).ravel()
    values = values[np.isfinite(values)]
    if values.size == 0 or values.min() == values.max():
        return None
    low, high = np.percentile(values, (0.05, 99.95))
    if low == high:
        low, high = values.min(), values.max()
    counts, _ = np.histogram(values, bins=_HISTOGRAM_BINS, range=(low, high))
    # square roots: the tails are what one looks for
    heights = np.sqrt(counts / counts.max()) * 100
    return {"counts": [round(float(h), 1) for h in heights], "low": short_number(float(low)), "high": short_number(float(high))}


def _facts(image: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("Kind", image["kind"]),
        ("Size", image["size_words"]),
        ("Axes", axes_words(image["axes"])),
        ("Voxel size", voxel_words(image["voxel_size"]) or "not given by the file"),
        ("Extent", _extent(image)),
        ("Type", image["dtype"]),
        ("In memory", bytes_words(image["size_bytes"])),
        ("Channels", ", ".join(image["channels"])),
        ("Origin", _origin(image)),
        ("Format", image["format"]),
        ("File", image["path"]),
        ("Identifier", image["id"]),
    ]
    return [(name, value) for name, value in facts if value]


def _extent(image: Mapping[str, Any]) -> str:
    voxel = image["voxel_size"]
    if not voxel:
        return ""
    lengths = dict(zip(image["axes"], image["shape"], strict=True))
    shown = [a for a in "xyz" if a in lengths and voxel[a] and not (a == "z" and (counts_images(image) or lengths[a] == 1))]
    metres = [lengths[a] * voxel[a] * METRES[voxel["unit"]] for a in shown]
    if not metres:
        return ""
    name, size = next(((n, s) for n, s in (("mm", 1e-3), ("µm", 1e-6), ("nm", 1e-9)) if max(metres) >= s), ("Å", 1e-10))
    return f"{' × '.join(f'{m / size:.4g}' for m in metres)} {name}"


def _origin(image: Mapping[str, Any]) -> str:
    at = image["origin"]
    return ", ".join(short_number(v) for v in reversed(at)) + " (x, y, z)" if at and any(at) else ""


def _statistics(statistics: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if statistics is None:
        return []
    words = {"minimum": "Minimum", "maximum": "Maximum", "mean": "Mean", "standard_deviation": "Standard deviation"}
    facts = [(name, short_number(statistics[key])) for key, name in words.items()]
    facts += [
        (name, count_words(statistics[key])) for key, name in (("nan_count", "NaN"), ("infinity_count", "Infinite")) if statistics[key]
    ]
    return facts


def _metadata(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    shown = [(str(k).replace("_", " "), parameter_words(v)) for k, v in metadata.items() if v not in (None, "", [], {})]
    return [(name, value[:2000]) for name, value in shown[:_MOST_HEADER_FACTS]]


def _file_size(site: Site, row: ImageRow) -> int:
    try:
        return site.file(row.id.accession, row.id.version, row.record.path)[0].size_bytes
    except NotFoundError:  # a folder (OME-Zarr)
        return int(lookup.list_folder(site.archive, row.id.accession, row.id.version, row.record.path, limit=1).folder.size_bytes)


def _python(image: Mapping[str, Any], origin_: str) -> str:
    lengths = list(zip(image["axes"], image["shape"], strict=True))
    parts = [str(n // 2) if a not in "yx" else f"{n // 4}:{max(n // 4 + 1, min(n, n // 4 + 256))}" for a, n in lengths]
    number = int(image["id"].rpartition(".")[2]) - 1
    return (
        f'import micrographia\n\narchive = micrographia.open("{origin_}")\nimage = archive["{image["entry"]}"].images[{number}]\n'
        f"part = image[{', '.join(parts)}]"
    )


def _some_block(image: Mapping[str, Any]) -> str:
    lengths = dict(zip(image["axes"], image["shape"], strict=True))
    return "&".join(f"{a}={max(0, n // 2 - 32)}:{min(n, max(0, n // 2 - 32) + 64)}" for a, n in lengths.items() if a in "zyx")
