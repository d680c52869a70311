"""The validation report of a map as it is asked for: the document that was made, or the reason why there is none."""

from __future__ import annotations

import json
from typing import Any

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.archive.lookup import EntryView
from micrographia.catalogue import ImageRow
from micrographia.compare.validation.product import REPORT, VALIDATION
from micrographia.derive.product import product_folder
from micrographia.errors import NotFoundError
from micrographia.model.lifecycle import State

# maps of one entry among which one is chosen
_MOST_MAPS = 500

Document = dict[str, Any]


class NoReportError(NotFoundError):
    """There is no validation report: no map, not accepted yet, not made yet, or a map of which none can be made."""

    def __init__(self, message: str, *, is_pending: bool = False) -> None:
        super().__init__(message)
        self.is_pending = is_pending
        """Whether it is made soon: ask again."""


def maps_of(archive: Archive, view: EntryView) -> list[ImageRow]:
    """Return the primary maps of a version that have reports, in the order of their sheet."""
    rows = lookup.list_images(archive, view.record.accession, view.record.version, kind="map", limit=_MOST_MAPS)[1]
    order = {m.id: n for n, m in enumerate(view.record.sheet.maps)}
    return sorted((r for r in rows if VALIDATION.applies(r.record)), key=lambda r: (order.get(r.record.role, len(order)), r.id.number))


def find_report(archive: Archive, accession: str, version: int | None = None, *, map_id: str = "") -> Document:
    """Return the validation report of a map.

    Parameters
    ----------
    archive : Archive
    accession : str
    version : int, optional
        None means the latest.
    map_id : str
        Id of the map in the sheet, or its path; empty means the first map.

    Raises
    ------
    NotFoundError
        There is no such entry, no such map, no report yet, or one that cannot be made; the message says which.
    """
    view = lookup.find_entry(archive, accession, version)
    maps = maps_of(archive, view)
    chosen = next((r for r in maps if not map_id or map_id in (r.record.role, r.record.path)), None)
    if chosen is None:
        there = ", ".join(name_of(r) for r in maps[:20])
        raise NoReportError(f"{accession} has no map{f' {map_id[:100]!r}; it has {there}' if map_id and there else ''}.")
    about = {
        "accession": view.record.accession,
        "version": view.record.version,
        "image": str(chosen.id),
        "id": name_of(chosen),
        "maps": [name_of(r) for r in maps],
    }
    return about | _read(archive, view, chosen)


def name_of(image: ImageRow) -> str:
    """Return how a map is called when one is chosen."""
    return image.record.role or image.record.path


def _read(archive: Archive, view: EntryView, image: ImageRow) -> Document:
    path = product_folder(archive.settings.derived.absolute(), VALIDATION, image.id) / REPORT
    try:
        found: Document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        outcome = archive.catalogue.derived.outcomes(image.id, {VALIDATION.name: VALIDATION.recipe}).get(VALIDATION.name)
        if outcome and outcome.state == "failed":
            raise NoReportError(f"No validation report of {image.record.path} can be made: {outcome.message}") from None
        if view.state in (State.DRAFT, State.SUBMITTED):
            raise NoReportError("Validation reports are made once an entry is accepted.") from None
        raise NoReportError(f"The validation report of {image.record.path} is still being made. Ask again.", is_pending=True) from None
    return found
