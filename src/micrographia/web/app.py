"""The ASGI application: JSON by FastAPI, pages and bytes by plain routes, one table of failures, the same headers on everything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import micrographia
from micrographia.archive.archive import Archive
from micrographia.archive.settling import settle
from micrographia.compare.answering import answer
from micrographia.compare.attending import Attending
from micrographia.errors import InvalidInputError, MicrographiaError
from micrographia.web.api import account as account_api
from micrographia.web.api import comparing as compare_api
from micrographia.web.api import crops, draft_files, drafts, metadata, people, routes, tracing, uploads, validation, verbs, vocabulary, work
from micrographia.web.api.finishing import Finishing
from micrographia.web.callers import Callers
from micrographia.web.csrf import CrossSiteGuard
from micrographia.web.iiif import routes as iiif
from micrographia.web.pages import (
    account,
    account_admin,
    account_settings,
    backlog,
    comparing,
    depositing,
    deposits,
    managing,
    new_password,
    orcid,
)
from micrographia.web.pages import tracing as tracing_pages
from micrographia.web.pages.browse import home_page, results_page
from micrographia.web.pages.crops import crop_page
from micrographia.web.pages.differences import differences_page
from micrographia.web.pages.entries import entry_page
from micrographia.web.pages.feeds import about_page, api_page, entries_feed, json_feed, robots, sitemap, sitemap_index
from micrographia.web.pages.images import image_list_page, image_page
from micrographia.web.pages.plates import plate_page, well_page
from micrographia.web.pages.rendering import STATIC
from micrographia.web.pages.validation import validation_page
from micrographia.web.security_headers import VIEWER_POLICY, SecurityHeaders
from micrographia.web.site import Site
from micrographia.web.status_codes import answer_bug, answer_failure, answer_http_exception
from micrographia.web.stream.files import file_or_folder, latest_version, zip_of_files
from micrographia.web.stream.images import crop, preview, section, thumbnail
from micrographia.web.stream.zarr import zarr_key
from micrographia.web.stream.zarr_plates import plate_key

API = (
    routes,
    crops,
    metadata,
    tracing,
    work,
    vocabulary,
    drafts,
    uploads,
    draft_files,
    verbs,
    people,
    account_api,
    compare_api,
    validation,
)
"""Modules of the JSON API, each with its router."""

_DUE_EVERY_SECONDS = 60
# in a bucket every look costs requests
_DUE_IN_BUCKET_SECONDS = 600
_log = logging.getLogger("micrographia.web")
_DESCRIPTION = (
    "Search, look at, slice and download entries; deposit and curate them. What is released needs no account; for the rest send a token."
)
_PAGES = (tracing_pages, account, account_settings, account_admin, new_password, orcid, deposits, depositing, managing, backlog, comparing)


def create_app(archive: Archive) -> SecurityHeaders:
    """Return the application that serves `archive`."""
    site = Site(archive)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        settling = asyncio.create_task(_settle(archive))
        warming = asyncio.create_task(asyncio.to_thread(site.warm))
        app.state.finishing.start()
        app.state.attending.start()
        yield
        app.state.finishing.stop()
        await asyncio.to_thread(app.state.attending.stop)
        await warming
        settling.cancel()
        site.close()

    app = FastAPI(
        title=archive.settings.title,
        version=micrographia.__version__,
        description=_DESCRIPTION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={
            MicrographiaError: answer_failure,
            HTTPException: answer_http_exception,
            RequestValidationError: _answer_invalid_request,
            Exception: answer_bug,
        },
    )
    app.state.site = site
    app.state.finishing = Finishing(archive)
    app.state.attending = Attending(archive, answer)
    app.add_middleware(CrossSiteGuard, url=archive.settings.url)
    app.add_middleware(Callers, archive=archive)  # goes first
    app.router.routes.extend(_routes())
    for part in API:
        app.include_router(part.router)
    return SecurityHeaders(app)


def _routes() -> list[BaseRoute]:
    return [
        # routes are tried in turn: the busiest first
        Route("/zarr/{accession}.{version:int}.plate.{name}/{key:path}", plate_key),
        Route("/zarr/{image}/{key:path}", zarr_key),
        # the busiest questions of the API go past its dependency injection; api/routes.py describes them
        Route("/api/v1/images/{image_id}/slice", section),
        Route("/api/v1/images/{image_id}/crop", crop),
        Route("/files/{accession}/{version:int}.zip", zip_of_files),
        Route("/files/{accession}/{version:int}/{path:path}", file_or_folder),
        Route("/files/{accession}/{version:int}", _top_folder),
        Route("/files/{accession}", latest_version),
        Route("/files/{accession}/", latest_version),
        Route("/iiif/3/{identifier}", iiif.base),
        Route("/iiif/3/{identifier}/", iiif.base),
        Route("/iiif/3/{identifier}/info.json", iiif.info),
        Route("/iiif/3/{identifier}/{region}/{size}/{rotation}/{quality}.{file_format}", iiif.picture),
        Route("/thumbnails/{name}.webp", thumbnail),
        Route("/zarr/{accession}.{version:int}.plate.{name}", plate_key),
        Route("/previews/{image_id}/{picture}.webp", preview),
        Route("/zarr/{image}", zarr_key),
        Route("/review/{secret}", people.follow_reviewer_link),
        Route("/", home_page),
        Route("/entries", results_page),
        Route("/entries.atom", entries_feed),
        Route("/feed.atom", entries_feed),
        Route("/feed.json", json_feed),
        Route("/entries/{accession}", entry_page),
        Route("/entries/{accession}/diff", differences_page),
        Route("/entries/{accession}/images", image_list_page),
        Route("/entries/{accession}/validation", validation_page),
        Route("/images/{image_id}", image_page),
        Route("/plates/{accession}.{version:int}.{name}", plate_page),
        Route("/plates/{accession}.{version:int}.{name}/{well}", well_page),
        Route("/crops/{image_id}/{ranges}", crop_page),
        *(route for pages in _PAGES for route in pages.ROUTES),
        Route("/about", about_page),
        Route("/api", api_page),
        Route("/robots.txt", robots),
        Route("/sitemap.xml", sitemap_index),
        Route("/sitemap-{number:int}.xml", sitemap),
        Route("/favicon.ico", _favicon),
        Mount("/static", _Static(directory=STATIC)),
    ]


class _Static(StaticFiles):
    """Styles, scripts, fonts: their addresses carry their release, so they are kept for long."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_hashed = path.startswith(("viewers/", "deposit/")) and not path.endswith("manifest.json")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if is_hashed else "public, max-age=604800"
        if is_hashed:  # a worker obeys the policy of its own script
            response.headers["content-security-policy"] = VIEWER_POLICY
        return response


async def _settle(archive: Archive) -> None:
    """Look now, and then again, after what is due and what others left in the middle."""
    while True:
        try:
            await asyncio.to_thread(settle, archive)
        except (MicrographiaError, OSError) as error:
            _log.warning("What is due waits: %s", error)
        await asyncio.sleep(_DUE_EVERY_SECONDS if "://" not in archive.drafts.location else _DUE_IN_BUCKET_SECONDS)


async def _top_folder(request: Request) -> object:
    request.path_params["path"] = ""
    return await file_or_folder(request)


async def _favicon(request: Request) -> Response:
    return Response((STATIC / "favicon.svg").read_bytes(), media_type="image/svg+xml")


async def _answer_invalid_request(request: Request, error: Exception) -> Response:
    """A parameter that FastAPI refuses, in our own words."""
    assert isinstance(error, RequestValidationError)
    said = "; ".join(f"{'.'.join(str(p) for p in e['loc'][1:])}: {e['msg']}" for e in error.errors()[:5])
    return await answer_failure(request, InvalidInputError(f"The request makes no sense: {said}."))
