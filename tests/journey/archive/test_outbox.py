"""Mail: written with what causes it, sent at least once, and nothing in it reaches its header."""

import email
import email.policy
import re
import socket
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from aiosmtpd.controller import Controller

from micrographia.archive.accounts import add_account, change_account, find_account
from micrographia.archive.invitations import account_of_link, ask_new_password, invite, use_link
from micrographia.archive.mail import put_mail
from micrographia.archive.outbox import deliver_due, put_in_outbox
from micrographia.archive.sessions import begin_session, find_session, sign_in
from micrographia.assembly import deliverers
from micrographia.catalogue import outbox
from micrographia.errors import InvalidInputError, NotFoundError, NotPermittedError, UnavailableError

PASSWORD = "ut tensio sic vis"


def later(archive, **by):
    then = (datetime.fromisoformat(archive.now()) + timedelta(**by)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return replace(archive, now=lambda: then)


def rows(archive):
    with archive.catalogue.read() as connection:
        return outbox.messages(connection)


def put(archive, key="1", to="boyle@royal.example", subject="Of springs", text="Ut tensio, sic vis.\n"):
    with archive.catalogue.write() as connection:
        put_mail(archive, connection, key=key, to=to, subject=subject, text=text)


def in_files(archive):
    return [
        email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in sorted((archive.settings.home / "outbox").glob("*"))
    ]


class Received:
    def __init__(self):
        self.mails, self.answer = [], "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  as aiosmtpd calls it
        if self.answer.startswith("250"):
            self.mails.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return self.answer

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("nobody"):
            return "550 No such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def post(archive):
    """A mail server, and the archive that sends to it."""
    received = Received()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(received, hostname="127.0.0.1", port=port)
    controller.start()
    yield received, replace(archive, settings=replace(archive.settings, smtp_url=f"smtp://127.0.0.1:{port}"))
    controller.stop()


def test_a_mail_is_sent_once(post):
    received, archive = post
    put(archive)
    put(archive, text="The same key is the same message.")
    assert deliver_due(archive, deliverers(archive.settings)) == 1 and deliver_due(archive, deliverers(archive.settings)) == 0
    ((to, mail),) = received.mails
    assert to == ["boyle@royal.example"] and mail["subject"] == "Of springs" and mail.get_content().strip() == "Ut tensio, sic vis."
    assert "micrographia@localhost" in mail["from"] and mail["message-id"] and mail["date"]
    (row,) = rows(archive)
    assert (row.state, row.document) == ("delivered", {})


def test_a_mail_that_was_undone_with_its_cause_is_not_sent(archive):
    with pytest.raises(ZeroDivisionError), archive.catalogue.write() as connection:
        put_mail(archive, connection, key="1", to="boyle@royal.example", subject="No", text="No")
        raise ZeroDivisionError
    assert rows(archive) == []


def test_a_server_that_is_away_is_tried_again_later_and_later(post):
    received, archive = post
    received.answer = "451 Come back later"
    put(archive)
    assert deliver_due(archive, deliverers(archive.settings)) == 0 and deliver_due(archive, deliverers(archive.settings)) == 0
    (row,) = rows(archive)
    assert (row.state, row.tries) == ("waiting", 1) and "451" in row.message
    for day in range(1, 4):
        assert deliver_due(later(archive, days=day), deliverers(archive.settings)) == 0
    assert rows(archive)[0].tries == 4
    received.answer = "250 OK"
    assert deliver_due(later(archive, days=9), deliverers(archive.settings)) == 1 and len(received.mails) == 1


def test_it_is_given_up_in_the_end_and_never_in_the_way_of_others(post):
    received, archive = post
    put(archive, key="refused", to="nobody@royal.example")
    put(archive, key="taken")
    assert deliver_due(archive, deliverers(archive.settings)) == 1
    assert {r.key: r.state for r in rows(archive)} == {"mail:refused": "failed", "mail:taken": "delivered"}
    received.answer = "451 Never"
    put(archive, key="never")
    for day in range(20):
        deliver_due(later(archive, days=day), deliverers(archive.settings))
    (row,) = [r for r in rows(archive) if r.key == "mail:never"]
    assert row.state == "failed" and row.tries == 14


def test_a_sender_that_died_leaves_its_message_to_the_next(archive):
    put(archive)

    def die(archive, message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_due(archive, {"mail": die})
    assert deliver_due(archive, deliverers(archive.settings)) == 0, "it is claimed for a while"
    assert deliver_due(later(archive, minutes=6), deliverers(archive.settings)) == 1


def test_several_senders_send_different_messages(archive):
    from concurrent.futures import ThreadPoolExecutor

    sent = []
    for number in range(20):
        put(archive, key=str(number))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: deliver_due(archive, {"mail": lambda _, m: sent.append(m.key)}), range(4)))
    assert sorted(sent) == sorted(f"mail:{n}" for n in range(20))


def test_without_a_server_mail_lies_in_files_of_the_home(archive):
    put(archive, subject="Über Federn — 弹簧")
    assert deliver_due(archive, deliverers(archive.settings)) == 1
    (mail,) = in_files(archive)
    assert mail["subject"] == "Über Federn — 弹簧" and mail["to"] == "boyle@royal.example"
    (file,) = (archive.settings.home / "outbox").glob("*.eml")
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "subject", ["a\r\nBcc: all@evil.example", "a\n\nbody", "a\u2028Bcc: x@evil.example", "a\x00b", "a\rBcc: x@evil.example", "x" * 5000]
)
def test_a_title_adds_no_header(archive, subject):
    put(archive, subject=subject)
    assert deliver_due(archive, deliverers(archive.settings)) == 1
    (mail,) = in_files(archive)
    assert mail["bcc"] is None and set(mail.keys()) >= {"From", "To", "Subject", "Date", "Message-ID"} and len(mail.keys()) == 9
    assert mail.get_content().strip() == "Ut tensio, sic vis."


@pytest.mark.parametrize("to", ["a@b.example\nBcc: c@d.example", "a@b.example, c@d.example", "<a@b.example>", "", "a@b.example\x00"])
def test_an_address_is_one_address(archive, to):
    with pytest.raises(InvalidInputError):
        put(archive, to=to)


def test_a_name_of_the_archive_adds_no_header(archive):
    put(archive)
    named = replace(archive, settings=replace(archive.settings, title='The "Royal"\r\nBcc: x@evil.example'))
    assert deliver_due(named, deliverers(archive.settings)) == 1
    assert in_files(archive)[0]["bcc"] is None


def test_no_password_goes_to_a_mail_server_in_the_clear(post):
    received, archive = post
    url = archive.settings.smtp_url.replace("smtp://", "smtp://hooke:secret%20spring@")
    archive = replace(archive, settings=replace(archive.settings, smtp_url=url))
    assert "secret" not in repr(archive.settings)
    put(archive)
    deliver_due(archive, deliverers(archive.settings))
    (row,) = rows(archive)
    assert row.state == "waiting" and "TLS" in row.message and "spring" not in row.message and received.mails == []


def test_an_unknown_failure_of_one_kind_is_no_message_of_another(archive):
    with archive.catalogue.write() as connection:
        put_in_outbox(connection, "doi", "doi:1", {}, archive.now())
    put(archive)

    def away(archive, message):
        raise UnavailableError("Away.")

    assert deliver_due(archive, {**deliverers(archive.settings), "doi": away}) == 1


def link_in(archive):
    deliver_due(archive, deliverers(archive.settings))
    return re.search(r"http://127.0.0.1:8000/new-password/([\w-]+)", in_files(archive)[-1].get_content())[1]


def test_an_invitation_leads_to_a_password_once(archive):
    _, link = invite(archive, name="Boyle, Robert", email="boyle@royal.example")
    secret = link_in(archive)
    assert link.endswith(secret) and account_of_link(archive, secret).email == "boyle@royal.example"
    with pytest.raises(InvalidInputError):
        use_link(archive, secret, "short")
    use_link(archive, secret, PASSWORD)
    assert sign_in(archive, "boyle@royal.example", PASSWORD)
    with pytest.raises(NotFoundError):
        use_link(archive, secret, "another password")
    database = b"".join(p.read_bytes() for p in archive.settings.home.glob("catalogue.sqlite"))
    assert secret.encode() not in database


def test_a_new_password_ends_what_was_begun_with_the_old(archive):
    account = add_account(archive, name="Boyle", email="boyle@royal.example", password=PASSWORD)
    session = begin_session(archive, account)
    ask_new_password(archive, "Boyle@Royal.example")
    first = link_in(archive)
    ask_new_password(archive, "boyle@royal.example")
    with pytest.raises(NotFoundError):  # only the newest link works
        account_of_link(archive, first)
    use_link(archive, link_in(archive), "a new and better one")
    assert find_session(archive, session) is None
    with pytest.raises(NotPermittedError):
        sign_in(archive, "boyle@royal.example", PASSWORD)


def test_a_link_works_no_more_after_its_time(archive):
    add_account(archive, name="Boyle", email="boyle@royal.example", password=PASSWORD)
    ask_new_password(archive, "boyle@royal.example")
    secret = link_in(archive)
    assert account_of_link(later(archive, minutes=119), secret)
    with pytest.raises(NotFoundError):
        account_of_link(later(archive, minutes=121), secret)


def test_nobody_unknown_or_closed_is_sent_a_link(archive):
    account = add_account(archive, name="Boyle", email="boyle@royal.example", password=PASSWORD)
    change_account(archive, account.id, is_active=False)
    for address in ("boyle@royal.example", "nobody@royal.example"):
        ask_new_password(archive, address)
    assert rows(archive) == [] and find_account(archive, "boyle@royal.example").is_active is False


def test_of_two_who_use_a_link_at_once_one_succeeds(archive):
    from concurrent.futures import ThreadPoolExecutor

    invite(archive, name="Boyle", email="boyle@royal.example")
    secret = link_in(archive)

    def use(number):
        try:
            use_link(archive, secret, f"password number {number}")
        except NotFoundError:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(4))) == 1
