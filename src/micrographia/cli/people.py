"""People of an archive: `user`, `token`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from micrographia.cli.options import Home, Json, open_home
from micrographia.cli.output import answer
from micrographia.errors import InvalidInputError


class _Standing(StrEnum):
    member = "member"
    curator = "curator"
    admin = "admin"


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

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    if password_stdin and not password:
        raise InvalidInputError("Standard input holds no password.")
    account = add_account(archive, name=name, email=email, orcid=orcid, password=password, standing=Standing(role))
    answer(
        {"id": account.id, "email": account.email, "orcid": account.orcid, "name": account.name, "role": str(account.standing)},
        f"{account.name} may sign in as {account.email} ({account.standing}).",
    )


@token.command("create")
def create_token(
    who: Annotated[str, typer.Option("--user", metavar="EMAIL", help="Whom it speaks for: address or ORCID.", show_default=False)],
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


GROUPS: dict[str, typer.Typer] = {"user": user, "token": token}
