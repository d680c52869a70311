"""How a draft's version becomes the newest version of its object, and how an object leaves the root; every step may be repeated.

(1) ``entry.json``, ``manifest.jsonl`` and ``images.jsonl`` are written beside the deposited files of the draft.
(2) What the version does not declare is cleared from the draft; what it declares must be there with its size.
(3) The version's own inventory and sidecar are written into the draft's version folder.
(4) The version folder moves into the object: one rename on a file system; in a bucket, copies by the service, the sidecar last.
(5) The root inventory is put in place: the commit point. (6) Its sidecar.

A version folder with its sidecar is whole. After a crash before the end of (4) there is only the draft; after it, (5) and (6) are repeated.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from micrographia.errors import IntegrityError, InvalidInputError, WrongStateError
from micrographia.ids import EntryId
from micrographia.model import ocfl
from micrographia.model.records import ENTRY_FILE, IMAGES_FILE, MANIFEST_FILE, EntryRecord, FileRecord, ImageRecord
from micrographia.store.bucket import Bucket, blocks_of, json_lines, lines
from micrographia.store.disk import disk_errors, make_folders, sync_file
from micrographia.store.drafts import Drafts
from micrographia.store.folder import FolderBucket
from micrographia.store.inventory import Ledger, manifest, write_inventory

if TYPE_CHECKING:
    from micrographia.store.objects import Store

_PARALLEL_COPIES = 16
_NAMED = 5  # missing files named in one message


class Publication:
    """One version on its way from the drafts into the store."""

    def __init__(self, store: Store, drafts: Drafts, accession: EntryId, version: int) -> None:
        self._store = store
        self._bucket = store.bucket
        self._drafts = drafts
        self._accession = accession
        self._version = version
        self._object = ocfl.object_path(accession)
        self._folder = ocfl.version_folder(version)
        self._staging = f"{ocfl.STAGING}/{accession}"

    def run(
        self,
        entry: EntryRecord,
        files: Callable[[], Iterable[FileRecord]],
        images: Callable[[], Iterable[ImageRecord]],
        *,
        message: str,
        user: str,
    ) -> None:
        """Do what is left to do; nothing when the version is whole."""
        head = self._store.versions(self._accession)
        if head > self._version:
            return
        if head < self._version - 1:
            raise WrongStateError(
                f"{self._accession} has {head} released versions; version {self._version} cannot be released before the one between."
            )
        if not _sidecar(self._bucket, f"{self._object}/{self._folder}"):
            self._prepare(entry, files, images, message=message, user=user)
            self._move()
        self._store.on_step("moved")
        write_root_pair(self._store, self._accession, self._version)
        self._bucket.delete_folder(self._staging, staging=ocfl.STAGING)

    # --- in the draft

    @property
    def _draft_folder(self) -> str:
        return f"{self._drafts.folder(self._accession)}/{self._folder}"

    def _prepare(
        self,
        entry: EntryRecord,
        files: Callable[[], Iterable[FileRecord]],
        images: Callable[[], Iterable[ImageRecord]],
        *,
        message: str,
        user: str,
    ) -> None:
        self._drafts.flush(self._accession)
        with Ledger() as ledger:
            self._write_own(ledger, ENTRY_FILE, entry_json(entry))  # (1)
            self._store.on_step("entry")
            self._write_own(ledger, IMAGES_FILE, json_lines(images()))
            self._store.on_step("images")
            self._write_manifest(ledger, files())
            self._store.on_step("manifest")
            ledger.check_paths()
            self._hold_against(ledger)  # (2)
            previous = lines(self._bucket.stream(f"{self._object}/{ocfl.INVENTORY}"), last=True) if self._version > 1 else None
            inventory = write_inventory(
                ledger,
                accession=self._accession,
                version=self._version,
                created=entry.released_at or entry.created_at,
                message=message,
                user=user,
                previous=previous,
            )
            digest, _ = self._write(f"{self._draft_folder}/{ocfl.INVENTORY}", blocks_of(inventory))  # (3)
        self._store.on_step("version inventory")
        self._write(f"{self._draft_folder}/{ocfl.SIDECAR}", [sidecar_text(digest)])
        self._store.on_step("version sidecar")

    def _write(self, key: str, blocks: Iterable[bytes]) -> tuple[str, int]:
        digest, length = hashlib.sha256(), 0
        staging = self._drafts.staging(self._accession)
        with disk_errors(f"{self._accession}: {key}"):
            writer = self._drafts.bucket.writer(key, staging=staging)
            try:
                for block in blocks:
                    digest.update(block)
                    length += writer.write(block)
                writer.commit()
            finally:
                writer.abort()
        return digest.hexdigest(), length

    def _write_own(self, ledger: Ledger, name: str, blocks: Iterable[bytes]) -> None:
        content = ocfl.content_path(self._version, name)
        digest, length = self._write(f"{self._drafts.folder(self._accession)}/{content}", blocks)
        ledger.add([(name, digest, content, length)])

    def _write_manifest(self, ledger: Ledger, files: Iterable[FileRecord]) -> None:
        def noted() -> Iterator[FileRecord]:
            rest = iter(files)
            while batch := list(islice(rest, 1000)):
                for file in batch:
                    if ocfl.safe_path(file.path) != file.path:
                        raise InvalidInputError(f"{file.path!r} is not in Unicode NFC.")
                ledger.add((f.path, f.sha256, f.content_path, f.size_bytes) for f in batch)
                yield from batch

        self._write_own(ledger, MANIFEST_FILE, json_lines(noted()))

    def _hold_against(self, ledger: Ledger) -> None:
        """Clear what the version does not declare; IntegrityError when a declared file is missing or has another length."""
        bucket = self._drafts.bucket
        content = f"{self._draft_folder}/content"
        strangers, present = [], 0
        for key, size in bucket.files(content):
            path = key[len(content) + 1 :]
            expected = ledger.new_size(path, self._version)
            if expected is None:
                strangers.append(key)
            elif expected != size:
                raise IntegrityError(
                    f"{self._accession}: {path} is {size} bytes long in the draft; {expected} were recorded. Add the file again."
                )
            else:
                present += 1
        if present < ledger.count_new(self._version):
            missing = (path for path in ledger.new_paths(self._version) if bucket.size(f"{content}/{path}") is None)
            named = ", ".join(islice(missing, _NAMED))
            raise IntegrityError(f"{self._accession}: files of the draft are not where its record says: {named}. Add them again.")
        for key in strangers:
            bucket.delete(key)
        bucket.settle(content)

    # --- into the object

    def _move(self) -> None:
        self._bucket.write(f"{self._object}/{ocfl.OBJECT_NAMASTE}", f"{ocfl.OBJECT_NAMASTE[2:]}\n".encode(), staging=self._staging)
        self._store.on_step("object")
        target = f"{self._object}/{self._folder}"
        if isinstance(self._bucket, FolderBucket) and isinstance(self._drafts.bucket, FolderBucket):
            self._bucket.delete_folder(target, staging=self._staging)
            if self._rename(self._drafts.bucket, self._draft_folder, target):
                return
            copied = f"{self._staging}/{self._folder}"  # another file system: the copy is whole before it is moved
            self._transfer(copied)
            self._store.on_step("copied")
            self._rename(self._bucket, copied, target)
        else:
            self._transfer(target)
        self._store.on_step("transferred")
        self._drafts.bucket.delete_folder(self._draft_folder, staging=self._drafts.staging(self._accession))

    def _rename(self, source: FolderBucket, source_folder: str, target: str) -> bool:
        """Whether the folder could be renamed: not across file systems."""
        assert isinstance(self._bucket, FolderBucket)
        before, after = source.path(source_folder), self._bucket.path(target)
        sync_file(before)
        with disk_errors(target):
            make_folders(after.parent)
            try:
                before.rename(after)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                return False
            for folder in (after.parent, after.parent.parent, after.parent.parent.parent, before.parent):
                sync_file(folder)
        return True

    def _transfer(self, target: str) -> None:
        """Copy the version's files as its inventory lists them, held against their digests; the inventory and then its sidecar go last."""
        source, here = self._drafts.bucket, ocfl.content_path(self._version, "")
        inventory = f"{self._draft_folder}/{ocfl.INVENTORY}"
        there = {key: None for key, _ in self._bucket.files(target)}
        wanted = (
            (content.removeprefix(f"{self._folder}/"), sha256)
            for sha256, contents in manifest(lines(source.stream(inventory)))
            for content in contents
            if content.startswith(here)
        )

        def bring(name: str, sha256: str) -> None:
            key = f"{target}/{name}"
            self._bucket.bring(key, source, f"{self._draft_folder}/{name}", sha256=sha256, resume=key in there, staging=self._staging)

        with ThreadPoolExecutor(_PARALLEL_COPIES) as pool:
            while batch := list(islice(wanted, 64 * _PARALLEL_COPIES)):
                for _ in pool.map(lambda item: bring(*item), batch):
                    pass
                for name, _sha256 in batch:
                    there.pop(f"{target}/{name}", None)
                self._store.on_step("batch")
        for key in there:  # left by an earlier attempt with other files
            self._bucket.delete(key)
        there.clear()
        digest = _sidecar(source, self._draft_folder) or ""
        bring(ocfl.INVENTORY, digest)
        self._store.on_step("transferred inventory")
        self._bucket.write(f"{target}/{ocfl.SIDECAR}", sidecar_text(digest), staging=self._staging)


def recover(store: Store, accession: str) -> int:
    """Complete or clear what an interrupted publication left in the object; returns the newest version, 0 for none."""
    bucket, folder = store.bucket, ocfl.object_path(accession)
    head = store.versions(accession)
    following = f"{folder}/{ocfl.version_folder(head + 1)}"
    if _is_whole(bucket, following):
        head += 1
    elif next(bucket.files(following), None) is not None:
        if isinstance(bucket, FolderBucket):  # a rename is never half done: this is damage, and may be all there is of the bytes
            raise IntegrityError(
                f"{accession}: {following} has no whole inventory. Nothing was deleted; look at it, or restore it from a replica."
            )
        bucket.delete_folder(following, staging=ocfl.STAGING)
    if head:
        write_root_pair(store, accession, head)
    else:
        bucket.delete_folder(folder, staging=ocfl.STAGING)
    bucket.delete_folder(f"{ocfl.STAGING}/{accession}", staging=ocfl.STAGING)
    return head


def write_root_pair(store: Store, accession: str, version: int) -> None:
    """Make the root inventory and its sidecar those of `version`, where they are not."""
    bucket, root = store.bucket, ocfl.object_path(accession)
    source = f"{root}/{ocfl.version_folder(version)}"
    digest = _sidecar(bucket, source)
    if digest is None:
        raise IntegrityError(f"{accession}: {source}/{ocfl.SIDECAR} is missing or damaged; run audit.")
    staging = f"{ocfl.STAGING}/{accession}"
    if store.versions(accession) != version or bucket.size(f"{root}/{ocfl.INVENTORY}") != bucket.size(f"{source}/{ocfl.INVENTORY}"):
        bucket.bring(f"{root}/{ocfl.INVENTORY}", bucket, f"{source}/{ocfl.INVENTORY}", sha256=digest, resume=False, staging=staging)  # (5)
    store.on_step("root inventory")
    if _sidecar(bucket, root) != digest:
        bucket.write(f"{root}/{ocfl.SIDECAR}", sidecar_text(digest), staging=staging)  # (6)
    store.on_step("root sidecar")


def bury(store: Store, accession: str, tombstone: Mapping[str, object]) -> None:
    """Write what stays of an entry beside the root's objects; the tombstone itself comes last and decides."""
    bucket, grave = store.bucket, f"{ocfl.TOMBSTONES}/{accession}"
    inventory = lines(bucket.stream(f"{ocfl.object_path(accession)}/{ocfl.INVENTORY}"), last=True)
    # digests alone: names of files may be what the law asks to destroy
    digests = blocks_of(f"{sha256}\n".encode() for sha256, _ in manifest(inventory))
    bucket.replace_log(f"{grave}/digests.txt", digests, staging=ocfl.STAGING)
    store.on_step("digests")
    events = bucket.read_start(f"{ocfl.object_path(accession)}/{ocfl.EVENTS_FILE}", -1) or b""
    bucket.write(f"{grave}/events.jsonl", events, staging=ocfl.STAGING)
    store.on_step("events")
    text = json.dumps(dict(tombstone), ensure_ascii=False, indent=2).encode() + b"\n"
    bucket.write(f"{grave}/tombstone.json", text, staging=ocfl.STAGING)
    store.on_step("tombstone")


def finish_purge(store: Store, accession: str) -> None:
    """Destroy the bytes of an entry that has its tombstone."""
    folder = ocfl.object_path(accession)
    store.bucket.delete(f"{folder}/{ocfl.INVENTORY}")
    store.on_step("unpublished")
    store.bucket.delete_folder(folder, staging=ocfl.STAGING)
    store.bucket.delete_folder(f"{ocfl.STAGING}/{accession}", staging=ocfl.STAGING)


def entry_json(entry: EntryRecord) -> list[bytes]:
    """Return ``entry.json``: the record without its empty fields, with the names of the forms."""
    data = entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    data = {"record": entry.record, **data, "sheet": entry.sheet.as_json()}
    return [json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"]


def sidecar_text(digest: str) -> bytes:
    """Return the content of an inventory's sidecar."""
    return f"{digest} {ocfl.INVENTORY}\n".encode()


def read_sidecar(text: bytes | None) -> str | None:
    """Return the digest that a sidecar holds, None when it is missing or malformed."""
    words = (text or b"").split()
    return words[0].decode("ascii", "replace").lower() if len(words) == 2 and words[1] == ocfl.INVENTORY.encode() else None


def _sidecar(bucket: Bucket, folder: str) -> str | None:
    return read_sidecar(bucket.read_start(f"{folder}/{ocfl.SIDECAR}", 256))


def _is_whole(bucket: Bucket, folder: str) -> bool:
    """Whether a version folder has an inventory that its sidecar, which is written last, agrees with."""
    digest = _sidecar(bucket, folder)
    if digest is None or bucket.size(f"{folder}/{ocfl.INVENTORY}") is None:
        return False
    found = hashlib.sha256()
    for block in bucket.stream(f"{folder}/{ocfl.INVENTORY}"):
        found.update(block)
    return found.hexdigest() == digest
