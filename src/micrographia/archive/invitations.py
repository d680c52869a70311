"""Links that work once: an invitation to an account, a new password for one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from micrographia.archive.accounts import add_account, checked_email, key_digest
from micrographia.archive.archive import Archive
from micrographia.archive.mail import put_mail
from micrographia.archive.sessions import counted, set_password
from micrographia.catalogue import accounts, sessions
from micrographia.catalogue.accounts import Account
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.model.people import Standing

_PURPOSE = "password"
_INVITATION = timedelta(days=14)
_NEW_PASSWORD = timedelta(hours=2)


def invite(archive: Archive, *, name: str, email: str, standing: Standing = Standing.MEMBER) -> tuple[Account, str]:
    """Return a new account and the link, sent to its address, with which its person chooses a password."""
    account = add_account(archive, name=name, email=email, standing=standing)
    return account, send_invitation(archive, account)


def send_invitation(archive: Archive, account: Account) -> str:
    """Return the link with which the person of an account chooses a password; it is sent to them."""
    title = archive.settings.title
    text = (
        f"Hello,\n\nyou have an account at {title}. Choose a password here (the link works once, for "
        f"{_INVITATION.days} days):\n\n{{link}}\n\nSign in with {account.email}.\n"
    )
    return _send_link(archive, account, _INVITATION, f"Your account at {title}", text)


def ask_new_password(archive: Archive, email: str, *, address: str = "") -> None:
    """Send a link to choose a new password, if there is an account; whether there is one is not said.

    Raises
    ------
    TooManyAttemptsError
        It was asked too often, for this account or from this address.
    """
    email = checked_email(email)
    with counted(archive, f"mail to {email}", address, forgets=False), archive.catalogue.read() as connection:
        account = accounts.find_account(connection, email=email)
    if account is None or not account.is_active:
        return
    title = archive.settings.title
    text = (
        f"Hello,\n\nsomebody, perhaps you, asked for a new password at {title}. Choose it here (the link works once, for "
        "two hours):\n\n{link}\n\nIf it was not you, do nothing: your password stays as it is.\n"
    )
    _send_link(archive, account, _NEW_PASSWORD, f"A new password for {title}", text)


def account_of_link(archive: Archive, secret: str) -> Account:
    """Return whose password a link changes; NotFoundError where it works no more."""
    with archive.catalogue.read() as connection:
        key = sessions.find_one_time_key(connection, key_digest(secret), _PURPOSE, archive.now())
        account = accounts.find_account(connection, id=key.account) if key and key.account else None
    if account is None or not account.is_active:
        raise NotFoundError("This link works no more: it was used, or is too old. Ask for a new one.")
    return account


def use_link(archive: Archive, secret: str, password: str) -> Account:
    """Return the account whose password is now this one; its sessions have ended, the link works no more."""
    account = account_of_link(archive, secret)
    set_password(archive, account.id, password, link=key_digest(secret))
    return account


def _send_link(archive: Archive, account: Account, lasts: timedelta, subject: str, text: str) -> str:
    if not account.email:
        raise InvalidInputError(f"{account.name} has no e-mail address to which a link could be sent.")
    secret, now = secrets.token_urlsafe(32), archive.now()
    link = f"{archive.settings.url}/new-password/{secret}"
    expires_at = (datetime.fromisoformat(now) + lasts).strftime("%Y-%m-%dT%H:%M:%SZ")
    with archive.catalogue.write() as connection:
        sessions.delete_one_time_keys(connection, account.id, _PURPOSE)
        sessions.add_one_time_key(connection, key_digest(secret), purpose=_PURPOSE, account=account.id, expires_at=expires_at)
        key = f"password:{account.id}:{hashlib.sha256(secret.encode()).hexdigest()[:16]}"
        put_mail(archive, connection, key=key, to=account.email, subject=subject, text=text.replace("{link}", link))
    return link
