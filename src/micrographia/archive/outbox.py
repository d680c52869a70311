"""The outbox: what has to be told outside is written down with the change that causes it, and delivered afterwards, at least once.

A message is claimed for a while before it is sent, so that several processes send different ones; whoever dies meanwhile leaves it to the
next. Failures are tried again later and later, for about two days.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from micrographia.archive.archive import Archive
from micrographia.catalogue import outbox
from micrographia.catalogue.outbox import Message
from micrographia.errors import MicrographiaError, UnavailableError

Deliver = Callable[[Archive, Message], None]
"""Tells one message outside. UnavailableError: try again later; any other failure is for good."""

_CLAIM = timedelta(minutes=5)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
_TRIES = 14
log = logging.getLogger(__name__)


def put_in_outbox(connection: Connection, kind: str, key: str, document: Mapping[str, Any], now: str) -> None:
    """Write a message (`kind`: mail, doi) within the transaction of the change that causes it; the same `key` is told once."""
    outbox.add_message(connection, key=key, kind=kind, document=document, now=now)


def deliver_due(archive: Archive, deliverers: Mapping[str, Deliver]) -> int:
    """Deliver what is due, each by the function of its kind (others wait until there is one); returns how many arrived."""
    arrived = 0
    while message := _claimed(archive, deliverers):
        try:
            deliverers[message.kind](archive, message)
        except MicrographiaError as error:
            _put_off(archive, message, error)
            continue
        with archive.catalogue.write() as connection:
            outbox.record_delivery(connection, message, archive.now())
        arrived += 1
    return arrived


def _claimed(archive: Archive, kinds: Collection[str]) -> Message | None:
    """Return the next message that nobody else is sending, with this try counted."""
    while True:
        now = archive.now()
        with archive.catalogue.read() as connection:
            message = outbox.next_due(connection, list(kinds), now)
        if message is None:
            return None
        with archive.catalogue.write() as connection:
            if outbox.claim(connection, message, _later(now, _CLAIM)):
                return message


def _put_off(archive: Archive, message: Message, error: MicrographiaError) -> None:
    pause = min(_FIRST_PAUSE * 2**message.tries, _LONGEST_PAUSE)
    again = isinstance(error, UnavailableError) and message.tries + 1 < _TRIES
    log.warning("%s %s: %s (try %d)", message.kind, message.id, error.message, message.tries + 1)
    with archive.catalogue.write() as connection:
        outbox.record_failure(connection, message, error.message, due_at=_later(archive.now(), pause) if again else None)


def _later(when: str, by: timedelta) -> str:
    return (datetime.fromisoformat(when) + by).strftime("%Y-%m-%dT%H:%M:%SZ")
