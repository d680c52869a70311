"""What has to be told outside, each question or change inside a transaction of the caller."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from micrographia.catalogue.tables import outbox

WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be told outside."""

    id: int
    key: str
    """The same message has the same key, however often it is told."""
    kind: str
    document: dict[str, Any] = field(repr=False)
    state: str
    tries: int
    message: str
    """Why the last try failed."""
    created_at: str
    due_at: str
    """Not before; once delivered: when."""


def add_message(connection: Connection, *, key: str, kind: str, document: Mapping[str, Any], now: str) -> bool:
    """Write a message; False when one of this key is there already."""
    if connection.execute(select(outbox.c.id).where(outbox.c.key == key)).first():
        return False
    connection.execute(
        insert(outbox).values(
            key=key, kind=kind, document=json.dumps(dict(document)), state=WAITING, tries=0, message="", created_at=now, due_at=now
        )
    )
    return True


def next_due(connection: Connection, kinds: Collection[str], now: str) -> Message | None:
    """Return the message, of these kinds, that waits longest."""
    query = (
        select(outbox)
        .where(outbox.c.state == WAITING, outbox.c.kind.in_(kinds), outbox.c.due_at <= now)
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _message(row)


def claim(connection: Connection, message: Message, until: str) -> bool:
    """Keep a message from others until then; False where another has it already."""
    wanted = (outbox.c.id == message.id, outbox.c.state == WAITING, outbox.c.due_at == message.due_at)
    return bool(connection.execute(update(outbox).where(*wanted).values(due_at=until, tries=message.tries + 1)).rowcount)


def record_delivery(connection: Connection, message: Message, now: str) -> None:
    """Write down that a message has arrived; what it said (links that work once, addresses) is kept no longer."""
    connection.execute(update(outbox).where(outbox.c.id == message.id).values(state=DELIVERED, document="{}", message="", due_at=now))


def record_failure(connection: Connection, message: Message, why: str, *, due_at: str | None) -> None:
    """Write down why a try failed, and when the next is due; None: it has failed for good."""
    values = {"message": why[:500], **({"due_at": due_at} if due_at else {"state": FAILED})}
    connection.execute(update(outbox).where(outbox.c.id == message.id).values(**values))


def messages(connection: Connection, *, state: str = "", limit: int = 200) -> list[Message]:
    """Return messages (in one state), newest first."""
    wanted = [outbox.c.state == state] if state else []
    return [_message(row) for row in connection.execute(select(outbox).where(*wanted).order_by(outbox.c.id.desc()).limit(limit))]


def _message(row: Row[Any]) -> Message:
    return Message(**row._asdict() | {"document": json.loads(row.document)})
