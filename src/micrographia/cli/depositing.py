"""Files into the archive: `deposit`, `revise`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Accession, Folder, Home, Json, open_home
from micrographia.cli.output import answer, progress
from micrographia.errors import InvalidInputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from micrographia.archive.archive import Archive
    from micrographia.archive.deposit import DepositResult, Mode

Title = Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Title, where entry.yaml has none.")]
Authors = Annotated[
    list[str] | None, typer.Option("--author", metavar="NAME", help="«Last, First», where entry.yaml has none; repeat for more.")
]
Release = Annotated[bool, typer.Option("--release", help="Publish at once (a single-user archive).")]
Copy = Annotated[bool, typer.Option("--copy", help="Copy the files (default).")]
Link = Annotated[bool, typer.Option("--link", help="Hard-link the files: no space, no time; do not change them afterwards.")]
Move = Annotated[bool, typer.Option("--move", help="Move the files out of FOLDER.")]
ChangeNote = Annotated[str, typer.Option("--note", metavar="TEXT", help="What is new since the version before.", show_default=False)]


def deposit(
    folder: Folder,
    home: Home = None,
    title: Title = None,
    author: Authors = None,
    release: Release = False,
    copy: Copy = False,
    link: Link = False,
    move: Move = False,
    as_json: Json = False,
) -> None:
    """Check FOLDER and take it into the archive as a new entry. The same command continues after an interruption."""
    mode = _mode(copy=copy, link=link, move=move)
    archive = open_home(home, make=True)
    from micrographia.archive.deposit import deposit_folder

    with progress("depositing", unit="bytes") as advance:
        result = deposit_folder(archive, folder, title=title, authors=author or [], mode=mode, release=release, progress=advance)
    _tell(archive, result)


def revise(
    accession: Accession,
    folder: Folder,
    note: ChangeNote,
    home: Home = None,
    release: Release = False,
    copy: Copy = False,
    link: Link = False,
    move: Move = False,
    as_json: Json = False,
) -> None:
    """Take FOLDER in as the next version of an entry.

    FOLDER holds all files of the new version; what did not change is shared with the version before.
    """
    mode = _mode(copy=copy, link=link, move=move)
    archive = open_home(home)
    from micrographia.archive.revise import revise_from_folder

    with progress("depositing", unit="bytes") as advance:
        result = revise_from_folder(archive, accession, folder, change_note=note, mode=mode, release=release, progress=advance)
    _tell(archive, result)


def _mode(*, copy: bool, link: bool, move: bool) -> Mode:
    if copy + link + move > 1:
        raise InvalidInputError("Only one of --copy, --link and --move can be meant.")
    return "link" if link else "move" if move else "copy"


def _tell(archive: Archive, result: DepositResult) -> None:
    """Print the accession, what the checks said, where the entry can be seen and how to cite it."""
    from micrographia.cli.findings import findings_table, summary
    from micrographia.ids import EntryId
    from micrographia.model.documents import citation
    from micrographia.model.lifecycle import State

    accession, version, report = result.accession, result.version, result.report
    document: dict[str, Any] = {"accession": accession, "version": version, "status": str(result.state)}
    lines: list[RenderableType] = [findings_table(report)] if report.findings else []
    if result.state is State.RELEASED:
        page, cite = f"/entries/{accession}", citation(archive.store.entry(EntryId.parse(accession), version))
        document |= {"page": page, "citation": cite}
        lines += [
            f"{accession} version {version} is released; {summary(report)}.",
            f"See it:  micrographia serve --home {archive.settings.home}  then open http://127.0.0.1:8000{page}",
            f"Cite it: {cite}",
        ]
    else:
        lines += [
            f"{accession} version {version} is kept as a {result.state}, private; {summary(report)}.",
            f"Next:    micrographia submit {accession} --home {archive.settings.home}",
        ]
    answer({**document, **report.as_json()}, *lines)


COMMANDS: dict[str, Callable[..., Any]] = {"deposit": deposit, "revise": revise}
