"""What commands print: with ``--json`` one document on stdout and all else on stderr; progress on stderr, only where a person looks."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self, TextIO

from micrographia.errors import InvalidInputError, MicrographiaError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Unit = Literal["files", "bytes", "entries"]

# columns of what is written to a file or a pipe
_WIDTH_OF_FILES = 140

_json_asked = False


def ask_json(asked: bool) -> bool:
    """Remember whether stdout is to hold one JSON document (the callback of ``--json``)."""
    global _json_asked  # one process runs one command
    _json_asked = asked
    return asked


def console(stream: TextIO | None = None) -> Console:
    """Return a console for people: stdout, or stderr where stdout holds JSON."""
    from rich.console import Console

    out = stream or (sys.stderr if _json_asked else sys.stdout)
    width = None if out.isatty() or os.environ.get("COLUMNS") else _WIDTH_OF_FILES
    return Console(file=out, width=width, highlight=False, markup=False, emoji=False, soft_wrap=True)


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


class Progress:
    """A line on stderr that moves from stage to stage, where stderr is a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            told = TextColumn("{task.fields[told]}")
            self._bar = Bar(
                SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), told, TimeElapsedColumn(), console=console(sys.stderr)
            )
            self._bar.live.transient = True
            self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            self._bar.stop()

    def begin(self, label: str, *, unit: Unit = "files", total: int | None = None) -> None:
        """Go to the next stage."""
        if self._bar:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._unit, self._total, self._done = unit, total, 0
            self._task = self._bar.add_task(plain(label), total=total, told="")

    def advance(self, count: int) -> None:
        """Go on by a number of files, bytes or entries."""
        if self._bar:
            self._done += count
            done, total = (size(n) if self._unit == "bytes" else f"{n:,}" for n in (self._done, self._total or 0))
            told = f"{done} of {total}" if self._total else done
            self._bar.update(self._task, completed=self._done, told=told if self._unit == "bytes" else f"{told} {self._unit}")


@contextmanager
def progress(label: str, *, unit: Unit = "files", total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show the progress of one stage; gives the function that every advance goes to."""
    with Progress() as line:
        line.begin(label, unit=unit, total=total)
        yield line.advance
