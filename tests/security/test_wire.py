"""Requests whose length two readers might tell differently: each is one request, or none."""

import socket
import threading
import time

import pytest
import uvicorn

from micrographia.web.server import SendfileProtocol

HIDDEN = b"GET /robots.txt HTTP/1.1\r\nHost: a\r\n\r\n"
LENGTHS = [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
    b"Content-Length: -1\r\n\r\n",
    b"Content-Length: +5\r\n\r\nabcde",
    b"Content-Length: 0x5\r\n\r\nabcde",
    b"Content-Length: 99999999999999999999999999\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n",
    b"Content-Length : 5\r\n\r\nabcde",
]


@pytest.fixture(scope="module")
def port(world):
    server = uvicorn.Server(uvicorn.Config(world.app, port=0, http=SendfileProtocol, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)


def told(port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(request)
        heard = b""
        try:
            while piece := connection.recv(65536):
                heard += piece
        except (TimeoutError, ConnectionResetError):
            pass
    return heard


@pytest.mark.parametrize("length", LENGTHS, ids=lambda length: length[:40].decode())
def test_a_request_of_two_lengths_hides_no_other(port, length):
    heard = told(port, b"POST /api/v1/crops HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n" + length + HIDDEN)
    assert b"User-agent" not in heard
    assert heard == b"" or heard.startswith(b"HTTP/1.1 4"), heard[:100]
    assert told(port, HIDDEN.replace(b"Host: a", b"Host: a\r\nConnection: close")).startswith(b"HTTP/1.1 200")


def test_headers_without_end_are_not_gathered(port):
    heard = told(port, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 4000) for n in range(500)))
    assert not heard.startswith(b"HTTP/1.1 200")
