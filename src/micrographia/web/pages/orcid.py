"""Signing in with ORCID: out to it, and back."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from micrographia.archive import orcid, sessions
from micrographia.errors import NotFoundError, NotPermittedError
from micrographia.web.pages.account import HOME
from micrographia.web.sessions import drop_cookie, keep_cookie, keep_session, kept_cookie, own_path, session_of
from micrographia.web.site import site_of

_NAME = "micrographia-orcid"


async def leave(request: Request) -> Response:
    """GET /sign-in/orcid: to ORCID; with `link` to link it to the account that is signed in."""
    archive, signed_in = site_of(request).archive, session_of(request)
    if not archive.settings.orcid_client_id:
        raise NotFoundError("This archive does not use ORCID to sign in.")
    account = signed_in.session.account if signed_in and "link" in request.query_params else None
    way_back = "/account" if account is not None else own_path(request.query_params.get("next", HOME), HOME)
    address, secret = await asyncio.to_thread(orcid.begin, archive, way_back=way_back, account=account)
    response = RedirectResponse(address, 303, headers={"cache-control": "no-store"})
    keep_cookie(request, response, _NAME, secret, orcid.LASTS)
    return response


async def come_back(request: Request) -> Response:
    """GET /sign-in/orcid/back: from ORCID, with a code or a refusal."""
    archive, signed_in, asked = site_of(request).archive, session_of(request), request.query_params
    if "error" in asked:
        raise NotPermittedError("ORCID did not let you through, or you did not allow it. Sign in another way, or try again.")
    address = request.client.host if request.client else ""
    returned = await asyncio.to_thread(
        orcid.complete,
        archive,
        secret=kept_cookie(request, _NAME),
        state=asked.get("state", ""),
        code=asked.get("code", ""),
        issuer=asked.get("iss", ""),
        account=signed_in.session.account if signed_in else None,
    )
    response = RedirectResponse(returned.way_back, 303, headers={"cache-control": "no-store"})
    drop_cookie(request, response, _NAME)
    if not returned.is_linked:
        replaces = signed_in.session.sha256 if signed_in else ""
        secret = await asyncio.to_thread(sessions.begin_session, archive, returned.account, address=address, replaces=replaces)
        keep_session(request, response, secret)
    return response


ROUTES = [Route("/sign-in/orcid", leave, methods=["GET"]), Route(orcid.BACK, come_back, methods=["GET"])]
