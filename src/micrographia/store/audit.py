"""Audit: every released byte is read again and held against its digest; a replica mends what is damaged.

Of each object: (1) its declaration, (2) its inventories and their sidecars, the root's being those of the newest version, (3) every file of
the manifest is there with its digest, (4) nothing else is there but `logs/`.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Literal

from micrographia.errors import IntegrityError, InvalidInputError, NotFoundError
from micrographia.ids import EntryId
from micrographia.model import ocfl
from micrographia.store.bucket import lines
from micrographia.store.inventory import head_of, manifest
from micrographia.store.publication import read_sidecar, sidecar_text, write_root_pair

if TYPE_CHECKING:
    from micrographia.store.objects import Store

DamageKind = Literal["missing", "changed", "undeclared", "inventory"]
Progress = Callable[[int], None]

_AHEAD = 64  # files, or groups of them, being read or waiting to be
_ONE_BY_ONE = 256
_TOGETHER = 32


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing in the store that is not as it was released."""

    accession: str
    path: str
    """Path inside the object: ``v1/content/map.mrc``, ``inventory.json``; empty when the whole object is gone."""
    kind: DamageKind
    """missing, changed, undeclared (not in the inventory), inventory (an inventory, its sidecar or the declaration is damaged)."""
    expected: str = ""
    """Digest, or what should be there."""
    found: str = ""
    """Digest, or what is there."""
    repaired: bool = False
    """Whether the replica's bytes were put in its place."""


def audit(store: Store, accessions: Sequence[str] | None, mirror: Store | None, *, progress: Progress | None) -> Iterator[Damage]:
    """Yield the damage of these entries (None: of all that the store or the replica has)."""
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        told = _one_at_a_time(progress)
        for accession in _wanted(store, mirror) if accessions is None else map(EntryId.parse, accessions):
            yield from _Audit(store, mirror, accession, pool, told).run()


def _one_at_a_time(progress: Progress | None) -> Progress:
    """Return a function that several threads may call."""
    lock = threading.Lock()

    def told(size: int) -> None:
        if progress is not None:
            with lock:
                progress(size)

    return told


def _wanted(store: Store, mirror: Store | None) -> Iterator[EntryId]:
    # an object may have lost its root inventory: its folder still names it
    for first in store.bucket.folders(""):
        for second in store.bucket.folders(first) if first != "extensions" else ():
            for name in store.bucket.folders(f"{first}/{second}"):
                place = f"{first}/{second}/{name}"
                # some object stores go on listing a folder that has lost its last file
                if _is_accession(name) and ocfl.object_path(name) == place and next(store.bucket.files(place), None) is not None:
                    yield EntryId(name)
    if mirror is not None:
        for accession in mirror.accessions():
            if next(store.bucket.files(ocfl.object_path(accession)), None) is None and store.tombstone(accession) is None:
                yield accession


class _Audit:
    """The audit of one object."""

    def __init__(self, store: Store, mirror: Store | None, accession: EntryId, pool: ThreadPoolExecutor, progress: Progress) -> None:
        self._store, self._bucket, self._mirror = store, store.bucket, mirror
        self._accession, self._pool, self._progress = accession, pool, progress
        self._folder = ocfl.object_path(accession)
        self._staging = f"{ocfl.STAGING}/{accession}"

    def run(self) -> Iterator[Damage]:
        """Yield what is wrong with the object."""
        if next(self._bucket.files(self._folder), None) is None:
            yield from self._whole_object()
            return
        yield from self._declaration()
        damaged, head = False, None
        for damage in self._root_inventory():
            damaged |= not damage.repaired
            yield damage
        if not damaged:
            head = self._store.versions(self._accession)
            yield from self._version_inventories(head)
            yield from self._contents(head)

    def _damage(self, path: str, kind: DamageKind, expected: str = "", found: str = "") -> Damage:
        return Damage(self._accession, path, kind, expected, found)

    def _key(self, path: str) -> str:
        return f"{self._folder}/{path}"

    # --- (1) (2)

    def _declaration(self) -> Iterator[Damage]:
        expected = f"{ocfl.OBJECT_NAMASTE[2:]}\n".encode()
        found = self._bucket.read_start(self._key(ocfl.OBJECT_NAMASTE), 64)
        if found != expected:
            damage = self._damage(
                ocfl.OBJECT_NAMASTE, "inventory", expected.decode().strip(), (found or b"nothing").decode("utf-8", "replace").strip()
            )
            if self._mirror is not None:  # its content is known without a replica; but repairing is what naming one asks for
                self._bucket.write(self._key(ocfl.OBJECT_NAMASTE), expected, staging=self._staging)
                damage = replace(damage, repaired=True)
            yield damage

    def _root_inventory(self) -> Iterator[Damage]:
        damage = self._pair("")
        if damage is None:
            head = self._store.versions(self._accession)
            own = self._sidecar(ocfl.version_folder(head))
            if own is not None and own != self._sidecar(""):
                yield self._damage(
                    ocfl.INVENTORY, "inventory", f"that of {ocfl.version_folder(head)}: {own}", self._sidecar("") or "nothing"
                )
            return
        yield replace(damage, repaired=self._repair_root())

    def _repair_root(self) -> bool:
        """Put back the root pair: from the newest version of our own where that is whole and the replica knows of no newer one."""
        if self._mirror is None:
            return False
        head = self._mirror.versions(self._accession)
        theirs = _sidecar_of(self._mirror, self._accession, "")
        if not head or theirs is None:
            return False
        folder = ocfl.version_folder(head)
        newer = any((ocfl.version_number(name) or 0) > head for name in self._bucket.folders(self._folder))
        if newer or not self._bring(ocfl.INVENTORY, theirs):
            return False
        self._bucket.write(self._key(ocfl.SIDECAR), sidecar_text(theirs), staging=self._staging)
        if self._sidecar(folder) is None:
            self._bring(f"{folder}/{ocfl.INVENTORY}", theirs)
            self._bucket.write(self._key(f"{folder}/{ocfl.SIDECAR}"), sidecar_text(theirs), staging=self._staging)
        write_root_pair(self._store, self._accession, head)
        return True

    def _version_inventories(self, head: int) -> Iterator[Damage]:
        for number in range(1, head + 1):
            folder = ocfl.version_folder(number)
            damage = self._pair(folder)
            if damage is not None:
                theirs = _sidecar_of(self._mirror, self._accession, folder) if self._mirror else None
                repaired = theirs is not None and self._bring(f"{folder}/{ocfl.INVENTORY}", theirs)
                if repaired and theirs:
                    self._bucket.write(self._key(f"{folder}/{ocfl.SIDECAR}"), sidecar_text(theirs), staging=self._staging)
                yield replace(damage, repaired=repaired)

    def _pair(self, folder: str) -> Damage | None:
        """Return what is wrong with an inventory and its sidecar."""
        path = f"{folder}/{ocfl.INVENTORY}" if folder else ocfl.INVENTORY
        expected = self._sidecar(folder)
        try:
            found = self._digest(path)
        except NotFoundError:
            return self._damage(path, "inventory", expected or "an inventory", "nothing")
        if expected is None:
            return self._damage(path.replace(ocfl.INVENTORY, ocfl.SIDECAR), "inventory", found, "nothing")
        if found != expected:
            others = {self._sidecar(""), self._sidecar(ocfl.version_folder(self._store.versions(self._accession)))}
            wrong = path.replace(ocfl.INVENTORY, ocfl.SIDECAR) if found in others else path  # another copy says that it is the sidecar
            return self._damage(wrong, "inventory", expected, found)
        head = head_of(self._bucket.read_start(self._key(path), 4096) or b"")
        if head is not None and folder and head != ocfl.version_number(folder):
            return self._damage(path, "inventory", f"head {folder}", f"head v{head}")
        return None

    def _sidecar(self, folder: str) -> str | None:
        return _sidecar_of(self._store, self._accession, folder)

    # --- (3) (4)

    def _contents(self, head: int) -> Iterator[Damage]:
        declared: set[bytes] = set()  # short digests of paths: 10⁶ of them must fit in memory
        yield from self._files(self._noting(declared))
        for key, _ in self._bucket.files(self._folder):
            path = key[len(self._folder) + 1 :]
            if not path.startswith("logs/") and _short(path) not in declared and not _is_own(path, head):
                yield self._damage(path, "undeclared", "nothing", "a file that no inventory lists")

    def _noting(self, declared: set[bytes]) -> Iterator[tuple[str, str]]:
        for sha256, contents in manifest(lines(self._bucket.stream(self._key(ocfl.INVENTORY)), last=True)):
            for content in contents:
                declared.add(_short(content))
                yield content, sha256.lower()

    def _files(self, wanted: Iterable[tuple[str, str]]) -> Iterator[Damage]:
        waiting: deque[Future[list[Damage]]] = deque()
        given = iter(wanted)
        # one by one while there may be few large files; where there are many, in groups that cost less to hand over
        for size in chain(repeat(1, _ONE_BY_ONE), repeat(_TOGETHER)):
            if not (group := list(islice(given, size))):
                break
            waiting.append(self._pool.submit(self._read, group))
            if len(waiting) >= _AHEAD:
                yield from map(self._mended, waiting.popleft().result())
        while waiting:
            yield from map(self._mended, waiting.popleft().result())

    def _read(self, group: list[tuple[str, str]]) -> list[Damage]:
        """Return what is wrong with these files."""
        damaged = []
        for content, expected in group:
            try:
                found = self._digest(content)
            except NotFoundError:
                damaged.append(self._damage(content, "missing", expected, "nothing"))
            except OSError as error:  # a bad sector, a folder or a device in place of the file
                damaged.append(self._damage(content, "changed", expected, error.strerror or "unreadable"))
            else:
                if found != expected:
                    damaged.append(self._damage(content, "changed", expected, found))
        return damaged

    def _mended(self, damage: Damage) -> Damage:
        return replace(damage, repaired=self._bring(damage.path, damage.expected))

    def _digest(self, path: str) -> str:
        digest = hashlib.sha256()
        for block in self._bucket.stream(self._key(path)):
            digest.update(block)
            self._progress(len(block))
        return digest.hexdigest()

    # --- repair

    def _bring(self, path: str, sha256: str) -> bool:
        """Whether the replica has bytes of this digest at the path; they are now here."""
        if self._mirror is None:
            return False
        try:
            self._bucket.bring(self._key(path), self._mirror.bucket, self._key(path), sha256=sha256, resume=False, staging=self._staging)
        except (NotFoundError, IntegrityError):
            return False
        return True

    def _whole_object(self) -> Iterator[Damage]:
        damage = self._damage("", "missing", "an object with a released version", "nothing")
        mirror = self._mirror
        if mirror is None or not mirror.exists(self._accession):
            yield damage
            return
        theirs = _sidecar_of(mirror, self._accession, "")
        head = mirror.versions(self._accession)
        contents = manifest(lines(mirror.bucket.stream(self._key(ocfl.INVENTORY)), last=True))
        whole = all(self._bring(content, sha256) for sha256, paths in contents for content in paths)
        for number in range(1, head + 1):
            folder = ocfl.version_folder(number)
            digest = _sidecar_of(mirror, self._accession, folder)
            whole = whole and digest is not None and self._bring(f"{folder}/{ocfl.INVENTORY}", digest)
            if whole and digest:
                self._bucket.write(self._key(f"{folder}/{ocfl.SIDECAR}"), sidecar_text(digest), staging=self._staging)
        if whole and theirs:
            self._bucket.write(self._key(ocfl.OBJECT_NAMASTE), f"{ocfl.OBJECT_NAMASTE[2:]}\n".encode(), staging=self._staging)
            log = mirror.bucket.read_start(self._key(ocfl.EVENTS_FILE), -1)
            if log:
                self._bucket.write(self._key(ocfl.EVENTS_FILE), log, staging=self._staging)
            write_root_pair(self._store, self._accession, head)
        yield replace(damage, repaired=whole)


def _sidecar_of(store: Store, accession: str, folder: str) -> str | None:
    place = f"{ocfl.object_path(accession)}/{folder}".rstrip("/")
    return read_sidecar(store.bucket.read_start(f"{place}/{ocfl.SIDECAR}", 256))


def _is_accession(name: str) -> bool:
    try:
        EntryId.parse(name)
    except InvalidInputError:
        return False
    return True


def _short(path: str) -> bytes:
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=12).digest()


def _is_own(path: str, head: int) -> bool:
    """Whether OCFL itself puts such a file there."""
    folder, _, name = path.rpartition("/")
    if not folder:
        return name in (ocfl.OBJECT_NAMASTE, ocfl.INVENTORY, ocfl.SIDECAR)
    number = ocfl.version_number(folder)
    return number is not None and number <= head and name in (ocfl.INVENTORY, ocfl.SIDECAR)
