"""Opening, migrating, several writers, lost connections."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from micrographia.catalogue import Catalogue, SearchQuery, database
from micrographia.catalogue.database import SCHEMA_VERSION, Database
from micrographia.catalogue.tables import metadata
from micrographia.errors import IntegrityError, InvalidInputError, UnavailableError
from micrographia.testing.entries import make_entry, make_file, make_image
from micrographia.testing.postgres_server import PostgresServer


def test_several_may_open_a_new_catalogue_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: Catalogue.open(empty_url), range(6)))
    try:
        assert opened[0].reserve_accession() == "MG-10001"
        assert opened[5].reserve_accession() == "MG-10002"
    finally:
        for catalogue in opened:
            catalogue.close()


def test_migrations_lead_to_the_tables_of_the_code(empty_url: str) -> None:
    Catalogue.open(empty_url).close()
    opened = Database(empty_url)
    with opened.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": lambda name, kind, _: "entry_text" not in (name or "")})
        assert compare_metadata(context, metadata) == []
    opened.close()


def test_the_schema_version_of_the_code_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(Path(database.__file__).with_name("migrations"))).get_current_head() == SCHEMA_VERSION


def test_a_catalogue_of_a_newer_program_is_refused_with_a_sentence(empty_url: str) -> None:
    with Catalogue.open(empty_url) as catalogue, catalogue.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnavailableError, match="newer one has written it"):
        Catalogue.open(empty_url)


def test_sixteen_writers_at_once_see_no_lock_and_no_accession_twice(url: str) -> None:
    def deposit(_: int) -> list[str]:
        with Catalogue.open(url) as own:
            accessions = [own.reserve_accession() for _ in range(3)]
            for accession in accessions:
                own.put_version(make_entry(accession), files=[make_file("a"), make_file("b")], images=[make_image()])
            return accessions

    with ThreadPoolExecutor(16) as pool:
        given = [a for accessions in pool.map(deposit, range(16)) for a in accessions]
    assert sorted(given) == [f"MG-{10_001 + i}" for i in range(48)]
    with Catalogue.open(url) as catalogue:
        assert catalogue.search(SearchQuery("flea")).total == 48


def test_writers_of_the_same_entry_at_once_leave_one_whole_version(url: str) -> None:
    def write(i: int) -> str:
        try:
            with Catalogue.open(url) as own:
                own.put_version(make_entry(title=f"Flea {i}"), files=[make_file(f"{i}")], images=())
        except UnavailableError as error:
            return error.message
        return ""

    with ThreadPoolExecutor(6) as pool:
        failures = list(pool.map(write, range(6)))
    assert all("Try again" in f for f in failures if f) and "" in failures
    with Catalogue.open(url) as catalogue:
        (version,) = catalogue.versions("MG-10001")
        assert [f.path for f in catalogue.files("MG-10001", 1)] == [version.title.removeprefix("Flea ")]


def test_a_search_in_another_process_sees_a_change_at_once(url: str) -> None:
    with Catalogue.open(url) as reader, Catalogue.open(url) as writer:
        assert reader.search(SearchQuery()).total == 0
        writer.put_version(make_entry(), files=(), images=())
        assert reader.search(SearchQuery()).total == 1
        writer.clear_entries()
        assert reader.search(SearchQuery()).total == 0


def test_threads_may_search_while_entries_change(catalogue: Catalogue) -> None:
    stop = threading.Event()
    problems: list[BaseException] = []

    def search() -> None:
        while not stop.is_set():
            page = catalogue.search(SearchQuery("flea"))
            if len(page.items) != min(page.total, 20):
                problems.append(AssertionError(page))

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(15):
        catalogue.put_version(make_entry(f"MG-{10_001 + i % 5}", 1 + i // 5), files=(), images=())
    stop.set()
    for thread in threads:
        thread.join()
    assert problems == [] and catalogue.search(SearchQuery("flea")).total == 5


@pytest.mark.postgres
def test_a_lost_connection_is_said_and_the_next_question_is_answered(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    with Catalogue.open(url) as catalogue:
        with pytest.raises(UnavailableError, match="Try again"), catalogue.read() as connection:
            connection.execute(text("SELECT 1"))
            postgres.disconnect_all(url)
            connection.execute(text("SELECT 1"))
        assert catalogue.reserve_accession() == "MG-10001"
        postgres.disconnect_all(url)
        assert catalogue.entry("MG-10001") is None


@pytest.mark.postgres
def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(UnavailableError, match="Try again"):
        Catalogue.open("postgresql://nobody@127.0.0.1:1/nothing")


def test_a_catalogue_in_use_opens_quickly_and_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'c.sqlite'}"
    Catalogue.open(url).close()
    code = (
        "import sys, time; from micrographia.catalogue import Catalogue; t = time.perf_counter();"
        f"Catalogue.open({url!r}).close(); print(time.perf_counter() - t, 'alembic' in sys.modules)"
    )
    seconds, alembic = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert alembic == "False" and float(seconds) < 0.3  # 0.01 s where nothing else runs


def test_a_busy_sqlite_database_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'c.sqlite'}"
    with Catalogue.open(url) as first, Catalogue.open(url) as second, ThreadPoolExecutor(1) as pool:
        with first.write():
            waiting = pool.submit(second.reserve_accession)
            time.sleep(0.2)
            assert second.entry("MG-10001") is None  # who only reads does not wait
            assert not waiting.done()
        assert waiting.result(10) == "MG-10001"


def test_what_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"no database at all " * 1000)
    with pytest.raises(IntegrityError, match="rebuild"):
        Catalogue.open(f"sqlite:///{tmp_path / 'c.sqlite'}")
    with pytest.raises(UnavailableError, match="no folder"):
        Catalogue.open(f"sqlite:///{tmp_path / 'missing' / 'c.sqlite'}")
    for url in ("nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(InvalidInputError):
            Catalogue.open(url)
