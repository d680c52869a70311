"""A real small file system, where this user may mount one; elsewhere the limit of a process on the length of a file."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from micrographia.errors import UnavailableError
from micrographia.store import Drafts, Store
from micrographia.testing.object_store_contract import ACCESSION, Publishing, contents

KEPT = {"kept": b"k" * 1000}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", folder], capture_output=True).returncode:
        pytest.skip("this user may not mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Leave about so many bytes free."""
    filler = folder / "filler"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    filler.write_bytes(b"f" * (free - leave))
    return filler


def test_a_full_disk_stops_a_file_on_its_way_and_loses_nothing(small_disk: Path) -> None:
    place = Publishing(Store.open(str(small_disk / "store")), Drafts.open(str(small_disk / "drafts")))
    place.draft(KEPT)
    filler = fill(small_disk, 32_768)
    with pytest.raises(UnavailableError, match="disk is full"):
        place.add("big", b"b" * 100_000)
    assert [f.path for f in place.drafts.files(ACCESSION)] == ["kept"]
    filler.unlink()
    place.add("big", b"b" * 100_000)
    place.publish()
    assert contents(place.store, ACCESSION, 1) == KEPT | {"big": b"b" * 100_000}


@pytest.mark.parametrize("leave", [0, 4096, 8192, 12_288, 16_384, 20_480])
def test_a_full_disk_stops_a_release_and_the_same_call_completes_it(small_disk: Path, leave: int) -> None:
    place = Publishing(Store.open(str(small_disk / "store")), Drafts.open(str(small_disk / "drafts")))
    place.draft(KEPT)
    filler = fill(small_disk, leave)
    with pytest.raises(UnavailableError, match="disk is full"):
        place.publish()
    filler.unlink()
    assert place.store.recover(ACCESSION) in (0, 1)
    place.publish()
    assert contents(place.store, ACCESSION, 1) == KEPT
    assert list(place.store.audit()) == []


def test_a_limit_on_the_length_of_files_is_told_as_such(tmp_path: Path) -> None:
    place = Publishing(Store.open(str(tmp_path / "store")), Drafts.open(str(tmp_path / "drafts")))
    place.draft(KEPT)
    fork = multiprocessing.get_context("fork")
    answer = fork.SimpleQueue()

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            place.add("big", b"b" * 100_000)
        except UnavailableError as error:
            answer.put(error.message)
        else:
            answer.put("nothing was raised")

    process = fork.Process(target=limited)
    process.start()
    process.join()
    assert "larger than the system allows" in answer.get()
    assert [f.path for f in place.drafts.files(ACCESSION)] == ["kept"]


def test_a_read_only_disk_is_said_in_words(small_disk: Path) -> None:
    Drafts.open(str(small_disk / "drafts"))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    Drafts.open(str(small_disk / "drafts"))  # what is there may be read
    with pytest.raises(UnavailableError, match="read-only"):
        Drafts.open(str(small_disk / "others"))
