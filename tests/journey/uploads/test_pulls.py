"""Files that the archive fetches by itself, or takes in where they lie."""

import hashlib
import http.server
import os
import threading
from dataclasses import replace
from typing import ClassVar

import pytest

from micrographia.archive import pulls
from micrographia.archive.in_place import take_in_place
from micrographia.archive.pulls import PullRules, begin_pull, go_on_with_pull, is_public_address
from micrographia.archive.uploads import tend_uploads
from micrographia.errors import InvalidInputError, NotFoundError, NotPermittedError, UnavailableError
from micrographia.settings import Settings

CORK = hashlib.shake_256(b"cork").digest(3 << 20)


@pytest.fixture(scope="module")
def web():
    """A server that cuts the first answer short, and one address that leads elsewhere."""

    class Handler(http.server.BaseHTTPRequestHandler):
        asked: ClassVar[list] = []

        def do_GET(self):
            Handler.asked.append((self.path, self.headers.get("Range")))
            if self.path.startswith("/elsewhere"):
                self.send_response(302)
                self.send_header("Location", "http://internal.example:1/secret" if "inside" in self.path else "/cork.raw")
                self.end_headers()
                return
            if self.path != "/cork.raw":
                self.send_error(404)
                return
            start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(CORK) - 1}/{len(CORK)}")
            self.send_header("Content-Length", str(len(CORK) - start))
            self.end_headers()
            self.wfile.write(CORK[start:] if start else CORK[: 1 << 20])  # the whole file never comes at once

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def rules(web):
    return PullRules((f"127.0.0.1:{web.server_port}",), ("http",), lambda address: address == "127.0.0.1")


@pytest.fixture
def mine(depositor, people):
    return depositor.archive.called_by(people[1][0])


def test_a_pull_that_is_cut_goes_on(web, rules, mine, depositor):
    url = f"http://127.0.0.1:{web.server_port}/elsewhere"
    record = begin_pull(mine, depositor.accession, url, path="raw/cork.raw", sha256=hashlib.sha256(CORK).hexdigest(), rules=rules)
    with pytest.raises(UnavailableError, match="What came is kept"):
        go_on_with_pull(mine, depositor.accession, record.id, rules=rules)
    assert depositor.files()["raw/cork.raw"]["offset"] == 1 << 20
    assert (depositor.accession, record.id) in list(tend_uploads(depositor.archive))
    assert go_on_with_pull(mine, depositor.accession, record.id, rules=rules) == hashlib.sha256(CORK).hexdigest()
    assert web.RequestHandlerClass.asked[-1][1] == f"bytes={1 << 20}-"
    assert depositor.content("raw/cork.raw").read_bytes() == CORK


def test_nothing_is_fetched_from_elsewhere(web, rules, mine, depositor, monkeypatch):
    base = f"http://127.0.0.1:{web.server_port}"
    for url, wanted in (
        (f"{base}/none", InvalidInputError),
        (f"{base}/elsewhere/inside", NotPermittedError),  # a redirect is held against the rules too
        (f"http://127.0.0.1:{web.server_port + 1}/cork.raw", NotPermittedError),
        (f"http://hooke@127.0.0.1:{web.server_port}/cork.raw", NotPermittedError),
        ("file:///etc/passwd", NotPermittedError),
        ("https://[::1", InvalidInputError),
        ("not an address", NotPermittedError),
    ):
        with pytest.raises(wanted):
            begin_pull(mine, depositor.accession, url, rules=rules)
    # an allowed name that leads inside
    web.RequestHandlerClass.asked.clear()
    with pytest.raises(NotPermittedError, match="inside a network"):
        begin_pull(mine, depositor.accession, f"{base}/cork.raw", rules=PullRules(rules.hosts, ("http",)))
    # one of its addresses is enough
    found = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(pulls.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(NotPermittedError, match="inside a network"):
        begin_pull(mine, depositor.accession, "https://data.example/x", rules=PullRules(("*.example",)))
    assert web.RequestHandlerClass.asked == []
    with pytest.raises(NotPermittedError, match="MICROGRAPHIA_PULL_HOSTS"):
        begin_pull(mine, depositor.accession, "https://data.example/x")


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("192.168.0.1", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
    ],
)
def test_addresses_inside_networks_are_told(address, is_public):
    assert is_public_address(address) is is_public


def test_an_admin_takes_files_in_where_they_lie(depositor, mine, tmp_path, people):
    root = depositor.server.home.parent / f"microscope {os.urandom(4).hex()}"  # the file system of the drafts
    (root / "day 1").mkdir(parents=True)
    (root / "day 1/cork.raw").write_bytes(CORK)
    (root / "notes.txt").write_text("Observ. XVIII\n")
    archive = replace(depositor.archive, settings=replace(depositor.archive.settings, in_place_roots=str(root.parent)))
    with pytest.raises(NotPermittedError, match="admins"):
        take_in_place(archive.called_by(people[1][0]), depositor.accession, root)
    with pytest.raises(NotFoundError):
        take_in_place(archive.called_by(people[2][0]), depositor.accession, root)
    for elsewhere in (tmp_path / "..", root / "../../..", root.relative_to("/")):
        with pytest.raises(NotPermittedError, match="MICROGRAPHIA_IN_PLACE_ROOTS"):
            take_in_place(archive, depositor.accession, elsewhere)
    records = take_in_place(archive, depositor.accession, root)
    assert {depositor.files()[r.path]["state"] for r in records} == {"verifying"}
    for record in records:
        go_on_with_pull(archive, depositor.accession, record.id)
    assert depositor.files()["day 1/cork.raw"]["sha256"] == hashlib.sha256(CORK).hexdigest()
    assert depositor.content("day 1/cork.raw").samefile(root / "day 1/cork.raw")
    (root / "link").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInputError, match="symbolic link"):
        take_in_place(archive, depositor.accession, root)
    assert Settings().in_place_roots == ""
