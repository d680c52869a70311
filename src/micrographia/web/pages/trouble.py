"""What a person sees when there is no such page, or no longer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse

from micrographia.web.pages.account import HOME, show_sign_in
from micrographia.web.pages.rendering import here, page
from micrographia.web.pages.wording import day_words
from micrographia.web.sessions import own_path

_HEADINGS = {404: "Nothing is here", 410: "This entry was withdrawn", 405: "That cannot be done here", 503: "Not now"}
_TOMBSTONE_WORDS = {
    "accession": "Accession",
    "title": "Title",
    "reason": "Reason",
    "date": "Withdrawn",
    "at": "Withdrawn",
    "superseded_by": "Superseded by",
}


def trouble_page(
    request: Request, status: int, message: str, *, tombstone: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Return the page for a failure; with a tombstone, the page of what was withdrawn; to whom signing in would help, that page."""
    if status == HTTPStatus.UNAUTHORIZED:
        way_back = HOME if request.url.path.startswith("/sign-in") else own_path(here(request))
        return show_sign_in(request, way_back, status=status, trouble=message, headers=headers)
    shown = [
        (words, day_words(str(tombstone[name])) if name in ("date", "at") else str(tombstone[name]))
        for name, words in _TOMBSTONE_WORDS.items()
        if tombstone and tombstone.get(name)
    ]
    heading = _HEADINGS.get(status, "This request could not be answered" if status < 500 else "The server failed")
    return page(
        request, "trouble.html", status=status, headers=headers, status_words=status, heading=heading, message=message, tombstone=shown
    )
