"""Accounts, sessions, one-time keys, attempts and the outbox: the same on both databases."""

from __future__ import annotations

import itertools
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from micrographia.catalogue import Catalogue, accounts, outbox, sessions
from micrographia.catalogue.sessions import Session
from micrographia.model.people import Scope, Standing

NUMBERS = itertools.count()
EARLY, NOW, LATE = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"


@pytest.fixture
def account(catalogue: Catalogue) -> int:
    with catalogue.write() as connection:
        return accounts.add_account(
            connection,
            email=f"hooke.{next(NUMBERS)}@royal.example",
            orcid=None,
            name="Hooke, Robert",
            password="",
            standing=Standing.MEMBER,
            is_active=True,
            is_trusted=False,
            created_at=NOW,
        )


def test_an_account_goes_with_all_that_is_its(catalogue: Catalogue, account: int) -> None:
    token = accounts.Token(f"t{account}", account, "", frozenset({Scope.DEPOSIT}), NOW, LATE)
    with catalogue.write() as connection:
        accounts.add_token(connection, f"t{account}", token)
        sessions.add_session(connection, Session(f"s{account}", account, NOW, LATE, ""))
        sessions.add_one_time_key(connection, f"k{account}", purpose="password", account=account, expires_at=LATE)
        accounts.change_account(connection, account, is_trusted=True)
        found = accounts.find_account(connection, id=account)
        assert found is not None and found.is_trusted
        accounts.delete_account(connection, account)
        assert accounts.find_account(connection, id=account) is None and accounts.find_token(connection, f"t{account}") is None
        assert sessions.find_session(connection, f"s{account}") is None
        assert sessions.find_one_time_key(connection, f"k{account}", "password", NOW) is None


def test_sessions_end(catalogue: Catalogue, account: int) -> None:
    with catalogue.write() as connection:
        for name, ends in (("a", LATE), ("b", LATE), ("c", EARLY)):
            sessions.add_session(connection, Session(f"{name}{account}", account, EARLY, ends, "192.0.2.1"))
        sessions.delete_ended_sessions(connection, NOW)
        assert {s.sha256[0] for s in sessions.sessions_of(connection, account)} == {"a", "b"}
        sessions.renew_session(connection, f"a{account}", "2026-02-01T00:00:00Z")
        assert sessions.delete_sessions(connection, account, besides=f"a{account}") == 1
        (left,) = sessions.sessions_of(connection, account)
        assert left.expires_at == "2026-02-01T00:00:00Z"


def test_a_key_works_once_for_its_purpose_until_its_time(catalogue: Catalogue, account: int) -> None:
    with catalogue.write() as connection:
        document = {"state": "x"}
        sessions.add_one_time_key(connection, f"k{account}", purpose="orcid", account=account, document=document, expires_at=LATE)
        assert sessions.use_one_time_key(connection, f"k{account}", "password", NOW) is None
        assert sessions.find_one_time_key(connection, f"k{account}", "orcid", LATE) is None

    def use(_: int) -> bool:
        with catalogue.write() as connection:
            found = sessions.use_one_time_key(connection, f"k{account}", "orcid", NOW)
        assert found is None or (found.account == account and found.document == document)
        return found is not None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(4))) == 1


def test_attempts_at_once_are_counted_one_by_one(catalogue: Catalogue) -> None:
    subject = f"account:{next(NUMBERS)}"

    def attempt(at_ms: int) -> int:
        with catalogue.write() as connection:
            before = sessions.attempts_on(connection, subject, since_ms=0)
            sessions.add_attempt(connection, subject, at_ms)
            return before.count

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(1, 13))) == list(range(12))
    with catalogue.write() as connection:
        assert sessions.attempts_on(connection, subject, since_ms=6) == sessions.Attempts(6, 12)
        sessions.forget_attempts(connection, before_ms=3)
        assert sessions.attempts_on(connection, subject, since_ms=0).count == 9
        sessions.forget_attempts(connection, subject=subject)
        assert sessions.attempts_on(connection, subject, since_ms=0) == sessions.Attempts(0, 0)


def test_of_several_senders_one_claims_a_message(catalogue: Catalogue) -> None:
    kind = f"kind{next(NUMBERS)}"
    with catalogue.write() as connection:
        assert outbox.add_message(connection, key=kind, kind=kind, document={"to": "x"}, now=NOW)
        assert not outbox.add_message(connection, key=kind, kind=kind, document={"to": "y"}, now=NOW)
        assert outbox.next_due(connection, [kind], EARLY) is None and outbox.next_due(connection, ["other"], NOW) is None
        message = outbox.next_due(connection, [kind], NOW)
    assert message is not None and message.document == {"to": "x"}

    def claim(_: int) -> bool:
        with catalogue.write() as connection:
            return outbox.claim(connection, message, LATE)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(claim, range(4))) == 1
    with catalogue.write() as connection:
        outbox.record_failure(connection, message, "away", due_at=LATE)
        (row,) = [m for m in outbox.messages(connection) if m.kind == kind]
        assert (row.state, row.tries, row.message, row.due_at) == ("waiting", 1, "away", LATE)
        outbox.record_delivery(connection, message, LATE)
        (row,) = [m for m in outbox.messages(connection, state="delivered") if m.kind == kind]
        assert row.document == {}


def test_a_failure_tells_no_values(catalogue: Catalogue) -> None:
    with pytest.raises(Exception, match="no_such_table") as failed, catalogue.read() as connection:
        connection.execute(text("SELECT :secret FROM no_such_table"), {"secret": "a link that works once"})
    told = "".join(traceback.format_exception(failed.value))
    assert "works once'" not in told and "parameters hidden" in told
