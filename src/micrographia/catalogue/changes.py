"""Which files differ between two versions of an entry, found by the database, whatever their number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, func, select

from micrographia.catalogue.catalogue import Catalogue
from micrographia.catalogue.reading import listing_of
from micrographia.catalogue.tables import files
from micrographia.ids import EntryId

_old, _new = files.alias("old_files"), files.alias("new_files")
_same_path = and_(_old.c.folder == _new.c.folder, _old.c.name == _new.c.name)
# to find what was moved, so many of the added and removed files are held against each other
_MOST_COMPARED = 200_000


def changed_files(catalogue: Catalogue, accession: EntryId, old: int, new: int, *, limit: int) -> dict[str, Any]:
    """Return counts and the first `limit` of each kind: added, removed, changed, moved (same bytes under another path)."""
    with catalogue.read() as connection:
        before, after = (listing_of(connection, accession.number, version) for version in (old, new))
        if before is None or after is None:
            return {kind: {"total": 0, "items": []} for kind in ("added", "removed", "changed", "moved")}
        added, removed = _lacking(connection, _new, after, _old, before), _lacking(connection, _old, before, _new, after)
        both = and_(_same_path, _old.c.listing == before, _new.c.listing == after, _old.c.sha256 != _new.c.sha256)
        count = connection.execute(select(func.count()).select_from(_old.join(_new, both))).scalar_one()
        query = select(_new.c.folder, _new.c.name, _old.c.size_bytes.label("old_bytes"), _new.c.size_bytes, _new.c.sha256)
        rows = connection.execute(query.select_from(_old.join(_new, both)).order_by(_new.c.folder, _new.c.name).limit(limit)).all()
    changed = [{"path": _path(r), "old_size_bytes": r.old_bytes, "size_bytes": r.size_bytes, "sha256": r.sha256} for r in rows]
    sources: dict[str, list[dict[str, Any]]] = {}
    for file in reversed(removed):
        sources.setdefault(file["sha256"], []).append(file)
    moved = [{**file, "from": sources[file["sha256"]].pop()["path"]} for file in added if sources.get(file["sha256"])]
    gone, come = {file["from"] for file in moved}, {file["path"] for file in moved}
    return {
        "added": _some([file for file in added if file["path"] not in come], limit),
        "removed": _some([file for file in removed if file["path"] not in gone], limit),
        "changed": {"total": count, "items": changed},
        "moved": _some(moved, limit),
    }


def _lacking(connection: Connection, here: Any, listing: int, there: Any, other: int) -> list[dict[str, Any]]:
    """Return the files of one listing whose paths the other one lacks."""
    on = and_(here.c.folder == there.c.folder, here.c.name == there.c.name, there.c.listing == other)
    query = (
        select(here.c.folder, here.c.name, here.c.size_bytes, here.c.sha256)
        .select_from(here.outerjoin(there, on))
        .where(here.c.listing == listing, there.c.name.is_(None))
        .order_by(here.c.folder, here.c.name)
        .limit(_MOST_COMPARED)
    )
    return [{"path": _path(row), "size_bytes": row.size_bytes, "sha256": row.sha256} for row in connection.execute(query)]


def _some(items: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    return {"total": len(items), "items": items[:limit]}


def _path(row: Any) -> str:
    return f"{row.folder}/{row.name}" if row.folder else str(row.name)
