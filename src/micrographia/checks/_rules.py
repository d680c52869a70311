"""The table of rules: tiny generators that look at one file or at the whole deposit and yield what they find."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from micrographia.model.finding import Finding, Severity

if TYPE_CHECKING:
    from micrographia.checks._context import Context, File

FileRule = Callable[["File", "Context"], Iterator[Finding]]
DepositRule = Callable[["Context"], Iterator[Finding]]

# beyond so many findings of one rule and severity the rest is counted and some are named
MOST_ALIKE = 100
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    """Subject first: ``map.half_maps_identical``."""
    scope: Literal["file", "deposit"]
    text: str
    """What it finds and what to do, for the reference."""


RULES: dict[str, Rule] = {}
FILE_RULES: list[tuple[str, FileRule]] = []
DEPOSIT_RULES: list[tuple[str, DepositRule]] = []


def file_rule(name: str) -> Callable[[FileRule], FileRule]:
    """Register a rule about one file, asked of each file as it streams by."""

    def register(function: FileRule) -> FileRule:
        _register(name, "file", function)
        FILE_RULES.append((name, function))
        return function

    return register


def rule(name: str) -> Callable[[DepositRule], DepositRule]:
    """Register a rule about the deposit as a whole, asked once all files are known."""

    def register(function: DepositRule) -> DepositRule:
        _register(name, "deposit", function)
        DEPOSIT_RULES.append((name, function))
        return function

    return register


def _register(name: str, scope: Literal["file", "deposit"], function: Callable[..., object]) -> None:
    assert name not in RULES, name
    RULES[name] = Rule(name, scope, inspect.getdoc(function) or "")


def say(severity: Severity, path: str, message: str, *, found: object = "", expected: object = "", hint: str = "") -> Finding:
    """Return a finding; the runner adds the name of the rule."""
    return Finding("", severity, path, message, str(found), str(expected), hint)


class Findings:
    """Gathers findings; what repeats a hundred times is counted from then on."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._counts: dict[tuple[str, Severity], int] = {}
        self._beyond: dict[tuple[str, Severity], list[str]] = {}

    def add(self, finding: Finding, rule_name: str = "") -> None:
        """Keep a finding, or count it."""
        if rule_name and not finding.rule:
            finding = replace(finding, rule=rule_name)
        key = (finding.rule, finding.severity)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count <= MOST_ALIKE:
            self._kept.append(finding)
        elif count <= MOST_ALIKE + _MOST_NAMED:
            self._beyond.setdefault(key, []).append(finding.path)

    def extend(self, findings: Iterable[Finding], rule_name: str = "") -> None:
        """Keep or count several findings."""
        for finding in findings:
            self.add(finding, rule_name)

    def all(self) -> Iterator[Finding]:
        """Yield the findings kept, and one for those that were only counted."""
        yield from self._kept
        last = {(f.rule, f.severity): f for f in self._kept}
        for key, names in self._beyond.items():
            finding, more = last[key], self._counts[key] - MOST_ALIKE
            named = ", ".join(names) + (", …" if more > len(names) else "")
            message = f"… and {more:,} more like it: {named}"
            yield Finding(
                finding.rule, finding.severity, names[0], message, f"{self._counts[key]:,} in all", finding.expected, finding.hint
            )
