"""What crawlers read: robots.txt and the sitemap; and the pages that say what this is."""

from __future__ import annotations

from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from micrographia.archive import lookup
from micrographia.catalogue import SearchQuery
from micrographia.catalogue.search import MOST_PER_PAGE
from micrographia.errors import NotFoundError
from micrographia.web.pages.rendering import origin, page
from micrographia.web.site import site_of

# one sitemap may list 50,000 addresses (sitemaps.org); fewer are answered faster
_A_SITEMAP = 10_000
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


def _xml(body: str) -> Response:
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>{body}', media_type="application/xml", headers={"cache-control": "public, max-age=3600"}
    )
