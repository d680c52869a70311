"""What commands print: with ``--json`` one document on stdout and all else on stderr; progress on stderr, only where a person looks."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TextIO

from micrographia.errors import InvalidInputError, MicrographiaError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Unit = Literal["files", "bytes", "entries"]

_json_asked = False


def ask_json(asked: bool) -> bool:
    """Remember whether stdout is to hold one JSON document (the callback of ``--json``)."""
    global _json_asked  # one process runs one command
    _json_asked = asked
    return asked


def console(stream: TextIO | None = None) -> Console:
    """Return a console for people: stdout, or stderr where stdout holds JSON."""
    from rich.console import Console

    return Console(file=stream or (sys.stderr if _json_asked else sys.stdout), highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(*lines: RenderableType) -> None:
    """Print for people."""
    printer = console()
    for line in lines:
        printer.print(plain(line) if isinstance(line, str) else line)


def note(line: str) -> None:
    """Print a remark for people on stderr."""
    console(sys.stderr).print(plain(line))


def answer(document: Mapping[str, Any] | list[Any], *lines: RenderableType) -> None:
    """Print `document` where JSON was asked for, `lines` otherwise."""
    if _json_asked:
        print_json(document)
    else:
        say(*lines)


def print_json(document: Mapping[str, Any] | list[Any]) -> None:
    """Print one JSON document on stdout, in ASCII so that any terminal and any file name will do."""
    json.dump(document, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")
    sys.stdout.flush()


def say_failure(error: MicrographiaError) -> None:
    """Print a failure: its sentence and its findings on stderr, the JSON of both on stdout where that was asked for."""
    from rich.text import Text

    if _json_asked:
        print_json(error.as_json())
    printer = console(sys.stderr)
    if isinstance(error, InvalidInputError) and error.findings:
        from micrographia.cli.findings import findings_table
        from micrographia.model.finding import Finding, Report

        found = [Finding(**{k: str(v) for k, v in f.items()}) for f in error.findings]  # type: ignore[arg-type]
        printer.print(findings_table(Report.of(found)))
    printer.print(Text.assemble(("error: ", "bold red"), plain(error.message)))


def plain(text: str) -> str:
    """Return `text` with control characters spelled out, so that no file name drives a terminal."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cf") else ascii(c)[1:-1] for c in text)


def size(size_bytes: float) -> str:
    """Return a length in bytes as people read it: 1.4 GB."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if abs(size_bytes) < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" or size_bytes >= 100 else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} PB"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 file, 2,000 files, 2 entries."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


@contextmanager
def progress(label: str, *, unit: Unit = "files", total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr where that is a terminal; gives the function that every advance goes to."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    counter = DownloadColumn() if unit == "bytes" else MofNCompleteColumn() if total else TextColumn("{task.completed:,.0f} " + unit)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), *((BarColumn(),) if total else ()), counter, TimeElapsedColumn())
    with Progress(*columns, console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)
