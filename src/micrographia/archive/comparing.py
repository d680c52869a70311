"""What differs between two versions of an entry: fields of the sheet, and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import find_entry
from micrographia.archive.permissions import require, require_curator
from micrographia.archive.submit import files_digest
from micrographia.archive.transition import find_draft
from micrographia.catalogue import changed_files
from micrographia.errors import InvalidInputError
from micrographia.ids import EntryId
from micrographia.model.lifecycle import State
from micrographia.model.sheet import Sheet

_HIDDEN = ("schema",)


@dataclass(frozen=True, slots=True)
class Change:
    """One field of the sheet that differs."""

    field: str
    """Where it stands: ``maps[final].resolution_a``."""
    old: Any
    """None where there was nothing."""
    new: Any


def compare_versions(
    archive: Archive, accession: str, old: int | None = None, new: int | None = None, *, limit: int = 1000
) -> dict[str, Any]:
    """Return what differs between two versions that the caller may see, without them the latest and the one before.

    Of very many files the first `limit` of each kind are named.
    """
    after = find_entry(archive, accession, new)
    new = after.record.version
    old = max(1, new - 1) if old is None else old
    if old == new:
        raise InvalidInputError(f"Version {old} of {accession} does not differ from itself; give two versions.")
    before = find_entry(archive, accession, old)
    files = changed_files(archive.catalogue, EntryId.parse(accession), old, new, limit=limit)
    return {
        "accession": accession,
        "from": old,
        "to": new,
        "change_note": after.record.change_note,
        "metadata": [_as_json(change) for change in changes(before.record.sheet, after.record.sheet)],
        "files": files,
    }


def compare_submissions(archive: Archive, accession: str) -> dict[str, Any]:
    """Return what has changed in a draft since it was last submitted before, for a curator."""
    require_curator(archive.caller)
    require(archive, accession, "read")
    record = find_draft(archive, accession, "compare")
    sent = record.submissions
    # what is submitted now is the last of them; what is being edited is none
    earlier = sent if record.state is State.DRAFT else sent[:-1]
    if not earlier:
        return {"accession": accession, "from": None, "metadata": [], "files_changed": None, "file_count": None}
    before = earlier[-1]
    files_sha256, file_count = files_digest(archive, accession)
    return {
        "accession": accession,
        "from": before.at,
        "metadata": [_as_json(change) for change in changes(before.sheet, record.sheet)],
        "files_changed": before.files_sha256 != files_sha256,
        "file_count": {"old": before.file_count, "new": file_count},
    }


def changes(before: Sheet, after: Sheet) -> list[Change]:
    """Return the fields that differ, in the sheet's own order."""
    return list(_differing("", _without(before), _without(after)))


def _without(sheet: Sheet) -> dict[str, Any]:
    document = sheet.without_addresses().as_json()
    document.setdefault("licence", sheet.licence)
    return {key: value for key, value in document.items() if key not in _HIDDEN}


def _differing(at: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    old_parts, new_parts = _parts(old), _parts(new)
    if old_parts is None or new_parts is None:
        yield Change(at, old, new)
        return
    for key in dict.fromkeys((*old_parts, *new_parts)):
        place = f"{at}[{key}]" if isinstance(old if old is not None else new, list) else f"{at}.{key}" if at else str(key)
        yield from _differing(place, old_parts.get(key), new_parts.get(key))


def _parts(value: Any) -> Mapping[str, Any] | None:
    """Return the named parts of a value: fields of a mapping, or items of a list that have ids; None of anything else."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list) and value and all(isinstance(item, Mapping) and "id" in item for item in value):
        return {str(item["id"]): item for item in value}
    return None


def _as_json(change: Change) -> dict[str, Any]:
    return {"field": change.field, "old": change.old, "new": change.new}


def version_number(text: str) -> int | None:
    """Return the number of a version as an address gives it, None where it gives none."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise InvalidInputError(f"{text[:40]!r} is not the number of a version.")
    return int(text)
