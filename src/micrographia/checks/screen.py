"""Rules about screens: names that tell wells, plates that hold them, tables beside them."""

from __future__ import annotations

import re
import re._parser as regex_parser  # type: ignore[import-not-found]  # the standard library's own; tells repeats from text
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from micrographia.checks._context import Context, File
from micrographia.checks._rules import file_rule, rule, say
from micrographia.model.finding import Finding
from micrographia.model.sheet import Screen

_MOST_CHARACTERS = 1_000
# each repeat without an end multiplies the time a hostile file name can take
_MOST_OPEN_REPEATS = 6
_LONGEST_NAME = 255


@lru_cache(maxsize=64)
def compile_pattern(pattern: str) -> re.Pattern[str] | str:
    """Return the compiled pattern of a screen, or in words why it cannot be used."""
    if len(pattern) > _MOST_CHARACTERS:
        return f"it has more than {_MOST_CHARACTERS} characters"
    try:
        expression = re.compile(pattern)
        open_repeats = _open_repeats(regex_parser.parse(pattern), inside=False)
    except (re.error, OverflowError, RecursionError) as exc:
        return f"it is no regular expression: {exc}"
    if open_repeats is None:
        return "it repeats what repeats, which can take forever"
    if open_repeats > _MOST_OPEN_REPEATS:
        return f"it has more than {_MOST_OPEN_REPEATS} repeats without an end (+ or *)"
    if not {"row", "column"} <= set(expression.groupindex) and "well" not in expression.groupindex:
        return "it has no groups (?P<row>…) and (?P<column>…), nor (?P<well>…)"
    return expression


def _open_repeats(parsed: Any, *, inside: bool) -> int | None:
    """Return the number of repeats without an end, None when one stands in another."""
    total = 0
    for operation, argument in parsed:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, body = argument
            is_long = most > 16
            if is_long and inside:
                return None
            inner = _open_repeats(body, inside=inside or most > 1)
            total += is_long
        elif name == "SUBPATTERN":
            inner = _open_repeats(argument[3], inside=inside)
        elif name == "BRANCH":
            found = [_open_repeats(b, inside=inside) for b in argument[1]]
            inner = None if None in found else sum(f for f in found if f)
        elif name in ("ASSERT", "ASSERT_NOT"):
            inner = _open_repeats(argument[1], inside=inside)
        else:
            inner = 0
        if inner is None:
            return None
        total += inner
    return total


def _screens(context: Context) -> Iterator[tuple[int, Screen]]:
    yield from enumerate(context.sheet.screens)


@rule("screen.pattern")
def pattern(context: Context) -> Iterator[Finding]:
    """Error: the pattern of a screen is no regular expression with groups `row` and `column` (or `well`), or one that could run forever."""
    for n, screen in _screens(context):
        if screen.pattern and isinstance(reason := compile_pattern(screen.pattern), str):
            expected = r"such as (?P<row>[A-P])-(?P<column>\d+)"
            message = f"the pattern of screen `{screen.id}` cannot be used: {reason}."
            yield say(
                "error",
                f"entry.yaml:screens[{n}].pattern",
                message,
                found=screen.pattern[:80],
                expected=expected,
                hint="Correct the pattern.",
            )


@file_rule("screen.name")
def name(file: File, context: Context) -> Iterator[Finding]:
    """Warning: the name of a plate image does not fit the pattern, or tells a well that the plate does not have."""
    if file.kind != "field" or not file.description.images:
        return
    screen = next((s for s in context.sheet.screens if s.id == file.role), None)
    if screen is None or not screen.pattern or isinstance(expression := compile_pattern(screen.pattern), str):
        return
    # the pattern may look at the whole path (plates are folders) or at the name alone
    match = expression.search(file.path[-_LONGEST_NAME:])
    if match is None:
        hint = "Correct the pattern, or move the file to `other_files`."
        yield say(
            "warning", file.path, "this name does not fit the screen's pattern.", found=file.path, expected=screen.pattern[:80], hint=hint
        )
        return
    groups = match.groupdict()
    row, column = number_of(groups.get("row")), number_of(groups.get("column"))
    if screen.geometry and ((row or 0) > screen.geometry.rows or (column or 0) > screen.geometry.columns):
        found = f"row {groups.get('row')}, column {groups.get('column')}"
        expected = f"{screen.geometry.rows} × {screen.geometry.columns} wells"
        yield say(
            "warning", file.path, "the plate has no such well.", found=found, expected=expected, hint="Correct the geometry or the pattern."
        )


def number_of(text: str | None) -> int | None:
    """Return the number that a row or a column is called by: 3, C, AA; None where it is neither figures nor letters."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    value = 0
    for letter in text.upper():
        if not "A" <= letter <= "Z":
            return None
        value = value * 26 + ord(letter) - 64
    return value


@rule("screen.images")
def images(context: Context) -> Iterator[Finding]:
    """Warning: a screen has no library: nothing says what each well got; or more channels are named than the pattern tells."""
    if not context.is_written:
        return
    for n, screen in _screens(context):
        if not screen.library:
            hint = "Add a table with one row a well: compound, siRNA, gene, control."
            message = f"screen `{screen.id}` has no library."
            yield say(
                context.missing, f"entry.yaml:screens[{n}].library", message, found="nothing", expected="a CSV or TSV file", hint=hint
            )
        if not screen.pattern and not screen.images_held_at:
            hint = "Write a regular expression with the groups row, column, field and channel."
            message = f"nothing tells the wells of screen `{screen.id}`."
            yield say("warning", f"entry.yaml:screens[{n}].pattern", message, found="no pattern", expected="a pattern", hint=hint)
