"""The suite of the catalogue runs on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from micrographia.catalogue import Catalogue
from micrographia.catalogue.tables import metadata
from micrographia.testing.postgres_server import PostgresServer

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def _shared(postgres: PostgresServer) -> Iterator[tuple[str, Catalogue]]:
    """One database for all tests that do not break it; making one for each takes longer than the tests."""
    url = postgres.new_database()
    with Catalogue.open(url) as catalogue:
        yield url, catalogue


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database in which nothing is yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalogue.sqlite'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that is ready to be copied: migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("catalogue") / "migrated.sqlite"
    Catalogue.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty catalogue."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("_migrated"), tmp_path / "catalogue.sqlite")
        return f"sqlite:///{copy}"
    shared: tuple[str, Catalogue] = request.getfixturevalue("_shared")
    with shared[1].write() as connection:
        tables = [t.name for t in metadata.tables.values() if t.name != "counters"]
        connection.execute(text(f"TRUNCATE {', '.join(tables)}, entry_text RESTART IDENTITY"))
        connection.execute(text("UPDATE counters SET value = CASE name WHEN 'accession' THEN 10000 ELSE 0 END"))
    return shared[0]


@pytest.fixture
def catalogue(url: str) -> Iterator[Catalogue]:
    with Catalogue.open(url) as opened:
        yield opened
