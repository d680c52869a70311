"""The web server: `serve`, `demo`."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from micrographia.cli.options import Home, Json, open_home
from micrographia.cli.output import answer, note
from micrographia.errors import InvalidInputError, UnavailableError
from micrographia.settings import Settings

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="TCP port; 0 takes a free one.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 serves every network of this machine.")]

_DEMO_HOME = Path("micrographia-demo")


def serve(home: Home = None, port: Port = 8000, host: Host = "127.0.0.1", as_json: Json = False) -> None:
    """Serve the archive: pages, API and files. Ctrl-C or SIGTERM stops it."""
    _serve(Settings.from_environment(home=home), host, port)


def demo(
    home: Home = None,
    port: Port = 8000,
    host: Host = "127.0.0.1",
    only_fill: Annotated[bool, typer.Option("--only-fill", help="Fill the archive and do not serve it.")] = False,
    as_json: Json = False,
) -> None:
    """Fill an archive with simulated example entries and serve it. Default home: ./micrographia-demo."""
    archive = open_home(home or _DEMO_HOME, make=True)
    from micrographia.demo.fill import fill_demo

    accessions = fill_demo(archive, progress=note)
    if only_fill:
        answer({"home": str(archive.settings.home), "accessions": accessions}, f"{archive.settings.home} holds {', '.join(accessions)}.")
        return
    _serve(archive.settings, host, port)


def _serve(settings: Settings, host: str, port: int) -> None:
    open_home(settings.home, make=True)  # whatever is wrong with the archive is said before anything listens
    from micrographia.web.server import serve as run

    _refuse_taken(host, port)
    run(
        settings,
        host=host,
        port=port,
        ready=lambda url: answer(
            {"url": url, "home": str(settings.home)}, f"{settings.title} serves {settings.home} at {url} (Ctrl-C stops it)."
        ),
    )


def _refuse_taken(host: str, port: int) -> None:
    """Say in words that a port is taken or an address not ours; the server itself would only log it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror as exc:
            raise InvalidInputError(f"--host {host}: {exc.strerror}.") from exc
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise UnavailableError(f"Port {port} of {host} is taken by another program; choose one with --port, or 0 for any.") from exc
            raise InvalidInputError(f"Cannot listen at {host} port {port}: {exc.strerror}.") from exc


COMMANDS: dict[str, Callable[..., Any]] = {"serve": serve, "demo": demo}
