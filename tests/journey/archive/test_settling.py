"""What a process that was killed left in the middle is brought to its end by the next one."""

import pytest

from micrographia.archive.archive import Archive
from micrographia.archive.audit import audit
from micrographia.archive.curate import accept_entry, hold_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.drafting import discard_draft
from micrographia.archive.lookup import find_entry
from micrographia.archive.release import release_entry
from micrographia.archive.settling import settle
from micrographia.archive.submit import submit_entry
from micrographia.archive.withdraw import purge_entry, withdraw_entry
from micrographia.assembly import open_archive
from micrographia.errors import GoneError, WrongStateError
from micrographia.model.lifecycle import State
from micrographia.store.uploads import UploadRecord, Uploads, new_upload_id
from micrographia.testing.examples import HOOKE


class Killed(BaseException):
    pass


def killed(*_, **__):
    raise Killed


@pytest.fixture
def begin(tmp_path, settings):
    opened: list[Archive] = []

    def deposited(until="draft"):
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        (folder / "notes.txt").write_text(f"Of cork {len(opened)}")
        opened.append(open_archive(settings))
        return opened[-1], deposit_folder(opened[-1], folder, given=HOOKE, until=until).accession

    yield deposited
    for archive in opened:
        archive.catalogue.close()


@pytest.mark.parametrize("verb", [withdraw_entry, purge_entry])
@pytest.mark.parametrize("place", ["catalogue.Catalogue.add_events", "archive.withdraw.keep_events"])
def test_what_stands_in_the_log_is_done_to_its_end(begin, settings, monkeypatch, verb, place):
    archive, accession = begin("released")
    with monkeypatch.context() as during, pytest.raises(Killed):
        during.setattr(f"micrographia.{place}", killed)
        verb(archive, accession, reason="The glass was stained")
    assert archive.catalogue.entry(accession).state is State.RELEASED
    again = open_archive(settings)
    assert again.catalogue.entry(accession).state is (State.WITHDRAWN if verb is withdraw_entry else State.PURGED)
    assert archive.store.exists(accession) == (verb is withdraw_entry)
    with pytest.raises(GoneError):
        find_entry(again, accession)
    assert list(audit(again)) == []
    assert list(again.drafts.begun_events()) == []
    again.catalogue.close()


def test_what_does_not_stand_in_the_log_did_not_happen(begin, settings, monkeypatch):
    archive, accession = begin("released")
    with monkeypatch.context() as during, pytest.raises(Killed):
        during.setattr("micrographia.store.Store.append_event", killed)
        withdraw_entry(archive, accession, reason="The glass was stained")
    again = open_archive(settings)
    assert again.catalogue.entry(accession).state is State.RELEASED
    assert list(again.drafts.begun_events()) == []
    again.catalogue.close()


def test_who_holds_an_entry_whose_release_could_not_go_on_holds_it(begin, settings, monkeypatch):
    archive, accession = begin()
    submit_entry(archive, accession)
    accept_entry(archive, accession)
    with monkeypatch.context() as during, pytest.raises(Killed):
        during.setattr("micrographia.store.Store.publish", killed)
        release_entry(archive, accession)
    assert hold_entry(archive, accession, until="publication").state is State.HELD
    assert [event.verb for event in archive.drafts.record(accession).events] == ["create", "submit", "accept", "hold"]
    again = open_archive(settings)
    assert not again.store.exists(accession), "what is held was released by a restart"
    again.catalogue.close()


def test_what_is_in_the_store_is_not_held_any_more(begin, monkeypatch):
    archive, accession = begin()
    submit_entry(archive, accession)
    accept_entry(archive, accession)
    with monkeypatch.context() as during, pytest.raises(Killed):
        during.setattr("micrographia.archive.release.keep_events", killed)
        release_entry(archive, accession)
    with pytest.raises(WrongStateError, match="being released"):
        hold_entry(archive, accession, until="publication")
    settle(archive)
    assert archive.catalogue.entry(accession).state is State.RELEASED


def test_the_catalogue_comes_to_say_what_the_drafts_say(begin, monkeypatch):
    archive, submitted = begin()
    with monkeypatch.context() as during, pytest.raises(Killed):
        during.setattr("micrographia.catalogue.Catalogue.put_draft", killed)
        submit_entry(archive, submitted)
    assert archive.catalogue.draft_document(submitted).state is State.DRAFT
    settle(archive)
    assert archive.catalogue.draft_document(submitted) == archive.drafts.record(submitted)
    assert archive.catalogue.entry(submitted).state is State.SUBMITTED


def test_a_draft_that_was_discarded_is_gone_from_the_catalogue(begin, monkeypatch):
    archive, accession = begin()
    with monkeypatch.context() as during, pytest.raises(Killed):
        during.setattr("micrographia.catalogue.Catalogue.delete_draft", killed)
        discard_draft(archive, accession)
    settle(archive)
    assert archive.catalogue.entry(accession) is None and not list(archive.drafts.bucket.files(accession))


def test_what_belongs_to_nothing_is_cleared_and_files_stay(begin):
    archive, accession = begin()
    bucket, uploads = archive.drafts.bucket, Uploads(archive.drafts)
    kept, done = (
        UploadRecord(id=new_upload_id(path), path=path, version=1, size_bytes=9, created_at=archive.now(), digest=digest)
        for path, digest in (("a.raw", ""), ("b.raw", "0" * 64))
    )
    for record in (kept, done):
        uploads.save(accession, record)
    for key in (
        f"{accession}/uploads/{kept.id}",
        f"{accession}/uploads/{done.id}",
        f"{accession}/uploads/{'f' * 32}",
        f"{accession}/incoming/gone-1-00",
        "MG-10077/files.jsonl",
        "MG-10078/v1/content/cork.raw",
    ):
        bucket.path(key).parent.mkdir(parents=True, exist_ok=True)
        bucket.path(key).write_bytes(b"cork")
    settle(archive)
    there = {key for key, _ in bucket.files("") if not key.startswith(".")}
    assert f"{accession}/uploads/{kept.id}" in there and "MG-10078/v1/content/cork.raw" in there
    assert not {f"{accession}/uploads/{done.id}", f"{accession}/uploads/{'f' * 32}", "MG-10077/files.jsonl"} & there
