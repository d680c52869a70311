"""Made-up entries, drafts, files and images with as few words as a test needs."""

from __future__ import annotations

import hashlib
from typing import Any

from micrographia.model.lifecycle import State
from micrographia.model.records import DraftRecord, EntryRecord, FileRecord, ImageRecord
from micrographia.model.sheet import Sheet


def make_sheet(title: str = "Drawings of a flea", **fields: Any) -> Sheet:
    """Return a sheet with one author and whatever else is given as in `entry.yaml`."""
    return Sheet.model_validate({"title": title, "authors": [{"name": "Hooke, Robert"}], **fields})


def make_entry(accession: str = "MG-10001", version: int = 1, *, released_at: str = "2026-01-02T00:00:00Z", **sheet: Any) -> EntryRecord:
    """Return the record of a released version."""
    return EntryRecord(
        accession=accession,
        version=version,
        created_at="2026-01-01T00:00:00Z",
        released_at=released_at,
        file_count=0,
        size_bytes=0,
        image_count=0,
        sheet=make_sheet(**sheet),
    )


def make_draft(accession: str = "MG-10001", version: int = 1, *, state: State = State.DRAFT, **sheet: Any) -> DraftRecord:
    """Return the record of a draft."""
    return DraftRecord(accession=accession, version=version, state=state, created_at="2026-01-01T00:00:00Z", sheet=make_sheet(**sheet))


def make_file(path: str, size_bytes: int = 10, version: int = 1) -> FileRecord:
    """Return the record of a file; its digest is that of its path."""
    digest = hashlib.sha256(path.encode()).hexdigest()
    kind = "application/octet-stream"
    return FileRecord(path=path, size_bytes=size_bytes, sha256=digest, media_type=kind, content_path=f"v{version}/content/{path}")


def make_image(number: int = 1, *, kind: str = "map", path: str = "map.mrc") -> ImageRecord:
    """Return the record of a small image."""
    return ImageRecord(number=number, path=path, format="mrc", kind=kind, axes="zyx", shape=(4, 5, 6), dtype="int16")
