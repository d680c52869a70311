"""An archive with people, served by the application in this process."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import numpy as np
import pytest

from micrographia.archive.accounts import add_account, allowed_scopes, create_token
from micrographia.assembly import open_archive
from micrographia.model.people import Standing
from micrographia.settings import Settings
from micrographia.testing.mrc_files import mrc_bytes
from micrographia.web.app import create_app

STANDING = {"owner": Standing.MEMBER, "stranger": Standing.MEMBER, "curator": Standing.CURATOR, "admin": Standing.ADMIN}


class People:
    """What each of them is answered."""

    def __init__(self, archive):
        self.archive = archive
        self.app = create_app(archive)
        self.headers = {"anonymous": {}}
        for who, standing in STANDING.items():
            account = add_account(archive, name=who.title(), email=f"{who}@royal.example", standing=standing)
            token, _ = create_token(archive, account, scopes=allowed_scopes(standing), days=2)
            self.headers[who] = {"Authorization": f"Bearer {token}"}

    def ask(self, who, method, path, *, cookies=None, headers=None, **more):
        async def go():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://archive.example", cookies=cookies) as client:
                return await client.request(method, path, headers={**self.headers[who], **(headers or {})}, **more)

        return asyncio.run(go())

    def get(self, who, path, **more):
        return self.ask(who, "GET", path, **more)

    def post(self, who, path, json=None, **more):
        return self.ask(who, "POST", path, json=json or {}, **more)

    def add(self, accession, path, data, version=1):
        """Put a file into a draft as an upload does."""
        with tempfile.NamedTemporaryFile() as place:
            place.write(data)
            place.flush()
            self.archive.drafts.add_file(accession, version, path, Path(place.name))
        self.archive.drafts.flush(accession)

    def begin(self, title="Cork", **sheet):
        answer = self.post("owner", "/api/v1/drafts", {"title": title, "authors": [{"name": "Hooke, Robert"}], **sheet})
        assert answer.status_code == 201, answer.text
        return answer.json()["accession"]

    def close(self):
        self.app.application.state.site.close()
        self.archive.catalogue.close()


@pytest.fixture
def open_people(tmp_path):
    """Open an archive with people and further settings."""
    opened = []

    def open_with(**settings):
        opened.append(People(open_archive(Settings(home=tmp_path / f"archive-{len(opened)}", workers=1, **settings))))
        return opened[-1]

    yield open_with
    for people in opened:
        people.close()


@pytest.fixture
def serve():
    """Start a real server on an archive, with further variables of the environment; returns its address."""
    running = []

    def start(archive, **variables):
        command = [sys.executable, "-m", "micrographia", "serve", "--home", str(archive.settings.home), "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables})
        running.append(process)
        line = process.stdout.readline()
        assert " at " in line, "the server did not start"
        return line.split(" at ")[1].split()[0]

    yield start
    for process in running:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture
def people(open_people):
    return open_people()


@pytest.fixture
def density():
    array = np.random.default_rng(1665).normal(size=(6, 20, 20)).astype(np.float32)
    return mrc_bytes(array.tobytes(), nx=20, ny=20, nz=6, mode=2)
