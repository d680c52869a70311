"""The HTTP server: uvicorn on uvloop and httptools, with the socket within reach of responses that send files."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from micrographia.assembly import PRODUCTS, deliverers, open_archive
from micrographia.derive.delivering import delivering
from micrographia.derive.making import keeping
from micrographia.settings import Settings
from micrographia.web.app import create_app
from micrographia.web.stream.sendfile import EXTENSION, ResponseSocket

_GRACE_SECONDS = 8
_KEEP_ALIVE_SECONDS = 30


class SendfileProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, with the socket of each plain connection in the ASGI scope."""

    def on_headers_complete(self) -> None:
        """Start the request, and let its scope know the socket."""
        super().on_headers_complete()
        # TLS is done in the transport: what went round it would go out in the clear
        if self.transport.get_extra_info("sslcontext") is None and self.cycle is not None:
            self.scope.setdefault("extensions", {})[EXTENSION] = ResponseSocket(self.cycle, self.transport)  # type: ignore[assignment]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started and self._ready is not None:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, ready: Callable[[str], None] | None = None) -> None:
    """Serve the archive until SIGTERM or SIGINT; answers under way get a few seconds to end.

    Parameters
    ----------
    settings : Settings
    host : str
        Address to listen on.
    port : int
        TCP port; 0 takes a free one.
    ready : callable, optional
        Called with the URL once the server listens.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    archive = open_archive(settings)
    app = create_app(archive)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=SendfileProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    # uvicorn raises the signal that stopped it once more when it is done; by then it has been obeyed
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    server = _Server(config, ready)
    with delivering(archive, deliverers(settings)), keeping(archive, PRODUCTS) if settings.keeper == "on" else contextlib.nullcontext():
        server.run()
    if not server.started:
        raise SystemExit(1)
