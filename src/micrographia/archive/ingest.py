"""Taking the files of an examined folder into a draft: one pass over each file, which copies, hashes and measures it.

Run again after a crash, it takes only what is missing or has changed since.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from micrographia.archive.archive import Archive
from micrographia.archive.declaring import Declaring, kept_name
from micrographia.examine import Descriptions
from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import DataFacts, read_once, read_tree
from micrographia.formats.registry import media_type
from micrographia.model.records import DraftRecord, FileRecord, ImageRecord
from micrographia.store import IncomingFile
from micrographia.store.incoming import Mode

Progress = Callable[[int], None]

_SHARED_AT_ONCE = 1000


class Ingest:
    """The files of one folder on their way into one draft."""

    def __init__(self, archive: Archive, draft: DraftRecord, folder: Path, *, mode: Mode, progress: Progress | None = None) -> None:
        self.archive = archive
        self.accession = draft.accession
        self.version = draft.version
        self.folder = folder
        self.mode: Mode = "link" if mode == "move" else mode  # sources are removed at the end, when nothing can be lost
        self.progress = progress
        self.declaring = Declaring(draft.sheet)
        self.known = {file.path: file for file in archive.drafts.files(draft.accession)}
        self.shared: list[FileRecord] = []
        self.shared_images: list[ImageRecord] = []
        self.known_images: dict[str, list[ImageRecord]] = {}
        for image in archive.drafts.images(draft.accession):
            self.known_images.setdefault(image.path, []).append(image)

    def run(self, descriptions: Descriptions) -> dict[str, DataFacts]:
        """Return what the pass over each file found, by path."""
        facts: dict[str, DataFacts] = {}
        number = 0
        for description in descriptions:
            for path in description.members or (description.path,):
                facts[path] = self._take(path, description, number)
            if description.members:
                facts[description.path] = self._measure_tree(description, number)
            number += len(description.images)
        self._note_shared()
        if self.known:
            self._settle(facts)
        return facts

    def _take(self, path: str, description: FileDescription, number: int) -> DataFacts:
        source = self.folder / path
        whole = self._already_in(kept_name(path), source)
        if whole is None:
            return self._bring(path, source, description, number)
        if self.progress:
            self.progress(whole.size_bytes)
        images = self.known_images.get(kept_name(path), [])
        return DataFacts(path=path, size_bytes=whole.size_bytes, sha256=whole.sha256, statistics=tuple(i.statistics for i in images))

    def _bring(self, path: str, source: Path, description: FileDescription, number: int) -> DataFacts:
        alone = description if not description.members else _part(path, source)
        if (before := self._of_version_before(kept_name(path), source)) is not None:
            facts = read_once(source, alone, progress=self.progress)
            if facts.sha256 == before.sha256:
                self.shared.append(before.model_copy(update={"role": self.declaring.role(path)}))
                self.shared_images.extend(self.declaring.images(alone, facts, number))
                if len(self.shared) >= _SHARED_AT_ONCE:
                    self._note_shared()
                return facts
        with self.archive.drafts.incoming(self.accession, self.version, path) as file:
            if self.mode != "copy":
                file.adopt(source, self.mode)
            facts = read_once(source, alone, write=file.write if self.mode == "copy" else None, progress=self.progress)
            if not any(f.severity == "error" for f in facts.findings):  # what is not readable is looked at again next time
                self._commit(file, alone, facts, number)
        return facts

    def _commit(self, file: IncomingFile, description: FileDescription, facts: DataFacts, number: int) -> None:
        record = FileRecord(
            path=kept_name(description.path),
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            media_type=description.media_type,
            content_path=file.content_path,
            format=description.format,
            role=self.declaring.role(description.path),
        )
        file.commit(record, list(self.declaring.images(description, facts, number)))

    def _measure_tree(self, description: FileDescription, number: int) -> DataFacts:
        """Measure the images of a folder that is one image (OME-Zarr), once its files are in."""
        facts = read_tree(self.folder / description.path, description)
        self.archive.drafts.append(self.accession, (), self.declaring.images(description, facts, number))
        return facts

    def _already_in(self, path: str, source: Path) -> FileRecord | None:
        """Return the record of a file that an earlier run took in whole, unless the source has changed since."""
        record = self.known.get(path)
        if record is None:
            return None
        now = source.stat(follow_symlinks=False)
        place = self.archive.drafts.local_path(self.accession, record.content_path)
        taken_at = place.stat().st_mtime_ns if place and place.exists() else None
        changed = now.st_size != record.size_bytes or (taken_at is not None and now.st_mtime_ns > taken_at)
        return None if changed else record

    def _of_version_before(self, path: str, source: Path) -> FileRecord | None:
        """Return the record of a file of the version before that may be the same: it has the same name and length."""
        if self.version == 1:
            return None
        record = self.archive.catalogue.file(self.accession, self.version - 1, path)
        return record if record is not None and record.size_bytes == source.stat(follow_symlinks=False).st_size else None

    def _note_shared(self) -> None:
        if self.shared:
            self.archive.drafts.append(self.accession, self.shared, self.shared_images)
            self.shared, self.shared_images = [], []

    def _settle(self, facts: dict[str, DataFacts]) -> None:
        """Let the notes of the draft say exactly what is in the folder now, with the roles of the sheet as it is now."""
        drafts, there = self.archive.drafts, {kept_name(path) for path in facts}
        files = list(drafts.files(self.accession))
        kept = [f.model_copy(update={"role": self.declaring.role(f.path)}) for f in files if f.path in there]
        if kept != files:
            drafts.write_files(self.accession, kept)
        images = list(drafts.images(self.accession))
        numbered = [
            image.model_copy(update={"number": n, "role": self.declaring.role(image.path), "kind": self.declaring.kind(image.path)})
            for n, image in enumerate((i for i in images if i.path in there), 1)
        ]
        if numbered != images:
            drafts.write_images(self.accession, numbered)


def _part(path: str, source: Path) -> FileDescription:
    """Return the description of one file of a folder that is one image: bytes, no image of its own."""
    return FileDescription(path=path, size_bytes=os.lstat(source).st_size, format="", media_type=media_type(path))
