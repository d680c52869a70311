"""Mail: written into the outbox, sent by SMTP or, without a server for it, put into files of HOME/outbox."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection

from micrographia.archive.accounts import checked_email
from micrographia.archive.archive import Archive
from micrographia.archive.outbox import put_in_outbox
from micrographia.catalogue.outbox import Message
from micrographia.errors import InvalidInputError, UnavailableError

_PATIENCE_S = 30.0


def put_mail(archive: Archive, connection: Connection, *, key: str, to: str, subject: str, text: str) -> None:
    """Write a mail within the transaction of the change that it tells of; the same `key` is sent once.

    Parameters
    ----------
    to
        Address of one person.
    subject, text
        Plain text of any content: a subject becomes one line.
    """
    document = {"to": checked_email(to), "subject": _one_line(subject), "text": text}
    put_in_outbox(connection, "mail", f"mail:{key}", document, archive.now())


def deliver_mail(archive: Archive, message: Message) -> None:
    """Send a mail. UnavailableError: the server does not take it now; InvalidInputError: it never will."""
    written = _written(archive, message)
    if archive.settings.smtp_url:
        _send(archive.settings.smtp_url, written)
    else:
        _put_into_file(archive, message, written)


def _written(archive: Archive, message: Message) -> EmailMessage:
    sender = _address(archive.settings.mail_from)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(_one_line(archive.settings.title), addr_spec=sender.addr_spec)
    mail["To"] = _address(message.document["to"])
    mail["Subject"] = _one_line(message.document["subject"])
    mail["Date"] = datetime.fromisoformat(message.created_at).replace(tzinfo=UTC)
    # the same message twice has the same identifier, by which programs for mail show it once
    mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.document["text"])
    return mail


def _send(url: str, mail: EmailMessage) -> None:
    parts = urlsplit(url)
    is_tls = parts.scheme == "smtps"
    try:
        if is_tls:
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(parts.hostname or "", parts.port or 465, timeout=_PATIENCE_S, context=context)
        else:
            server = smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=_PATIENCE_S)
        with server:
            server.ehlo()
            if not is_tls and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                is_tls = True
            if parts.username:
                if not is_tls:
                    raise UnavailableError("The mail server offers no TLS: no password is sent to it in the clear.")
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as exc:
        codes = [code for code, _ in exc.recipients.values()]
        if all(code >= 500 for code in codes):
            raise InvalidInputError(f"The mail server refuses the recipient ({codes[0]}).") from exc
        raise UnavailableError(f"The mail server does not take this recipient now ({codes[0]}).") from exc
    except (OSError, smtplib.SMTPException) as exc:  # what the server says may hold what was sent to it
        code = exc.smtp_code if isinstance(exc, smtplib.SMTPResponseException) else ""
        raise UnavailableError(f"The mail server does not take it ({type(exc).__name__} {code}).".replace(" )", ")")) from exc


def _put_into_file(archive: Archive, message: Message, mail: EmailMessage) -> None:
    folder = archive.settings.home / "outbox"
    path = folder / f"{message.id:06}.eml"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        half = path.with_suffix(".part")
        half.write_bytes(mail.as_bytes())
        half.chmod(0o600)
        half.replace(path)
    except OSError as exc:
        raise UnavailableError(f"{path} cannot be written: {exc.strerror}.") from exc


def _address(email: str) -> Address:
    return Address(addr_spec=checked_email(email))


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]
