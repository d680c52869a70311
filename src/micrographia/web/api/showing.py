"""Images as the JSON that every route answers with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from micrographia.catalogue import ImageRow
from micrographia.model.documents import image_document
from micrographia.web.site import Site


def image_json(site: Site, row: ImageRow) -> dict[str, Any]:
    """Return the JSON of an image with the progress of its derived products."""
    return images_json(site, [row])[0]


def images_json(site: Site, rows: Sequence[ImageRow]) -> list[dict[str, Any]]:
    """Return the JSON of several images."""
    return [
        image_document(row.id.accession, row.id.version, row.record, derived=progress, recipe=site.recipe)
        for row, progress in zip(rows, site.progress(rows), strict=True)
    ]
