"""The deposit page. What it does, it does through the API; here is its frame."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from micrographia.archive.archive import Archive
from micrographia.archive.curate import LONGEST_HOLD
from micrographia.archive.history import conversation
from micrographia.archive.permissions import require, require_known
from micrographia.errors import UnavailableError
from micrographia.model.people import Scope
from micrographia.web.pages.managing import said_words
from micrographia.web.pages.rendering import STATIC, origin, page
from micrographia.web.site import site_of

_BUILT = STATIC / "deposit"


@dataclass(frozen=True, slots=True)
class PageFiles:
    """Addresses of what was built for the page."""

    script: str
    styles: tuple[str, ...]


@cache
def page_files() -> PageFiles:
    """Return the addresses of what ``./dev viewers`` built."""
    manifest = _BUILT / "manifest.json"
    if not manifest.is_file():
        raise UnavailableError("The deposit page was not built: run ./dev viewers.")
    entry = json.loads(manifest.read_text(encoding="utf-8"))["src/deposit/main.ts"]
    return PageFiles(f"/static/deposit/{entry['file']}", tuple(f"/static/deposit/{name}" for name in entry.get("css", ())))


def deposit_page(request: Request) -> Response:
    """GET /deposit, /deposit/{accession}."""
    archive = site_of(request).archive
    accession = request.path_params.get("accession", "")
    caller = archive.caller
    require_known(caller, Scope.DEPOSIT)
    if accession:
        require(archive, accession, "edit")
    returned = _returned(archive, accession) if accession else None
    today = date.fromisoformat(archive.now()[:10])
    return page(
        request,
        "deposit.html",
        accession=accession,
        begin={"authors": [{"name": caller.name, **({"orcid": caller.orcid} if caller.orcid else {})}]} if caller.name else {},
        returned=returned,
        files=page_files(),
        origin=origin(request),
        first_day=today + timedelta(days=1),
        last_day=today + LONGEST_HOLD,
    )


def _returned(archive: Archive, accession: str) -> dict[str, object] | None:
    """Return what a curator said on returning a draft that was not submitted again since."""
    said = [event for event in conversation(archive, accession) if event.verb in ("return", "submit")]
    return said_words(said[-1]) if said and said[-1].verb == "return" else None


ROUTES = [
    Route("/deposit", deposit_page, methods=["GET"]),
    Route("/deposit/{accession}", deposit_page, methods=["GET"]),
]
