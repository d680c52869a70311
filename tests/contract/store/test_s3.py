"""Store and drafts in a bucket, and mixtures of bucket and folder, on a real S3 service."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from micrographia.store.bucket import Bucket, open_bucket
from micrographia.testing.object_store_contract import BucketContract, StoreContract

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


class TestStoreAndDraftsInTwoBuckets(StoreContract):
    @pytest.fixture
    def store_location(self, s3_prefix: str) -> str:
        return f"{s3_prefix}/store"

    @pytest.fixture
    def drafts_location(self, s3_prefix: str) -> str:
        return f"s3://drafts-{uuid4().hex}/private"


class TestStoreInABucketDraftsInAFolder(StoreContract):
    @pytest.fixture
    def store_location(self, s3_prefix: str) -> str:
        return f"{s3_prefix}/store"

    @pytest.fixture
    def drafts_location(self, tmp_path: Path) -> str:
        return str(tmp_path / "drafts")
