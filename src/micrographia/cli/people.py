"""People of an archive: `user`, `token`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Home, Json, open_home
from micrographia.cli.output import answer
from micrographia.errors import InvalidInputError

if TYPE_CHECKING:
    from micrographia.catalogue.accounts import Account


class _Standing(StrEnum):
    member = "member"
    curator = "curator"
    admin = "admin"


Who = Annotated[str, typer.Argument(metavar="WHO", help="Address or ORCID.", show_default=False)]
User = Annotated[str, typer.Option("--user", metavar="EMAIL", help="Whom it speaks for: address or ORCID.", show_default=False)]

user = typer.Typer(name="user", help="People who may sign in.", no_args_is_help=True)
token = typer.Typer(name="token", help="Tokens with which programs work for somebody.", no_args_is_help=True)


@user.command("add")
def add_user(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Address with which to sign in.", show_default=False)],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name as it is shown.", show_default=False)],
    orcid: Annotated[str, typer.Option("--orcid", metavar="ORCID", help="ORCID iD: 0000-0002-1825-0097.")] = "",
    role: Annotated[_Standing, typer.Option("--role", help="What they are to the archive.")] = _Standing.member,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input; without it they sign in with ORCID.")
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make an account."""
    archive = open_home(home, make=True)
    from micrographia.archive.accounts import add_account
    from micrographia.model.people import Standing

    password = _read_password() if password_stdin else ""
    account = add_account(archive, name=name, email=email, orcid=orcid, password=password, standing=Standing(role))
    answer(_shown(account), f"{account.name} may sign in as {account.email} ({account.standing}).")


@user.command("invite")
def invite_user(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Address to which the link is sent.", show_default=False)],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name as it is shown.", show_default=False)],
    role: Annotated[_Standing, typer.Option("--role", help="What they are to the archive.")] = _Standing.member,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make an account and send a link, which works once, to choose its password; the server sends the mail."""
    archive = open_home(home, make=True)
    from micrographia.archive.invitations import invite
    from micrographia.model.people import Standing

    account, link = invite(archive, name=name, email=email, standing=Standing(role))
    answer({**_shown(account), "link": link}, f"{account.name} chooses a password at {link}")


@user.command("list")
def list_users(home: Home = None, as_json: Json = False) -> None:
    """List all accounts."""
    archive = open_home(home)
    from micrographia.archive.accounts import list_accounts

    accounts = list_accounts(archive)
    answer([_shown(account) for account in accounts], *map(_line, accounts))


@user.command("set")
def set_user(
    who: Who,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name as it is shown.")] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="Another address; entries know people by it.")] = None,
    orcid: Annotated[str | None, typer.Option("--orcid", metavar="ORCID", help="ORCID iD: 0000-0002-1825-0097.")] = None,
    role: Annotated[_Standing | None, typer.Option("--role", help="What they are to the archive.")] = None,
    trusted: Annotated[
        bool | None, typer.Option("--trusted/--not-trusted", help="Whether their entries need no curator where the checks are clean.")
    ] = None,
    active: Annotated[bool | None, typer.Option("--active/--closed", help="Whether they may sign in and their tokens work.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read a new password from standard input.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Change an account."""
    archive = open_home(home)
    from micrographia.archive.accounts import change_account, find_account
    from micrographia.archive.sessions import set_password
    from micrographia.model.people import Standing

    number = find_account(archive, who).id
    if password_stdin:
        set_password(archive, number, _read_password())
    standing = Standing(role) if role else None
    changes = {"name": name, "email": email, "orcid": orcid}
    account = change_account(archive, number, **changes, standing=standing, is_trusted=trusted, is_active=active)
    answer(_shown(account), _line(account))


@user.command("remove")
def remove_user(who: Who, home: Home = None, as_json: Json = False) -> None:
    """Remove an account with its tokens. Entries stay, and know their people by address and ORCID."""
    archive = open_home(home)
    from micrographia.archive.accounts import find_account, remove_account

    account = find_account(archive, who)
    remove_account(archive, account.id)
    answer({"removed": account.email or account.orcid}, f"{account.name} has no account any more.")


def _read_password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise InvalidInputError("Standard input holds no password.")
    return password


def _shown(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "orcid": account.orcid,
        "name": account.name,
        "role": str(account.standing),
        "trusted": account.is_trusted,
        "active": account.is_active,
        "created": account.created_at,
    }


def _line(account: Account) -> str:
    marks = [str(account.standing), *["trusted"] * account.is_trusted, *["closed"] * (not account.is_active)]
    return f"{account.name} <{account.email or account.orcid}>  {', '.join(marks)}"


@token.command("create")
def create_token(
    who: User,
    scope: Annotated[str, typer.Option("--scope", metavar="SCOPES", help="Some of deposit,curate,read-private,admin.")] = "deposit",
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it lasts.")] = 30,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What it is for.")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a token; it is shown this once."""
    archive = open_home(home)
    from micrographia.archive.accounts import create_token as create
    from micrographia.archive.accounts import find_account
    from micrographia.model.people import Scope

    try:
        scopes = frozenset(Scope(word.strip()) for word in scope.split(",") if word.strip())
    except ValueError:
        raise InvalidInputError(f"{scope!r} names an unknown scope; expected some of {', '.join(Scope)}.") from None
    secret, made = create(archive, find_account(archive, who), scopes=scopes, days=days, name=name)
    answer({"token": secret, "expires": made.expires_at, "id": made.id, "scopes": sorted(made.scopes)}, secret, f"Until {made.expires_at}.")


@token.command("list")
def list_tokens(who: User, home: Home = None, as_json: Json = False) -> None:
    """List the tokens of an account; not the secrets, which nobody knows."""
    archive = open_home(home)
    from micrographia.archive.accounts import find_account, tokens_of

    found = tokens_of(archive, find_account(archive, who).id)
    told = [{"id": t.id, "name": t.name, "scopes": sorted(t.scopes), "created": t.created_at, "expires": t.expires_at} for t in found]
    answer(told, *(f"{t.id}  {', '.join(sorted(t.scopes))}  until {t.expires_at}  {t.name}" for t in found))


@token.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.", show_default=False)],
    who: User,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a token worthless."""
    archive = open_home(home)
    from micrographia.archive.accounts import find_account
    from micrographia.archive.accounts import revoke_token as revoke

    revoke(archive, find_account(archive, who).id, token_id)
    answer({"revoked": token_id}, f"{token_id} is worth nothing any more.")


GROUPS: dict[str, typer.Typer] = {"user": user, "token": token}
