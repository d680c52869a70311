"""Files sent into a draft by resumable upload, hashed as they come: beside SHA-256 alone, and nginx taking PUT without hashing."""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import itertools
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from bench.harness import Contender, compare
from bench.serving import _running, free_port, our_server

from micrographia.archive.accounts import add_account, caller_of, create_token
from micrographia.archive.deposit import create_draft
from micrographia.assembly import open_archive
from micrographia.client.depositing import Depositor
from micrographia.client.sending import LocalFile
from micrographia.model.people import Scope
from micrographia.model.sheet import Author, Sheet
from micrographia.settings import Settings

NGINX = """
worker_processes auto; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}/root; location / {{ dav_methods PUT; create_full_put_path on; }} }}
}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="MB that one run sends")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to work: the disk that is to be measured")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-upload-", dir=options.folder)))
        uploads = stack.enter_context(_archive(place))
        nginx = stack.enter_context(_nginx(place))
        for count in (1, 8):
            files = _files(place / f"files-{count}", count, options.size * 1_000_000 // count)
            contenders = [
                Contender("tus with sha256", "ours", lambda files=files: uploads.send(files)),
                Contender("our own client", "ours", lambda files=files: uploads.send_by_client(files)),
                Contender("sha256, one core", "limit", lambda files=files: _hash(files), 0.7),
            ]
            if nginx is not None:
                contenders.append(Contender("nginx dav PUT, no hash", "limit", lambda files=files: _put(nginx, place, files), 0.7))
            compare(f"upload of {count} file{'s' * (count > 1)} at once", contenders, amount=options.size, unit="MB", rounds=options.rounds)
            shutil.rmtree(place / f"files-{count}")
        print("  the target is 0.7 of the slower limit")
        print(f"  peak memory of the server: {uploads.peak_mb():.0f} MB")


class _Uploads:
    def __init__(self, home: Path, port: int, token: str, accession: str) -> None:
        self.home, self.port, self.token, self.accession = home, port, token, accession
        self.pid = 0
        self._number = itertools.count()

    @property
    def endpoint(self) -> str:
        return f"/api/v1/drafts/{self.accession}/uploads"

    def send(self, files: list[Path]) -> None:
        with ThreadPoolExecutor(len(files)) as pool:
            list(pool.map(self._send, files))

    def _send(self, file: Path) -> None:
        metadata = base64.b64encode(self._new(file).encode()).decode()
        size = file.stat().st_size
        head = f"Host: a\r\nAuthorization: Bearer {self.token}\r\nTus-Resumable: 1.0.0\r\n"
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(
                f"POST {self.endpoint} HTTP/1.1\r\n{head}Content-Length: 0\r\nUpload-Length: {size}\r\n"
                f"Upload-Metadata: path {metadata}\r\n\r\n".encode()
            )
            answer = _answer(connection, 201)
            where = next(line for line in answer.split("\r\n") if line.lower().startswith("location:")).partition(" ")[2]
            connection.sendall(
                f"PATCH {where} HTTP/1.1\r\n{head}Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
                f"Content-Length: {size}\r\n\r\n".encode()
            )
            _send_file(connection, file)
            assert "repr-digest" in _answer(connection, 204).lower(), "the file was not hashed while it came"

    def send_by_client(self, files: list[Path]) -> None:
        with Depositor(f"http://127.0.0.1:{self.port}", self.token) as client:
            client.upload(self.accession, [LocalFile(self._new(file), file, file.stat().st_size) for file in files])

    def _new(self, file: Path) -> str:
        """Return a path that the draft does not have yet."""
        return f"{next(self._number)}/{file.name}"

    def peak_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1000


@contextlib.contextmanager
def _archive(place: Path) -> Iterator[_Uploads]:
    home = place / "home"
    archive = open_archive(Settings(home=home))
    account = add_account(archive, name="Hooke", email="hooke@royal.example")
    token, _ = create_token(archive, account, scopes=frozenset({Scope.DEPOSIT}), days=1)
    sheet = Sheet(title="Cork", authors=(Author(name="Hooke, Robert"),))
    accession = create_draft(archive.called_by(caller_of(account, frozenset({Scope.DEPOSIT}))), sheet).accession
    archive.catalogue.close()
    with our_server(home, MICROGRAPHIA_KEEPER="off") as port:
        uploads = _Uploads(home, port, token, accession)
        uploads.pid = next(int(p.name) for p in Path("/proc").glob("[0-9]*") if str(home) in _command(p))
        yield uploads


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@contextlib.contextmanager
def _nginx(place: Path) -> Iterator[int | None]:
    program = shutil.which("nginx")
    if program is None:
        print("nginx is not installed: this limit is skipped", file=sys.stderr)
        yield None
        return
    folder = place / "nginx"
    (folder / "root").mkdir(parents=True)
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + NGINX.format(folder=folder, port=port))
    with _running([program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", f"{folder}/error.log"], port, {}):
        yield port


def _files(folder: Path, count: int, size: int) -> list[Path]:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        rng.integers(0, 255, size, dtype=np.uint8).tofile(folder / f"{number}.raw")
    return sorted(folder.iterdir())


def _hash(files: list[Path]) -> None:
    for file in files:
        with file.open("rb") as stream:
            hashlib.file_digest(stream, "sha256")


def _put(port: int, place: Path, files: list[Path]) -> None:
    def put(file: Path) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"PUT /{file.name} HTTP/1.1\r\nHost: a\r\nContent-Length: {file.stat().st_size}\r\n\r\n".encode())
            _send_file(connection, file)
            _answer(connection, 201)

    with ThreadPoolExecutor(len(files)) as pool:
        list(pool.map(put, files))
    for file in files:
        (place / "nginx" / "root" / file.name).unlink()


def _send_file(connection: socket.socket, file: Path) -> None:
    with file.open("rb") as stream:
        connection.sendfile(stream)


def _answer(connection: socket.socket, status: int) -> str:
    answer = b""
    while b"\r\n\r\n" not in answer:
        block = connection.recv(65536)
        if not block:
            raise SystemExit(f"the server closed the connection: {answer!r}")
        answer += block
    if not answer.startswith(f"HTTP/1.1 {status}".encode()):
        raise SystemExit(f"refused: {answer[:1000]!r}")
    return answer.decode("latin-1")


if __name__ == "__main__":
    main()
