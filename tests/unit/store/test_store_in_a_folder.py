from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from micrographia.errors import IntegrityError, InvalidInputError, NotFoundError, WrongStateError
from micrographia.model import ocfl
from micrographia.model.records import DraftRecord
from micrographia.model.sheet import Sheet
from micrographia.store import Drafts, Store
from micrographia.testing.object_store_contract import ACCESSION, Publishing, contents


@pytest.fixture
def place(tmp_path: Path) -> Publishing:
    return Publishing(Store.open(str(tmp_path / "store")), Drafts.open(str(tmp_path / "drafts")))


def test_a_folder_of_other_things_is_not_taken_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(InvalidInputError, match="thesis"):
        Store.open(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_root_of_another_layout_is_refused(tmp_path: Path) -> None:
    Store.open(str(tmp_path))
    config = tmp_path / "extensions" / ocfl.LAYOUT / "config.json"
    config.chmod(0o644)
    config.write_text(json.dumps(ocfl.LAYOUT_CONFIG | {"tupleSize": 2}))
    with pytest.raises(InvalidInputError, match="layout"):
        Store.open(str(tmp_path))


def test_a_store_that_should_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Store.open(str(tmp_path / "replica"), create=False)
    assert not (tmp_path / "replica").exists()


def test_a_store_whose_making_was_cut_off_is_made_whole(tmp_path: Path) -> None:
    Store.open(str(tmp_path))
    (tmp_path / ocfl.ROOT_NAMASTE).unlink()
    Store.open(str(tmp_path))
    assert (tmp_path / ocfl.ROOT_NAMASTE).read_text() == "ocfl_1.1\n"


def test_release_moves_the_bytes_and_copies_none(place: Publishing, tmp_path: Path) -> None:
    place.draft({"folder/a.mrc": b"a"})
    before = (tmp_path / "drafts" / ACCESSION / "v1/content/folder/a.mrc").stat().st_ino
    place.publish()
    after = place.store.local_path(ACCESSION, "v1/content/folder/a.mrc")
    assert after is not None
    assert after.stat().st_ino == before


def test_a_symbolic_link_in_place_of_a_file_is_damage(place: Publishing, tmp_path: Path) -> None:
    place.release({"a": b"a"})
    path = place.store.local_path(ACCESSION, "v1/content/a")
    assert path is not None
    (tmp_path / "same").write_bytes(b"a")
    path.unlink()
    path.symlink_to(tmp_path / "same")
    (damage,) = place.store.audit()
    assert (damage.path, damage.kind) == ("v1/content/a", "changed")


def test_a_damaged_version_folder_is_never_deleted_by_a_restart(place: Publishing, tmp_path: Path) -> None:
    place.release({"a": b"a"})
    root = tmp_path / "store" / ocfl.object_path(ACCESSION)
    (root / ocfl.INVENTORY).unlink()
    (root / "v1" / ocfl.SIDECAR).unlink()
    with pytest.raises(IntegrityError, match="Nothing was deleted"):
        place.store.recover(ACCESSION)
    assert (root / "v1/content/a").read_bytes() == b"a"


def test_an_inventory_that_another_program_rewrote_is_built_upon(place: Publishing, tmp_path: Path) -> None:
    place.release({"a": b"a", "b": b"b"})
    root = tmp_path / "store" / ocfl.object_path(ACCESSION)
    text = json.dumps(json.loads((root / ocfl.INVENTORY).read_bytes()), indent=4, sort_keys=True).encode()
    place.store.bucket.write(f"{ocfl.object_path(ACCESSION)}/{ocfl.INVENTORY}", text, staging=ocfl.STAGING)
    assert place.store.versions(ACCESSION) == 1
    place.release({"a": b"c"}, version=2)
    assert contents(place.store, ACCESSION, 2) == {"a": b"c", "b": b"b"}


def test_audit_counts_every_byte_once(place: Publishing) -> None:
    place.release({f"file{n}": b"x" * 1000 for n in range(300)})
    read: list[int] = []
    assert list(place.store.audit(progress=read.append)) == []
    assert sum(read) == sum(
        size for key, size in place.store.bucket.files(ocfl.object_path(ACCESSION)) if not key.endswith(("sha256", "_1.1"))
    )


def test_of_many_processes_one_makes_the_draft(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    won = fork.SimpleQueue()

    def make() -> None:
        try:
            Drafts.open(str(tmp_path)).create(
                DraftRecord(accession=ACCESSION, version=1, created_at="", sheet=Sheet(title=str(os.getpid())))
            )
        except WrongStateError:
            won.put("")
        else:
            won.put(str(os.getpid()))

    processes = [fork.Process(target=make) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    winners = [winner for winner in (won.get() for _ in processes) if winner]
    assert winners == [Drafts.open(str(tmp_path)).record(ACCESSION).sheet.title]
