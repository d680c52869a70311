"""The people of the archive, for its admins: invite, give roles and trust, close accounts."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from micrographia.archive import accounts, invitations
from micrographia.archive.permissions import require_admin, require_known
from micrographia.errors import InvalidInputError, WrongStateError
from micrographia.model.people import Scope, Standing
from micrographia.web.pages.account import form_of
from micrographia.web.pages.rendering import page
from micrographia.web.site import site_of

_MOST = 200


def people_page(request: Request) -> Response:
    """GET /people."""
    return _show(request)


def _show(request: Request, *, status: int = 200, **more: Any) -> Response:
    archive, q = site_of(request).archive, request.query_params.get("q", "")
    require_known(archive.caller, Scope.ADMIN)
    people = [a for a in accounts.list_accounts(archive) if q.lower() in f"{a.name} {a.email} {a.orcid}".lower()]
    shown = people[:_MOST]
    return page(request, "people.html", status=status, people=shown, left_out=len(people) - len(shown), of=q, standings=Standing, **more)


async def invite(request: Request) -> Response:
    """POST /people: an invitation by mail."""
    form, archive = await form_of(request), site_of(request).archive
    require_admin(archive.caller)
    try:
        standing = _standing(form.get("role", ""))
        account, _ = await asyncio.to_thread(
            invitations.invite, archive, name=form.get("name", ""), email=form.get("email", ""), standing=standing
        )
    except (InvalidInputError, WrongStateError) as error:
        return _show(request, status=422, trouble=error.message, given=form)
    return RedirectResponse(f"/people?invited={account.id}", 303)


async def change(request: Request) -> Response:
    """POST /people/{number}: role, trust, and whether the account is open."""
    form, archive, number = await form_of(request), site_of(request).archive, request.path_params["number"]
    require_admin(archive.caller)
    trusted, active = "trusted" in form, "active" in form
    try:
        standing = _standing(form.get("role", ""))
        await asyncio.to_thread(accounts.change_account, archive, number, standing=standing, is_trusted=trusted, is_active=active)
    except (InvalidInputError, WrongStateError) as error:
        return _show(request, status=422, trouble=error.message)
    return RedirectResponse(f"/people?changed={number}#person-{number}", 303)


def _standing(text: str) -> Standing:
    if text not in list(Standing):
        raise InvalidInputError(f"{text[:20]!r} is no role; expected one of {', '.join(Standing)}.")
    return Standing(text)


ROUTES = [
    Route("/people", people_page, methods=["GET"]),
    Route("/people", invite, methods=["POST"]),
    Route("/people/{number:int}", change, methods=["POST"]),
]
