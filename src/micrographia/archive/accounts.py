"""Accounts and tokens: who may sign in, and with what a program says who it works for.

A password is kept as its argon2id digest, a token as its SHA-256 digest: it has 256 random bits, which no list of guesses holds.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy import Connection

from micrographia.archive.archive import Archive
from micrographia.archive.permissions import require_admin
from micrographia.catalogue import accounts, sessions
from micrographia.catalogue.accounts import Account, Token
from micrographia.errors import InvalidInputError, NotFoundError, NotPermittedError, WrongStateError
from micrographia.model.people import Caller, Scope, Standing
from micrographia.model.sheet import parse_orcid

TOKEN_PREFIX = "mg_"  # noqa: S105  # nosec B105  how a token begins, so that scanners of secrets find leaked ones
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000
LONGEST_TOKEN = timedelta(days=366)
_EMAIL = re.compile(r"[^@\s<>\"',;:\\()\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?")
_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
hasher = PasswordHasher()


def add_account(
    archive: Archive, *, name: str, email: str = "", orcid: str = "", password: str = "", standing: Standing = Standing.MEMBER
) -> Account:
    """Return a new account; an address given here counts as confirmed.

    Raises
    ------
    InvalidInputError
        Name, address, ORCID or password cannot be used.
    WrongStateError
        There is an account of this address or ORCID.
    """
    name = checked_name(name)
    email, orcid = checked_email(email) if email else "", checked_orcid(orcid) if orcid else ""
    if not email and not orcid:
        raise InvalidInputError("An account is known by an e-mail address or by ORCID; neither was given.")
    digest = hashed_password(password) if password else ""
    with archive.catalogue.write() as connection:
        if (email and accounts.find_account(connection, email=email)) or (orcid and accounts.find_account(connection, orcid=orcid)):
            raise WrongStateError(f"There is an account of {' or '.join(filter(None, (email, orcid)))} already.")
        number = accounts.add_account(
            connection,
            email=email or None,
            orcid=orcid or None,
            name=name,
            password=digest,
            standing=standing,
            is_active=True,
            is_trusted=False,
            created_at=archive.now(),
        )
        account = accounts.find_account(connection, id=number)
    assert account is not None
    return account


def create_token(archive: Archive, account: Account, *, scopes: frozenset[Scope], days: int, name: str = "") -> tuple[str, Token]:
    """Return a new token, which is shown this once, and what is known of it."""
    if not scopes:
        raise InvalidInputError(f"A token needs a scope: {', '.join(Scope)}.")
    if not 1 <= days <= LONGEST_TOKEN.days:
        raise InvalidInputError(f"A token lasts 1 to {LONGEST_TOKEN.days} days; {days} were asked for.")
    allowed = allowed_scopes(account.standing)
    if not scopes <= allowed:
        raise InvalidInputError(
            f"A {account.standing} cannot have the scope {', '.join(sorted(scopes - allowed))}; possible: {', '.join(sorted(allowed))}."
        )
    secret, now = TOKEN_PREFIX + secrets.token_urlsafe(32), archive.now()
    expires = (datetime.fromisoformat(now) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = Token(secrets.token_hex(6), account.id, name[:100], scopes, now, expires)
    with archive.catalogue.write() as connection:
        accounts.add_token(connection, key_digest(secret), token)
    return secret, token


def caller_of_token(archive: Archive, secret: str, address: str = "") -> Caller:
    """Return who a token speaks for; NotPermittedError where it is unknown, expired or its account closed."""
    with archive.catalogue.read() as connection:
        found = accounts.find_token(connection, key_digest(secret))
    if found is None or not found[0].is_active or found[1].expires_at <= archive.now():
        raise NotPermittedError("This token is not valid: it is unknown, expired or revoked. Make a new one.")
    account, token = found
    return caller_of(account, token.scopes & allowed_scopes(account.standing), address)


def caller_of(account: Account, scopes: frozenset[Scope], address: str = "") -> Caller:
    """Return who an account is, with these scopes."""
    return Caller(account.name, account.email, account.orcid, account.standing, scopes, address)


def find_account(archive: Archive, who: str) -> Account:
    """Return the account with this address or ORCID."""
    with archive.catalogue.read() as connection:
        account = accounts.find_account(connection, orcid=who) if _ORCID.fullmatch(who) else accounts.find_account(connection, email=who)
    if account is None:
        raise NotFoundError(f"There is no account of {who[:200]!r}; micrographia user add makes one.")
    return account


def account_of_number(archive: Archive, number: int) -> Account:
    """Return the account with this number."""
    with archive.catalogue.read() as connection:
        account = accounts.find_account(connection, id=number)
    if account is None:
        raise NotFoundError(f"There is no account {number}.")
    return account


def list_accounts(archive: Archive) -> list[Account]:
    """Return all accounts by name, to an admin."""
    require_admin(archive.caller)
    with archive.catalogue.read() as connection:
        return accounts.list_accounts(connection)


def change_account(
    archive: Archive,
    number: int,
    *,
    name: str | None = None,
    email: str | None = None,
    orcid: str | None = None,
    standing: Standing | None = None,
    is_trusted: bool | None = None,
    is_active: bool | None = None,
) -> Account:
    """Return an account after a change by an admin; the sessions of one that is closed end.

    Raises
    ------
    WrongStateError
        No admin would be left who can sign in, or the address or ORCID is that of another account.
    """
    require_admin(archive.caller)
    known = {"email": checked_email(email) if email else None, "orcid": checked_orcid(orcid) if orcid else None}
    given = {"name": None if name is None else checked_name(name), "standing": standing, "is_trusted": is_trusted, "is_active": is_active}
    changes = {key: value for key, value in (given | known).items() if value is not None}
    with archive.catalogue.write() as connection:
        by_email = accounts.find_account(connection, email=known["email"]) if known["email"] else None
        by_orcid = accounts.find_account(connection, orcid=known["orcid"]) if known["orcid"] else None
        if any(other is not None and other.id != number for other in (by_email, by_orcid)):
            raise WrongStateError(f"There is another account of {email or orcid} already.")
        accounts.change_account(connection, number, **changes)
        _refuse_without_admin(archive, connection)
        if is_active is False:
            sessions.delete_sessions(connection, number)
    return account_of_number(archive, number)


def rename_account(archive: Archive, number: int, name: str) -> None:
    """Change the name of an account as it is shown."""
    with archive.catalogue.write() as connection:
        accounts.change_account(connection, number, name=checked_name(name))


def remove_account(archive: Archive, number: int) -> None:
    """Remove an account with its tokens and sessions; entries keep their people, known by address and ORCID."""
    require_admin(archive.caller)
    with archive.catalogue.write() as connection:
        accounts.delete_account(connection, number)
        _refuse_without_admin(archive, connection)


def tokens_of(archive: Archive, account: int) -> list[Token]:
    """Return the tokens of an account, newest first."""
    with archive.catalogue.read() as connection:
        return accounts.tokens_of(connection, account)


def revoke_token(archive: Archive, account: int, token: str) -> None:
    """Make a token of an account worthless."""
    with archive.catalogue.write() as connection:
        if not accounts.delete_token(connection, account, token):
            raise NotFoundError(f"There is no token {token[:20]!r} of this account.")


def _refuse_without_admin(archive: Archive, connection: Connection) -> None:
    """Undo what leaves no admin, unless the operator of the machine does it, who can make one."""
    admins = (a for a in accounts.list_accounts(connection) if a.is_active and a.standing is Standing.ADMIN)
    if not archive.caller.is_operator and not any(admins):
        raise WrongStateError("This would leave no admin. Make somebody else one first.")


def allowed_scopes(standing: Standing) -> frozenset[Scope]:
    """Return what a token of such a person may be used for."""
    scopes = {Scope.DEPOSIT, Scope.READ_PRIVATE}
    if standing in (Standing.CURATOR, Standing.ADMIN):
        scopes.add(Scope.CURATE)
    if standing is Standing.ADMIN:
        scopes.add(Scope.ADMIN)
    return frozenset(scopes)


def key_digest(secret: str) -> str:
    """Return the SHA-256 digest by which a secret of 256 random bits is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hashed_password(password: str) -> str:
    """Return the argon2id digest of a password; InvalidInputError where it is too short to be one."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidInputError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; this one has {len(password)}.")
    return hasher.hash(password)


def checked_name(text: str) -> str:
    """Return a name as it is kept, on one line."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= 200 or not name.isprintable():
        raise InvalidInputError("A name of 1 to 200 characters is needed.")
    return name


def checked_email(text: str) -> str:
    """Return an address as it is kept, in lower case."""
    if not _EMAIL.fullmatch(text.strip()):
        raise InvalidInputError(f"{text[:200]!r} is not an e-mail address.")
    return text.strip().lower()


def checked_orcid(text: str) -> str:
    """Return an ORCID iD as it is kept."""
    try:
        return parse_orcid(text.strip())
    except ValueError as exc:
        raise InvalidInputError(f"{text[:60]!r} {exc}.") from None
