"""Signing in and out, and what a person sees of their own account."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from micrographia.archive import sessions
from micrographia.errors import InvalidInputError, NotPermittedError, TooManyAttemptsError
from micrographia.web.pages.rendering import page
from micrographia.web.sessions import drop_session, keep_session, own_path, session_of
from micrographia.web.site import site_of
from micrographia.web.status_codes import status_of

HOME = "/deposits"
_LONGEST_FORM = 2**16


def sign_in_page(request: Request) -> Response:
    """GET /sign-in."""
    way_back = own_path(request.query_params.get("next", HOME), HOME)
    if session_of(request):
        return RedirectResponse(way_back, 303)
    return show_sign_in(request, way_back)


def show_sign_in(
    request: Request, way_back: str, *, status: int = 200, email: str = "", trouble: str = "", headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Return the page to sign in, after which one goes on to `way_back`."""
    return page(
        request,
        "sign_in.html",
        status=status,
        headers={"cache-control": "no-store", **(headers or {})},
        next=way_back,
        email=email,
        trouble=trouble,
        orcid=uses_orcid(request),
    )


def uses_orcid(request: Request) -> bool:
    """Whether people sign in with ORCID here."""
    return bool(site_of(request).archive.settings.orcid_client_id)


async def sign_in(request: Request) -> Response:
    """POST /sign-in: e-mail address and password."""
    form = await form_of(request)
    way_back, email = own_path(form.get("next", HOME), HOME), form.get("email", "")[:254]
    site, before, address = site_of(request), session_of(request), request.client.host if request.client else ""
    replaces = before.session.sha256 if before else ""
    try:
        secret, _ = await asyncio.to_thread(
            sessions.sign_in, site.archive, email, form.get("password", ""), address=address, replaces=replaces
        )
    except NotPermittedError as error:
        return show_sign_in(request, way_back, status=401, email=email, trouble=error.message)
    except TooManyAttemptsError as error:
        headers = {"retry-after": str(error.wait_s)}
        return show_sign_in(request, way_back, status=status_of(error), email=email, trouble=error.message, headers=headers)
    response = RedirectResponse(way_back, 303, headers={"cache-control": "no-store"})
    keep_session(request, response, secret)
    return response


async def sign_out(request: Request) -> Response:
    """POST /sign-out; with `everywhere` in all browsers."""
    form, signed_in, archive = await form_of(request), session_of(request), site_of(request).archive
    if signed_in:
        session = signed_in.session
        if "everywhere" in form:
            await asyncio.to_thread(sessions.sign_out_everywhere, archive, session.account)
        else:
            await asyncio.to_thread(sessions.sign_out, archive, session.sha256)
    response = RedirectResponse("/", 303, headers={"cache-control": "no-store"})
    drop_session(request, response)
    return response


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a small form; of a name that comes twice the last."""
    size = request.headers.get("content-length", "")
    if not size.isdigit() or int(size) > _LONGEST_FORM:
        raise InvalidInputError("This form is larger than any of ours.")
    async with request.form(max_files=0, max_fields=100, max_part_size=_LONGEST_FORM) as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}


ROUTES = [
    Route("/sign-in", sign_in_page, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
]
