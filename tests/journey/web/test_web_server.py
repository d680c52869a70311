"""The real server, over real sockets: sendfile, many requests on one connection, clients that leave, SIGTERM."""

import concurrent.futures
import hashlib
import signal
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest


@pytest.fixture(scope="module")
def big(served, tmp_path_factory):
    """A released file larger than any socket buffer."""
    from micrographia.archive.deposit import deposit_folder
    from micrographia.examine import Given

    folder = tmp_path_factory.mktemp("big")
    data = hashlib.shake_256(b"cork").digest(24 << 20)
    (folder / "camera.raw").write_bytes(data)
    accession = deposit_folder(served.archive, folder, given=Given(title="Large", authors=("Hooke, Robert",)), until="released").accession
    return f"/files/{accession}/1/camera.raw", data


def connect(server):
    parts = urlsplit(server)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def test_a_large_file_comes_whole(server, big):
    path, data = big
    with httpx.Client(base_url=server) as client:
        for _ in range(2):  # the connection is kept
            assert hashlib.sha256(client.get(path).content).digest() == hashlib.sha256(data).digest()
        assert client.get(path, headers={"Range": "bytes=1000000-9000000"}).content == data[1000000:9000001]
        several = client.get(path, headers={"Range": "bytes=0-200000,5000000-5200000"})
        assert several.status_code == 206 and data[:200001] in several.content and data[5000000:5200001] in several.content


def test_many_clients_at_once(server, big):
    path, data = big

    def part(i):
        start = i * 100_003
        return httpx.get(server + path, headers={"Range": f"bytes={start}-{start + 300_000}"}).content == data[start : start + 300_001]

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert all(pool.map(part, range(60)))


def test_requests_one_behind_the_other_on_one_connection(server, big):
    path, data = big
    ranges = [(0, 199_999), (1_000_000, 1_099_999), (5, 9)]
    requests = b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\nRange: bytes={a}-{b}\r\n\r\n".encode() for a, b in ranges)
    with connect(server) as connection:
        connection.sendall(requests)
        stream = connection.makefile("rb")
        for a, b in ranges:
            assert stream.readline() == b"HTTP/1.1 206 Partial Content\r\n"
            while stream.readline() != b"\r\n":
                pass
            assert stream.read(b - a + 1) == data[a : b + 1]


def test_a_slow_client_gets_every_byte(server, big):
    path, data = big
    with connect(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        time.sleep(0.5)
        received = bytearray()
        while piece := connection.recv(1 << 20):
            received += piece
    assert bytes(received).partition(b"\r\n\r\n")[2] == data


def test_clients_that_leave_do_no_harm(server, big):
    path, data = big
    for kind in (path, path.rpartition("/")[0] + ".zip"):
        for _ in range(6):
            with connect(server) as connection:
                connection.sendall(f"GET {kind} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                connection.recv(1000)
    assert httpx.get(server + path, headers={"Range": "bytes=0-9"}).content == data[:10]


def test_head_over_the_wire(server, big):
    path, data = big
    answer = httpx.head(server + path)
    assert int(answer.headers["content-length"]) == len(data) and "server" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/%", "/%ff", "/files/%C3%28/1/x", "/entries?q=%00%ff", "/files/MG-10001/99999999999999999999/x", "/images/" + "9" * 5000]
)
def test_crooked_addresses_are_refused_calmly(server, path):
    with connect(server) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(100).split(b" ")[1] in (b"200", b"400", b"404", b"422")


def test_sigterm_ends_the_server_cleanly_even_while_it_sends(served, big, start):
    path, _ = big
    process = start(served.archive.settings.home)
    with connect(process.url) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        connection.recv(1000)
        process.send_signal(signal.SIGTERM)
        connection.close()
    assert process.wait(20) == 0
    process.stdout.close()
