"""A forgotten password, and a link that works once to choose a new one."""

from __future__ import annotations

import asyncio
import logging

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from micrographia.archive import sessions
from micrographia.archive.archive import Archive
from micrographia.archive.invitations import account_of_link, ask_new_password, use_link
from micrographia.errors import InvalidInputError, MicrographiaError
from micrographia.web.pages.account import HOME, form_of
from micrographia.web.pages.rendering import page
from micrographia.web.sessions import keep_session, session_of
from micrographia.web.site import site_of

# a link that works once stands in the address: it goes into no cache (and, by the policy of all pages, as a referrer to no other site)
_SECRET = {"cache-control": "no-store"}
log = logging.getLogger("micrographia.web")


def ask_page(request: Request) -> Response:
    """GET /new-password."""
    return page(request, "ask_password.html", asked=False)


async def ask(request: Request) -> Response:
    """POST /new-password: the answer is the same, and comes as fast, whether or not there is such an account."""
    form = await form_of(request)
    address = request.client.host if request.client else ""
    task = BackgroundTask(_ask, site_of(request).archive, form.get("email", ""), address)
    response = page(request, "ask_password.html", asked=True)
    response.background = task
    return response


def _ask(archive: Archive, email: str, address: str) -> None:
    try:
        ask_new_password(archive, email, address=address)
    except MicrographiaError as error:
        log.info("No link for a new password was sent: %s", type(error).__name__)


def choose_page(request: Request) -> Response:
    """GET /new-password/{secret}."""
    account = account_of_link(site_of(request).archive, request.path_params["secret"])
    return page(request, "choose_password.html", headers=_SECRET, account=account)


async def choose(request: Request) -> Response:
    """POST /new-password/{secret}: the new password; its person is signed in."""
    form, archive, secret = await form_of(request), site_of(request).archive, request.path_params["secret"]
    try:
        account = await asyncio.to_thread(use_link, archive, secret, form.get("password", ""))
    except InvalidInputError as error:
        account = account_of_link(archive, secret)
        return page(request, "choose_password.html", status=422, headers=_SECRET, account=account, trouble=error.message)
    before, address = session_of(request), request.client.host if request.client else ""
    begun = sessions.begin_session(archive, account, address=address, replaces=before.session.sha256 if before else "")
    response = RedirectResponse(HOME, 303, headers=_SECRET)
    keep_session(request, response, begun)
    return response


ROUTES = [
    Route("/new-password", ask_page, methods=["GET"]),
    Route("/new-password", ask, methods=["POST"]),
    Route("/new-password/{secret}", choose_page, methods=["GET"]),
    Route("/new-password/{secret}", choose, methods=["POST"]),
]
