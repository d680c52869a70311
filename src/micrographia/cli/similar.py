"""Archived maps like one map: `similar`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Home, Json, Server, VoxelSize, open_client, open_home, packages_of
from micrographia.cli.output import Progress, answer, counted, note, plain
from micrographia.errors import NotFoundError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from micrographia.archive.archive import Archive

_LIMIT = 10

Query = Annotated[Path, typer.Argument(metavar="MAP", help="File of a density map, MRC or CCP4.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100, metavar="N", help="Maps to list at most.")]


def similar(
    query: Query, home: Home = None, server: Server = None, limit: Limit = _LIMIT, voxel_size: VoxelSize = None, as_json: Json = False
) -> None:
    """Find the released maps most like a map, whatever its orientation, hand, box and voxels, each superposed on it.

    A server keeps what is sent to it private, and deletes it.
    """
    if server:
        _ask_server(query, home, server, limit, voxel_size)
        return
    archive = open_home(home)
    with packages_of("compare", "compares maps"):
        from micrographia.compare.similar import find_similar
    from micrographia.formats.density import open_density

    density = open_density(query, voxel_size_a=voxel_size)
    with Progress() as line:
        found = find_similar(archive, density, limit=limit, progress=lambda share, stage: line.begin(stage))
    answer(found.as_json(), *_lines(found.as_json(), found.unprepared, lambda accession: _title(archive, accession)))
    if found.rescaled:
        note(found.rescaled.note)
    _note_unprepared(found.unprepared)


def _ask_server(query: Path, home: Path | None, server: str, limit: int, voxel_size_a: float | None) -> None:
    """Have a server search, and say what it found."""
    with open_client(home, server) as archive, Progress() as line:
        found = archive.similar(query, voxel_size_a=voxel_size_a, progress=lambda share, stage: line.begin(stage))
        document = {"results": found["results"][:limit], "similar": found["similar"]}
        lines = _lines(document, found["unprepared"], lambda accession: archive[accession].title)
        told = [*lines, f"Looked at together, until {found['deleted'][:10]}: {found['links']['page']}"]
    answer(document, *told)
    for line in found["notes"]:
        note(line)
    _note_unprepared(found["unprepared"])


def _note_unprepared(count: int) -> None:
    if count:
        note(f"{counted(count, 'released map')} {'is' if count == 1 else 'are'} not prepared yet, and not searched: micrographia derive")


def _lines(document: Mapping[str, Any], unprepared: int, title_of: Callable[[str], str]) -> list[RenderableType]:
    from rich.table import Table

    if not document["results"]:
        return ["No released map is prepared for comparison." if unprepared else "There is no released map to compare with."]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("image", "confidence", "score", "hand", "title"):
        table.add_column(name, overflow="fold", justify="right" if name in ("confidence", "score") else "left")
    for result in document["results"]:
        hand = "mirrored" if result["mirrored"] else "same"
        title = title_of(result["accession"])
        table.add_row(result["image"], f"{result['confidence']:.2f}", f"{result['score']:.2f}", hand, plain(title))
    return [table] if document["similar"] else ["No similar map. The nearest shapes, which do not fit:", table]


def _title(archive: Archive, accession: str) -> str:
    from micrographia.archive.lookup import find_entry

    try:
        return find_entry(archive, accession).record.sheet.title
    except NotFoundError:  # withdrawn just now
        return ""


COMMANDS: dict[str, Callable[..., Any]] = {"similar": similar}
