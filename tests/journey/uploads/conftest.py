"""A draft behind a real server, its owner's token, and a client that speaks tus by hand."""

import base64
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from micrographia.archive import accounts
from micrographia.archive.archive import Archive
from micrographia.archive.deposit import create_draft
from micrographia.assembly import open_archive
from micrographia.model.people import Scope
from micrographia.model.sheet import Author, Sheet
from micrographia.settings import Settings

SHEET = Sheet(title="Cork cells", authors=(Author(name="Hooke, Robert"),))
_SERVE = (
    "import os, sys; from pathlib import Path; from micrographia.settings import Settings; from micrographia.web.server import serve;"
    "serve(Settings.from_environment(home=Path(sys.argv[1]), workers=1), port=int(os.environ.get('TEST_PORT', 0)),"
    "ready=lambda url: print(url, flush=True))"
)


class Server:
    """A server process that may be killed and started again."""

    def __init__(self, home, **environment):
        self.home, self.environment = home, environment
        self.start()

    def start(self):
        environment = {**os.environ, "MICROGRAPHIA_KEEPER": "off", **self.environment}
        self.process = subprocess.Popen([sys.executable, "-c", _SERVE, str(self.home)], stdout=subprocess.PIPE, text=True, env=environment)
        timer = threading.Timer(60, self.process.kill)
        timer.start()
        self.url = self.process.stdout.readline().strip()
        timer.cancel()
        assert self.url, "the server did not start"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()


@dataclass
class Depositor:
    """A person with a draft."""

    archive: Archive
    accession: str
    token: str
    server: Server

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def base(self):
        return f"{self.server.url}/api/v1/drafts/{self.accession}"

    @property
    def endpoint(self):
        return f"{self.base}/uploads"

    def ask(self, method, url, **more):
        headers = {**self.headers, "Tus-Resumable": "1.0.0", **more.pop("headers", {})}
        return httpx.request(method, httpx.URL(self.server.url).join(url), headers=headers, timeout=30, **more)

    def create(self, length, path, **more):
        metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in {"path": path, **more.pop("metadata", {})}.items())
        headers = {"Upload-Length": str(length), "Upload-Metadata": metadata, **more.pop("headers", {})}
        return self.ask("POST", self.endpoint, headers=headers, **more)

    def patch(self, url, offset, data, **headers):
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", **headers}
        return self.ask("PATCH", url, headers=headers, content=data)

    def offset(self, url):
        answer = self.ask("HEAD", url)
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["Upload-Offset"])

    def files(self):
        answer = self.ask("GET", f"{self.base}/files")
        assert answer.status_code == 200, answer.text
        return {file["path"]: file for file in answer.json()}

    def whole(self, path, seconds=20):
        """Return what is said of a file once it is no longer being verified."""
        import time

        until = time.monotonic() + seconds
        while (file := self.files().get(path, {})).get("state") == "verifying" and time.monotonic() < until:
            time.sleep(0.05)
        return file

    def content(self, path) -> Path:
        return Path(self.archive.drafts.location) / self.accession / "v1/content" / path


def person(archive, email):
    account = accounts.add_account(archive, name=email.partition("@")[0].title(), email=email)
    token, _ = accounts.create_token(archive, account, scopes=frozenset({Scope.DEPOSIT, Scope.READ_PRIVATE}), days=1)
    return accounts.caller_of(account, frozenset({Scope.DEPOSIT, Scope.READ_PRIVATE})), token


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("uploads") / "archive"
    open_archive(Settings(home=home)).catalogue.close()
    running = Server(home, MICROGRAPHIA_IN_PLACE_ROOTS=str(home.parent))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def people(server):
    archive = open_archive(Settings(home=server.home))
    yield archive, person(archive, "hooke@royal.example"), person(archive, "grew@royal.example")
    archive.catalogue.close()


@pytest.fixture
def depositor(server, people):
    archive, (caller, token), _ = people
    accession = create_draft(archive.called_by(caller), SHEET).accession
    return Depositor(archive, accession, token, server)


@pytest.fixture
def stranger(depositor, people):
    return Depositor(depositor.archive, depositor.accession, people[2][1], depositor.server)
