from __future__ import annotations

import multiprocessing
import os
import stat
import threading
from pathlib import Path

import pytest

from micrographia.errors import IntegrityError, InvalidInputError, NotFoundError, UnavailableError
from micrographia.model.records import DraftRecord, FileRecord
from micrographia.model.sheet import Sheet
from micrographia.store import Drafts, Store
from micrographia.store.folder import is_left_behind, temporary_name
from micrographia.testing.object_store_contract import ACCESSION, Publishing

UNSAFE = ["", "/a", "../a", "a/../b", "a//b", "a/", ".", "./a", "a\nb", "a\0b", "a\x7f", "\u2028", "\ud800", "x" * 256, "/".join("y" * 500)]
UNSAFE += ["entry.json", "Manifest.JSONL", "images.jsonl"]


@pytest.fixture
def drafts(tmp_path: Path) -> Drafts:
    drafts = Drafts.open(str(tmp_path / "drafts"))
    drafts.create(DraftRecord(accession=ACCESSION, version=1, created_at="2026-01-01T00:00:00Z", sheet=Sheet(title="Draft")))
    return drafts


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_may_look_into_drafts(drafts: Drafts, tmp_path: Path) -> None:
    drafts.add_file(ACCESSION, 1, "a", make(tmp_path / "a"))
    assert mode_of(tmp_path / "drafts") == mode_of(tmp_path / "drafts" / ACCESSION) == 0o700


def test_released_files_are_read_only_and_open_to_all_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        place = Publishing(Store.open(str(tmp_path / "store")), Drafts.open(str(tmp_path / "drafts")))
        place.draft({"folder/a": b"a"})
        place.drafts.add_file(ACCESSION, 1, "folder/linked", make(tmp_path / "linked"), mode="link")
        place.publish()
    finally:
        os.umask(before)
    root = next((tmp_path / "store").glob("*/*/MG-10001"))
    for path in root.rglob("*"):
        assert mode_of(path) == (0o755 if path.is_dir() else 0o444), path


def test_a_link_moves_no_bytes_and_leaves_the_source_as_it_is(drafts: Drafts, tmp_path: Path) -> None:
    source = make(tmp_path / "a", b"bytes")
    record = drafts.add_file(ACCESSION, 1, "a", source, mode="link")
    place = drafts.local_path(ACCESSION, record.content_path)
    assert place is not None
    assert place.samefile(source)
    assert mode_of(source) == 0o644


def test_a_moved_source_goes_only_when_the_file_is_noted(drafts: Drafts, tmp_path: Path) -> None:
    source = make(tmp_path / "a", b"bytes")
    drafts.add_file(ACCESSION, 1, "a", source, mode="move")
    assert source.exists()
    drafts.flush(ACCESSION)
    assert not source.exists()
    assert drafts.source(ACCESSION, "v1/content/a").read(0, 5) == b"bytes"


@pytest.mark.parametrize("mode", ["copy", "link", "move"])
def test_links_and_special_files_are_refused(drafts: Drafts, tmp_path: Path, mode: str) -> None:
    (tmp_path / "link").symlink_to(make(tmp_path / "a"))
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "."):
        with pytest.raises(InvalidInputError, match="plain file"):
            drafts.add_file(ACCESSION, 1, "x", tmp_path / name, mode=mode)  # type: ignore[arg-type]
    assert list(drafts.files(ACCESSION)) == []


def test_a_line_torn_by_a_crash_is_passed_over(drafts: Drafts, tmp_path: Path) -> None:
    for name in ("a", "b"):
        drafts.add_file(ACCESSION, 1, name, make(tmp_path / name))
    drafts.flush(ACCESSION)
    log = tmp_path / "drafts" / ACCESSION / "files.jsonl"
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 5)
    assert [f.path for f in drafts.files(ACCESSION)] == ["a"]
    drafts.add_file(ACCESSION, 1, "c", make(tmp_path / "c"))
    assert [f.path for f in drafts.files(ACCESSION)] == ["a", "c"]


def test_a_file_that_grew_while_it_came_in_is_refused(drafts: Drafts) -> None:
    with pytest.raises(IntegrityError, match="5 bytes came in"), drafts.incoming(ACCESSION, 1, "a") as file:
        file.write(b"12345")
        file.commit(FileRecord(path="a", size_bytes=4, sha256="0" * 64, media_type="", content_path=file.content_path))
    assert list(drafts.files(ACCESSION)) == []


def test_the_caller_may_write_the_local_file_itself(drafts: Drafts) -> None:
    with drafts.incoming(ACCESSION, 1, "a") as file:
        assert file.path is not None
        file.path.write_bytes(b"12345")
        file.commit(FileRecord(path="a", size_bytes=5, sha256="0" * 64, media_type="", content_path=file.content_path))
    assert drafts.source(ACCESSION, "v1/content/a").read(0, 5) == b"12345"


def test_a_record_must_say_where_its_bytes_lie(drafts: Drafts) -> None:
    with pytest.raises(InvalidInputError, match="v1/content/a"), drafts.incoming(ACCESSION, 1, "a") as file:
        file.commit(FileRecord(path="a", size_bytes=0, sha256="0" * 64, media_type="", content_path="v2/content/a"))


def test_removing_a_file_that_is_not_there_is_said(drafts: Drafts) -> None:
    with pytest.raises(NotFoundError):
        drafts.remove_file(ACCESSION, "a")


def test_threads_exclude_each_other(drafts: Drafts) -> None:
    seen: list[bool] = []

    def other() -> None:
        try:
            with drafts.lock(ACCESSION, wait=False):
                seen.append(True)
        except UnavailableError:
            seen.append(False)

    with drafts.lock(ACCESSION):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen == [False]


def test_a_lock_ends_with_its_process(drafts: Drafts) -> None:
    fork = multiprocessing.get_context("fork")
    held = fork.Event()

    def hold() -> None:
        with drafts.lock(ACCESSION):
            held.set()
            threading.Event().wait()

    process = fork.Process(target=hold)
    process.start()
    assert held.wait(10)
    with pytest.raises(UnavailableError), drafts.lock(ACCESSION, wait=False):
        pass
    process.kill()
    process.join()
    with drafts.lock(ACCESSION, wait=False):
        pass


def test_unfinished_bytes_of_the_dead_are_cleared_and_of_the_living_kept(drafts: Drafts, tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=lambda: None)
    process.start()
    process.join()
    host, _, token = temporary_name().rsplit("-", 2)
    dead, foreign, living = f"{host}-{process.pid}-{token}", f"elsewhere-{process.pid}-{token}", temporary_name()
    assert [is_left_behind(name) for name in (dead, foreign, living, "x", "")] == [True, False, False, False, False]
    incoming = tmp_path / "drafts" / ACCESSION / "incoming"
    for name in (dead, foreign, living):
        make(incoming / name)
    with drafts.lock(ACCESSION):
        assert {path.name for path in incoming.iterdir()} == {foreign, living}


@pytest.mark.parametrize("path", UNSAFE)
def test_unsafe_paths_are_refused(drafts: Drafts, path: str) -> None:
    with pytest.raises(InvalidInputError), drafts.incoming(ACCESSION, 1, path):
        pass


def make(path: Path, data: bytes = b"data") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)
    return path
