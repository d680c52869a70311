"""Plate images recognised by the names of their wells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from micrographia.describe._patterns import Pattern

# how microscopes and analysis programs name the images of wells; the first that fits all names is taken
_NAMINGS: tuple[tuple[str, str], ...] = (
    ("Harmony, Operetta", r"r(?P<row>\d{1,2})c(?P<column>\d{1,2})f(?P<field>\d+)p(?P<plane>\d+)-ch(?P<channel>\d+)"),
    ("CellVoyager", r"(?P<row>[A-P])(?P<column>\d{2})_T\d+F(?P<field>\d+)L\d+A\d+Z(?P<plane>\d+)C(?P<channel>\d+)"),
    ("MetaXpress", r"(?P<row>[A-P])(?P<column>\d{2})_s(?P<field>\d+)_w(?P<channel>\d)"),
    ("SBS", r"Channel(?P<channel>\d+)-(?P<index>\d+)-(?P<row>[A-P])-(?P<column>\d{2})"),
    ("IN Cell", r"(?P<row>[A-P]) - (?P<column>\d{1,2})\(fld (?P<field>\d+)"),
    ("well", r"(?<![A-Za-z0-9])(?P<row>[A-P])[-_]?(?P<column>\d{2})(?![0-9])(?:.*?(?:[-_](?:ch?|w)(?P<channel>\d+)))?"),
)
_COMPILED = tuple((name, text, re.compile(text)) for name, text in _NAMINGS)
_FEWEST_WELLS = 4
_GEOMETRIES = ((8, 12), (16, 24), (32, 48))


class Wells:
    """How the names of some files tell plate, well, field and channel."""

    def __init__(self, pattern: str, rows: set[int], columns: set[int], channels: set[int], *, is_whole: bool) -> None:
        self.pattern = pattern
        self.channels = sorted(channels)
        last_row, last_column = max(rows, default=0), max(columns, default=0)
        self.geometry = next(((r, c) for r, c in _GEOMETRIES if last_row <= r and last_column <= c), None) if is_whole else None


def wells_of(patterns: Sequence[Pattern]) -> Wells | None:
    """Return how the names of these files tell their wells, None when they do not."""
    for naming, text, expression in _COMPILED:
        rows: set[int] = set()
        columns: set[int] = set()
        channels: set[int] = set()
        is_whole = True
        for pattern in patterns:
            for variant in pattern.variants.values():
                is_whole &= variant.is_listed
                for fact in variant.files or [variant.first]:
                    match = expression.search(fact.name)
                    if match is None:
                        break
                    groups = match.groupdict()
                    rows.add(int(groups["row"]) if groups["row"].isdigit() else ord(groups["row"]) - 64)
                    columns.add(int(groups["column"]))
                    if groups.get("channel"):
                        channels.add(int(groups["channel"]))
                else:
                    continue
                break
            else:
                continue
            break
        else:
            files = sum(p.count for p in patterns)
            many = len(rows) * len(columns) >= _FEWEST_WELLS or (not is_whole and files >= _FEWEST_WELLS)
            if many and (naming != "well" or len(rows) > 1):
                return Wells(text, rows, columns, channels, is_whole=is_whole)
    return None


def screen_of(wells: Wells, identifier: str, plates: Sequence[str], blank: Any) -> dict[str, Any]:
    """Return the part of the sheet that describes a screen."""
    screen: dict[str, Any] = {"id": identifier, "plates": list(plates), "pattern": wells.pattern}
    if wells.geometry:
        screen["geometry"] = {"rows": wells.geometry[0], "columns": wells.geometry[1]}
    if wells.channels:
        screen["channels"] = [{"name": blank(f"what channel {n} shows: DNA, GFP, …")} for n in wells.channels]
    return screen
