"""Store and drafts in a bucket, and mixtures of bucket and folder, on a real S3 service."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from micrographia.errors import InvalidInputError, UnavailableError
from micrographia.store import Drafts, Store, cloud
from micrographia.store.bucket import Bucket, open_bucket
from micrographia.testing.object_store_contract import ACCESSION, BucketContract, Publishing, ReleaseContract, StoreContract, contents

pytestmark = pytest.mark.s3


class TestCloudBucket(BucketContract):
    @pytest.fixture
    def bucket(self, s3_prefix: str) -> Bucket:
        return open_bucket(s3_prefix)


class TestStoreInOneBucket(StoreContract):
    @pytest.fixture
    def store_location(self, s3_prefix: str) -> str:
        return f"{s3_prefix}/store"

    @pytest.fixture
    def drafts_location(self, s3_prefix: str) -> str:
        return f"{s3_prefix}/drafts"


class TestStoreAndDraftsInTwoBuckets(ReleaseContract):
    @pytest.fixture
    def store_location(self, s3_prefix: str) -> str:
        return f"{s3_prefix}/store"

    @pytest.fixture
    def drafts_location(self, s3_prefix: str) -> str:
        return f"s3://drafts-{uuid4().hex}/private"


class TestStoreInABucketDraftsInAFolder(ReleaseContract):
    @pytest.fixture
    def store_location(self, s3_prefix: str) -> str:
        return f"{s3_prefix}/store"

    @pytest.fixture
    def drafts_location(self, tmp_path: Path) -> str:
        return str(tmp_path / "drafts")


def test_large_files_come_in_parts_and_pass_through_where_the_service_cannot_copy(s3_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "_PART_BYTES", 5 << 20)  # the smallest part that S3 takes
    monkeypatch.setattr(cloud, "COPY_BYTES", 1 << 20)
    place = Publishing(Store.open(f"{s3_prefix}/store"), Drafts.open(f"{s3_prefix}/drafts"))
    data = bytes(range(256)) * (12 << 12)  # 12 MiB
    place.release({"large.mrc": data})
    assert contents(place.store, ACCESSION, 1) == {"large.mrc": data}
    assert place.store.source(ACCESSION, "v1/content/large.mrc").read(6 << 20, 300) == data[:300]


def test_a_service_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch, s3_prefix: str) -> None:
    with pytest.raises(UnavailableError, match="credentials"):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        Store.open(f"{s3_prefix}/store")


def test_a_backslash_is_refused_as_services_differ_about_it(s3_prefix: str) -> None:
    with pytest.raises(InvalidInputError, match="backslash"):
        open_bucket(s3_prefix).writer("a\\b", staging="")
