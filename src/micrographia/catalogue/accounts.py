"""Accounts and their tokens, each question or change inside a transaction of the caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from micrographia.catalogue.tables import accounts, one_time_keys, sessions, tokens
from micrographia.model.people import Scope, Standing


@dataclass(frozen=True, slots=True)
class Account:
    """A person who can sign in."""

    id: int
    name: str
    email: str
    orcid: str
    password: str = field(repr=False)
    """Argon2id; empty: signs in with ORCID alone."""
    standing: Standing
    is_active: bool
    is_trusted: bool
    created_at: str


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; not the token itself."""

    id: str
    account: int
    name: str
    scopes: frozenset[Scope]
    created_at: str
    expires_at: str


def find_account(connection: Connection, *, email: str = "", orcid: str = "", id: int = 0) -> Account | None:  # noqa: A002  the column's own word
    """Return the account with this address, ORCID or number."""
    wanted = accounts.c.email == email.lower() if email else accounts.c.orcid == orcid if orcid else accounts.c.id == id
    row = connection.execute(select(accounts).where(wanted)).first()
    return None if row is None else _account(row)


def add_account(connection: Connection, **values: Any) -> int:
    """Write an account; returns its number."""
    return int(connection.execute(insert(accounts).values(**values).returning(accounts.c.id)).scalar_one())


def list_accounts(connection: Connection) -> list[Account]:
    """Return all accounts by name."""
    return [_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.name, accounts.c.id))]


def change_account(connection: Connection, account: int, **values: Any) -> None:
    """Change columns of an account."""
    if values:
        connection.execute(update(accounts).where(accounts.c.id == account).values(**values))


def delete_account(connection: Connection, account: int) -> None:
    """Forget an account with its tokens, sessions and links."""
    for table in (tokens, sessions, one_time_keys):
        connection.execute(delete(table).where(table.c.account == account))
    connection.execute(delete(accounts).where(accounts.c.id == account))


def add_token(connection: Connection, sha256: str, token: Token) -> None:
    """Write a token of which only the digest is known."""
    scopes = " ".join(sorted(token.scopes))
    connection.execute(
        insert(tokens).values(
            sha256=sha256,
            id=token.id,
            account=token.account,
            name=token.name,
            scopes=scopes,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
    )


def find_token(connection: Connection, sha256: str) -> tuple[Account, Token] | None:
    """Return the token with this digest and the account that it speaks for; whether it has expired is for the caller to see."""
    row = connection.execute(select(tokens).where(tokens.c.sha256 == sha256)).first()
    account = find_account(connection, id=row.account) if row else None
    return None if row is None or account is None else (account, _token(row))


def tokens_of(connection: Connection, account: int) -> list[Token]:
    """Return the tokens of an account, newest first."""
    query = select(tokens).where(tokens.c.account == account).order_by(tokens.c.created_at.desc(), tokens.c.id)
    return [_token(row) for row in connection.execute(query)]


def delete_token(connection: Connection, account: int, token_id: str) -> bool:
    """Forget a token of an account; False when it has no such."""
    return bool(connection.execute(delete(tokens).where(tokens.c.account == account, tokens.c.id == token_id)).rowcount)


def _account(row: Row[Any]) -> Account:
    values = row._asdict()
    return Account(**values | {"email": row.email or "", "orcid": row.orcid or "", "standing": Standing(row.standing)})


def _token(row: Row[Any]) -> Token:
    scopes = frozenset(Scope(scope) for scope in row.scopes.split())
    return Token(row.id, row.account, row.name, scopes, row.created_at, row.expires_at)
