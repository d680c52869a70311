"""What is asked for is answered once, by whoever comes first, and again by the next where that one did not come to an end."""

import threading
import time

import pytest

from micrographia.assembly import open_archive
from micrographia.compare.attending import Attending
from micrographia.compare.requests import Question, Requests, Side
from micrographia.errors import InvalidInputError, UnavailableError
from micrographia.settings import Settings


@pytest.fixture
def archive(tmp_path):
    archive = open_archive(Settings(home=tmp_path / "archive", workers=1))
    yield archive
    archive.catalogue.close()


def ask(archive, name="query.mrc", at="2026-11-21T12:00:00Z"):
    requests = Requests(archive.settings.home)
    with requests.begin() as incoming:
        incoming.file("a", name).write_bytes(b"density")
        return requests.find(incoming.put(Question(at, "", Side(file=name))))


def length_of_upload(archive, asked, question, made, workers):
    (made / "aligned.mrc").write_bytes(b"map")
    return {"length": workers.call(len, asked.upload("a").read_bytes())}


def test_what_is_asked_for_is_answered_in_turn(archive):
    asked = [ask(archive, at=f"2026-11-21T12:00:0{n}Z") for n in range(3)]
    attending = Attending(archive, length_of_upload)
    assert attending.answer_all() == 3
    assert attending.answer_all() == 0
    attending.stop()
    assert [a.result() for a in asked] == [{"length": 7}] * 3
    assert (asked[0].made / "aligned.mrc").read_bytes() == b"map"


def test_a_running_server_answers_soon(archive):
    attending = Attending(archive, length_of_upload)
    attending.start()
    asked = ask(archive)
    attending.wake()
    until = time.monotonic() + 20
    while not asked.is_ended and time.monotonic() < until:
        time.sleep(0.02)
    attending.stop()
    assert asked.result() == {"length": 7}


def test_what_yesterday_was_asked_for_is_deleted_by_the_clock_of_the_archive(archive):
    asked = ask(archive, at="2020-01-01T00:00:00Z")
    attending = Attending(archive, length_of_upload)
    attending.start()
    until = time.monotonic() + 20
    while asked.folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
    attending.stop()
    assert not asked.folder.exists()


def test_two_servers_answer_it_once(archive):
    asked, begun, told = ask(archive), threading.Event(), []

    def slow(archive, asked, question, made, workers):
        told.append(threading.current_thread())
        begun.set()
        time.sleep(0.3)
        return {}

    one, other = Attending(archive, slow), Attending(archive, slow)
    thread = threading.Thread(target=one.answer_all)
    thread.start()
    begun.wait()
    assert other.answer_all() == 0
    thread.join()
    assert other.answer_all() == 0
    assert len(told) == 1
    assert asked.result() == {}


def test_a_failure_is_a_sentence_and_what_was_sent_is_deleted(archive):
    def refuse(archive, asked, question, made, workers):
        raise InvalidInputError("query.mrc looks like a mask.")

    asked = ask(archive)
    Attending(archive, refuse).answer_all()
    assert asked.failure() == {"error": "InvalidInputError", "message": "query.mrc looks like a mask.", "findings": []}
    assert asked.upload("a") is None


def test_a_bug_is_logged_and_told_without_its_traceback(archive, caplog):
    def fail(archive, asked, question, made, workers):
        raise ZeroDivisionError("secret of the code")

    asked = ask(archive)
    Attending(archive, fail).answer_all()
    assert "nobody foresaw" in asked.failure()["message"]
    assert "secret of the code" in caplog.text


def test_what_is_away_may_come_back_but_not_for_ever(archive):
    tries = []

    def away(archive, asked, question, made, workers):
        tries.append(len(list(asked.folder.glob("made-*"))))
        raise UnavailableError("The catalogue does not answer.")

    asked = ask(archive)
    attending = Attending(archive, away)
    attending.answer_all()
    attending.answer_all()
    assert not asked.is_ended
    attending.answer_all()
    assert asked.failure()["message"] == "The catalogue does not answer."
    assert tries == [1, 1, 1]


def test_what_kills_whoever_begins_it_is_given_up(archive):
    asked = ask(archive)
    for _ in range(3):
        with asked.hold():
            pass
    assert Attending(archive, length_of_upload).answer_all() == 1
    assert "begun 3 times" in asked.failure()["message"]


def test_what_is_deleted_meanwhile_is_forgotten(archive):
    def delete(archive, asked, question, made, workers):
        asked.remove()
        return {}

    asked = ask(archive)
    Attending(archive, delete).answer_all()
    assert not asked.folder.exists()


def wait_for_ever(archive, asked, question, made, workers):
    return {"slept": workers.call(time.sleep, 600)}


def test_what_is_being_compared_when_a_server_stops_is_left_to_the_next(archive):
    asked = ask(archive)
    attending = Attending(archive, wait_for_ever)
    attending.start()
    until = time.monotonic() + 20
    while not (asked.folder / "tries").exists() and time.monotonic() < until:
        time.sleep(0.02)
    attending.stop()
    assert not asked.is_ended
    assert asked.upload("a").exists()
    other = Attending(archive, length_of_upload)
    assert other.answer_all() == 1
    other.stop()
    assert asked.result() == {"length": 7}
