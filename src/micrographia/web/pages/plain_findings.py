"""What the checks found, in plain words: what is not said at one glance, the rest one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOT_SAID = ": nothing says it."
_MOST_SHOWN = 40
_NOUNS = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "note": ("note", "notes")}


def plain_findings(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the findings of an entry: `missing`, what nobody said; `shown`, the others; `words`, how many of which severity."""
    findings = report["findings"]
    missing = [f["message"].removesuffix(_NOT_SAID) for f in findings if f["message"].endswith(_NOT_SAID)]
    others = [f for f in findings if not f["message"].endswith(_NOT_SAID)]
    counts = {severity: sum(f["severity"] == severity for f in others) for severity in _NOUNS}
    words = ", ".join(f"{n} {_NOUNS[severity][n != 1]}" for severity, n in counts.items() if n)
    return {
        "missing": list(dict.fromkeys(missing)),
        "shown": [{**f, "comparison": _comparison(f)} for f in others[:_MOST_SHOWN]],
        "more": max(0, len(others) - _MOST_SHOWN),
        "words": words,
    }


def _comparison(finding: Mapping[str, str]) -> str:
    found, expected = finding["found"], finding["expected"]
    parts = [f"found {found}" if found else "", f"expected {expected}" if expected else ""]
    said = ", ".join(part for part in parts if part)
    return f"{said[0].upper()}{said[1:]}." if said else ""
