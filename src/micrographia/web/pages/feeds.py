"""What programs read to find entries: robots.txt, the sitemap, feeds; and the pages that say what this is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from micrographia.archive import lookup
from micrographia.catalogue import SearchItem, SearchPage, SearchQuery
from micrographia.catalogue.search import MOST_PER_PAGE
from micrographia.errors import NotFoundError
from micrographia.web.api.searching import query_of
from micrographia.web.pages.rendering import origin, page
from micrographia.web.site import site_of

# one sitemap may list 50,000 addresses (sitemaps.org); fewer are answered faster
_A_SITEMAP = 10_000
_IN_FEED = 50
_NEVER = "1970-01-01T00:00:00Z"
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def robots(request: Request) -> Response:
    """GET /robots.txt: entries and images may be indexed, bytes and endless lists need not."""
    rules = [
        "User-agent: *",
        "Disallow: /api/v1/images/",
        "Disallow: /files/",
        "Disallow: /entries?",
        f"Sitemap: {origin(request)}/sitemap.xml",
    ]
    return PlainTextResponse("\n".join(rules) + "\n")


def sitemap_index(request: Request) -> Response:
    """GET /sitemap.xml."""
    total = site_of(request).figures().entries
    parts = "".join(
        f"<sitemap><loc>{escape(origin(request))}/sitemap-{n + 1}.xml</loc></sitemap>" for n in range(max(1, -(-total // _A_SITEMAP)))
    )
    return _xml(f'<sitemapindex xmlns="{_NAMESPACE}">{parts}</sitemapindex>')


def sitemap(request: Request) -> Response:
    """GET /sitemap-{number}.xml: the addresses of entries, newest first."""
    number = int(request.path_params["number"])
    archive = site_of(request).archive
    first = (number - 1) * _A_SITEMAP // MOST_PER_PAGE
    parts: list[str] = []
    for at in range(first, first + _A_SITEMAP // MOST_PER_PAGE):
        found = lookup.search(archive, SearchQuery(sort="released", page=at + 1, per_page=MOST_PER_PAGE, facet_values=0))
        parts += [
            f"<url><loc>{escape(origin(request))}/entries/{i.accession}</loc><lastmod>{escape(i.released_at[:10])}</lastmod></url>"
            for i in found.items
        ]
        if len(found.items) < MOST_PER_PAGE:
            break
    if not parts and number > 1:
        raise NotFoundError(f"There is no sitemap {number}.")
    return _xml(f'<urlset xmlns="{_NAMESPACE}">{"".join(parts)}</urlset>')


def entries_feed(request: Request) -> Response:
    """GET /entries.atom, /feed.atom: the newest entries that a search finds, as an Atom feed (RFC 4287)."""
    here, (title, address, found) = origin(request), _newest(request)
    parts = [
        f"<title>{_text(title)}</title><id>{_text(address)}</id>",
        f'<link href="{_text(address)}"/><link rel="self" href="{_text(str(request.url))}"/>',
        f"<updated>{_text(found.items[0].released_at if found.items else _NEVER)}</updated>",
        *(_feed_entry(item, f"{here}/entries/{item.accession}") for item in found.items),
    ]
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(parts)}</feed>'
    return _xml(body, media_type="application/atom+xml", seconds=300)


def json_feed(request: Request) -> Response:
    """GET /feed.json: the same as a JSON Feed (version 1.1, jsonfeed.org)."""
    here, (title, address, found) = origin(request), _newest(request)
    items = [
        {
            "id": f"{here}/entries/{item.accession}",
            "url": f"{here}/entries/{item.accession}",
            "title": item.title,
            "content_text": item.abstract or item.title,
            "date_published": item.released_at,
            "authors": [{"name": name} for name in item.authors],
            "tags": [*item.experiments, *item.organisms],
        }
        for item in found.items
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": title, "home_page_url": address, "feed_url": str(request.url)}
    headers = {"cache-control": "public, max-age=300"}
    return JSONResponse({**feed, "items": items}, media_type="application/feed+json", headers=headers)


def _newest(request: Request) -> tuple[str, str, SearchPage]:
    """Return title, address and items of a feed of what a search finds."""
    site, asked = site_of(request), query_of(request.query_params, facet_values=0)
    found = lookup.search(site.archive, replace(asked, sort="released", page=1, per_page=_IN_FEED, of_images=False))
    address = f"{origin(request)}/entries" + (f"?{request.url.query}" if request.url.query else "")
    title = site.archive.settings.title
    return (f"{asked.q} · {title}" if asked.q else title), address, found


def _feed_entry(item: SearchItem, address: str) -> str:
    authors = "".join(f"<author><name>{_text(name)}</name></author>" for name in item.authors or ("Unknown",))
    terms = "".join(f'<category term="{_text(term)}"/>' for term in (*item.experiments, *item.organisms))
    return (
        f'<entry><title>{_text(item.title)}</title><id>{address}</id><link href="{address}"/>'
        f"<updated>{_text(item.released_at)}</updated>{authors}{terms}<summary>{_text(item.abstract)}</summary></entry>"
    )


def _text(text: str) -> str:
    """Text that is safe in elements and attributes; what no XML 1.0 document may hold is left out."""
    return escape("".join(c for c in text if c in "\t\n" or c.isprintable()), {'"': "&quot;"})


def about_page(request: Request) -> Response:
    """GET /about."""
    return page(request, "about.html", origin=origin(request))


def api_page(request: Request) -> Response:
    """GET /api: the OpenAPI description, to be read."""
    return page(request, "api.html", routes=_routes(request.app))


@cache
def _routes(app: Any) -> list[dict[str, Any]]:
    described = []
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            parameters = [
                {"name": p["name"], "description": p.get("description") or p.get("schema", {}).get("title", "")}
                for p in operation.get("parameters", ())
            ]
            described.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "anchor": operation["operationId"],
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "parameters": parameters,
                }
            )
    return described


def _xml(body: str, *, media_type: str = "application/xml", seconds: int = 3600) -> Response:
    headers = {"cache-control": f"public, max-age={seconds}"}
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{body}', media_type=media_type, headers=headers)
