"""The client sends a folder's files, and goes on after whatever happens."""

import hashlib
import threading
import time

import pytest

from micrographia.client.depositing import Depositor
from micrographia.client.sending import LocalFile
from micrographia.errors import IntegrityError, NotFoundError

CORK = hashlib.shake_256(b"cork").digest(40 << 20)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small").mkdir()
    for number in range(30):
        (tmp_path / f"small/{number}.txt").write_bytes(CORK[number * 100 : number * 150])
    (tmp_path / "large.raw").write_bytes(CORK)
    (tmp_path / "Å middle.raw").write_bytes(CORK[: 6 << 20])
    return tmp_path


@pytest.fixture
def files(folder):
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [LocalFile(path.relative_to(folder).as_posix(), path, path.stat().st_size) for path in found]


def assert_all_there(depositor, files):
    there = depositor.files()
    for file in files:
        said = there[file.path]
        assert (said["state"], said["sha256"]) == ("whole", hashlib.sha256(file.where.read_bytes()).hexdigest()), said


def test_a_folder_is_sent_side_by_side_and_once_only(depositor, files):
    told = []
    with Depositor(depositor.server.url, depositor.token) as client:
        client.upload(depositor.accession, files, progress=told.append)
        assert_all_there(depositor, files)
        assert sum(told) == sum(file.size_bytes for file in files)
        before = {path: depositor.content(path).stat().st_ino for path in depositor.files()}
        client.upload(depositor.accession, files)
        assert {path: depositor.content(path).stat().st_ino for path in depositor.files()} == before, "files were sent again"


def test_what_changed_is_sent_again(depositor, files):
    with Depositor(depositor.server.url, depositor.token) as client:
        client.upload(depositor.accession, files)
        files[1].where.write_bytes(b"x" * files[1].size_bytes)
        client.upload(depositor.accession, files, is_same=lambda file, _there: file is not files[1])
    assert_all_there(depositor, files)


def test_it_goes_on_by_itself_when_the_server_is_killed_under_it(depositor, files, monkeypatch):
    """The address stays, as behind a proxy; at most a request's worth of bytes is sent again."""
    from urllib.parse import urlsplit

    port = str(urlsplit(depositor.server.url).port)
    monkeypatch.setitem(depositor.server.environment, "TEST_PORT", port)
    told = []
    cut = threading.Event()

    def progress(count):
        told.append(count)
        if sum(told) > 20 << 20 and not cut.is_set():
            cut.set()

    def kill():
        cut.wait(30)
        depositor.server.kill()
        time.sleep(0.3)
        depositor.server.start()

    killer = threading.Thread(target=kill)
    killer.start()
    with Depositor(depositor.server.url, depositor.token) as client:
        client.upload(depositor.accession, files, progress=progress)
    killer.join()
    assert_all_there(depositor, files)
    total = sum(file.size_bytes for file in files)
    sent_again = -sum(count for count in told if count < 0)
    assert sum(told) == total
    assert sent_again < 16 << 20, f"{sent_again} bytes were sent again"


def test_a_stranger_sends_nothing(stranger, files):
    with Depositor(stranger.server.url, stranger.token) as client, pytest.raises(NotFoundError):
        client.upload(stranger.accession, files)


def test_bytes_that_changed_on_the_way_are_noticed(depositor, files, monkeypatch):
    from micrographia.client import sending

    honest = sending.Sending._ask

    def damaged(self, method, url, headers, body=None):
        return honest(self, method, url, headers, bytes([body[0] ^ 1]) + body[1:] if isinstance(body, bytes) and body else body)

    monkeypatch.setattr(sending.Sending, "_ask", damaged)
    with Depositor(depositor.server.url, depositor.token) as client, pytest.raises(IntegrityError, match="other bytes"):
        client.upload(depositor.accession, files)
