"""Sessions, one-time keys and failed attempts to sign in, each question or change inside a transaction of the caller."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, text, update

from micrographia.catalogue.tables import attempts, one_time_keys, sessions


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of somebody's being signed in; not the secret in the cookie."""

    sha256: str
    account: int
    created_at: str
    expires_at: str
    """Where nothing is heard of it until then."""
    address: str
    """Where it began."""


@dataclass(frozen=True, slots=True)
class OneTimeKey:
    """What a key that works once stands for."""

    account: int | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed attempts on one subject."""

    count: int
    last_ms: int
    """Milliseconds since 1970; 0 where there was none."""


def add_session(connection: Connection, session: Session) -> None:
    """Write a session."""
    values = {name: getattr(session, name) for name in Session.__dataclass_fields__}
    connection.execute(insert(sessions).values(**values))


def find_session(connection: Connection, sha256: str) -> Session | None:
    """Return the session whose secret has this digest; whether it has ended is for the caller to see."""
    row = connection.execute(select(sessions).where(sessions.c.sha256 == sha256)).first()
    return None if row is None else _session(row)


def sessions_of(connection: Connection, account: int) -> list[Session]:
    """Return the sessions of an account, newest first."""
    query = select(sessions).where(sessions.c.account == account).order_by(sessions.c.created_at.desc(), sessions.c.sha256)
    return [_session(row) for row in connection.execute(query)]


def renew_session(connection: Connection, sha256: str, expires_at: str) -> None:
    """Let a session last until `expires_at`."""
    connection.execute(update(sessions).where(sessions.c.sha256 == sha256).values(expires_at=expires_at))


def delete_session(connection: Connection, sha256: str) -> None:
    """End one session."""
    connection.execute(delete(sessions).where(sessions.c.sha256 == sha256))


def delete_sessions(connection: Connection, account: int, *, besides: str = "") -> int:
    """End all sessions of an account but one; returns how many there were."""
    return connection.execute(delete(sessions).where(sessions.c.account == account, sessions.c.sha256 != besides)).rowcount


def delete_ended_sessions(connection: Connection, now: str) -> None:
    """Forget sessions that have ended."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))


def add_one_time_key(
    connection: Connection,
    sha256: str,
    *,
    purpose: str,
    expires_at: str,
    account: int | None = None,
    document: Mapping[str, Any] | None = None,
) -> None:
    """Write a key that works once."""
    written = json.dumps(dict(document or {}))
    connection.execute(
        insert(one_time_keys).values(sha256=sha256, purpose=purpose, account=account, document=written, expires_at=expires_at)
    )


def find_one_time_key(connection: Connection, sha256: str, purpose: str, now: str) -> OneTimeKey | None:
    """Return what a key stands for, without using it up; None where it does not work."""
    row = connection.execute(select(one_time_keys.c.account, one_time_keys.c.document).where(*_working(sha256, purpose, now))).first()
    return None if row is None else OneTimeKey(row.account, json.loads(row.document))


def use_one_time_key(connection: Connection, sha256: str, purpose: str, now: str) -> OneTimeKey | None:
    """Return what a key stands for and use it up: of two who come at once, one gets it. Keys that have ended are forgotten."""
    used = delete(one_time_keys).where(*_working(sha256, purpose, now)).returning(one_time_keys.c.account, one_time_keys.c.document)
    row = connection.execute(used).first()
    connection.execute(delete(one_time_keys).where(one_time_keys.c.expires_at <= now))
    return None if row is None else OneTimeKey(row.account, json.loads(row.document))


def delete_one_time_keys(connection: Connection, account: int, purpose: str | None = None) -> None:
    """Forget the keys of an account (for one purpose)."""
    wanted = [one_time_keys.c.account == account, *([one_time_keys.c.purpose == purpose] if purpose else [])]
    connection.execute(delete(one_time_keys).where(*wanted))


def attempts_on(connection: Connection, subject: str, *, since_ms: int) -> Attempts:
    """Return the failed attempts on a subject; until the end of the transaction nobody else counts them."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:subject))"), {"subject": subject})
    wanted = (attempts.c.subject == subject, attempts.c.at > since_ms)
    count, last = connection.execute(select(func.count(), func.max(attempts.c.at)).where(*wanted)).one()
    return Attempts(count, last or 0)


def add_attempt(connection: Connection, subject: str, at_ms: int) -> int:
    """Write an attempt on a subject; returns its number."""
    return int(connection.execute(insert(attempts).values(subject=subject, at=at_ms).returning(attempts.c.id)).scalar_one())


def forget_attempts(connection: Connection, *, subject: str = "", number: int = 0, before_ms: int = 0) -> None:
    """Forget the attempts on a subject, one attempt, or all that are old."""
    wanted = attempts.c.subject == subject if subject else attempts.c.id == number if number else attempts.c.at <= before_ms
    connection.execute(delete(attempts).where(wanted))


def _working(sha256: str, purpose: str, now: str) -> tuple[ColumnElement[bool], ...]:
    return one_time_keys.c.sha256 == sha256, one_time_keys.c.purpose == purpose, one_time_keys.c.expires_at > now


def _session(row: Row[Any]) -> Session:
    return Session(**row._asdict())
