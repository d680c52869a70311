"""Being signed in: by password, for a while, and no longer.

A session is a secret of 256 random bits in a cookie, kept as its SHA-256 digest. Each sign-in makes a new one, so a secret that somebody
planted beforehand is worth nothing. It ends when its person signs out, when nothing was heard of it for a day, and after two weeks anyway.
"""

from __future__ import annotations

import ipaddress
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from argon2.exceptions import InvalidHashError, VerificationError

from micrographia.archive.accounts import caller_of, hashed_password, hasher, key_digest
from micrographia.archive.archive import Archive
from micrographia.catalogue import accounts, sessions
from micrographia.catalogue.accounts import Account
from micrographia.catalogue.sessions import Session
from micrographia.errors import NotFoundError, NotPermittedError, TooManyAttemptsError
from micrographia.model.people import ALL_SCOPES, Caller

IDLE = timedelta(days=1)
LONGEST = timedelta(days=14)
# every write makes all servers look at the database again
_RENEW_AFTER = timedelta(hours=1)
_ATTEMPTS_COUNT_FOR = timedelta(hours=12)
# argon2 takes 64 MiB a password
_verifying = threading.BoundedSemaphore(4)


@dataclass(frozen=True, slots=True)
class _Limit:
    free: int
    """Failures after which nothing happens yet."""
    longest_s: int
    """Where the wait, which doubles with each failure, stops growing."""

    def wait_s(self, count: int) -> int:
        return 0 if count < self.free else min(self.longest_s, 2 ** min(count - self.free, 20))


# an account may be tried by its owner's enemies too: they must not lock it for long; an address may be that of a whole institute
_LIMITS = {"account": _Limit(free=6, longest_s=300), "address": _Limit(free=30, longest_s=900)}


def sign_in(archive: Archive, email: str, password: str, *, address: str = "", replaces: str = "") -> tuple[str, Account]:
    """Return the secret of a new session and whose it is.

    Parameters
    ----------
    replaces
        Digest of the session that the same browser had; it ends.

    Raises
    ------
    NotPermittedError
        The address is unknown, the password wrong or the account closed: which one is not said, and takes the same time.
    TooManyAttemptsError
        There were many failures on this account or from this address.
    """
    email = email.strip().lower()[:254]
    with counted(archive, email, address):
        with archive.catalogue.read() as connection:
            account = accounts.find_account(connection, email=email) if email else None
        if not _is_password(account, password) or account is None or not account.is_active:
            raise NotPermittedError("E-mail address or password is wrong.")
    if hasher.check_needs_rehash(account.password):
        with archive.catalogue.write() as connection:
            accounts.change_account(connection, account.id, password=hashed_password(password))
    return begin_session(archive, account, address=address, replaces=replaces), account


def begin_session(archive: Archive, account: Account, *, address: str = "", replaces: str = "") -> str:
    """Return the secret of a new session of somebody who has proved who they are."""
    secret, now = secrets.token_urlsafe(32), archive.now()
    session = Session(key_digest(secret), account.id, now, _later(now, IDLE), address[:60])
    with archive.catalogue.write() as connection:
        sessions.delete_ended_sessions(connection, now)
        if replaces:
            sessions.delete_session(connection, replaces)
        sessions.add_session(connection, session)
    return secret


def find_session(archive: Archive, secret: str, address: str = "") -> tuple[Session, Caller] | None:
    """Return the session of a cookie and who is signed in; None where it has ended or its account is closed."""
    now = archive.now()
    with archive.catalogue.read() as connection:
        session = sessions.find_session(connection, key_digest(secret))
        account = accounts.find_account(connection, id=session.account) if session else None
    if session is None or account is None or not account.is_active:
        return None
    end = _later(session.created_at, LONGEST)
    if min(session.expires_at, end) <= now:
        return None
    if _later(session.expires_at, _RENEW_AFTER) < _later(now, IDLE):
        session = replace(session, expires_at=min(_later(now, IDLE), end))
        with archive.catalogue.write() as connection:
            sessions.renew_session(connection, session.sha256, session.expires_at)
    return session, caller_of(account, ALL_SCOPES, address)


def sessions_of(archive: Archive, account: int) -> list[Session]:
    """Return the sessions of an account that have not ended, newest first."""
    with archive.catalogue.read() as connection:
        return [session for session in sessions.sessions_of(connection, account) if session.expires_at > archive.now()]


def sign_out(archive: Archive, sha256: str) -> None:
    """End a session."""
    with archive.catalogue.write() as connection:
        sessions.delete_session(connection, sha256)


def sign_out_everywhere(archive: Archive, account: int, *, besides: str = "") -> int:
    """End all sessions of an account, but for one of which the digest is given; returns how many."""
    with archive.catalogue.write() as connection:
        return sessions.delete_sessions(connection, account, besides=besides)


def change_password(archive: Archive, account: Account, old: str, new: str, *, address: str = "", besides: str = "") -> None:
    """Change a password, known by the old one where there is one; all other sessions end."""
    if account.password:
        with counted(archive, account.email or account.orcid, address):
            if not _is_password(account, old):
                raise NotPermittedError("The present password is wrong.")
    set_password(archive, account.id, new, besides=besides)


def set_password(archive: Archive, account: int, password: str, *, besides: str = "", link: str = "") -> None:
    """Give an account a password; its sessions (but one) and one-time links end.

    With the digest of a one-time link only if that still works: NotFoundError where another was faster.
    """
    digest = hashed_password(password)
    with archive.catalogue.write() as connection:
        if link and sessions.use_one_time_key(connection, link, "password", archive.now()) is None:
            raise NotFoundError("This link works no more: it was used, or is too old. Ask for a new one.")
        accounts.change_account(connection, account, password=digest)
        sessions.delete_sessions(connection, account, besides=besides)
        sessions.delete_one_time_keys(connection, account)


@contextmanager
def counted(archive: Archive, account: str, address: str, *, forgets: bool = True) -> Iterator[None]:
    """Count what is tried inside as a failure until it has succeeded (`forgets`), or for long; TooManyAttemptsError after too many.

    The attempt is written before the password is looked at, so that many at once are as many attempts.
    """
    now_ms = int(datetime.fromisoformat(archive.now()).timestamp() * 1000)
    since_ms = now_ms - int(_ATTEMPTS_COUNT_FOR.total_seconds() * 1000)
    subjects = {f"account:{account}": _LIMITS["account"], f"address:{network_of(address)}": _LIMITS["address"]}
    with archive.catalogue.write() as connection:
        sessions.forget_attempts(connection, before_ms=since_ms)
        for subject, limit in subjects.items():
            before = sessions.attempts_on(connection, subject, since_ms=since_ms)
            wait_s = limit.wait_s(before.count) - (now_ms - before.last_ms) // 1000
            if wait_s > 0:
                raise TooManyAttemptsError(f"Too many attempts failed. Try again in {_words(wait_s)}.", wait_s=wait_s)
        numbers = [sessions.add_attempt(connection, subject, now_ms) for subject in subjects]
    yield
    if not forgets:
        return
    with archive.catalogue.write() as connection:  # whoever has one account gets no free attempts on others by it
        sessions.forget_attempts(connection, subject=f"account:{account}")
        sessions.forget_attempts(connection, number=numbers[1])


def _is_password(account: Account | None, password: str) -> bool:
    """Whether a password is that of an account; as slow where there is none."""
    digest = account.password if account and account.password else _nobodys_digest()
    with _verifying:
        try:
            return hasher.verify(digest, password) and account is not None and bool(account.password)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys_digest() -> str:
    return hasher.hash(secrets.token_urlsafe(32))


def network_of(address: str) -> str:
    """Return what one attacker has at least: an IPv4 address, a /64 of IPv6."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:60]
    return str(known) if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))


def _words(seconds: int) -> str:
    return f"{seconds} second{'s' * (seconds > 1)}" if seconds < 120 else f"{-(-seconds // 60)} minutes"


def _later(when: str, by: timedelta) -> str:
    return (datetime.fromisoformat(when) + by).strftime("%Y-%m-%dT%H:%M:%SZ")
