"""Short transactions on SQLite and PostgreSQL; the schema brought up to date at the door; failures in the archive's own words."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from micrographia.errors import IntegrityError, InvalidInputError, UnavailableError

# the newest file of migrations/versions; a catalogue that is there already opens without loading Alembic
SCHEMA_VERSION = "0004"

_LOCK_SECONDS = 60
# any number, the same in every process: «a migration of a Micrographia catalogue»
_ADVISORY_LOCK = 6_267_480_911


class Database:
    """A database and the two kinds of transactions there are: reading, and writing, one at a time on SQLite."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(_parsed(url))
        self._writing = threading.Lock()
        self.dialect = self._engine.dialect.name
        # several queries of one transaction must see the same state: SQLite gives that anyway
        self._reading = self._engine if self.dialect == "sqlite" else self._engine.execution_options(isolation_level="REPEATABLE READ")

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database."""
        with _failures_in_words(), self._reading.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes; it is committed at the end of the block, or undone when that fails."""
        # threads of one process queue here, fairly; processes wait for each other inside BEGIN IMMEDIATE
        with (
            self._writing if self.dialect == "sqlite" else contextlib.nullcontext(),
            _failures_in_words(),
            self._engine.connect().execution_options(micrographia_writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def prepare(self) -> None:
        """Create the schema, or bring it up to date; safe when several processes do it at once."""
        with self.read() as connection:
            if _version(connection) == SCHEMA_VERSION:
                return
        with _failures_in_words():
            if self.dialect == "sqlite":
                _use_write_ahead_log(self._engine)
            with self._engine.connect().execution_options(micrographia_writes=True) as connection, connection.begin():
                if self.dialect == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
                _migrate(connection)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInputError(f"{url[:80]!r} is not a database URL; expected sqlite:///path or postgresql+psycopg://…") from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise InvalidInputError(f"The catalogue cannot live in {parsed.drivername!r}; expected sqlite:///path or postgresql+psycopg://…")
    if parsed.drivername.startswith("sqlite"):
        if not parsed.database or parsed.database == ":memory:":
            raise InvalidInputError("The catalogue needs a file: sqlite:///path/to/catalogue.sqlite.")
        folder = Path(parsed.database).parent
        if not folder.is_dir():
            raise UnavailableError(f"There is no folder {folder} to keep the catalogue in; make it, or correct the path.")
    return parsed


def _engine(url: URL) -> Engine:
    if url.drivername == "postgresql+psycopg":
        try:
            return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=40, hide_parameters=True)
        except ModuleNotFoundError as error:
            raise UnavailableError("PostgreSQL needs the package psycopg: pip install 'micrographia[postgres]'.") from error
    arguments = {"timeout": _LOCK_SECONDS, "check_same_thread": False}
    engine = create_engine(url, pool_size=10, max_overflow=50, connect_args=arguments, hide_parameters=True)  # digests, links, addresses

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so, below
        cursor = connection.cursor()
        for pragma in ("foreign_keys=ON", "synchronous=FULL", "cache_size=-32000", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("micrographia_writes", False)
        # a transaction that begins as a reader and then writes is refused at once when another wrote meanwhile: say it first
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_write_ahead_log(engine: Engine) -> None:
    """Readers and the writer do not wait for each other. The file remembers it. SQLite does not queue for this change, so we do."""
    patience = time.monotonic() + _LOCK_SECONDS
    connection = engine.raw_connection()
    try:
        while True:
            try:
                connection.cursor().execute("PRAGMA journal_mode=WAL").close()
                return
            except engine.dialect.dbapi.OperationalError as error:  # type: ignore[union-attr]
                if "locked" not in str(error) or time.monotonic() > patience:
                    raise exc.OperationalError("PRAGMA journal_mode=WAL", None, error) from error
                time.sleep(0.02)
    finally:
        connection.close()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, SCHEMA_VERSION)
    except CommandError as error:
        raise UnavailableError(
            f"The catalogue has the schema {_version(connection)}, this Micrographia knows {SCHEMA_VERSION}: a newer one has written it. "
            "Install that one."
        ) from error


@contextlib.contextmanager
def _failures_in_words() -> Iterator[None]:
    try:
        yield
    except exc.TimeoutError as error:
        raise UnavailableError("The catalogue is busy: no connection came free. Try again.") from error
    except exc.IntegrityError as error:
        raise UnavailableError("Two processes wrote the same entry at once; this one gave way. Try again.") from error
    except (exc.DataError, UnicodeEncodeError, OverflowError) as error:
        raise InvalidInputError("The question holds characters or numbers that no record can hold.") from error
    except (exc.OperationalError, exc.InterfaceError) as error:
        raise UnavailableError(f"The catalogue does not answer ({_first_line(error)}). Try again.") from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise UnavailableError(f"The connection to the catalogue was lost ({_first_line(error)}). Try again.") from error
        if type(error) is exc.DatabaseError:
            raise IntegrityError(
                f"The catalogue is damaged ({_first_line(error)}). Move the database away and run `micrographia rebuild`."
            ) from error
        raise


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0][:200] if str(error.orig).strip() else type(error.orig).__name__
