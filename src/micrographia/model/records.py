"""Records that the archive itself writes beside the deposited files: files, images, events, and the entry as a whole."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout, Statistics, VoxelSize
from micrographia.model.lifecycle import State
from micrographia.model.sheet import Sheet

# files of a version that the archive writes itself; a deposit may not bring files of these names at its top
ENTRY_FILE = "entry.json"
MANIFEST_FILE = "manifest.jsonl"
IMAGES_FILE = "images.jsonl"
SHEET_FILE = "entry.yaml"
RESERVED_FILES = (ENTRY_FILE, MANIFEST_FILE, IMAGES_FILE)

# kinds of image whose z counts separate images, even where the file calls itself a volume
STACK_KINDS = frozenset(("tilt series", "movie", "particles", "class averages"))


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class FileRecord(_Record):
    """One deposited file: a line of ``manifest.jsonl``."""

    path: str
    """Path inside the entry, `/` between folders."""
    size_bytes: int
    """Length in bytes."""
    sha256: str
    """SHA-256 digest, computed while the bytes came in."""
    media_type: str
    """IANA media type, as far as it is known."""
    content_path: str
    """Where the bytes lie inside the OCFL object: ``v1/content/map.mrc``."""
    format: str = ""
    """Name of the format that was recognised; empty means «stored, not interpreted»."""
    role: str = ""
    """Id of the image set, map, annotation or screen that declares it; empty when none does."""


class ImageRecord(_Record):
    """One image of a version: a line of ``images.jsonl``. Its number, from 1, is the line's place."""

    number: int
    """Place in images.jsonl, from 1: the last part of the image identifier."""
    path: str
    """File (or OME-Zarr folder) that holds it."""
    index: int = 0
    """Which of the arrays of that file it is, from 0, in the reader's order."""
    format: str
    """Name of the format whose reader opens it."""
    kind: str
    """What it is in the field's words: map, half map, mask, micrograph, movie, tilt series, tomogram, particles, volume, segmentation, …"""
    role: str = ""
    """Id of the image set, map or annotation it belongs to."""
    axes: str
    shape: tuple[int, ...]
    dtype: str
    voxel_size: VoxelSize | None = None
    name: str = ""
    layout: RawLayout | None = None
    origin: tuple[float, float, float] | None = None
    is_stack: bool = False
    channels: tuple[str, ...] = ()
    header_statistics: Statistics | None = None
    statistics: Statistics | None = None
    """Computed by the archive over all samples while the bytes came in; None where no reader decodes them."""
    metadata: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(
        cls,
        header: ImageHeader,
        *,
        number: int,
        path: str,
        index: int,
        format_name: str,
        kind: str,
        role: str,
        statistics: Statistics | None,
    ) -> ImageRecord:
        """Return the record of the image that `header` describes."""
        return cls(
            number=number,
            path=path,
            index=index,
            format=format_name,
            kind=kind,
            role=role,
            axes=header.axes,
            shape=header.shape,
            dtype=header.dtype,
            voxel_size=header.voxel_size,
            name=header.name,
            layout=header.layout,
            origin=header.origin,
            is_stack=header.is_stack or ("z" in header.axes and kind in STACK_KINDS),
            channels=header.channels,
            header_statistics=header.header_statistics,
            statistics=statistics,
            metadata=dict(header.metadata),
        )

    @property
    def header(self) -> ImageHeader:
        """The header from which the record was made."""
        return ImageHeader(
            axes=self.axes,
            shape=self.shape,
            dtype=self.dtype,
            voxel_size=self.voxel_size,
            name=self.name,
            layout=self.layout,
            origin=self.origin,
            is_stack=self.is_stack,
            channels=self.channels,
            header_statistics=self.header_statistics,
            metadata=self.metadata,
        )


class Event(_Record):
    """One thing that happened to an entry; appended, never changed."""

    at: str
    """UTC time, ISO 8601 with seconds: 2026-01-31T12:00:00Z."""
    verb: str
    """create, edit, comment, claim, share, submit, return, accept, hold, release, revise, obsolete, withdraw, purge, repair, …"""
    version: int
    """Version it happened to."""
    actor: str = ""
    """Who did it; empty for the operator of the machine, and in what is public."""
    address: str = ""
    """Where the request came from; empty for the operator, and in what is public."""
    state: State | None = None
    """State after it."""
    detail: dict[str, Any] = Field(default_factory=dict)
    """Reason, hold date, comment, successor, …"""

    def without_person(self) -> Event:
        """Return it without who did it and from where."""
        return self.model_copy(update={"actor": "", "address": ""})

    def public(self) -> Event:
        """Return what a log that anyone may read says of it: no names, no comments, no hold."""
        return self.without_person().model_copy(update={"detail": {}})


class EntryRecord(_Record):
    """The complete metadata of one released version: ``entry.json``."""

    record: Annotated[Literal["micrographia/entry-record/1"], Field(alias="record")] = "micrographia/entry-record/1"
    """Name and version of this record's form."""
    accession: str
    """MG-10001."""
    version: int
    """From 1."""
    created_at: str
    """When the draft was made, UTC, ISO 8601."""
    released_at: str
    """When this version was released, UTC, ISO 8601."""
    doi: str = ""
    """DOI of the entry, the same for all its versions; empty in records of before there were any."""
    change_note: str = ""
    """What is new since the version before."""
    file_count: int
    """Number of deposited files in manifest.jsonl."""
    size_bytes: int
    """Sum of their lengths."""
    image_count: int
    """Number of lines in images.jsonl."""
    sheet: Sheet
    """What the depositor declared, globs and all."""
    findings: tuple[Finding, ...] = ()
    """What the checks said at release."""


class Submission(_Record):
    """What a draft was when it was last submitted, to see what has changed since."""

    at: str
    sheet: Sheet
    files_sha256: str
    """Digest over path and SHA-256 of its files."""
    file_count: int = 0


class DraftRecord(_Record):
    """The private record of a draft, rewritten atomically by every verb: ``drafts/MG-10001/draft.json``."""

    accession: str
    version: int
    """The version that this draft will become."""
    state: State = State.DRAFT
    created_at: str
    doi: str = ""
    """DOI that is reserved for the entry."""
    change_note: str = ""
    hold_until: str = ""
    """Release not before this UTC date (ISO 8601), at the latest then; empty when none was asked for."""
    hold_for: str = ""
    """What ends the hold before that day: publication, or the accession of the entry with which it is released."""
    source: str = ""
    """Folder it was deposited from, so that the same command resumes it."""
    files_complete: bool = False
    """Whether every file of the source is in."""
    released_at: str = ""
    """When its release began, UTC, ISO 8601; once set, a restart completes the release."""
    sheet: Sheet
    events: tuple[Event, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Findings of the last check."""
    examined: str = ""
    """Digest of the sheet and the files that the last check saw; another one now: look again."""
    pictured: str = ""
    """Digest of the images that the last check saw: what was derived of others is stale."""
    is_declared_by_files: bool = False
    """Whether the image sets, maps and so on of the sheet were drafted from the files and no person has changed them."""
    submissions: tuple[Submission, ...] = ()
    """The last submission and the one before, oldest first."""
