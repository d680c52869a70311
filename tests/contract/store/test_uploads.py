"""Uploads into drafts, in a folder and in a bucket of a real S3 service."""

import contextlib
import hashlib
import time

import pytest

from micrographia.archive import uploads as verbs
from micrographia.archive.deposit import create_draft
from micrographia.assembly import open_archive
from micrographia.errors import IntegrityError, InvalidInputError, NotFoundError, UnavailableError, WrongStateError
from micrographia.model.sheet import Author, Sheet
from micrographia.settings import Settings
from micrographia.store import spools
from micrographia.store import uploads as store
from micrographia.store.spools import BusyError
from micrographia.store.uploads import Uploads

CORK = hashlib.shake_256(b"cork").digest(5 << 20)


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.s3)])
def archive(request, tmp_path):
    settings = Settings(home=tmp_path / "archive")
    if request.param == "bucket":
        prefix = request.getfixturevalue("s3_prefix")
        settings = Settings(home=tmp_path / "archive", store_url=f"{prefix}/store", drafts_url=f"{prefix}/drafts")
    opened = open_archive(settings)
    yield opened
    opened.catalogue.close()


@pytest.fixture
def accession(archive):
    return create_draft(archive, Sheet(title="Cork", authors=(Author(name="Hooke, Robert"),))).accession


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(spools, "PART_BYTES", 1 << 20)


SIZE = len(CORK)


def begin(archive, accession, path="cork.raw", size=SIZE, **more):
    return verbs.begin_upload(archive, accession, path, size_bytes=size, **more).id


def add(archive, accession, upload, start, end):
    with contextlib.closing(verbs.open_upload(archive, accession, upload, offset=start)) as appending:
        for at in range(start, end, 300_000):
            appending.add([CORK[at : min(at + 100_000, end)], CORK[at + 100_000 : min(at + 300_000, end)]])
        appending.confirm()
        return verbs.finish_upload(archive, accession, appending) if appending.is_whole else ""


def read(archive, accession, path):
    record = next(file for file in archive.drafts.files(accession) if file.path == path)
    source = archive.drafts.source(accession, record.content_path)
    return source.read(0, source.size)


def test_a_file_comes_in_pieces(archive, accession):
    upload = begin(archive, accession)
    add(archive, accession, upload, 0, 1_700_000)
    assert verbs.find_upload(archive, accession, upload).offset == 1_700_000
    assert verbs.unfinished_paths(archive, accession) == ["cork.raw"]
    assert add(archive, accession, upload, 1_700_000, len(CORK)) == hashlib.sha256(CORK).hexdigest()
    assert read(archive, accession, "cork.raw") == CORK
    assert verbs.unfinished_paths(archive, accession) == []
    assert verbs.find_upload(archive, accession, upload).state == "whole"
    with pytest.raises(WrongStateError):
        verbs.open_upload(archive, accession, upload)


def test_a_process_that_knows_nothing_of_the_hash_reads_the_bytes_once_more(archive, accession):
    upload = begin(archive, accession, sha256=hashlib.sha256(CORK).hexdigest())
    add(archive, accession, upload, 0, 3_000_000)
    store._digests.clear()
    assert add(archive, accession, upload, 3_000_000, len(CORK)) == hashlib.sha256(CORK).hexdigest()


def test_an_upload_belongs_to_one_request_at_a_time(archive, accession):
    upload = begin(archive, accession)
    with contextlib.closing(verbs.open_upload(archive, accession, upload)), pytest.raises(BusyError):
        verbs.open_upload(archive, accession, upload)
    verbs.open_upload(archive, accession, upload).close()


def test_bytes_whose_checksum_is_wrong_are_let_go(archive, accession):
    upload = begin(archive, accession)
    add(archive, accession, upload, 0, 1_500_000)
    appending = verbs.open_upload(archive, accession, upload, offset=1_500_000)
    appending.expect("sha1", b"no digest")
    appending.add([CORK[1_500_000:3_500_000]])
    with pytest.raises(IntegrityError, match="checksum"):
        appending.confirm()
    appending.close()
    assert verbs.find_upload(archive, accession, upload).offset == 1_500_000
    assert add(archive, accession, upload, 1_500_000, len(CORK)) == hashlib.sha256(CORK).hexdigest()


def test_more_than_was_announced_is_refused(archive, accession):
    upload = begin(archive, accession, size=10)
    with (
        contextlib.closing(verbs.open_upload(archive, accession, upload)) as appending,
        pytest.raises(InvalidInputError, match="more bytes"),
    ):
        appending.add([b"x" * 11])


def test_a_file_with_another_digest_fails_and_its_bytes_are_gone(archive, accession):
    upload = begin(archive, accession, sha256="0" * 64)
    with pytest.raises(IntegrityError, match="Send the file again"):
        add(archive, accession, upload, 0, len(CORK))
    assert next(iter(verbs.draft_files(archive, accession)))["state"] == "failed"
    assert not [key for key, _ in archive.drafts.bucket.files(accession) if upload in key and not key.endswith(".json")]


def test_a_new_file_takes_the_place_of_the_old_one(archive, accession):
    verbs.store_small(archive, accession, "cork.raw", b"oak")
    stale = begin(archive, accession)
    add(archive, accession, begin(archive, accession), 0, len(CORK))
    assert read(archive, accession, "cork.raw") == CORK
    assert [file["path"] for file in verbs.draft_files(archive, accession)] == ["cork.raw"]
    with pytest.raises(NotFoundError):
        verbs.find_upload(archive, accession, stale)


def test_known_bytes_get_another_name(archive, accession):
    digest = verbs.store_small(archive, accession, "a.raw", CORK[:1000])
    verbs.link_known_file(archive, accession, "b.raw", sha256=digest, size_bytes=1000)
    assert read(archive, accession, "b.raw") == CORK[:1000]
    with pytest.raises(NotFoundError):
        verbs.link_known_file(archive, accession, "c.raw", sha256="0" * 64, size_bytes=1000)


def test_expired_uploads_are_cleared_and_whole_files_never(archive, accession, monkeypatch):
    verbs.store_small(archive, accession, "whole.raw", CORK[:1000])
    add(archive, accession, begin(archive, accession, "piecewise.raw"), 0, len(CORK))
    half = begin(archive, accession, "half.raw")
    add(archive, accession, half, 0, 1_000_000)
    assert list(verbs.tend_uploads(archive)) == []
    assert verbs.find_upload(archive, accession, half).offset == 1_000_000
    later = time.time() + 31 * 86400
    monkeypatch.setattr(verbs.time, "time", lambda: later)
    assert list(verbs.tend_uploads(archive)) == []
    with pytest.raises(NotFoundError):
        verbs.find_upload(archive, accession, half)
    assert {file["path"]: file["state"] for file in verbs.draft_files(archive, accession)} == {
        "whole.raw": "whole",
        "piecewise.raw": "whole",
    }
    assert list(Uploads(archive.drafts).all(accession)) == []


def test_a_file_that_no_disk_has_room_for_is_refused_at_once(archive, accession):
    if "://" in archive.drafts.location:
        pytest.skip("a bucket does not say how much room it has")
    with pytest.raises(UnavailableError, match="room"):
        begin(archive, accession, size=1 << 60)
