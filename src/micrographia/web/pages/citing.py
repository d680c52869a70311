"""What other programs cite an entry by: BibTeX and schema.org JSON-LD."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from micrographia.model.links import resolve

_BIBTEX_SPECIAL = {"\\": r"\textbackslash{}", **{c: "\\" + c for c in "&%$#_{}"}, "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
# a script element ends at the first «</script», whatever stands around it
_SCRIPT_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def bibtex(entry: Mapping[str, Any], url: str, *, part: str = "") -> str:
    """Return the entry, or a part of it, as a BibTeX @misc record (what every style knows)."""
    fields = {
        "author": " and ".join(_bibtex(a["name"]) for a in entry["authors"]),
        "title": "{" + _bibtex(entry["title"]) + "}",
        "year": entry["released"][:4],
        "publisher": "Micrographia",
        "version": str(entry["version"]),
        "note": f"Dataset {entry['accession']}, version {entry['version']}" + (f", {part}" if part else ""),
        "doi": entry.get("doi") or "",
        "url": url,
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    key = f"{entry['accession']}.v{entry['version']}" + (re.sub(r"[^0-9A-Za-z]+", "-", f".{part}") if part else "")
    return f"@misc{{{key},\n{lines}\n}}"


def dataset_json_ld(entry: Mapping[str, Any], origin: str, archive_title: str, lead: str | None) -> str:
    """Return the schema.org Dataset of an entry, safe inside a script element."""
    page = f"{origin}{entry['links']['page']}"
    document: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": page,
        "url": page,
        "identifier": [entry["accession"], f"https://doi.org/{entry['doi']}"] if entry.get("doi") else entry["accession"],
        "name": entry["title"],
        "description": _description(entry),
        "version": str(entry["version"]),
        "datePublished": entry["released"][:10],
        "dateCreated": entry["created"][:10],
        "license": entry["licence"]["url"] or entry["licence"]["id"],
        "isAccessibleForFree": True,
        "creator": [_person(a) for a in entry["authors"]],
        "keywords": [*entry["keywords"], *entry["experiments"], *entry["organisms"]],
        "measurementTechnique": entry["experiments"],
        "includedInDataCatalog": {"@type": "DataCatalog", "name": archive_title, "url": origin + "/"},
        "distribution": [
            {"@type": "DataDownload", "contentUrl": f"{origin}{entry['links']['zip']}", "encodingFormat": "application/zip"},
            {"@type": "DataDownload", "contentUrl": f"{origin}{entry['links']['manifest']}", "encodingFormat": "application/jsonl"},
        ],
        "size": f"{entry['size_bytes']} bytes",
    }
    if lead:
        document["thumbnailUrl"] = f"{origin}/thumbnails/{lead}-large.webp"
    if cited := [f"https://doi.org/{p['doi']}" for p in entry["publications"] if p.get("doi")]:
        document["citation"] = cited
    if based := [resolve(r["to"]) for r in entry["related"] if resolve(r["to"]).startswith("http")]:
        document["isBasedOn"] = based
    if entry["funding"]:
        document["funder"] = [{"@type": "Organization", "name": f["funder"]} for f in entry["funding"]]
    text = json.dumps({k: v for k, v in document.items() if v not in ([], "")}, ensure_ascii=False)
    return "".join(_SCRIPT_UNSAFE.get(c, c) for c in text)


def _description(entry: Mapping[str, Any]) -> str:
    # Google Dataset Search asks for 50 to 5,000 characters
    text = (
        entry["abstract"]
        or f"{entry['title']}. {', '.join(entry['experiments']) or 'Images'} in {entry['file_count']} files. {entry['citation']}"
    )
    return str(text)[:5000]


def _person(author: Mapping[str, Any]) -> dict[str, Any]:
    last, comma, first = author["name"].partition(",")
    person: dict[str, Any] = {"@type": "Person", "name": author["name"]}
    if comma:
        person |= {"familyName": last.strip(), "givenName": first.strip()}
    if author["orcid"]:
        person["@id"] = f"https://orcid.org/{author['orcid']}"
    if author["affiliation"]:
        person["affiliation"] = {"@type": "Organization", "name": author["affiliation"]}
    return person


def _bibtex(text: str) -> str:
    return "".join(_BIBTEX_SPECIAL.get(c, c) for c in text)
