"""The table of everything made from the raw data of an entry, on its page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from micrographia.archive.lookup import EntryView
from micrographia.compare.reprocessings import Reprocessing, reprocessings
from micrographia.web.pages.wording import count_words, short_number
from micrographia.web.site import Site

_MOST_STEPS = 12


def made_from(site: Site, view: EntryView) -> dict[str, Any] | None:
    """Return the rows of the table; None where nobody but the entry itself made anything of its raw data."""
    own = view.record.accession

    def find() -> dict[str, Any] | None:
        rows = reprocessings(site.archive, view)
        if all(row.accession == own for row in rows):
            return None
        return {"rows": [_row(row, rows[0], own) for row in rows]}

    return site.keep(("made from", own, view.record.version), find)


def _row(row: Reprocessing, first: Reprocessing, own: str) -> dict[str, Any]:
    said = row.as_json()
    steps = said["steps"]
    shown = steps if len(steps) <= _MOST_STEPS else [*steps[: _MOST_STEPS - 1], f"… {steps[-1]} ({len(steps)} in all)"]
    return {
        "name": f"{said['accession']}/{said['map']}",
        "title": said["title"],
        "is_own": said["accession"] == own,
        "link": said["links"]["page"],
        "software": ", ".join(said["software"]),
        "steps": ", ".join(shown),
        "particles": count_words(int(said["particles"])) if isinstance(said["particles"], int | float) else "",
        "symmetry": said["symmetry"] or "",
        "resolution": f"{short_number(said['resolution_a'])} Å" if isinstance(said["resolution_a"], int | float) else "",
        "method": said["resolution_method"] or "",
        "image_sets": ", ".join(said["image_sets"]),
        "trace": "" if row is first else f"/compare/trace?{urlencode({'a': first.chain.name, 'b': row.chain.name})}",
    }
