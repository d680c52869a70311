"""The page of what differs between two versions of an entry."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from micrographia.archive.comparing import compare_versions, version_number
from micrographia.web.pages.rendering import page
from micrographia.web.pages.wording import bytes_words
from micrographia.web.site import site_of

_FILES_SHOWN = 200
_HEADINGS = {"added": "Added", "removed": "Removed", "changed": "Changed", "moved": "Moved"}


def differences_page(request: Request) -> Response:
    """GET /entries/{accession}/diff."""
    site, accession = site_of(request), request.path_params["accession"]
    asked = request.query_params
    old, new = version_number(asked.get("from", "")), version_number(asked.get("to", ""))
    found = compare_versions(site.archive, accession, old, new, limit=_FILES_SHOWN)
    view = site.entry(accession, found["to"])
    numbers = sorted({v.version for v in view.versions} | {found["from"], found["to"]})
    return page(
        request,
        "differences.html",
        accession=accession,
        title=view.record.sheet.title,
        old=found["from"],
        new=found["to"],
        note=found["change_note"],
        numbers=numbers,
        fields=[{"name": c["field"], "old": _words(c["old"]), "new": _words(c["new"])} for c in found["metadata"]],
        groups=[_group(kind, found["files"][kind], accession, found) for kind in _HEADINGS if found["files"][kind]["total"]],
        is_public=view.state.is_public,
    )


def _group(kind: str, files: dict[str, Any], accession: str, found: dict[str, Any]) -> dict[str, Any]:
    version = found["from"] if kind == "removed" else found["to"]
    rows = [
        {
            "path": file["path"],
            "link": f"/files/{accession}/{version}/{quote(file['path'])}",
            "was": file.get("from") or (bytes_words(file["old_size_bytes"]) if "old_size_bytes" in file else ""),
            "size": bytes_words(file["size_bytes"]),
        }
        for file in files["items"]
    ]
    heading = "Was at" if kind == "moved" else "Was" if kind == "changed" else ""
    return {"heading": _HEADINGS[kind], "total": files["total"], "rows": rows, "was": heading}


def _words(value: Any) -> str:
    """Return a value of the sheet as a reader may take it in."""
    if value is None:
        return ""
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
