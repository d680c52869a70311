"""The table of everything made from the raw data of an entry, on its page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from micrographia.archive.lookup import EntryView
from micrographia.compare.reprocessings import Reprocessing, reprocessings
from micrographia.web.pages.plots import Curve, Line, line_chart
from micrographia.web.pages.wording import count_words, short_number
from micrographia.web.site import Site

_MOST_STEPS = 12
# a chart of more is not read
_MOST_CURVES = 6


def made_from(site: Site, view: EntryView) -> dict[str, Any] | None:
    """Return the rows of the table; None where nobody but the entry itself made anything of its raw data."""
    own = view.record.accession

    def find() -> dict[str, Any] | None:
        rows = reprocessings(site.archive, view)
        if all(row.accession == own for row in rows):
            return None
        return {"rows": [_row(row, rows[0], own) for row in rows], "chart": _chart(rows)}

    return site.keep(("made from", own, view.record.version), find)


def _chart(rows: list[Reprocessing]) -> Markup:
    found = [(row, row.fsc) for row in rows]
    curves = [Curve(row.chain.name, fsc.spatial_frequency_per_a, fsc.correlation) for row, fsc in found if fsc]
    return line_chart(
        curves[:_MOST_CURVES],
        title="Fourier shell correlation of the half maps of each",
        x_name="Spatial frequency, 1/Å",
        y_name="Correlation",
        y_range=(-0.1, 1),
        is_spatial_frequency=True,
        across=[Line(0.143, "0.143")],
    )


def _row(row: Reprocessing, first: Reprocessing, own: str) -> dict[str, Any]:
    said, is_other = row.as_json(), row is not first
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
        "fsc": f"{said['fsc_0143_a']:.2f} Å" if said["fsc_0143_a"] else "",
        "report": f"/entries/{said['accession']}/validation?{urlencode({'map': said['map']})}" if row.report else "",
        "method": said["resolution_method"] or "",
        "image_sets": ", ".join(said["image_sets"]),
        "trace": f"/compare/trace?{urlencode({'a': first.chain.name, 'b': row.chain.name})}" if is_other else "",
        "compare": f"/compare?{urlencode({'a': str(first.image.id), 'b': said['image']})}"
        if is_other and first.image and row.image
        else "",
    }
