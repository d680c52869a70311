"""Templates to pages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from micrographia.errors import NotFoundError
from micrographia.web.csrf import FIELD
from micrographia.web.pages.wording import bytes_words, count_words, day_words, initials, short_number
from micrographia.web.sessions import session_of
from micrographia.web.status_codes import caller_of

STATIC = Path(__file__).parents[1] / "static"
_TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def environment() -> Environment:
    """Return the template engine; everything that comes from metadata is escaped."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"bytes": bytes_words, "count": count_words, "day": day_words, "short": short_number}
    made.filters |= {"ticks": _ticks, "initials": initials}
    made.globals["release"] = _static_digest()
    return made


def page(request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any) -> HTMLResponse:
    """Return `template` filled with `values` as an answer."""
    site, signed_in = request.app.state.site, session_of(request)
    text = (
        environment()
        .get_template(template)
        .render(
            archive_title=site.archive.settings.title,
            me=caller_of(request),
            here=here(request),
            is_signed_in=signed_in is not None,
            csrf_field=csrf_field(request),
            **values,
        )
    )
    return HTMLResponse(text, status_code=status, headers={"vary": "Cookie", **(headers or {"cache-control": "no-cache"})})


def here(request: Request) -> str:
    """Return the path and question of a request that only reads, to come back to; else of the start."""
    if request.method not in ("GET", "HEAD"):
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def csrf_field(request: Request) -> Markup:
    """Return the hidden field that every form which changes something carries: ``{{ csrf_field }}``."""
    signed_in = session_of(request)
    if signed_in is None:
        return Markup("")
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, signed_in.csrf_token)


def asked_version(request: Request) -> int | None:
    """Return the version that a page is asked of; None: the latest."""
    text = request.query_params.get("version", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise NotFoundError(f"There is no version {text[:40]!r}.")
    return int(text)


def _ticks(text: str) -> Markup:
    """Return text with what stands between backticks as code."""
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(text.split("`")))


def origin(request: Request) -> str:
    """Return scheme and host by which the reader reached us, for commands to paste and canonical links."""
    return f"{request.url.scheme}://{request.url.netloc}"


def _static_digest() -> str:
    """Part of the address of styles and scripts, so that a new release is fetched and an old one kept for long."""
    digest = hashlib.sha256()
    for file in sorted(STATIC.glob("*.*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
