"""An archive behind a real server that is killed, starved and copied; what everybody was told is held against what is there afterwards."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from micrographia.archive.accounts import add_account, allowed_scopes, create_token
from micrographia.archive.archive import Archive
from micrographia.assembly import open_archive
from micrographia.model.people import Standing
from micrographia.settings import Settings
from micrographia.testing.mrc_files import mrc_bytes
from micrographia.testing.server_process import ServerProcess


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


@dataclass
class Place:
    """An archive, its server, and what its people say to it."""

    home: Path
    server: ServerProcess
    headers: dict[str, dict[str, str]]

    def ask(self, who: str, method: str, path: str, **more) -> httpx.Response:
        headers = {**self.headers[who], **more.pop("headers", {})}
        return httpx.request(method, self.server.url + path, headers=headers, timeout=90, **more)

    def get(self, who: str, path: str) -> httpx.Response:
        return self.ask(who, "GET", path)

    def post(self, who: str, path: str, **body) -> httpx.Response:
        return self.ask(who, "POST", path, json=body)

    def tus(self, method: str, path: str, content: bytes = b"", **headers: str) -> httpx.Response:
        more = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("owner", method, path, headers={**more, **named}, content=content)

    def begin(self, title: str) -> str:
        answer = self.post("owner", "/api/v1/drafts", title=title, authors=[{"name": "Hooke, Robert"}])
        assert answer.status_code == 201, answer.text
        return answer.json()["accession"]

    def put(self, accession: str, path: str, data: bytes) -> httpx.Response:
        named = metadata(path=path, sha256=sha256(data))
        return self.tus("POST", f"/api/v1/drafts/{accession}/uploads", data, Upload_Length=str(len(data)), Upload_Metadata=named)

    def whole(self, accession: str, seconds: float = 30) -> dict[str, str]:
        """Return path → digest of a draft's files once none is being verified any more."""
        until = time.monotonic() + seconds
        while True:
            files = self.get("owner", f"/api/v1/drafts/{accession}/files").json()
            if all(file["state"] == "whole" for file in files) or time.monotonic() > until:
                return {file["path"]: file["sha256"] for file in files if file["state"] == "whole"}
            time.sleep(0.1)

    def archive(self) -> Archive:
        return open_archive(Settings.from_environment(self.server.environment, home=self.home, workers=1))


def people_of(archive: Archive) -> dict[str, dict[str, str]]:
    headers: dict[str, dict[str, str]] = {"anonymous": {}}
    for who, standing in (("owner", Standing.MEMBER), ("curator", Standing.CURATOR), ("admin", Standing.ADMIN)):
        account = add_account(archive, name=who.title(), email=f"{who}@royal.example", standing=standing)
        token, _ = create_token(archive, account, scopes=allowed_scopes(standing), days=2)
        headers[who] = {"Authorization": f"Bearer {token}"}
    return headers


@pytest.fixture
def open_place(tmp_path):
    """Serve an archive in a folder of its own (or `home`); further names are variables of the server's environment."""
    opened: list[Place] = []

    def open_at(home: Path | None = None, **environment: str) -> Place:
        home = home or tmp_path / f"archive-{len(opened)}"
        settings = {name.removeprefix("MICROGRAPHIA_").lower(): value for name, value in environment.items() if name.endswith("_URL")}
        archive = open_archive(Settings(home=home, workers=1, **settings))
        headers = people_of(archive)
        archive.catalogue.close()
        opened.append(Place(home, ServerProcess(home, **environment), headers))
        opened[-1].server.stay()
        return opened[-1]

    yield open_at
    for place in opened:
        place.server.stop()


@pytest.fixture
def count() -> int:
    """How often a server is killed; many times by `FAULTS=200 ./dev test tests/faults -s`, which prints the figures."""
    return int(os.environ.get("FAULTS", "6"))


@pytest.fixture
def density() -> bytes:
    array = np.random.default_rng(1665).normal(size=(6, 20, 20)).astype(np.float32)
    return mrc_bytes(array.tobytes(), nx=20, ny=20, nz=6, mode=2)
