"""Home and results: how people come to an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from micrographia.archive import lookup
from micrographia.catalogue import SearchItem, SearchPage, SearchQuery
from micrographia.web.api.searching import found_images, page_address, query_of
from micrographia.web.pages import narrowing
from micrographia.web.pages.images import shown_image
from micrographia.web.pages.rendering import origin, page
from micrographia.web.pages.wording import bytes_words, count_words, day_words, length_words, short_day, short_number, voxel_words
from micrographia.web.site import Site, site_of

_RECENT = 12
_TRIES = 6
_IMAGES_A_PAGE = 48
_SORTS = (
    ("relevance", "Relevance"),
    ("released", "Newest"),
    ("resolution", "Best resolution"),
    ("voxel_size", "Finest voxel"),
    ("size", "Largest"),
    ("images", "Most images"),
    ("title", "Title"),
)
_MOST_AUTHORS = 4
_MOST_TRIED = 8


def home_page(request: Request) -> Response:
    """GET /."""
    site = site_of(request)
    found = lookup.search(site.archive, SearchQuery(sort="released", per_page=_RECENT, facet_values=0))
    figures = site.figures()
    tries = [{"value": e, "link": f"/entries?{urlencode({'modality': e})}"} for e in list(figures.by_experiment)[:_TRIES]]
    return page(request, "home.html", figures=figures, tries=tries, recent=[_hit(item) for item in found.items])


def results_page(request: Request) -> Response:
    """GET /entries."""
    site, given = site_of(request), request.query_params
    asked = query_of(given, facet_values=narrowing.FACET_VALUES, others=narrowing.SHOWING)
    asked = replace(asked, opened=given.get("opened", ""), opened_part=given.get("part", "")[:100])
    if asked.of_images and not given.get("per_page"):
        asked = replace(asked, per_page=_IMAGES_A_PAGE)
    is_table = given.get("view") == "table" and not asked.of_images
    query, found = _answered(site, asked)
    parameters = [(k, v) for k, v in given.multi_items() if k != "page" and v]
    question = [(k, query.q if k == "q" else v) for k, v in narrowing.question(parameters)]
    chosen = narrowing.chosen(parameters, found)
    return page(
        request,
        "results.html",
        q=asked.q,
        widened=query.q if query.q != asked.q else "",
        meant=_meant(site, asked, found, is_narrowed=bool(chosen)),
        total=found.total,
        found=found,
        of_images=asked.of_images,
        is_table=is_table,
        ways=narrowing.ways(parameters, found, of_images=asked.of_images, is_table=is_table),
        exports=_exports(question),
        manifest=f"{origin(request)}/api/v1/search/files" + (f"?{urlencode(question)}" if question else ""),
        saved_link=origin(request) + narrowing.address(parameters),
        feed_link=_feed_link(question),
        ranges=narrowing.ranges(found, parameters, asked),
        kept_by_ranges=[p for p in parameters if p[0] not in narrowing.RANGE_NAMES],
        kept_by_words=[p for p in parameters if p[0] not in ("q", "opened", "part")],
        hits=[_hit(item) for item in found.items] if not asked.of_images else [],
        images=[_shown(image) for image in found_images(site, found)],
        heads=narrowing.column_heads(parameters, query.sort),
        facets=narrowing.facets(found, parameters, asked),
        chosen=chosen,
        without=_without(site, chosen) if not found.total else [],
        clear_link=narrowing.address([p for p in parameters if p[0] in ("q", "of", "view")]),
        sorts=_SORTS,
        sort=query.sort,
        kept=[p for p in parameters if p[0] != "sort"],
        pages=_pages(request, asked, found.image_total if asked.of_images else found.total),
        indexable=not parameters,
    )


def _answered(site: Site, query: SearchQuery) -> tuple[SearchQuery, SearchPage]:
    """What a question finds; where its last word stands nowhere, what words find that begin so: perhaps it is not written to its end."""
    found = lookup.search(site.archive, query)
    if not found.total and query.q and query.q[-1].isalnum() and query.q.count('"') % 2 == 0:
        begun = replace(query, q=f"{query.q}*")
        if (wider := lookup.search(site.archive, begun)).total:
            return begun, wider
    return query, found


def _without(site: Site, chosen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, where nothing was found, each filter without which something would be."""
    counted = []
    for c in chosen[:_MOST_TRIED]:
        asked = query_of(QueryParams(c["link"].partition("?")[2]), facet_values=0, others=narrowing.SHOWING)
        counted.append({**c, "total": lookup.search(site.archive, replace(asked, page=1, per_page=1)).total})
    return [c for c in counted if c["total"]]


def _meant(site: Site, query: SearchQuery, found: SearchPage, *, is_narrowed: bool) -> dict[str, str] | None:
    if found.total or is_narrowed or not query.q:
        return None
    words = lookup.suggestion(site.archive, query.q)
    return {"words": words, "link": narrowing.address([("q", words)])} if words else None


def _hit(item: SearchItem) -> dict[str, Any]:
    authors = "; ".join(item.authors[:_MOST_AUTHORS]) + (
        f" and {len(item.authors) - _MOST_AUTHORS} more" if len(item.authors) > _MOST_AUTHORS else ""
    )
    resolution = f"{short_number(item.resolution_a)} Å" if item.resolution_a else ""
    facts = [
        resolution,
        bytes_words(item.size_bytes),
        f"{count_words(item.image_count)} {'image' if item.image_count == 1 else 'images'}" if item.image_count else "",
        day_words(item.released_at),
    ]
    return {
        "accession": item.accession,
        "row": {
            "experiments": ", ".join(item.experiments),
            "organisms": ", ".join(item.organisms),
            "figures": [
                resolution,
                length_words(item.voxel_size_a) if item.voxel_size_a else "",
                count_words(item.image_count),
                bytes_words(item.size_bytes),
                short_day(item.released_at),
            ],
        },
        "link": f"/entries/{item.accession}",
        "title": item.title,
        "authors": authors,
        "abstract": item.abstract,
        "image": item.cover,
        "alt": f"Picture of {item.title}",
        "chips": [*item.experiments, *item.organisms, *(c for c in item.categories if c not in item.experiments)][:7],
        "facts": [f for f in facts if f],
    }


def _shown(image: Mapping[str, Any]) -> dict[str, Any]:
    return {**shown_image(dict(image)), "voxel_words": voxel_words(image["voxel_size"])}


def _exports(question: narrowing.Parameters) -> list[dict[str, str]]:
    def link(name: str, *more: tuple[str, str]) -> str:
        given = [*question, *more]
        return f"/api/v1/search/{name}" + (f"?{urlencode(given)}" if given else "")

    return [
        {"words": "Manifest of the files", "link": link("files")},
        {"words": "CSV", "link": link("export", ("format", "csv"))},
        {"words": "JSON", "link": link("export", ("format", "json"))},
    ]


def _feed_link(question: narrowing.Parameters) -> str:
    asked = [p for p in question if p[0] not in ("sort", "of")]
    return "/entries.atom" + (f"?{urlencode(asked)}" if asked else "")


def _pages(request: Request, query: SearchQuery, total: int) -> dict[str, str | None]:
    last = max(1, -(-total // query.per_page))
    return {
        "previous": page_address(request, query.page - 1) if query.page > 1 else None,
        "next": page_address(request, query.page + 1) if query.page < last else None,
        "words": f"Page {count_words(query.page)} of {count_words(last)}",
    }
