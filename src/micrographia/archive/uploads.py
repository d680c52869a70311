"""Files of a draft that come by themselves, one by one: begun, appended to, put into their places, listed, taken out."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.arrivals import note_arrival
from micrographia.archive.permissions import require
from micrographia.archive.transition import find_draft
from micrographia.errors import (
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    WrongStateError,
)
from micrographia.formats.registry import HEAD_BYTES, identify, media_type
from micrographia.ids import EntryId, Sha256
from micrographia.model import ocfl
from micrographia.model.lifecycle import next_state
from micrographia.model.records import SHEET_FILE, DraftRecord, FileRecord
from micrographia.store import IncomingFile
from micrographia.store.uploads import Appending, Upload, UploadRecord, Uploads, new_upload_id

_MOST_DEPTH = 64
_DAY_S = 86400


def begin_upload(
    archive: Archive, accession: str, path: str, *, size_bytes: int, sha256: str = "", url: str = "", is_here: bool = False
) -> UploadRecord:
    """Return a new upload of the file that is to lie at `path`; what lies there already stays until the new one is whole.

    Parameters
    ----------
    url
        Where the archive fetches it from by itself.
    is_here
        Whether its bytes lie on the disk already and take no room.

    Raises
    ------
    InvalidInputError
        No file can lie at that path.
    TooLargeError, UnavailableError
        The file is larger than a file may be, or than the disk has room for.
    """
    draft = _editable(archive, accession)
    record = UploadRecord(
        id=new_upload_id(path := _checked_path(archive, draft, path)),
        path=path,
        version=draft.version,
        size_bytes=size_bytes,
        sha256=Sha256.parse(sha256) if sha256 else "",
        created_at=archive.now(),
        url=url,
    )
    if not is_here:
        _refuse_too_large(archive, path, size_bytes)
    Uploads(archive.drafts).save(accession, record)
    return record


def find_upload(archive: Archive, accession: str, upload: str) -> Upload:
    """Return an upload and how far it is."""
    require_draft(archive, accession, "edit")
    return Uploads(archive.drafts).find(accession, upload)


def expires_at(archive: Archive, upload: Upload) -> float:
    """Return when an upload that stays as it is will be cleared, in seconds since 1970."""
    return upload.changed_at + archive.settings.upload_days * _DAY_S


def open_upload(archive: Archive, accession: str, upload: str, *, offset: int | None = None) -> Appending:
    """Return an upload for the caller alone, to append bytes from `offset` on; it must be closed."""
    _editable(archive, accession)
    return Uploads(archive.drafts).open(accession, upload, offset=offset)


def take_back_upload(archive: Archive, accession: str, upload: str) -> None:
    """Forget an upload with the bytes that came."""
    find_upload(archive, accession, upload)
    Uploads(archive.drafts).remove(accession, upload)


def finish_upload(archive: Archive, accession: str, appending: Appending) -> str:
    """Put a file whose bytes are all here into its place, and return its SHA-256 digest once that is durable.

    Raises
    ------
    IntegrityError
        Its digest is not the one that its sender said: the bytes are gone and may be sent again.
    UnavailableError
        Not now; it is done later.
    """
    uploads, record = Uploads(archive.drafts), appending.record
    if not appending.is_whole:
        raise WrongStateError(f"{record.path}: {appending.offset:,} of {record.size_bytes:,} bytes are here.")
    digest = appending.sha256()
    if record.sha256 and digest != record.sha256:
        why = f"{record.path}: its bytes have sha256 {digest}, and {record.sha256} was said. Send the file again."
        uploads.save(accession, record.model_copy(update={"failure": why}))
        uploads.remove_bytes(accession, record.id)
        raise IntegrityError(why)
    try:
        with archive.drafts.incoming(accession, record.version, record.path, size_bytes=record.size_bytes) as file:
            local = uploads.local_path(accession, record.id)
            head = next(appending.blocks(), b"")[:HEAD_BYTES]
            if local is not None:
                file.adopt(local, "link")  # the upload is whole at every moment, under the one name or the other
            else:
                for block in appending.blocks():
                    file.write(block)
            _put(archive, accession, file, record, head, digest)
    except InvalidInputError as error:  # a folder of that name came first
        uploads.save(accession, record.model_copy(update={"failure": error.message}))
        uploads.remove_bytes(accession, record.id)
        raise
    uploads.save(accession, record.model_copy(update={"digest": digest}))
    uploads.remove_bytes(accession, record.id)
    for other in uploads.all(accession, path=record.path):
        if other.record.id != record.id and other.record.path == record.path and other.record.created_at <= record.created_at:
            uploads.remove(accession, other.record.id)
    return digest


def store_small(archive: Archive, accession: str, path: str, data: bytes, *, sha256: str = "") -> str:
    """Put a small file that came at once into its place, and return its SHA-256 digest once that is durable."""
    draft = _editable(archive, accession)
    path = _checked_path(archive, draft, path)
    digest = hashlib.sha256(data).hexdigest()
    if sha256 and digest != Sha256.parse(sha256):
        raise IntegrityError(f"{path}: its bytes have sha256 {digest}, and {sha256} was said. Send the file again.")
    record = UploadRecord(id=new_upload_id(path), path=path, version=draft.version, size_bytes=len(data), created_at=archive.now())
    with archive.drafts.incoming(accession, record.version, path) as file:
        file.write(data)
        _put(archive, accession, file, record, data[:HEAD_BYTES], digest)
    return digest


def draft_files(archive: Archive, accession: str) -> Iterator[Mapping[str, Any]]:
    """Yield the files of a draft: those that are whole, then those on their way (or failed) that are not there whole."""
    require_draft(archive, accession, "read")
    waiting: dict[str, Upload] = {}
    for upload in Uploads(archive.drafts).all(accession):
        before = waiting.get(upload.record.path)
        if upload.state != "whole" and (before is None or before.record.created_at <= upload.record.created_at):
            waiting[upload.record.path] = upload
    for file in archive.drafts.files(accession):
        if file.path in waiting and waiting[file.path].state == "failed":
            del waiting[file.path]
        yield {"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256, "state": "whole", "offset": file.size_bytes}
    for upload in waiting.values():
        record = upload.record
        yield {
            "path": record.path,
            "size_bytes": record.size_bytes,
            "sha256": record.sha256,
            "state": upload.state,
            "offset": upload.offset,
            "upload": record.id,
            **({"message": record.failure} if record.failure else {}),
        }


def remove_draft_file(archive: Archive, accession: str, path: str) -> None:
    """Take a file out of a draft, whole or on its way; NotFoundError where it has none of that name."""
    _editable(archive, accession)
    uploads = Uploads(archive.drafts)
    coming = [upload for upload in uploads.all(accession, path=path) if upload.record.path == path] if path else []
    with archive.drafts.lock(accession):
        _editable(archive, accession)
        try:
            archive.drafts.remove_file(accession, path)
        except NotFoundError:
            if all(upload.state == "whole" for upload in coming):
                raise
    for upload in coming:
        uploads.remove(accession, upload.record.id)


def link_known_file(archive: Archive, accession: str, path: str, *, sha256: str, size_bytes: int) -> FileRecord:
    """Return the record of a file whose bytes the draft, or the version before, has already under another name: they are not sent twice.

    Only the entry itself is looked through: nobody learns what others have. NotFoundError where it has no such bytes.
    """
    draft = _editable(archive, accession)
    path = _checked_path(archive, draft, path)
    known = _known(archive, draft, Sha256.parse(sha256), size_bytes)
    if ocfl.split_content_path(known.content_path)[0] < draft.version:
        shared = known.model_copy(update={"path": path, "role": ""})
        note_arrival(archive, accession, lambda: archive.drafts.append(accession, (shared,), ()))
        return shared
    if known.path == path:
        return known
    with archive.drafts.incoming(accession, draft.version, path, size_bytes=known.size_bytes) as file:
        local = archive.drafts.local_path(accession, known.content_path)
        if local is not None:
            file.adopt(local, "link")
        else:
            source = archive.drafts.source(accession, known.content_path)
            for start in range(0, source.size, 4 << 20):
                file.write(source.read(start, min(4 << 20, source.size - start)))
        record = known.model_copy(update={"path": path, "role": "", "content_path": file.content_path})
        note_arrival(archive, accession, lambda: file.commit(record))
    return record


def _known(archive: Archive, draft: DraftRecord, sha256: str, size_bytes: int) -> FileRecord:
    candidates: list[Callable[[], Iterator[FileRecord]]] = [lambda: archive.drafts.files(draft.accession)]
    if draft.version > 1:
        candidates.append(lambda: archive.store.files(draft.accession, draft.version - 1))
    for files in candidates:
        for file in files():
            if file.sha256 == sha256 and file.size_bytes == size_bytes:
                return file
    raise NotFoundError(f"{draft.accession} has no file with sha256 {sha256} yet; send it.")


def tend_uploads(archive: Archive) -> Iterator[tuple[str, str]]:
    """Yield (accession, upload) of what a stopped process left to be ended or fetched; clear the expired uploads."""
    uploads = Uploads(archive.drafts)
    for accession in list(archive.drafts.accessions()):
        for upload in list(uploads.all(accession)):
            if upload.state == "verifying":
                yield accession, upload.record.id
            elif expires_at(archive, upload) < time.time():
                uploads.remove(accession, upload.record.id)
            elif upload.state == "uploading" and upload.record.url:
                yield accession, upload.record.id


def unfinished_paths(archive: Archive, accession: str) -> list[str]:
    """Return the paths of a draft whose bytes are not all in their places."""
    return [upload.record.path for upload in Uploads(archive.drafts).all(accession) if upload.state in ("uploading", "verifying")]


def require_draft(archive: Archive, accession: str, verb: str) -> DraftRecord:
    """Return the draft of an entry, if the caller may do `verb` with it."""
    try:
        accession = EntryId.parse(accession)
    except InvalidInputError as error:
        raise NotFoundError(error.message) from error
    require(archive, accession, verb)
    return find_draft(archive, accession, verb)


def _editable(archive: Archive, accession: str) -> DraftRecord:
    draft = require_draft(archive, accession, "edit")
    next_state("edit", draft.state, accession=accession)
    return draft


def _put(archive: Archive, accession: str, file: IncomingFile, upload: UploadRecord, head: bytes, digest: str) -> None:
    name = upload.path.rpartition("/")[2]
    format_ = identify(name, head)
    record = FileRecord(
        path=upload.path,
        size_bytes=upload.size_bytes,
        sha256=digest,
        media_type=media_type(name, format_),
        content_path=file.content_path,
        format=format_.name if format_ else "",
    )

    def put() -> None:
        drafts = archive.drafts
        is_known = drafts.bucket.size(f"{drafts.folder(accession)}/{file.content_path}") is not None
        if is_known or (upload.version > 1 and any(known.path == upload.path for known in drafts.files(accession))):
            drafts.write_images(accession, [image for image in drafts.images(accession) if image.path != upload.path])
        try:
            file.commit(record)
        except (NotADirectoryError, IsADirectoryError, FileExistsError) as error:
            raise _taken(upload.path) from error

    note_arrival(archive, accession, put)


def _checked_path(archive: Archive, draft: DraftRecord, path: str) -> str:
    """Return a path as the entry keeps it: what a folder on disk could not bring does not come this way either."""
    path = ocfl.safe_path(path)
    if not path.isprintable():
        raise InvalidInputError(f"{path[:200]!r} cannot be the path of a file in an entry: it holds characters that cannot be seen.")
    if path.count("/") >= _MOST_DEPTH:
        raise InvalidInputError(f"{path[:200]!r} lies more than {_MOST_DEPTH} folders deep; deposit a flatter tree.")
    if path == SHEET_FILE:
        raise InvalidInputError(f"{SHEET_FILE} is the sheet of the entry, not one of its files: send what it says as the draft's metadata.")
    top = archive.drafts.local_path(draft.accession, ocfl.content_path(draft.version, path))
    if top is not None:
        content = top.parents[path.count("/")]
        if top.is_dir() or any(parent.is_file() for parent in top.parents if parent.is_relative_to(content)):
            raise _taken(path)
    return path


def _taken(path: str) -> InvalidInputError:
    return InvalidInputError(f"{path[:200]!r} is a folder of the draft, or lies in what is a file there. Rename one of them.")


def _refuse_too_large(archive: Archive, path: str, size_bytes: int) -> None:
    most = archive.settings.upload_gib << 30
    if most and size_bytes > most:
        raise TooLargeError(f"{path} has {size_bytes:,} bytes; a file may have up to {most:,} here.")
    if "://" not in archive.drafts.location:
        free = shutil.disk_usage(Path(archive.drafts.location)).free
        if size_bytes > free:
            raise UnavailableError(
                f"{path} has {size_bytes:,} bytes and the archive's disk has room for {free:,}. Ask its operator, then try again."
            )
