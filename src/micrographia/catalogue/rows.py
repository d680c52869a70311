"""What the catalogue answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State
from micrographia.model.records import FileRecord, ImageRecord


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as a whole."""

    accession: EntryId
    state: State
    """OBSOLETE, WITHDRAWN or PURGED when that was said of the entry; RELEASED once it has a released version; else the draft's state."""
    latest_version: int
    """Latest released version; 0 when there is none."""
    created_at: str
    released_at: str
    """When its first version was released; empty when none was."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Reason, date, title, superseded_by: what was given when its state was set."""

    @property
    def superseded_by(self) -> str:
        """Accession of the entry that takes its place; empty when none does."""
        return str(self.detail.get("superseded_by") or "")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of an entry; a draft is one too, its state says so."""

    accession: EntryId
    version: int
    state: State
    title: str
    created_at: str
    released_at: str
    """Empty for a draft."""
    hold_until: str
    """Not to be released before this UTC date; empty when none was asked for."""
    change_note: str
    file_count: int
    size_bytes: int
    image_count: int
    manifest_sha256: str
    """`content_digest` of its files."""


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A folder of deposited files."""

    path: str
    name: str
    file_count: int
    """Files in it and in all folders below."""
    size_bytes: int
    """Sum of their lengths."""


@dataclass(frozen=True, slots=True)
class FolderPage:
    """A part of the listing of one folder: its folders first, then its files, each by name."""

    folder: FolderRow
    folders: tuple[FolderRow, ...]
    files: tuple[FileRecord, ...]
    next: str | None
    """What to pass as `after` for the next part; None at the end."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image with its identifier and the state of its version."""

    id: ImageId
    state: State
    record: ImageRecord


@dataclass(frozen=True, slots=True)
class ImagePage:
    """A part of a list of images."""

    total: int
    """Images in the whole list."""
    items: tuple[ImageRow, ...]
    next: ImageId | None
    """What to pass as `after` for the next part; None at the end."""


@dataclass(frozen=True, slots=True)
class ProcessLink:
    """A public entry that used something of another one, by a process or because it says so."""

    accession: EntryId
    version: int
    process: str
    """Id of the process; empty where the entry only names the other one as related."""
    kind: str
    """Kind of the process, or the relation."""
    item: str
    """Id of the image set, map or annotation that it used; empty: of the entry as a whole."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of the public archive, over the latest version of each entry."""

    entries: int
    images: int
    files: int
    size_bytes: int
    by_experiment: Mapping[str, int]
    """Entries per kind of experiment, most first."""
