"""The JSON in which an entry, an image and a file are shown: one form for the API, the local client and ``--json``.

Links are paths from the root of a server. What background work fills in later stands only under ``derived``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from micrographia.ids import EntryId, ImageId
from micrographia.model.finding import Report
from micrographia.model.lifecycle import State
from micrographia.model.multiscale import RECIPE, multiscale_of
from micrographia.model.records import EntryRecord, FileRecord, ImageRecord
from micrographia.model.sheet import Author, Sheet
from micrographia.model.vocabulary import LICENCES


def entry_document(
    record: EntryRecord,
    *,
    state: State,
    latest_version: int,
    superseded_by: str | None = None,
    derived: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the JSON of one released version of an entry: the sheet's fields beside what the archive knows."""
    sheet = record.sheet.as_json()
    sheet.pop("schema")
    base = f"/api/v1/entries/{record.accession}"
    files = f"/files/{record.accession}/{record.version}"
    return {
        "accession": record.accession,
        "version": record.version,
        "latest_version": latest_version,
        "status": str(state),
        **{key: value for key, value in _EMPTY_SHEET.items() if key not in sheet},
        **sheet,
        "authors": [_public_author(a) for a in record.sheet.authors],
        "annotations": [_public_annotation(a) for a in sheet.get("annotations", ())],
        "licence": {"id": record.sheet.licence, "url": LICENCES.get(record.sheet.licence)},
        "experiments": list(record.sheet.experiments()),
        "organisms": organisms(record),
        "doi": record.doi or None,
        "citation": citation(record),
        "created": record.created_at,
        "released": record.released_at,
        "change_note": record.change_note,
        "file_count": record.file_count,
        "size_bytes": record.size_bytes,
        "image_count": record.image_count,
        "findings": Report(record.findings).as_json(),
        "superseded_by": superseded_by,
        "links": {
            "self": f"{base}?version={record.version}",
            "page": f"/entries/{record.accession}",
            "files": f"{base}/files?version={record.version}",
            "versions": f"{base}/versions",
            "images": f"/api/v1/images?entry={record.accession}&version={record.version}",
            "manifest": f"{files}/manifest.jsonl",
            "zip": f"{files}.zip",
        },
        "derived": dict(derived or {}),
    }


def image_document(
    accession: str, version: int, image: ImageRecord, *, derived: Mapping[str, Any] | None = None, recipe: str = str(RECIPE)
) -> dict[str, Any]:
    """Return the JSON of one image of a version; `recipe` is that of its OME-Zarr."""
    identifier = ImageId(EntryId(accession), version, image.number)
    return {
        "id": str(identifier),
        "entry": accession,
        "version": version,
        "path": image.path,
        "name": image.name,
        "kind": image.kind,
        "role": image.role,
        "format": image.format,
        "axes": image.axes,
        "shape": list(image.shape),
        "dtype": image.dtype,
        "voxel_size": image.voxel_size.as_json() if image.voxel_size else None,
        "origin": list(image.origin) if image.origin else None,
        "is_stack": image.is_stack,
        "channels": list(image.channels),
        "statistics": image.model_dump(mode="json")["statistics"],
        "metadata": image.metadata,
        "size_bytes": image.header.size_bytes,
        "links": {
            "page": f"/images/{identifier}",
            "file": file_link(accession, version, image.path),
            "slice": f"/api/v1/images/{identifier}/slice",
            "crop": f"/api/v1/images/{identifier}/crop",
            "iiif": f"/iiif/3/{identifier}",
            "thumbnail": f"/thumbnails/{identifier}.webp",
            "zarr": f"/zarr/{identifier}-r{recipe}" if multiscale_of(image) else None,
        },
        "derived": dict(derived or {}),
    }


def file_document(accession: str, version: int, file: FileRecord) -> dict[str, Any]:
    """Return the JSON of one deposited file."""
    return {
        "path": file.path,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "media_type": file.media_type,
        "format": file.format,
        "role": file.role,
        "links": {"file": file_link(accession, version, file.path)},
    }


def file_link(accession: str, version: int, path: str) -> str:
    """Return the path of a deposited file on a server."""
    return f"/files/{accession}/{version}/{quote(path)}"


def citation(record: EntryRecord) -> str:
    """Return how to cite a version: authors (year). Title. Archive, accession, version. DOI."""
    names = [a.name for a in record.sheet.authors] or ["Anonymous"]
    shown = "; ".join(names[:10]) + (" et al." if len(names) > 10 else "")
    year, title = record.released_at[:4] or "in preparation", record.sheet.title.rstrip(".")
    doi = f" https://doi.org/{record.doi}" if record.doi else ""
    return f"{shown} ({year}). {title}. Micrographia, {record.accession}, version {record.version}.{doi}"


def organisms(record: EntryRecord) -> list[str]:
    """Return the scientific names of the organisms, without repeats."""
    return list(dict.fromkeys(b.organism.name for b in record.sheet.biosamples if b.organism))


def _public_author(author: Author) -> dict[str, Any]:
    return {"name": author.name, "orcid": author.orcid, "affiliation": author.affiliation, "corresponding": author.corresponding}


def _public_annotation(annotation: Mapping[str, Any]) -> dict[str, Any]:
    authors = [{k: v for k, v in author.items() if k != "email"} for author in annotation.get("authors", ())]
    return {**annotation, **({"authors": authors} if authors else {})}


_EMPTY_SHEET: Mapping[str, Any] = {
    name: [] if field.default == () else field.default for name, field in Sheet.model_fields.items() if name not in ("schema_", "licence")
}
