"""The files of a draft as things to look at: where each can be opened, folders that are one image taken together, in the survey's order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping

from micrographia.archive.archive import Archive
from micrographia.archive.stored import StoredBytes
from micrographia.errors import MicrographiaError
from micrographia.formats.looking import Located
from micrographia.formats.registry import HEAD_BYTES, identify_folder
from micrographia.formats.table import FORMATS
from micrographia.model.records import DraftRecord, FileRecord

_COMPANIONS = tuple(format_.companion for format_ in FORMATS if format_.companion)
_DIGITS = re.compile(r"\d+")


class _Places:
    """Where the files of one draft can be opened."""

    def __init__(self, archive: Archive, draft: DraftRecord, files: list[FileRecord]) -> None:
        self._store, self._drafts = archive.store.location, archive.drafts.location
        self._draft = draft
        self.files = {file.path: file for file in files}

    def of(self, path: str, content: str | Mapping[str, str]) -> StoredBytes:
        name = path.rpartition("/")[2]
        return StoredBytes(self._store, self._drafts, self._draft.version, self._draft.accession, name, content)

    def beside(self, path: str) -> list[FileRecord]:
        """Return files that may say more of the file or folder at `path`."""
        folder, slash, name = path.rpartition("/")
        found = (self.files.get(f"{folder}{slash}{companion(name)}") for companion in _COMPANIONS)
        return [file for file in found if file is not None and file.path != path]

    def start_of(self, path: str) -> bytes:
        file = self.files[path]
        source = self.of(path, file.content_path).open()
        return bytes(source.read(0, min(HEAD_BYTES, source.size)))  # type: ignore[union-attr]


def located_files(archive: Archive, draft: DraftRecord, files: Iterable[FileRecord]) -> list[Located]:
    """Return what there is to look at."""
    in_order = sorted(files, key=lambda file: _natural(file.path))
    places = _Places(archive, draft, in_order)
    trees = _trees(in_order, places)
    found: list[Located] = []
    members: dict[str, list[FileRecord]] = {}
    for file in in_order:
        tree = next((folder for folder in _folders(file.path) if folder in trees), "") if trees else ""
        if not tree:
            beside = places.beside(file.path)
            found.append(
                Located(file.path, places.of(file.path, file.content_path), file.size_bytes, file.sha256, beside=_openers(places, beside))
            )
            continue
        if tree not in members:
            members[tree] = []
            found.append(Located(tree, places.of(tree, {}), 0, "", trees[tree]))
        members[tree].append(file)
    return [_tree(places, item, members[item.path]) if item.format_name else item for item in found]


def located_key(item: Located) -> str:
    """Return what names a thing with all that its description depends on: its bytes, its name and what lies beside it."""
    beside = " ".join(f"{name} {opener.content}" for name, opener in sorted(item.beside.items()) if isinstance(opener, StoredBytes))
    return hashlib.sha256(f"{item.sha256}\n{item.path}\n{beside}".encode("utf-8", "surrogatepass")).hexdigest()


def _tree(places: _Places, item: Located, files: list[FileRecord]) -> Located:
    folder = item.path
    content = {file.path[len(folder) + 1 :]: file.content_path for file in files}
    digest = hashlib.sha256("".join(f"{file.path}\n{file.sha256}\n" for file in files).encode("utf-8", "surrogatepass")).hexdigest()
    size_bytes, members = sum(file.size_bytes for file in files), tuple(file.path for file in files)
    beside = _openers(places, places.beside(folder))
    return Located(folder, places.of(folder, content), size_bytes, digest, item.format_name, members, beside)


def _openers(places: _Places, files: list[FileRecord]) -> dict[str, StoredBytes]:
    return {file.path.rpartition("/")[2]: places.of(file.path, file.content_path) for file in files}


def _trees(files: list[FileRecord], places: _Places) -> dict[str, str]:
    """Return the folders that are one thing, with their formats; the outermost counts."""
    entries: dict[str, set[str]] = {}
    for file in files:
        above = ""
        for folder in _folders(file.path):
            entries.setdefault(above, set()).add(folder[len(above) :].lstrip("/"))
            above = folder
        entries.setdefault(above, set()).add(file.path[len(above) :].lstrip("/"))
    found = {}
    for folder, names in entries.items():
        if folder and (format_ := identify_folder(folder.rpartition("/")[2], names, _reader(folder, places))) is not None:
            found[folder] = format_.name
    return found


def _reader(folder: str, places: _Places) -> Callable[[str], bytes]:
    def start_of(name: str) -> bytes:
        try:
            return places.start_of(f"{folder}/{name}")
        except (KeyError, OSError, MicrographiaError):
            return b""

    return start_of


def _folders(path: str) -> Iterable[str]:
    """Yield the folders above a file, the outermost first."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _natural(path: str) -> list[tuple[str, str]]:
    """Key that puts image2 before image10, and what lies in a folder in the place of the folder."""
    return [(_DIGITS.sub(lambda match: match[0].zfill(20), name), name) for name in path.split("/")]
