"""Archived maps like one map: `similar`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Home, Json, open_home
from micrographia.cli.output import Progress, answer, counted, note, plain
from micrographia.cli.resolution import VoxelSizeA
from micrographia.errors import NotFoundError, UnavailableError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from micrographia.archive.archive import Archive
    from micrographia.compare.similar import SimilarMaps

_LIMIT = 10

Query = Annotated[Path, typer.Argument(metavar="MAP", help="File of a density map, MRC or CCP4.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100, metavar="N", help="Maps to list at most.")]


def similar(query: Query, home: Home = None, limit: Limit = _LIMIT, voxel_size: VoxelSizeA = None, as_json: Json = False) -> None:
    """Find the released maps most like a map, whatever its orientation, hand, box and voxels, each superposed on it."""
    archive = open_home(home)
    try:
        from micrographia.compare.similar import find_similar
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.startswith("micrographia"):
            raise
        raise UnavailableError(f"This command compares maps and needs {exc.name}: pip install 'micrographia[compare]'.") from exc
    from micrographia.formats.density import open_density

    density = open_density(query, voxel_size_a=voxel_size)
    with Progress() as line:
        found = find_similar(archive, density, limit=limit, progress=lambda share, stage: line.begin(stage))
    answer(found.as_json(), *_lines(archive, found))
    if found.unprepared:
        told = f"{counted(found.unprepared, 'released map')} {'is' if found.unprepared == 1 else 'are'} not prepared yet"
        note(f"{told}, and not searched: micrographia derive")


def _lines(archive: Archive, found: SimilarMaps) -> list[RenderableType]:
    from rich.table import Table

    if not found.results:
        return ["No released map is prepared for comparison." if found.unprepared else "There is no released map to compare with."]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("image", "confidence", "score", "hand", "title"):
        table.add_column(name, overflow="fold", justify="right" if name in ("confidence", "score") else "left")
    for result in found.results:
        hand = "mirrored" if result.mirrored else "same"
        title = _title(archive, result.image.accession)
        table.add_row(str(result.image), f"{result.confidence:.2f}", f"{result.score:.2f}", hand, plain(title))
    return [table] if found.similar else ["No similar map. The nearest shapes, which do not fit:", table]


def _title(archive: Archive, accession: str) -> str:
    from micrographia.archive.lookup import find_entry

    try:
        return find_entry(archive, accession).record.sheet.title
    except NotFoundError:  # withdrawn just now
        return ""


COMMANDS: dict[str, Callable[..., Any]] = {"similar": similar}
