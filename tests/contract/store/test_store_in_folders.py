"""Store and drafts in folders of one file system, and of two."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from micrographia.store.bucket import Bucket, open_bucket
from micrographia.testing.object_store_contract import BucketContract, ReleaseContract, StoreContract


class TestFolderBucket(BucketContract):
    @pytest.fixture
    def bucket(self, tmp_path: Path) -> Bucket:
        return open_bucket(str(tmp_path / "bucket"))


class TestStoreInFolders(StoreContract):
    @pytest.fixture
    def store_location(self, tmp_path: Path) -> str:
        return str(tmp_path / "home" / "store")

    @pytest.fixture
    def drafts_location(self, tmp_path: Path) -> str:
        return str(tmp_path / "home" / "drafts")


class TestStoreAndDraftsOnTwoFileSystems(ReleaseContract):
    @pytest.fixture
    def store_location(self, tmp_path: Path) -> str:
        return str(tmp_path / "store")

    @pytest.fixture
    def drafts_location(self, tmp_path: Path) -> Iterator[str]:
        shm = Path("/dev/shm")
        if not os.access(shm, os.W_OK) or shm.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("/dev/shm is not a second file system here")
        with tempfile.TemporaryDirectory(dir=shm) as folder:
            yield f"{folder}/drafts"
