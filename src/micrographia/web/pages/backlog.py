"""The page of background work, for curators: what is to do, what failed and why, and buttons to try it again."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from micrographia.assembly import PRODUCTS
from micrographia.derive import work
from micrographia.web.pages.account import form_of
from micrographia.web.pages.rendering import page
from micrographia.web.site import site_of

_WORDS = {
    "thumbnail": "Thumbnails",
    "pyramid": "Smaller copies",
    "sections": "Sections",
    "shape": "Shape descriptors",
    "validation": "Validation reports",
}


def backlog_page(request: Request) -> Response:
    """GET /admin/work."""
    found = work.work(site_of(request).archive, PRODUCTS)
    again = request.query_params.get("again", "")
    count = int(again) if again.isdecimal() and len(again) < 10 else None
    return page(request, "backlog.html", headers={"cache-control": "no-store"}, work=found, words=_WORDS, again=count)


async def retry(request: Request) -> Response:
    """POST /admin/work/retry: one product of one image, or all."""
    form = await form_of(request)
    asked = {"image": form.get("image", ""), "product": form.get("product", "")}
    count = await asyncio.to_thread(work.retry, site_of(request).archive, PRODUCTS, **asked)
    return RedirectResponse(f"/admin/work?again={count}", 303, headers={"cache-control": "no-store"})


ROUTES = [Route("/admin/work", backlog_page, methods=["GET"]), Route("/admin/work/retry", retry, methods=["POST"])]
