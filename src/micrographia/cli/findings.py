"""Findings as a table that people read: worst first, one row a finding."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from micrographia.cli.output import counted, plain
from micrographia.model.finding import Finding, Report

# of one rule; the paths of some more are named, and --json lists all
_MOST_SHOWN = 4
_MOST_NAMED = 20
_STYLE = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}


def findings_table(report: Report) -> RenderableType:
    """Return the findings of a report, grouped by severity."""
    return Group(*_groups(report)) if report.findings else Text("No findings.", style="green")


def summary(report: Report) -> str:
    """Return how many findings there are: 2 errors, 1 warning, 0 notes."""
    return ", ".join(counted(report.count(severity), severity) for severity in ("error", "warning", "note"))


def _groups(report: Report) -> Iterator[RenderableType]:
    for severity, findings in groupby(report.findings, lambda f: f.severity):
        yield Text(counted(report.count(severity), severity), style=_STYLE[severity])
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 2), pad_edge=True)
        table.add_column(overflow="fold", ratio=1, min_width=16)
        table.add_column(overflow="fold", ratio=2)
        by_rule: dict[str, list[Finding]] = {}
        for finding in findings:
            by_rule.setdefault(finding.rule, []).append(finding)
        for alike in by_rule.values():
            shown = alike if len(alike) <= _MOST_SHOWN + 1 else alike[:_MOST_SHOWN]
            for finding in shown:
                table.add_row(Text(plain(finding.path), style="bold"), _told(finding))
            if rest := alike[len(shown) :]:
                table.add_row(Text(f"… and {len(rest):,} more of {rest[0].rule}", style="dim"), _named(rest))
        yield table


def _named(findings: list[Finding]) -> Text:
    more = len(findings) - _MOST_NAMED
    tail = f" and {more:,} more; --json lists all" if more > 0 else ""
    return Text(", ".join(plain(f.path) for f in findings[:_MOST_NAMED]) + tail, style="dim")


def _told(finding: Finding) -> Text:
    text = Text(plain(finding.message))
    if finding.found and finding.expected:
        text.append(f" Found {plain(finding.found)}, expected {plain(finding.expected)}.")
    elif finding.found:
        text.append(f" Found {plain(finding.found)}.")
    elif finding.expected:
        text.append(f" Expected {plain(finding.expected)}.")
    if finding.hint:
        text.append(f"\n→ {plain(finding.hint)}", style="italic")
    text.append(f"  [{finding.rule}]", style="dim")
    return text
