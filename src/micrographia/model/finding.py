"""Findings: what checks observed about data; values, gathered and reported all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation of a check."""

    rule: str
    """Name of the rule, subject first: ``mrc.size``, ``map.half_maps_identical``."""
    severity: Severity
    """error stops submission, warning is shown to curators and readers, note is information."""
    path: str
    """Path of the file inside the deposit, or a place in the sheet (``entry.yaml:maps[0].mask``)."""
    message: str
    """One sentence that says what is the matter."""
    found: str = ""
    """What was found, short."""
    expected: str = ""
    """What was expected, short."""
    hint: str = ""
    """What to do."""

    def as_json(self) -> dict[str, str]:
        """Return the finding as the API and ``--json`` show it."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "path": self.path,
            "message": self.message,
            "found": self.found,
            "expected": self.expected,
            "hint": self.hint,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one deposit, worst first."""

    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Report:
        """Return the report of `findings`, errors first, then by path and rule."""
        order = {"error": 0, "warning": 1, "note": 2}
        return cls(tuple(sorted(findings, key=lambda f: (order[f.severity], f.path, f.rule))))

    def count(self, severity: Severity) -> int:
        """Return how many findings have this severity."""
        return sum(f.severity == severity for f in self.findings)

    @property
    def errors(self) -> int:
        """Number of errors."""
        return self.count("error")

    def as_json(self) -> dict[str, object]:
        """Return ``{"errors", "warnings", "notes", "findings"}``."""
        return {
            "errors": self.errors,
            "warnings": self.count("warning"),
            "notes": self.count("note"),
            "findings": [f.as_json() for f in self.findings],
        }
