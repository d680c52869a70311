"""A person's own account: name, password, tokens, sessions."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from micrographia.archive import accounts, sessions
from micrographia.archive.archive import Archive
from micrographia.catalogue.accounts import Account
from micrographia.catalogue.sessions import Session
from micrographia.errors import InvalidInputError, NotPermittedError, TooManyAttemptsError
from micrographia.model.people import Scope
from micrographia.web.pages.account import form_of, uses_orcid
from micrographia.web.pages.rendering import page
from micrographia.web.sessions import session_of
from micrographia.web.site import site_of

_SCOPES = {
    Scope.DEPOSIT: "Deposit, and all else that an owner may do",
    Scope.READ_PRIVATE: "Read what you may see before release",
    Scope.CURATE: "Curate",
    Scope.ADMIN: "Everything an admin may do",
}
_DAYS = (1, 7, 30, 90, 366)


def signed_in_account(request: Request) -> tuple[Archive, Account, Session]:
    """Return the archive, and whose session a request came with; NotPermittedError without one: a token manages no account."""
    signed_in, archive = session_of(request), site_of(request).archive
    if signed_in is None:
        raise NotPermittedError("Sign in to see your account.")
    return archive, accounts.account_of_number(archive, signed_in.session.account), signed_in.session


def account_page(request: Request) -> Response:
    """GET /account."""
    return _show(request)


def _show(request: Request, *, status: int = 200, **more: Any) -> Response:
    archive, account, session = signed_in_account(request)
    allowed = accounts.allowed_scopes(account.standing)
    begun = sessions.sessions_of(archive, account.id)
    return page(
        request,
        "account.html",
        status=status,
        account=account,
        tokens=accounts.tokens_of(archive, account.id),
        sessions=[{"address": s.address, "since": s.created_at, "is_this": s.sha256 == session.sha256} for s in begun],
        scopes=[(scope, words) for scope, words in _SCOPES.items() if scope in allowed],
        days=_DAYS,
        uses_orcid=uses_orcid(request),
        now=archive.now(),
        done=request.query_params.get("done", ""),
        **more,
    )


async def rename(request: Request) -> Response:
    """POST /account: the name."""
    form = await form_of(request)
    archive, account, _ = await asyncio.to_thread(signed_in_account, request)
    try:
        await asyncio.to_thread(accounts.rename_account, archive, account.id, form.get("name", ""))
    except InvalidInputError as error:
        return _show(request, status=422, name_trouble=error.message)
    return RedirectResponse("/account?done=name", 303)


async def change_password(request: Request) -> Response:
    """POST /account/password: all other sessions end."""
    form = await form_of(request)
    archive, account, session = await asyncio.to_thread(signed_in_account, request)
    address = request.client.host if request.client else ""
    given = (form.get("old", ""), form.get("password", ""))
    try:
        await asyncio.to_thread(sessions.change_password, archive, account, *given, address=address, besides=session.sha256)
    except (InvalidInputError, NotPermittedError, TooManyAttemptsError) as error:
        return _show(request, status=422, password_trouble=error.message)
    return RedirectResponse("/account?done=password", 303)


async def make_token(request: Request) -> Response:
    """POST /account/tokens: the answer shows the token, this once."""
    form = await form_of(request)
    archive, account, _ = await asyncio.to_thread(signed_in_account, request)
    scopes = frozenset(scope for scope in Scope if f"scope-{scope}" in form)
    days = int(form["days"]) if form.get("days", "")[:6].isdecimal() and len(form["days"]) < 6 else 0
    try:
        secret, _ = await asyncio.to_thread(accounts.create_token, archive, account, scopes=scopes, days=days, name=form.get("name", ""))
    except InvalidInputError as error:
        return _show(request, status=422, token_trouble=error.message)
    return _show(request, made_token=secret)


async def revoke_token(request: Request) -> Response:
    """POST /account/tokens/{token}/revoke."""
    archive, account, _ = await asyncio.to_thread(signed_in_account, request)
    await asyncio.to_thread(accounts.revoke_token, archive, account.id, request.path_params["token"])
    return RedirectResponse("/account?done=token#tokens", 303)


ROUTES = [
    Route("/account", account_page, methods=["GET"]),
    Route("/account", rename, methods=["POST"]),
    Route("/account/password", change_password, methods=["POST"]),
    Route("/account/tokens", make_token, methods=["POST"]),
    Route("/account/tokens/{token}/revoke", revoke_token, methods=["POST"]),
]
