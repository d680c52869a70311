"""A real process that adds files and releases them is killed at random moments; afterwards all is whole or absent."""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path

import pytest

from micrographia.model.records import DraftRecord
from micrographia.model.sheet import Sheet
from micrographia.store import Drafts, Store
from micrographia.testing.object_store_contract import ACCESSION, Publishing, assert_valid, contents

FILES = {f"folder{n % 7}/file{n}.raw": bytes([n]) * 50_000 for n in range(60)}


def deposit(home: Path) -> None:
    """Do what a deposit does: make the draft once, add what is not noted yet, release, tidy up."""
    place = Publishing(Store.open(str(home / "store")), Drafts.open(str(home / "drafts")))
    with place.drafts.lock(ACCESSION):
        place.store.recover(ACCESSION)
        if not place.store.exists(ACCESSION):
            if not place.drafts.exists(ACCESSION):
                place.drafts.create(
                    DraftRecord(accession=ACCESSION, version=1, created_at="2026-01-01T00:00:00Z", sheet=Sheet(title="Killed"))
                )
            noted = {file.path for file in place.drafts.files(ACCESSION)}
            for n, (path, data) in enumerate(FILES.items()):
                if path not in noted:
                    place.add(path, data)
                    if n % 10 == 0:
                        place.drafts.flush(ACCESSION)
            place.publish()
        place.drafts.delete(ACCESSION)


def test_a_killed_release_is_whole_or_absent_and_the_same_command_completes_it(tmp_path: Path) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system cannot fork, and a new interpreter takes longer to start than the release")
    fork = multiprocessing.get_context("fork")
    rng = random.Random(20260101)
    start = time.monotonic()
    deposit(tmp_path / "whole")
    usual_s = time.monotonic() - start
    for attempt in range(18):
        home = tmp_path / f"{attempt % 6}"  # each is killed three times
        process = fork.Process(target=deposit, args=(home,))
        process.start()
        time.sleep(rng.uniform(0, 1.1 * usual_s))
        process.kill()
        process.join()
        store = Store.open(str(home / "store"))
        if store.exists(ACCESSION):
            assert contents(store, ACCESSION, 1) == FILES
    for home in tmp_path.iterdir():
        deposit(home)
        store, drafts = Store.open(str(home / "store")), Drafts.open(str(home / "drafts"))
        assert contents(store, ACCESSION, 1) == FILES
        assert list(store.audit()) == []
        assert_valid(store, home)
        assert list(drafts.accessions()) == []
        left = [*(home / "store/extensions/micrographia-staging").rglob("*"), *(home / "drafts" / ACCESSION).rglob("*")]
        assert not [path for path in left if path.is_file()]
