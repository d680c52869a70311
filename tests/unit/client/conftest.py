"""A real HTTP server on a free port that can be told to misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Trouble:
    """A server whose answers are functions of the request; `requests` keeps what was asked."""

    url: str = ""
    answer: Answer = lambda request: request.send_error(404)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @staticmethod
    def send(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
        request.send_response(status)
        request.send_header("Content-Length", headers.pop("content_length", str(len(body))))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    def send_json(self, document: Any, status: int = 200) -> Answer:
        return lambda request: self.send(request, status, json.dumps(document).encode(), Content_Type="application/json")


@pytest.fixture
def server() -> Iterator[Trouble]:
    trouble = Trouble()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            trouble.requests.append((self.path, dict(self.headers)))
            trouble.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        trouble.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield trouble
        http.shutdown()
        thread.join()
