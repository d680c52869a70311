"""Files into the archive: `deposit`, `revise`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Accession, Folder, Home, Json, open_home, server_url
from micrographia.cli.output import Progress, answer, counted, note, size
from micrographia.errors import InvalidInputError
from micrographia.settings import Settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from micrographia.archive.archive import Archive
    from micrographia.archive.deposit import Deposited
    from micrographia.store.incoming import Mode

Title = Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Title, where entry.yaml has none.")]
Authors = Annotated[
    list[str] | None, typer.Option("--author", metavar="NAME", help="«Last, First», where entry.yaml has none; repeat for more.")
]
Release = Annotated[bool, typer.Option("--release", help="Publish at once (a single-user archive).")]
Copy = Annotated[bool, typer.Option("--copy", help="Copy the files (default).")]
Link = Annotated[bool, typer.Option("--link", help="Hard-link the files: no space, no time; do not change them afterwards.")]
Move = Annotated[bool, typer.Option("--move", help="Move the files out of FOLDER.")]
Elsewhere = Annotated[str | None, typer.Option("--server", metavar="URL", help="Deposit into the archive at this address.")]
Token = Annotated[
    str, typer.Option("--token", metavar="TOKEN", help="Token of the depositor there, with scope deposit.", show_default=False)
]
InPlace = Annotated[
    bool, typer.Option("--in-place", help="With --server: FOLDER lies on the archive's own storage; hard-link its files (admins).")
]
FromUrl = Annotated[
    list[str] | None,
    typer.Option("--from-url", metavar="URL", help="With --server: a further file, fetched by the archive; repeatable."),
]
Submit = Annotated[bool, typer.Option("--submit", help="Submit it to the curators once all is in.")]
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
    submit: Submit = False,
    server: Elsewhere = None,
    token: Token = "",
    in_place: InPlace = False,
    from_url: FromUrl = None,
    as_json: Json = False,
) -> None:
    """Check FOLDER and take it into the archive as a new entry. The same command continues after an interruption."""
    mode = _mode(copy=copy, link=link, move=move)
    if server is not None:
        _refuse_here(home=home, token=token, others={"--release": release, "--link": link, "--move": move})
        from micrographia.cli.sending import deposit_elsewhere
        from micrographia.examine import Given

        _refuse_no_folder(folder)
        given = Given(title=title or "", authors=tuple(author or ()))
        deposit_elsewhere(folder, server_url(server), token, given=given, submit=submit, in_place=in_place, urls=from_url or ())
        return
    if in_place or from_url:
        raise InvalidInputError("--in-place and --from-url are for a server; with --home, --link takes files in where they lie.")
    _refuse_folder(folder, Settings.from_environment(home=home).home)
    archive = open_home(home, make=True)
    from micrographia.archive.deposit import deposit_folder
    from micrographia.examine import Given

    with Progress() as line:
        line.begin("reading headers")
        result = deposit_folder(
            archive,
            folder,
            given=Given(title=title or "", authors=tuple(author or ())),
            mode=mode,
            until="released" if release else "submitted" if submit else "draft",
            looked_at=line.advance,
            progress=line.advance,
            begun=lambda accession, found: line.begin(f"taking in {accession}", unit="bytes", total=found.descriptions.size_bytes),
        )
    if title and result.title != title.strip():
        note(f"entry.yaml has a title, «{result.title}»; --title was not used.")
    _tell(archive, result)


def revise(
    accession: Accession,
    folder: Folder,
    note_: ChangeNote,
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
    _refuse_folder(folder, archive.settings.home)
    from micrographia.archive.revise import revise_from_folder

    with Progress() as line:
        line.begin("reading headers")
        result = revise_from_folder(
            archive,
            accession,
            folder,
            change_note=note_,
            mode=mode,
            until="released" if release else "draft",
            looked_at=line.advance,
            progress=line.advance,
        )
    _tell(archive, result)


def _refuse_folder(folder: Path, home: Path) -> None:
    """Refuse what is no folder, and a folder in which the archive itself lies, before an archive is made."""
    from micrographia.examine import refuse_home

    _refuse_no_folder(folder)
    refuse_home(folder, home)


def _refuse_no_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} is not a folder; give the folder whose files make up the entry.")


def _refuse_here(*, home: Path | None, token: str, others: dict[str, bool]) -> None:
    """Refuse what makes no sense with an archive elsewhere."""
    if home is not None:
        raise InvalidInputError("Both --server and --home were given; an archive is either remote or a folder.")
    if named := [option for option, is_given in others.items() if is_given]:
        raise InvalidInputError(f"{named[0]} is for an archive on this machine; with --server files are sent, and curators release.")
    if not token:
        raise InvalidInputError("--server needs --token: make one on your account's page, with scope deposit.")


def _mode(*, copy: bool, link: bool, move: bool) -> Mode:
    if copy + link + move > 1:
        raise InvalidInputError("Only one of --copy, --link and --move can be meant.")
    return "link" if link else "move" if move else "copy"


def _tell(archive: Archive, result: Deposited) -> None:
    """Print the accession, what the checks said, where the entry can be seen and how to cite it."""
    from micrographia.cli.findings import findings_table, summary
    from micrographia.ids import EntryId
    from micrographia.model.documents import citation
    from micrographia.model.lifecycle import State

    accession, version, report = result.accession, result.version, result.report
    document: dict[str, Any] = {
        "accession": accession,
        "version": version,
        "status": str(result.state),
        "title": result.title,
        "file_count": result.file_count,
        "size_bytes": result.size_bytes,
        "already_there": result.already_there,
    }
    lines: list[RenderableType] = [findings_table(report)] if report.findings else []
    holds = f"{counted(result.file_count, 'file')}, {size(result.size_bytes)}; {summary(report)}"
    if result.state is State.RELEASED:
        page, cite = f"/entries/{accession}", citation(archive.store.entry(EntryId.parse(accession), version))
        document |= {"page": page, "citation": cite}
        lines += [
            f"{accession} version {version} {'was released before, exactly so' if result.already_there else 'is released'}: {holds}.",
            f"See it:  micrographia serve --home {archive.settings.home}  then open http://127.0.0.1:8000{page}",
            f"Cite it: {cite}",
        ]
    else:
        lines += [
            f"{accession} version {version} is a private {result.state}: {holds}.",
            f"Next:    micrographia submit {accession} --home {archive.settings.home}",
        ]
    answer({**document, **report.as_json()}, *lines)


COMMANDS: dict[str, Callable[..., Any]] = {"deposit": deposit, "revise": revise}
