"""All rules over one deposit → a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from micrographia.checks import annotation, data, files, header, map, metadata, particles, screen, sheet, star, tilt_series  # noqa: A004
from micrographia.checks._context import Context
from micrographia.checks._rules import DEPOSIT_RULES, FILE_RULES, RULES, Findings
from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import DataFacts
from micrographia.formats.source import ReadWhole
from micrographia.model.finding import Finding, Report
from micrographia.model.sheet import Sheet

# importing a module of rules registers them; the order here is the order of the reference
_SUBJECTS = (files, sheet, metadata, header, data, map, tilt_series, particles, star, annotation, screen)


def check(
    sheet: Sheet | None,
    descriptions: Iterable[FileDescription],
    *,
    facts: Mapping[str, DataFacts] | None = None,
    strict: bool = False,
    blanks: Iterable[str] = (),
    findings: Iterable[Finding] = (),
    drafted: bool = False,
    read: ReadWhole | None = None,
) -> Report:
    """Return the report of a deposit.

    Parameters
    ----------
    sheet : Sheet or None
        What the depositor declares; None checks what the files alone show.
    descriptions : iterable of FileDescription
        Files as `formats.survey` gives them; read once, in any number.
    facts : mapping of path to DataFacts, optional
        What the data of the files say; without it only headers are judged. It may be lazy: each file is asked for once, in the order of
        the descriptions.
    strict : bool
        Missing metadata are errors.
    blanks : iterable of str
        Places of the sheet that still hold «?».
    findings : iterable of Finding
        What `load_sheet` found; becomes part of the report.
    drafted : bool
        The sheet was drafted and no person answers for it: its metadata are not judged.
    read : function of str, optional
        Gives the bytes of a small file by its path: lists of tilt angles are read.
    """
    gathered = Findings()
    gathered.extend(findings)
    context = Context(sheet, strict=strict, drafted=drafted, blanks=blanks, facts=facts or {}, read=read)
    for description in descriptions:
        file = context.take(description)
        gathered.extend(description.remarks)
        if file.facts:
            gathered.extend(file.facts.findings)
        for name, look in FILE_RULES:
            gathered.extend(look(file, context), name)
    for name, ask in DEPOSIT_RULES:
        gathered.extend(ask(context), name)
    return Report.of(gathered.all())


def rules_reference() -> str:
    """Return the reference page of all rules (Markdown), generated from their docstrings."""
    lines = [
        "# Checks",
        "",
        "Every finding names its rule. What readers of formats remark themselves (`mrc.truncated`, `tiff.unreadable`, …)",
    ]
    lines += ["passes through as it is.", ""]
    subject = ""
    for name, rule in RULES.items():
        if name.partition(".")[0] != subject:
            subject = name.partition(".")[0]
            lines += [f"## {subject}", "", "| rule | finds |", "|---|---|"]
        text = " ".join(rule.text.split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {text} |")
        following = list(RULES)[list(RULES).index(name) + 1 :]
        if not following or following[0].partition(".")[0] != subject:
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"
