"""Options that several commands share, and how they open an archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micrographia.cli.output import ask_json
from micrographia.errors import InvalidInputError, NotFoundError, UnavailableError
from micrographia.settings import Settings

if TYPE_CHECKING:
    import micrographia.client
    from micrographia.archive.archive import Archive

Json = Annotated[bool, typer.Option("--json", callback=ask_json, is_eager=True, help="Print one JSON document on stdout.")]
Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="HOME", help="Folder of the archive. Default: $MICROGRAPHIA_HOME, else ./micrographia-archive."),
]
Server = Annotated[str | None, typer.Option("--server", metavar="URL", help="Address of a remote archive, instead of --home.")]
VoxelSize = Annotated[float | None, typer.Option("--voxel-size", metavar="Å", help="Voxel size, in the place of what the headers say.")]
Accession = Annotated[str, typer.Argument(metavar="ACCESSION", help="Accession of the entry, like MG-10001.", show_default=False)]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with the files of the entry.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the tombstone shows it.", show_default=False)]


@contextmanager
def packages_of(extra: str, what: str) -> Iterator[None]:
    """Say which extra of the package is to be installed where an import inside fails: the command `what`, and needs it."""
    try:
        yield
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.startswith("micrographia"):
            raise
        raise UnavailableError(f"This command {what} and needs {exc.name}: pip install 'micrographia[{extra}]'.") from exc


def open_home(home: Path | None, *, make: bool = False) -> Archive:
    """Return the archive in `home` with everything plugged in; only with `make` is one made where there is none."""
    settings = Settings.from_environment(home=home)
    if not make and not settings.store_url and not settings.home.is_dir():
        raise NotFoundError(f"There is no archive in {settings.home}; give its folder with --home.")
    with packages_of("server", "keeps an archive"):
        from micrographia.assembly import open_archive
    return open_archive(settings)


def open_client(home: Path | None, server: str | None) -> micrographia.client.Archive:
    """Return a client of the archive behind `server`, else of the one in `home`."""
    from micrographia.client import open_archive

    if server and home:
        raise InvalidInputError("Both --server and --home were given; an archive is either remote or a folder.")
    if server:
        return open_archive(server_url(server))
    settings = Settings.from_environment(home=home)
    if "://" in settings.store_url:
        raise InvalidInputError(f"The released files lie in {settings.store_url}: read them through a server, with --server URL.")
    return open_archive(settings.store_url or str(settings.home))


def server_url(server: str) -> str:
    """Return the URL of a server that may have been named without its scheme."""
    return server if "://" in server else f"http://{server}"
