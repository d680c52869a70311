"""What needs no archive: `describe`, `check`, `schema`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from micrographia.cli.exit_codes import FINDINGS
from micrographia.cli.options import Folder, Json
from micrographia.cli.output import answer, counted, print_json, progress
from micrographia.errors import UnavailableError, WrongStateError
from micrographia.settings import Settings


def describe(
    folder: Folder,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change in entry.yaml; write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over an entry.yaml that a person edited.")] = False,
    as_json: Json = False,
) -> None:
    """Draft FOLDER/entry.yaml from what the files say."""
    from micrographia.describe import draft_sheet, is_untouched, render_yaml
    from micrographia.examine import read_sheet, survey_folder
    from micrographia.formats.source import folder_reader
    from micrographia.model.records import SHEET_FILE

    with progress("reading headers") as advance:
        draft = draft_sheet(survey_folder(folder, settings=Settings.from_environment(), progress=advance), folder_reader(folder))
    path, text = folder / SHEET_FILE, render_yaml(draft)
    there, unreadable = read_sheet(folder)
    present = (there or b"").decode("utf-8", "replace")
    if diff:
        changes = "".join(difflib.unified_diff(present.splitlines(True), text.splitlines(True), f"{path} (now)", f"{path} (drafted)"))
        answer({"path": str(path), "written": False, "diff": changes}, changes.rstrip("\n") or f"{path} would not change.")
        return
    if not force and (unreadable or (there is not None and not is_untouched(present))):
        raise WrongStateError(
            f"{path} was written or edited by a person and is left as it is. "
            "See what would change with --diff, or write over it with --force."
        )
    write_atomically(path, text)
    answer(
        {"path": str(path), "written": True, "files": draft.file_count, "blanks": list(draft.blanks), "sheet": draft.sheet.as_json()},
        f"{path} was drafted from {counted(draft.file_count, 'file')}.",
        f"{counted(len(draft.blanks), 'blank')} («?») for you to fill: {', '.join(draft.blanks) or 'none'}.",
        f"Then:  micrographia check {folder}",
    )


def write_atomically(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as exc:
        part.unlink(missing_ok=True)
        raise UnavailableError(f"{path} cannot be written: {exc.strerror or exc}.") from exc


def check(
    folder: Folder,
    quick: Annotated[bool, typer.Option("--quick", help="Look at headers only, not at pixels.")] = False,
    as_json: Json = False,
) -> None:
    """Check a folder as a deposit would, with no archive at all. Exit code 3 when there are errors."""
    from micrographia.cli.findings import findings_table, summary
    from micrographia.examine import examine_structure, read_data

    settings = Settings.from_environment()
    with progress("reading headers") as advance:
        examination = examine_structure(folder, settings=settings, progress=advance)
    if not quick:
        with progress("reading data", unit="bytes", total=examination.descriptions.size_bytes) as advance:
            examination = examination.judged(read_data(examination, progress=advance))
    report = examination.report
    files = counted(examination.descriptions.file_count, "file")
    answer(report.as_json(), findings_table(report), f"{folder}: {files} checked; {summary(report)}.")
    if report.errors:
        raise typer.Exit(FINDINGS)


def schema(as_json: Json = False) -> None:
    """Print the JSON schema of entry.yaml."""
    from micrographia.model.sheet import sheet_json_schema

    print_json(sheet_json_schema())


COMMANDS: dict[str, Callable[..., Any]] = {"describe": describe, "check": check, "schema": schema}
