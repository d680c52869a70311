"""The parameters of a search, the same for API and pages, and the JSON of its answer."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request

from micrographia.archive import lookup
from micrographia.catalogue import SearchItem, SearchPage, SearchQuery
from micrographia.catalogue.facets import FACETS
from micrographia.catalogue.search import MOST_PER_PAGE
from micrographia.errors import InvalidInputError
from micrographia.ids import EntryId
from micrographia.web.api.showing import images_json
from micrographia.web.site import Site, site_of

_NUMBERS: Mapping[str, str] = {
    "resolution_min": "resolution_min_a",
    "resolution_max": "resolution_max_a",
    "voxel_size_min": "voxel_size_min_a",
    "voxel_size_max": "voxel_size_max_a",
    "size_min": "size_min_bytes",
    "size_max": "size_max_bytes",
}
_MOST_FACET_VALUES = 50
SEARCH_PARAMETERS: Mapping[str, str] = {
    "q": 'Words that must all be found, "phrases", begin*, accessions.',
    **{name: f"{title}; several may be given." for name, title in FACETS.items()},
    "resolution_min": "Best map not better than this, Å.",
    "resolution_max": "Best map not worse than this, Å.",
    "voxel_size_min": "Finest pixel or voxel at least this large, Å.",
    "voxel_size_max": "Finest pixel or voxel at most this large, Å.",
    "size_min": "Bytes at least: 2000000, 2MB.",
    "size_max": "Bytes at most.",
    "of": "images, for the single images of the entries that fit (of the kinds that `kind` names) in place of the entries.",
    "sort": "relevance, newest, resolution, voxel_size, size, images or title; -size the other way round.",
    "page": "From 1.",
    "per_page": "Entries a page, at most 200; 20 without it.",
}
# «newest» is what people call it
_SORT_WORDS = {"newest": "released", "-newest": "-released"}
_SIZE = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?)\s*([kMGTP]?)B?", re.ASCII | re.IGNORECASE)
_POWERS = "kmgtp"
_MOST_DIGITS = 40
_MOST = 1e18


def query_of(parameters: QueryParams, *, facet_values: int, others: Collection[str] = ()) -> SearchQuery:
    """Return the question that the parameters of a request ask; InvalidInputError, in a sentence, where they ask nothing that can be.

    `others` are parameters that the route takes beside those of the question.
    """
    known = {"q", "of", "sort", "page", "per_page", *FACETS, *_NUMBERS, *others}
    if unknown := [name for name in parameters if name not in known]:
        raise InvalidInputError(f"{unknown[0][:60]!r} is no parameter of a search; there are {', '.join(sorted(known))}.")
    facets = {name: tuple(v for v in parameters.getlist(name) if v)[:_MOST_FACET_VALUES] for name in FACETS}
    numbers = {field: _number(parameters[name], name) for name, field in _NUMBERS.items() if parameters.get(name)}
    sort = parameters.get("sort") or "relevance"
    of = parameters.get("of") or "entries"
    if of not in ("entries", "images"):
        raise InvalidInputError(f"of={of[:20]}: expected entries or images.")
    return SearchQuery(
        q=(parameters.get("q") or "")[:1000].replace("\0", " "),
        facets={name: values for name, values in facets.items() if values},
        sort=_SORT_WORDS.get(sort, sort),
        page=_count(parameters.get("page"), "page", 1, 10**6),
        per_page=_count(parameters.get("per_page"), "per_page", 20, MOST_PER_PAGE),
        facet_values=facet_values,
        of_images=of == "images",
        **numbers,
    )


def search_document(request: Request, *, with_facets: bool) -> dict[str, Any]:
    """Return the JSON of a search."""
    site = site_of(request)
    query = query_of(request.query_params, facet_values=_MOST_FACET_VALUES if with_facets else 0)
    page = lookup.search(site.archive, query)
    total = page.image_total if query.of_images else page.total
    more = query.page * query.per_page < total and query.per_page > 0
    return {
        "total": total,
        **({"entries": page.total} if query.of_images else {}),
        "next": page_address(request, query.page + 1) if more else None,
        "items": found_images(site, page) if query.of_images else [item_document(item) for item in page.items],
        "facets": {name: [{"value": v.value, "label": v.label, "count": v.count} for v in values] for name, values in page.facets.items()},
    }


def found_images(site: Site, page: SearchPage) -> list[dict[str, Any]]:
    """Return the JSON of the images on a page, each with the title of its entry."""
    titles = {item.accession: item.title for item in page.items}
    return [{**image, "title": titles[EntryId(image["entry"])]} for image in images_json(site, page.images)]


def page_address(request: Request, page: int) -> str:
    """Return the address of another page of the same question."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "page" and v]
    return f"{request.url.path}?{urlencode([*kept, ('page', page)] if page > 1 else kept)}"


def item_document(item: SearchItem) -> dict[str, Any]:
    """Return the JSON of one entry in a list."""
    return {
        "accession": item.accession,
        "version": item.version,
        "status": str(item.state),
        "title": item.title,
        "authors": list(item.authors),
        "abstract": item.abstract,
        "licence": item.licence,
        "released": item.released_at,
        "experiments": list(item.experiments),
        "organisms": list(item.organisms),
        "categories": list(item.categories),
        "resolution_a": item.resolution_a,
        "voxel_size_a": item.voxel_size_a,
        "file_count": item.file_count,
        "size_bytes": item.size_bytes,
        "image_count": item.image_count,
        "links": {
            "self": f"/api/v1/entries/{item.accession}",
            "page": f"/entries/{item.accession}",
            "thumbnail": f"/thumbnails/{item.cover}.webp" if item.cover else None,
        },
    }


def _number(text: str, name: str) -> Any:
    is_size = name.startswith("size")
    match = _SIZE.fullmatch(text.strip()) if len(text) <= _MOST_DIGITS else None
    value = float(match[1]) if match and (is_size or not match[2]) else math.inf
    value *= 1000.0 ** (_POWERS.index(match[2].lower()) + 1) if match and match[2] else 1.0
    if not value < _MOST:
        raise InvalidInputError(f"{name}={text[:40]}: expected {'a size like 500 MB' if is_size else 'a number that is not negative'}.")
    return int(value) if is_size else value


def _count(text: str | None, name: str, default: int, most: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS) or not 1 <= int(text) <= most:
        raise InvalidInputError(f"{name}={text[:40]}: expected a whole number from 1 to {most}.")
    return int(text)
