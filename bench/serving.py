"""What the benches of serving share: a released volume, our server, nginx and tiled beside it, and a client that only counts."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bench.peers import peer_python

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.examine import Given
from micrographia.settings import Settings

_RECEIVE = 1 << 20

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/octet-stream;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream archive {{ server 127.0.0.1:{behind}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    root {root};
    location /store/ {{ internal; alias {store}/; }}
    location /files/ {{ proxy_pass http://archive; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""

TILED = """
import sys
import numpy, uvicorn
from tiled.adapters.array import ArrayAdapter
from tiled.adapters.mapping import MapAdapter
from tiled.server.app import build_app
from tiled.config import Authentication
path, n, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
volume = numpy.memmap(path, "<i2", "r", 1024, (n, n, n))
app = build_app(MapAdapter({"volume": ArrayAdapter.from_array(volume)}), authentication=Authentication(allow_anonymous_access=True))
uvicorn.run(app, port=port, log_level="error", access_log=False)
"""


@dataclass(frozen=True)
class Volume:
    """A released int16 volume of n³ voxels."""

    home: Path
    accession: str
    path: Path
    n: int

    @property
    def size(self) -> int:
        return self.path.stat().st_size


@contextlib.contextmanager
def released_volume(n: int) -> Iterator[Volume]:
    """An archive with one entry: an int16 volume with the grey levels of a tomogram."""
    with tempfile.TemporaryDirectory(prefix="bench-serving-") as place:
        source = Path(place) / "in"
        source.mkdir()
        _write_mrc(source / "volume.mrc", n)
        archive = open_archive(Settings(home=Path(place) / "home"))
        given = Given(title="A volume to serve", authors=("Hooke, Robert",))
        accession = deposit_folder(archive, source, given=given, mode="move", until="released").accession
        record = archive.catalogue.file(accession, 1, "volume.mrc")
        assert record is not None
        path = archive.store.local_path(accession, record.content_path)
        assert path is not None
        archive.catalogue.close()
        yield Volume(Path(place) / "home", accession, path, n)


def _write_mrc(path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    header = np.zeros(256, "<i4")
    header[:4] = (n, n, n, 1)
    header[7:10] = n
    header[10:13] = np.array([n * 7.8] * 3, "<f4").view("<i4")
    header[13:16] = np.array([90.0] * 3, "<f4").view("<i4")
    header[16:19] = (1, 2, 3)
    header[27] = 20140
    header[52] = int.from_bytes(b"MAP ", "little")
    header[53] = 0x4444
    with path.open("wb") as file:
        file.write(header.tobytes())
        for _ in range(n):
            file.write(rng.normal(0, 400, (n, n)).astype("<i2").tobytes())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def our_server(home: Path, **environment: str) -> Iterator[int]:
    port = free_port()
    code = "import sys; from pathlib import Path; from micrographia.settings import Settings; from micrographia.web.server import serve; "
    code += "serve(Settings.from_environment(home=Path(sys.argv[1])), port=int(sys.argv[2]))"
    with _running([sys.executable, "-c", code, str(home), str(port)], port, environment):
        yield port


@contextlib.contextmanager
def nginx(root: Path, store: Path, behind: int) -> Iterator[int | None]:
    """nginx on static files, and in front of our server; None where it is not installed."""
    program = shutil.which("nginx")
    if program is None:
        print("nginx is not installed: this peer is skipped", file=sys.stderr)
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as folder:
        Path(folder).chmod(0o755)
        port = free_port()
        config = Path(folder) / "nginx.conf"
        user = "user root;" if os.getuid() == 0 else ""
        config.write_text(user + NGINX.format(folder=folder, port=port, root=root, store=store, behind=behind))
        with _running([program, "-p", folder, "-c", str(config), "-e", f"{folder}/error.log"], port, {}):
            yield port


@contextlib.contextmanager
def tiled(volume: Volume) -> Iterator[int | None]:
    """Serve the same file by tiled 0.2 from a memory map, in an environment of its own; None where that cannot be made."""
    python = peer_python("tiled", ["tiled[server]==0.2.*"], imports="tiled.server.app")
    if python is None:
        yield None
        return
    port = free_port()
    with _running([str(python), "-c", TILED, str(volume.path), str(volume.n), str(port)], port, {}):
        yield port


@contextlib.contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended with {process.returncode}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@dataclass
class _Connection:
    socket: socket.socket
    left: int = 0
    head: bytes = b""


def fetch(port: int, requests: Sequence[bytes], *, clients: int = 1) -> int:
    """Send all requests over `clients` connections that are kept, read every answer whole, and return the bytes that came.

    An answer that is not 2xx, or that has no Content-Length, ends the bench.
    """
    selector = selectors.DefaultSelector()
    waiting = iter(requests)
    buffer = memoryview(bytearray(_RECEIVE))
    total = open_ = 0
    for _ in range(min(clients, len(requests))):
        connection = _Connection(socket.create_connection(("127.0.0.1", port)))
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.socket.sendall(next(waiting))
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        open_ += 1
    while open_:
        for key, _ in selector.select():
            connection = key.data
            count = connection.socket.recv_into(buffer)
            if not count:
                raise SystemExit("the server closed the connection")
            total += count
            if connection.left:
                connection.left -= count
            else:
                connection.head += bytes(buffer[:count])
                head, end, rest = connection.head.partition(b"\r\n\r\n")
                if not end:
                    continue
                lower = head.lower()
                if not lower.startswith(b"http/1.1 2"):
                    raise SystemExit(f"refused: {head[:200]!r} {rest[:300]!r}")
                at = lower.index(b"content-length:") + 15
                connection.left = int(lower[at : lower.find(b"\r\n", at) if b"\r\n" in lower[at:] else None]) - len(rest)
                connection.head = b""
            if connection.left == 0:
                following = next(waiting, None)
                if following is None:
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    open_ -= 1
                else:
                    connection.socket.sendall(following)
    return total


def get(path: str, headers: str = "") -> bytes:
    """Return the bytes of a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
