"""Home and results: how people come to an entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from micrographia.archive import lookup
from micrographia.catalogue import FacetCount, SearchItem, SearchPage, SearchQuery
from micrographia.catalogue.facets import FACETS
from micrographia.web.api.searching import page_address, query_of
from micrographia.web.pages.rendering import origin, page
from micrographia.web.pages.wording import bytes_words, count_words, day_words, short_number
from micrographia.web.site import site_of

_RECENT = 12
_TRIES = 6
_FACET_VALUES = 12
_OPEN_FACETS = frozenset({"modality", "category", "has", "organism", "protein"})
_SORTS = (
    ("relevance", "Relevance"),
    ("released", "Newest"),
    ("resolution", "Best resolution"),
    ("size", "Largest"),
    ("title", "Title"),
)
_MOST_AUTHORS = 4
# parameter without _min and _max, what people call it, unit
_RANGES = (("resolution", "Resolution", "Å"), ("voxel_size", "Voxel size", "Å"), ("size", "Size", "bytes"))
_RANGE_NAMES = frozenset(f"{name}_{end}" for name, _, _ in _RANGES for end in ("min", "max"))


def home_page(request: Request) -> Response:
    """GET /."""
    site = site_of(request)
    found = lookup.search(site.archive, SearchQuery(sort="released", per_page=_RECENT, facet_values=0))
    figures = site.figures()
    tries = [{"value": e, "link": f"/entries?{urlencode({'modality': e})}"} for e in list(figures.by_experiment)[:_TRIES]]
    return page(request, "home.html", figures=figures, tries=tries, recent=[_hit(item) for item in found.items])


def results_page(request: Request) -> Response:
    """GET /entries."""
    query = query_of(request.query_params, facet_values=_FACET_VALUES, others=("view",))
    is_table = request.query_params.get("view") == "table"
    found = lookup.search(site_of(request).archive, query)
    parameters = [(k, v) for k, v in request.query_params.multi_items() if k != "page" and v]
    return page(
        request,
        "results.html",
        q=query.q,
        total=found.total,
        is_table=is_table,
        views=_views(parameters, is_table=is_table),
        exports=_exports(parameters),
        saved_link=origin(request) + "/entries" + (f"?{urlencode(parameters)}" if parameters else ""),
        ranges=_ranges(parameters),
        kept_by_ranges=[p for p in parameters if p[0] not in _RANGE_NAMES],
        hits=[_hit(item) for item in found.items],
        facets=_facets(found, parameters),
        chosen=_chosen(query, parameters, found),
        clear_link="/entries" + (f"?{urlencode({'q': query.q})}" if query.q else ""),
        sorts=_SORTS,
        sort=query.sort,
        kept=[(k, v) for k, v in parameters if k != "sort"],
        pages=_pages(request, query, found.total),
        indexable=not parameters,
    )


def _hit(item: SearchItem) -> dict[str, Any]:
    authors = "; ".join(item.authors[:_MOST_AUTHORS]) + (
        f" and {len(item.authors) - _MOST_AUTHORS} more" if len(item.authors) > _MOST_AUTHORS else ""
    )
    facts = [
        f"{short_number(item.resolution_a)} Å" if item.resolution_a else "",
        bytes_words(item.size_bytes),
        f"{count_words(item.image_count)} {'image' if item.image_count == 1 else 'images'}" if item.image_count else "",
        day_words(item.released_at),
    ]
    return {
        "accession": item.accession,
        "row": {
            "experiments": ", ".join(item.experiments),
            "organisms": ", ".join(item.organisms),
            "resolution": f"{short_number(item.resolution_a)} Å" if item.resolution_a else "",
            "size": bytes_words(item.size_bytes),
            "images": count_words(item.image_count),
            "released": day_words(item.released_at),
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


def _ranges(parameters: list[tuple[str, str]]) -> list[dict[str, str]]:
    given = dict(parameters)
    return [
        {"name": name, "words": words, "unit": unit, "low": given.get(f"{name}_min", ""), "high": given.get(f"{name}_max", "")}
        for name, words, unit in _RANGES
    ]


def _views(parameters: list[tuple[str, str]], *, is_table: bool) -> list[dict[str, Any]]:
    plain = [p for p in parameters if p[0] != "view"]
    return [
        {"words": words, "chosen": chosen, "link": "/entries" + (f"?{urlencode(query)}" if query else "")}
        for words, chosen, query in (("List", not is_table, plain), ("Table", is_table, [*plain, ("view", "table")]))
    ]


def _exports(parameters: list[tuple[str, str]]) -> list[dict[str, str]]:
    plain = [p for p in parameters if p[0] not in ("view", "per_page")]
    return [
        {"words": words, "link": f"/api/v1/search/{name}" + (f"?{urlencode([*plain, *more])}" if plain or more else "")}
        for words, name, more in (
            ("CSV", "export", [("format", "csv")]),
            ("JSON", "export", [("format", "json")]),
            ("Manifest of all files", "files", []),
        )
    ]


def _facets(found: SearchPage, parameters: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "name": FACETS[name],
            "open": name in _OPEN_FACETS or any(v.selected for v in values),
            "options": [_option(name, v, parameters) for v in values],
        }
        for name, values in found.facets.items()
        if values and (len(values) > 1 or values[0].selected or values[0].count < found.total)
    ]


def _option(name: str, value: FacetCount, parameters: list[tuple[str, str]]) -> dict[str, Any]:
    pair = (name, value.value)
    following = [p for p in parameters if p != pair] if value.selected else [*parameters, pair]
    return {"words": value.label, "count": value.count, "chosen": value.selected, "link": f"/entries?{urlencode(following)}"}


def _chosen(query: SearchQuery, parameters: list[tuple[str, str]], found: SearchPage) -> list[dict[str, Any]]:
    labels: Mapping[tuple[str, str], str] = {(name, v.value): v.label for name, values in found.facets.items() for v in values}
    words = {f"{name}_{end}": f"{title} {way}" for name, title, _ in _RANGES for end, way in (("min", "from"), ("max", "up to"))}
    shown = []
    for pair in parameters:
        name = FACETS.get(pair[0]) or words.get(pair[0])
        if name:
            link = f"/entries?{urlencode([p for p in parameters if p != pair])}"
            shown.append({"name": name, "value": labels.get(pair, pair[1]), "link": link})
    return shown


def _pages(request: Request, query: SearchQuery, total: int) -> dict[str, str | None]:
    last = max(1, -(-total // query.per_page))
    return {
        "previous": page_address(request, query.page - 1) if query.page > 1 else None,
        "next": page_address(request, query.page + 1) if query.page < last else None,
        "words": f"Page {count_words(query.page)} of {count_words(last)}",
    }
