"""Files that lie on the archive's storage already: taken into a draft by hard links, no byte moves."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from micrographia.archive.archive import Archive
from micrographia.archive.uploads import begin_upload, require_draft
from micrographia.errors import InvalidInputError, NotPermittedError
from micrographia.formats.survey import paths_to_deposit
from micrographia.store.uploads import UploadRecord, Uploads


def take_in_place(archive: Archive, accession: str, folder: Path) -> list[UploadRecord]:
    """Return the uploads of all files of a folder of the archive's own machine; all their bytes are here, and are still to be hashed.

    The files must not be written to any more; they become read-only at release.

    Raises
    ------
    NotPermittedError
        The caller is no admin, or the folder lies below none of the folders that the settings allow.
    InvalidInputError
        Something in it cannot be deposited, or it lies on another file system than the drafts.
    """
    require_draft(archive, accession, "edit")
    if not archive.caller.is_admin:
        raise NotPermittedError("Taking files in where they lie is for admins; send them instead.")
    roots = [Path(root).resolve() for root in archive.settings.in_place_roots.split(os.pathsep) if root]
    top = folder.resolve()
    if not folder.is_absolute() or not any(top.is_relative_to(root) for root in roots):
        raise NotPermittedError(f"Nothing is taken from {folder}: the archive's operator can allow it (MICROGRAPHIA_IN_PLACE_ROOTS).")
    uploads = Uploads(archive.drafts)
    taken: list[UploadRecord] = []
    try:
        for path in paths_to_deposit(top):
            source = top / path
            found = source.lstat()
            if not stat.S_ISREG(found.st_mode):
                raise InvalidInputError(f"{source} is not a plain file.")
            taken.append(begin_upload(archive, accession, path, size_bytes=found.st_size, is_here=True))
            place = uploads.local_path(accession, taken[-1].id)
            if place is None:
                raise InvalidInputError("The drafts lie in a bucket: no file can be taken in where it lies. Send it instead.")
            os.link(source, place, follow_symlinks=False)
    except (OSError, InvalidInputError) as error:
        for record in taken:
            uploads.remove(accession, record.id)
        if isinstance(error, InvalidInputError):
            raise
        why = "it lies on another file system than the drafts" if error.errno == errno.EXDEV else error.strerror
        raise InvalidInputError(f"{error.filename} cannot be taken in where it lies: {why}. Send it instead.") from error
    return taken
