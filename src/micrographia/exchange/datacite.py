"""An entry as DataCite's metadata kernel 4.5 describes it, in the JSON that its REST API takes.

Source: DataCite Metadata Schema 4.5 (2024), https://schema.datacite.org/meta/kernel-4.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from micrographia.model.documents import organisms
from micrographia.model.lifecycle import State
from micrographia.model.links import resolve
from micrographia.model.records import EntryRecord
from micrographia.model.sheet import Author
from micrographia.model.vocabulary import LICENCES

SCHEMA_VERSION = "http://datacite.org/schema/kernel-4"
# ours → relationType (appendix 3 of the schema)
_RELATIONS: Mapping[str, str] = {
    "supplements": "IsSupplementTo",
    "reprocesses": "IsDerivedFrom",
    "continues": "Continues",
    "is part of": "IsPartOf",
    "has part": "HasPart",
    "compares": "References",
    "obsoletes": "Obsoletes",
    "refers to": "References",
}
_UNKNOWN = ":unkn"  # appendix 3: «known to be unknown»


def datacite_document(
    record: EntryRecord,
    *,
    url: str,
    archive: str,
    formats: Iterable[str] = (),
    state: State = State.RELEASED,
    detail: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the metadata of the DOI of an entry.

    Parameters
    ----------
    record
        Its latest version.
    url
        Address of the archive, without a path.
    archive
        Name of the archive, which publishes it.
    formats
        Media types of its files.
    state, detail
        What was said of the entry as a whole: reason and date of a tombstone, the entry that takes its place.
    """
    detail, sheet = detail or {}, record.sheet
    is_gone = state in (State.WITHDRAWN, State.PURGED)
    dates = {"Created": record.created_at, "Available": record.released_at, "Withdrawn": str(detail.get("date", "")) if is_gone else ""}
    document: dict[str, Any] = {
        "doi": record.doi,
        "url": f"{url}/entries/{record.accession}",
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": ", ".join(sheet.experiments()) or "Images"},
        "creators": [_creator(author) for author in sheet.authors] or [{"name": _UNKNOWN}],
        "titles": [{"title": sheet.title or record.accession}],
        "publisher": {"name": archive},
        "publicationYear": (record.released_at or record.created_at)[:4],
        "subjects": [{"subject": word} for word in dict.fromkeys((*sheet.keywords, *sheet.experiments(), *organisms(record)))],
        "dates": [{"date": day[:10], "dateType": kind} for kind, day in dates.items() if day],
        "alternateIdentifiers": [{"alternateIdentifier": record.accession, "alternateIdentifierType": "accession"}],
        "relatedIdentifiers": _related(record, url, str(detail.get("superseded_by") or "")),
        "sizes": [f"{record.size_bytes} bytes", f"{record.file_count} files"],
        "formats": sorted(set(formats)),
        "version": str(record.version),
        "rightsList": [_rights(sheet.licence)] if sheet.licence else [],
        "descriptions": [
            {"description": text, "descriptionType": kind}
            for kind, text in (("Abstract", sheet.abstract), ("Other", f"Withdrawn: {detail.get('reason', '')}" if is_gone else ""))
            if text
        ],
        "fundingReferences": _unique([_without_empty({"funderName": f.funder, "awardNumber": f.grant}) for f in sheet.funding]),
        "container": {"type": "DataRepository", "title": archive},
        "schemaVersion": SCHEMA_VERSION,
    }
    return _without_empty(document)


def _creator(author: Author) -> dict[str, Any]:
    last, comma, first = (part.strip() for part in author.name.partition(","))
    orcid = {"nameIdentifier": f"https://orcid.org/{author.orcid}", "nameIdentifierScheme": "ORCID", "schemeUri": "https://orcid.org"}
    names = {"familyName": last, "givenName": first} if comma else {}
    return _without_empty(
        {
            "name": author.name or _UNKNOWN,
            "nameType": "Personal" if comma or author.orcid else "",
            **names,
            "nameIdentifiers": [orcid] if author.orcid else [],
            "affiliation": [{"name": author.affiliation}] if author.affiliation else [],
        }
    )


def _related(record: EntryRecord, url: str, superseded_by: str) -> list[dict[str, str]]:
    papers = [("IsDescribedBy", p.doi) for p in record.sheet.publications if p.doi]
    others = [(_RELATIONS[r.relation], r.to) for r in record.sheet.related]
    found = []
    for relation, to in (*papers, *others, *([("IsObsoletedBy", superseded_by)] if superseded_by else [])):
        doi = re.fullmatch(r"(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)", to)
        link = doi[1] if doi else resolve(to)
        if link:
            address = f"{url}{link}" if link.startswith("/") else link
            found.append({"relatedIdentifier": address, "relatedIdentifierType": "DOI" if doi else "URL", "relationType": relation})
    return _unique(found)


def _rights(licence: str) -> dict[str, str]:
    return _without_empty(
        {
            "rights": licence,
            "rightsUri": LICENCES.get(licence, ""),
            "rightsIdentifier": licence,
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    )


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value not in ("", [])}


def _unique(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for place, item in enumerate(items) if item not in items[:place]]
