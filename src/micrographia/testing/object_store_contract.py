"""What every place for bytes promises: the suite of the bucket port, and the suite of store and drafts together.

A test module subclasses them and gives the fixtures `bucket`, or `store_location` and `drafts_location`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from itertools import count
from pathlib import Path

import ocfl as ocfl_py  # type: ignore[import-untyped]
import pytest

from micrographia.errors import GoneError, IntegrityError, InvalidInputError, NotFoundError, UnavailableError, WrongStateError
from micrographia.model import ocfl
from micrographia.model.records import DraftRecord, EntryRecord, Event, FileRecord, ImageRecord
from micrographia.model.sheet import Sheet
from micrographia.store import Drafts, Store
from micrographia.store.bucket import Bucket

ACCESSION = "MG-10001"
_CREATED, _RELEASED = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
# names that file systems, URLs and object stores trip over
ODD_NAMES = ("a b.mrc", "Ångström µ.map", "100%25.txt", "#?&+=;:@,!$()'\"[]{}<>|^`~*.st", ".hidden", "-rf", "deep/er/and/deeper.mrc")


class Crash(BaseException):
    """The death of a process, as far as one process can play it: no handler of ours stops it."""


class Publishing:
    """A store and its drafts, and the few lines that bring a version from one to the other."""

    def __init__(self, store: Store, drafts: Drafts) -> None:
        self.store = store
        self.drafts = drafts

    def draft(self, files: dict[str, bytes], *, version: int = 1, accession: str = ACCESSION) -> list[FileRecord]:
        """Make a draft that holds these files, and of an earlier version those that are not replaced."""
        sheet = Sheet(title=f"Version {version}")
        self.drafts.create(DraftRecord(accession=accession, version=version, created_at=_CREATED, released_at=_RELEASED, sheet=sheet))
        if version > 1:
            self.drafts.write_files(accession, (f for f in self.store.files(accession, version - 1) if f.path not in files))
        for path, data in files.items():
            self.add(path, data, version=version, accession=accession)
        self.drafts.write_images(accession, [image(path, n) for n, path in enumerate(files, 1) if path.endswith(".mrc")])
        return list(self.drafts.files(accession))

    def add(self, path: str, data: bytes, *, version: int = 1, accession: str = ACCESSION) -> FileRecord:
        """Add one file to a draft."""
        with self.drafts.incoming(accession, version, path) as file:
            file.write(data)
            sha256 = hashlib.sha256(data).hexdigest()
            record = FileRecord(
                path=path, size_bytes=len(data), sha256=sha256, media_type="application/octet-stream", content_path=file.content_path
            )
            file.commit(record)
        return record

    def publish(self, version: int = 1, accession: str = ACCESSION) -> None:
        """Release the draft and delete it."""
        files = list(self.drafts.files(accession))
        entry = EntryRecord(
            accession=accession,
            version=version,
            created_at=_CREATED,
            released_at=_RELEASED,
            file_count=len(files),
            size_bytes=sum(f.size_bytes for f in files),
            image_count=sum(1 for _ in self.drafts.images(accession)),
            sheet=self.drafts.record(accession).sheet,
        )
        self.store.publish(
            self.drafts,
            accession,
            version,
            entry=entry,
            files=lambda: self.drafts.files(accession),
            images=lambda: self.drafts.images(accession),
            message=f"Version {version}",
            user="Hooke, Robert",
        )
        self.drafts.delete(accession)

    def release(self, files: dict[str, bytes], *, version: int = 1, accession: str = ACCESSION) -> None:
        """Draft and release."""
        self.draft(files, version=version, accession=accession)
        self.publish(version, accession)


def image(path: str, number: int) -> ImageRecord:
    """Return a record of some image."""
    return ImageRecord(number=number, path=path, format="MRC", kind="map", axes="zyx", shape=(1, 2, 3), dtype="int16")


def contents(store: Store, accession: str, version: int) -> dict[str, bytes]:
    """Return the deposited files of a version with their bytes."""
    return {file.path: store.read_file(accession, file.content_path) for file in store.files(accession, version)}


def assert_valid(store: Store, folder: Path) -> None:
    """Hold the storage root against an independent validator, by way of a copy in `folder` where it lies in a bucket."""
    if store.bucket.local_path(ocfl.ROOT_NAMASTE) is None:
        for key, _ in store.bucket.files(""):
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / key).write_bytes(store.bucket.read(key))
    else:
        folder = Path(store.location)
    root = ocfl_py.StorageRoot(str(folder))
    logging.disable(logging.WARNING)  # of the validator, which warns of what the specification allows
    try:
        is_valid = root.validate(log_warnings=False, log_errors=False)
    finally:
        logging.disable(logging.NOTSET)
    assert is_valid, root.log.status_str()
    assert root.num_objects == root.good_objects == len(list(store.accessions())), root.errors


class BucketContract:
    """The suite of the port `Bucket`."""

    def test_bytes_come_back(self, bucket: Bucket) -> None:
        """A small file is read whole, at its start, by ranges and as a stream."""
        bucket.write("a/b.txt", b"0123456789", staging="tmp")
        assert bucket.read("a/b.txt") == b"0123456789"
        assert bucket.read_start("a/b.txt", 4) == b"0123"
        assert bucket.read_start("a/b.txt", 400) == b"0123456789"
        assert bucket.read_start("a/b.txt", -1) == b"0123456789"
        assert b"".join(bucket.stream("a/b.txt")) == b"0123456789"
        source = bucket.source("a/b.txt")
        assert (source.name, source.size, source.read(3, 4), source.read(10, 0)) == ("b.txt", 10, b"3456", b"")
        with pytest.raises(IntegrityError):
            source.read(8, 3)
        assert bucket.size("a/b.txt") == 10

    def test_what_is_not_there_is_said_to_be_missing(self, bucket: Bucket) -> None:
        """Questions answer None, readers raise."""
        assert bucket.size("none") is None
        assert bucket.read_start("none", 5) is None
        for read in (bucket.read, bucket.source, lambda key: next(iter(bucket.stream(key)))):
            with pytest.raises(NotFoundError):
                read("none")
        assert not list(bucket.files("none"))
        assert not list(bucket.folders("none"))
        assert not list(bucket.read_log("none"))
        bucket.delete("none")
        bucket.delete_folder("none", staging="tmp")

    def test_an_empty_file_is_a_file(self, bucket: Bucket) -> None:
        """Zero bytes are not nothing."""
        writer = bucket.writer("empty", staging="tmp")
        writer.commit()
        assert (bucket.size("empty"), bucket.read("empty"), bucket.read_start("empty", 9)) == (0, b"", b"")

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_names_are_kept(self, bucket: Bucket, name: str) -> None:
        """What a file system allows as a name comes back as it was."""
        bucket.write(f"odd/{name}", b"x", staging="tmp")
        assert list(bucket.files("odd")) == [(f"odd/{name}", 1)]
        assert bucket.read(f"odd/{name}") == b"x"
        bucket.delete(f"odd/{name}")
        assert list(bucket.files("odd")) == []

    def test_bytes_appear_whole_or_not_at_all(self, bucket: Bucket) -> None:
        """Before the commit and after an abort the old bytes are there."""
        bucket.write("key", b"old", staging="tmp")
        writer = bucket.writer("key", staging="tmp")
        writer.write(b"ne")
        assert bucket.read("key") == b"old"
        writer.write(b"w")
        writer.commit()
        assert bucket.read("key") == b"new"
        writer = bucket.writer("key", staging="tmp")
        writer.write(b"newer")
        writer.abort()
        assert bucket.read("key") == b"new"

    def test_only_one_creates(self, bucket: Bucket) -> None:
        """The second one is told so, and changes nothing."""
        assert bucket.create("once", b"first", staging="tmp")
        assert not bucket.create("once", b"second", staging="tmp")
        assert bucket.read("once") == b"first"

    def test_an_update_sees_what_is_there(self, bucket: Bucket) -> None:
        """Absent counts as empty."""
        bucket.update("log", lambda text: text + b"a", staging="tmp")
        bucket.update("log", lambda text: text + b"b", staging="tmp")
        assert bucket.read("log") == b"ab"

    def test_logs_grow_and_are_replaced(self, bucket: Bucket) -> None:
        """Lines come back in the order in which they were added; after a replacement only the new ones do."""
        for line in (b"1\n", b"2\n"):
            bucket.append("log", line)
        assert b"".join(bucket.read_log("log")) == b"1\n2\n"
        bucket.replace_log("log", [b"3\n", b"4\n"], staging="tmp")
        bucket.append("log", b"5\n")
        assert b"".join(bucket.read_log("log")) == b"3\n4\n5\n"

    def test_folders_and_files_are_listed(self, bucket: Bucket) -> None:
        """Files at any depth, folders directly in one; a folder whose name merely begins alike is another."""
        for key in ("f/b/1", "f/a/2", "f/3", "ff/4"):
            bucket.write(key, b"xy", staging="tmp")
        assert sorted(bucket.files("f")) == [("f/3", 2), ("f/a/2", 2), ("f/b/1", 2)]
        assert list(bucket.folders("f")) == ["a", "b"]
        bucket.delete_folder("f", staging="tmp")
        assert [key for key, _ in bucket.files("") if not key.startswith("tmp")] == ["ff/4"]

    def test_bytes_are_brought_and_held_against_their_digest(self, bucket: Bucket) -> None:
        """A copy is whole; bringing it again changes nothing."""
        data = b"bytes" * 1000
        bucket.write("from", data, staging="tmp")
        for resume in (False, True):
            bucket.bring(
                "to",
                bucket,
                "from",
                sha256=hashlib.sha256(data).hexdigest(),
                resume=resume and bucket.size("to") is not None,
                staging="tmp",
            )
            assert bucket.read("to") == data
        with pytest.raises(NotFoundError):
            bucket.bring("to", bucket, "none", sha256="0" * 64, resume=False, staging="tmp")


class ReleaseContract:
    """How a version gets from `Drafts` into a `Store`: what depends on where the two lie."""

    @pytest.fixture
    def place(self, store_location: str, drafts_location: str) -> Publishing:
        """Return an empty store with its drafts."""
        return Publishing(Store.open(store_location), Drafts.open(drafts_location))

    def test_a_released_version_is_read_back(self, place: Publishing, tmp_path: Path) -> None:
        """Files, images, entry and events are those of the draft, and the root is valid OCFL."""
        files = {name: f"bytes of {name}".encode() for name in ODD_NAMES}
        records = place.draft(files)
        place.publish()
        assert contents(place.store, ACCESSION, 1) == files
        assert sorted(f.path for f in place.store.files(ACCESSION, 1)) == sorted(f.path for f in records)
        assert [i.path for i in place.store.images(ACCESSION, 1)] == [name for name in files if name.endswith(".mrc")]
        assert place.store.entry(ACCESSION, 1).sheet.title == "Version 1"
        assert (list(place.store.accessions()), place.store.versions(ACCESSION), place.store.exists(ACCESSION)) == ([ACCESSION], 1, True)
        assert not place.drafts.exists(ACCESSION)
        assert list(place.store.audit()) == []
        assert_valid(place.store, tmp_path / "copy")

    def test_a_new_version_shares_what_did_not_change(self, place: Publishing, tmp_path: Path) -> None:
        """Old versions stay as they are; unchanged files keep their place."""
        place.release({"same.mrc": b"same", "changed.mrc": b"one", "twin.mrc": b"same"})
        place.release({"changed.mrc": b"two", "new.txt": b"same"}, version=2)
        place.release({"changed.mrc": b"one"}, version=3)
        places = {file.path: file.content_path for file in place.store.files(ACCESSION, 3)}
        assert places == {
            "same.mrc": "v1/content/same.mrc",
            "twin.mrc": "v1/content/twin.mrc",
            "new.txt": "v2/content/new.txt",
            "changed.mrc": "v3/content/changed.mrc",
        }
        assert contents(place.store, ACCESSION, 1) == {"same.mrc": b"same", "changed.mrc": b"one", "twin.mrc": b"same"}
        assert contents(place.store, ACCESSION, 2)["changed.mrc"] == b"two"
        assert place.store.versions(ACCESSION) == 3
        assert_valid(place.store, tmp_path / "copy")

    def test_a_crash_at_any_step_leaves_the_version_whole_or_absent(
        self, store_location: str, drafts_location: str, tmp_path: Path
    ) -> None:
        """The first and a second version are released while every step crashes once; a restart recovers, the same call completes."""
        place = Publishing(Store.open(store_location), Drafts.open(drafts_location))
        wanted: dict[str, bytes] = {}
        for version, files in enumerate(({"a/b.mrc": b"one", "c": b"sea"}, {"a/b.mrc": b"two"}), 1):
            place.draft(files, version=version)
            wanted |= files
            for step in count(1):
                place.store.on_step = crash_at(step)
                try:
                    place.publish(version)
                except Crash:
                    place = Publishing(Store.open(store_location), Drafts.open(drafts_location))
                    if step % 2:  # a restart recovers; the same command may also come first
                        assert place.store.recover(ACCESSION) in (version - 1, version)
                        if place.store.versions(ACCESSION) == version:
                            assert contents(place.store, ACCESSION, version) == wanted
                        assert_valid(place.store, tmp_path / f"copy{version}-{step}")
                else:
                    break
            assert step > 5
            assert contents(place.store, ACCESSION, version) == wanted
        place.store.on_step = lambda name: None
        assert list(place.store.audit()) == []
        assert_valid(place.store, tmp_path / "copy")

    def test_publishing_again_changes_nothing(self, place: Publishing) -> None:
        """A version that is whole is left as it is; one that would leave a gap is refused."""
        place.draft({"a": b"a"})
        place.publish()
        before = sorted(place.store.bucket.files(ocfl.object_path(ACCESSION)))
        place.draft({"b": b"b"}, accession="MG-10002")
        place.store.publish(place.drafts, ACCESSION, 1, entry=place.store.entry(ACCESSION, 1), files=list, images=list, message="", user="")
        assert sorted(place.store.bucket.files(ocfl.object_path(ACCESSION))) == before
        with pytest.raises(WrongStateError):
            place.publish(2, "MG-10002")

    def test_what_the_draft_does_not_declare_stays_out(self, place: Publishing) -> None:
        """Bytes that came in and were never noted are cleared; declared bytes that are missing stop the release."""
        place.draft({"a": b"a", "folder/b": b"b"})
        place.drafts.bucket.write(
            f"{place.drafts.folder(ACCESSION)}/v1/content/other/stranger", b"?", staging=place.drafts.staging(ACCESSION)
        )
        place.drafts.remove_file(ACCESSION, "folder/b")
        place.publish()
        assert list(contents(place.store, ACCESSION, 1)) == ["a"]
        assert list(place.store.audit()) == []
        place.draft({"a": b"a"}, accession="MG-10002")
        place.drafts.bucket.delete("MG-10002/v1/content/a")
        with pytest.raises(IntegrityError, match="a"):
            place.publish(accession="MG-10002")
        assert not place.store.exists("MG-10002")


class StoreContract(ReleaseContract):
    """The whole suite of `Store` and `Drafts` together."""

    def test_what_is_not_there_is_not_found(self, place: Publishing) -> None:
        """Unknown entries, versions, files and drafts raise NotFoundError; no path leaves the object."""
        place.release({"a": b"a"})
        assert (place.store.versions("MG-10002"), place.store.exists("MG-10002")) == (0, False)
        for ask in (
            lambda: place.store.entry("MG-10002", 1),
            lambda: place.store.entry(ACCESSION, 2),
            lambda: list(place.store.files(ACCESSION, 2)),
            lambda: place.store.source(ACCESSION, "v1/content/none"),
            lambda: place.drafts.record(ACCESSION),
            lambda: place.store.append_event("MG-10002", Event(at=_CREATED, verb="x", version=1)),
            lambda: place.store.purge("MG-10002", {}),
        ):
            with pytest.raises(NotFoundError):
                ask()
        for content in ("v1/content/../../v1/inventory.json", "../drafts", "/etc/passwd", "inventory.json", "v1/content/a\0"):
            with pytest.raises(InvalidInputError):
                place.store.source(ACCESSION, content)

    def test_events_are_appended_once(self, place: Publishing) -> None:
        """An event that is told again after a crash is there once."""
        place.release({"a": b"a"})
        events = [Event(at=_CREATED, verb=verb, version=1, detail={"why": "µ"}) for verb in ("release", "withdraw")]
        for event in (*events, events[0]):
            place.store.append_event(ACCESSION, event)
        assert place.store.events(ACCESSION) == events
        assert list(place.store.audit()) == []

    @pytest.mark.parametrize(
        ("harm", "path", "kind"),
        [
            ("change", "v1/content/big.mrc", "changed"),
            ("remove", "v1/content/big.mrc", "missing"),
            ("remove", "v1/content/entry.json", "missing"),
            ("change", "inventory.json", "inventory"),
            ("remove", "inventory.json", "inventory"),
            ("change", "inventory.json.sha256", "inventory"),
            ("change", "v1/inventory.json", "inventory"),
            ("remove", "v2/inventory.json.sha256", "inventory"),
            ("remove", "0=ocfl_object_1.1", "inventory"),
            ("change", "v1/content/stranger", "undeclared"),
            ("change", "stranger", "undeclared"),
            ("remove", "", "missing"),
        ],
    )
    def test_audit_names_damage_and_a_replica_mends_it(self, place: Publishing, tmp_path: Path, harm: str, path: str, kind: str) -> None:
        """Each kind of damage is found; with a replica it is repaired, but for strangers, which nobody deletes unasked."""
        replica = Publishing(Store.open(str(tmp_path / "replica")), Drafts.open(str(tmp_path / "replica-drafts")))
        for side in (place, replica):
            side.release({"big.mrc": b"bytes" * 1000, "b": b"b"})
            side.release({"b": b"c"}, version=2)
        harm_file(place.store.bucket, f"{ocfl.object_path(ACCESSION)}/{path}".rstrip("/"), harm)
        found = list(place.store.audit([ACCESSION]))
        assert kind in {damage.kind for damage in found}
        assert path in {damage.path for damage in found}
        assert not any(damage.repaired for damage in found)
        repaired = list(place.store.audit([ACCESSION], replica=replica.store))
        if kind == "undeclared":
            assert not any(damage.repaired for damage in repaired)
            place.store.bucket.delete(f"{ocfl.object_path(ACCESSION)}/{path}")
        else:
            assert all(damage.repaired for damage in repaired), repaired
        assert list(place.store.audit()) == []
        assert contents(place.store, ACCESSION, 2) == {"big.mrc": b"bytes" * 1000, "b": b"c"}
        assert_valid(place.store, tmp_path / "copy")

    def test_a_damaged_replica_mends_nothing(self, place: Publishing, tmp_path: Path) -> None:
        """Only bytes with the right digest come in."""
        replica = Publishing(Store.open(str(tmp_path / "replica")), Drafts.open(str(tmp_path / "replica-drafts")))
        for side in (place, replica):
            side.release({"a": b"right"})
            harm_file(side.store.bucket, f"{ocfl.object_path(ACCESSION)}/v1/content/a", "change")
        (damage,) = place.store.audit(replica=replica.store)
        assert (damage.kind, damage.path, damage.repaired) == ("changed", "v1/content/a", False)
        assert damage.expected == hashlib.sha256(b"right").hexdigest()

    def test_purge_destroys_bytes_and_keeps_digests(self, store_location: str, drafts_location: str, tmp_path: Path) -> None:
        """Every step crashes once; in the end no byte of the files is left, and the root is valid."""
        place = Publishing(Store.open(store_location), Drafts.open(drafts_location))
        place.release({"patient-name.mrc": b"secret bytes"})
        place.release({"b": b"b"}, accession="MG-10002")
        event = Event(at=_CREATED, verb="release", version=1)
        place.store.append_event(ACCESSION, event)
        for step in count(1):
            place.store.on_step = crash_at(step)
            try:
                place.store.purge(ACCESSION, {"reason": "law"})
            except Crash:
                place = Publishing(Store.open(store_location), Drafts.open(drafts_location))
            else:
                break
        place.store.on_step = lambda name: None
        assert not place.store.exists(ACCESSION)
        assert place.store.tombstone(ACCESSION) == {"reason": "law"}
        assert place.store.events(ACCESSION) == [event]
        place.store.append_event(ACCESSION, Event(at=_CREATED, verb="purge", version=1))
        assert len(place.store.events(ACCESSION)) == 2
        left = {key: place.store.bucket.read(key) for key, _ in place.store.bucket.files("")}
        assert not any(b"secret bytes" in data or b"patient" in data for data in left.values())
        assert any(hashlib.sha256(b"secret bytes").hexdigest().encode() in data for data in left.values())
        assert list(place.store.accessions()) == ["MG-10002"]
        assert list(place.store.audit()) == []
        assert_valid(place.store, tmp_path / "copy")
        for ask in (lambda: place.store.entry(ACCESSION, 1), lambda: list(place.store.files(ACCESSION, 1))):
            with pytest.raises(GoneError) as gone:
                ask()
            assert gone.value.tombstone == {"reason": "law"}
        place.draft({"c": b"c"})
        with pytest.raises(WrongStateError):
            place.publish()

    # --- drafts

    def test_a_draft_is_made_once(self, place: Publishing) -> None:
        """The second one to create it is refused; its record is rewritten by save."""
        record = DraftRecord(accession=ACCESSION, version=1, created_at=_CREATED, sheet=Sheet(title="One"))
        place.drafts.create(record)
        with pytest.raises(WrongStateError):
            place.drafts.create(record)
        place.drafts.save(record.model_copy(update={"change_note": "µ"}))
        assert place.drafts.record(ACCESSION) == record.model_copy(update={"change_note": "µ"})
        assert list(place.drafts.accessions()) == [ACCESSION]
        place.drafts.delete(ACCESSION)
        assert list(place.drafts.accessions()) == []
        with pytest.raises(NotFoundError):
            place.drafts.save(record)

    def test_bytes_without_commit_leave_nothing(self, place: Publishing) -> None:
        """Neither an error nor a forgotten commit makes a file."""
        place.draft({"a": b"a"})
        with pytest.raises(ZeroDivisionError), place.drafts.incoming(ACCESSION, 1, "half") as file:
            file.write(b"half")
            raise ZeroDivisionError
        with place.drafts.incoming(ACCESSION, 1, "forgotten") as file:
            file.write(b"half")
        assert [f.path for f in place.drafts.files(ACCESSION)] == ["a"]
        assert sorted(key for key, _ in place.drafts.bucket.files(f"{ACCESSION}/v1")) == [f"{ACCESSION}/v1/content/a"]

    def test_the_last_note_about_a_file_is_true(self, place: Publishing) -> None:
        """A file that comes again replaces the first one."""
        place.draft({"a": b"first", "b": b"b"})
        place.add("a", b"second")
        assert {f.path: f.size_bytes for f in place.drafts.files(ACCESSION)} == {"a": 6, "b": 1}
        place.publish()
        assert contents(place.store, ACCESSION, 1) == {"a": b"second", "b": b"b"}

    def test_what_was_noted_survives_the_process(self, place: Publishing, drafts_location: str) -> None:
        """Another process finds the files of a draft that was saved or flushed."""
        place.draft({"a": b"a"})
        again = Drafts.open(drafts_location)
        assert [f.path for f in again.files(ACCESSION)] == ["a"]
        assert again.source(ACCESSION, "v1/content/a").read(0, 1) == b"a"

    def test_one_at_a_time(self, place: Publishing, drafts_location: str) -> None:
        """Another holder is refused; the same thread may take the lock again."""
        other = Drafts.open(drafts_location)
        with place.drafts.lock(ACCESSION), place.drafts.lock(ACCESSION, wait=False):
            with pytest.raises(UnavailableError), other.lock(ACCESSION, wait=False):
                pass
            with other.lock("MG-10002", wait=False):
                pass
        with other.lock(ACCESSION, wait=False):
            pass


def crash_at(step: int) -> Callable[[str], None]:
    """Return a hook that raises Crash at the n-th step."""
    steps = count(1)

    def hook(name: str) -> None:
        if next(steps) == step:
            raise Crash(name)

    return hook


def harm_file(bucket: Bucket, key: str, harm: str) -> None:
    """Change the bytes of a file (making it where there is none) or remove it, or a folder."""
    if harm == "remove":
        if bucket.size(key) is None or key.endswith(ACCESSION):
            bucket.delete_folder(key, staging=ocfl.STAGING)
        else:
            bucket.delete(key)
        return
    data = bytearray(bucket.read_start(key, -1) or b"stranger")
    data[len(data) // 2] ^= 1
    bucket.write(key, bytes(data), staging=ocfl.STAGING)
