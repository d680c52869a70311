"""Maps beside maps: `compare`, `trace`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.compared import comparison_lines
from micrographia.cli.options import Home, Json, Server, open_client, open_home, packages_of
from micrographia.cli.output import Progress, answer, counted, plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from micrographia.imaging.density import DensityMap

_MAP = "Accession of an entry (its first map), MG-10001/MAP, or the identifier of an image of a map."
_MAP_OR_FILE = "Map file (MRC, CCP4 and others), or a map of the archive: MG-10001 (its first), MG-10001/MAP, MG-10001.1.3."
FirstMap = Annotated[str, typer.Argument(metavar="A", help=_MAP, show_default=False)]
SecondMap = Annotated[str, typer.Argument(metavar="B", help="What to hold against it, likewise.", show_default=False)]
FirstMapOrFile = Annotated[str, typer.Argument(metavar="A", help=_MAP_OR_FILE, show_default=False)]
SecondMapOrFile = Annotated[str, typer.Argument(metavar="B", help="What to put on it, likewise.", show_default=False)]
VoxelSizeA = Annotated[float | None, typer.Option("--voxel-size-a", metavar="Å", help="Voxel size of A, in the place of its header's.")]
VoxelSizeB = Annotated[float | None, typer.Option("--voxel-size-b", metavar="Å", help="Voxel size of B, in the place of its header's.")]
_HALVES = "Half maps of {}; with those of both, differences are judged by their noise."
HalfMapsA = Annotated[tuple[Path, Path] | None, typer.Option("--half-maps-a", metavar="HALF1 HALF2", help=_HALVES.format("A"))]
HalfMapsB = Annotated[tuple[Path, Path] | None, typer.Option("--half-maps-b", metavar="HALF1 HALF2", help=_HALVES.format("B"))]
ScaleSearch = Annotated[
    bool, typer.Option("--scale-search", help="Search for the voxel size with which B fits, from 0.8 to 1.25 of what it is.")
]
Model = Annotated[
    Path | None, typer.Option("--model", metavar="FILE", help="PDB or mmCIF file that lies in A: says which of its chains differ.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for aligned.mrc (B on the grid of A) and difference.mrc (σ).")
]


def compare(
    a: FirstMapOrFile,
    b: SecondMapOrFile,
    voxel_size_a: VoxelSizeA = None,
    voxel_size_b: VoxelSizeB = None,
    half_maps_a: HalfMapsA = None,
    half_maps_b: HalfMapsB = None,
    scale_search: ScaleSearch = False,
    model: Model = None,
    output: Output = None,
    home: Home = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Superpose map B on map A, say down to which detail they agree, and where they differ."""
    with packages_of("compare", "compares maps"):
        from micrographia.cli.maps import open_map
        from micrographia.formats.coordinates import read_chains
        from micrographia.formats.density import write_density
        from micrographia.imaging.comparison import LONGEST_SIDE, compare_maps
    with Progress() as line:
        line.begin("reading the maps")
        first, second = (open_map(name, home, server, size, LONGEST_SIDE) for name, size in ((a, voxel_size_a), (b, voxel_size_b)))
        found = compare_maps(
            first,
            second,
            halves_a=_half_maps(half_maps_a, voxel_size_a),
            halves_b=_half_maps(half_maps_b, voxel_size_b),
            chains=read_chains(model) if model else None,
            scale_search=scale_search,
            progress=lambda _, stage: line.begin(stage),
        )
    document: dict[str, Any] = {**found.as_json(), "files": []}
    if output and found.difference:
        output.mkdir(parents=True, exist_ok=True)
        aligned = replace(found.a, values=found.aligned.values)
        for name, density, what in (
            ("aligned.mrc", aligned, f"{b} on the grid of {a}"),
            ("difference.mrc", found.difference.sigma, f"{a} minus {b}, in sigma"),
        ):
            write_density(output / name, density, what)
            document["files"].append(str(output / name))
    answer(document, *comparison_lines(document, a, b))


def _half_maps(files: tuple[Path, Path] | None, voxel_size_a: float | None) -> tuple[DensityMap, DensityMap] | None:
    from micrographia.formats.density import open_density
    from micrographia.imaging.comparison import LONGEST_SIDE

    if files is None:
        return None
    one, two = (open_density(path, voxel_size_a=voxel_size_a, longest_side=LONGEST_SIDE) for path in files)
    return one, two


def trace(a: FirstMap, b: SecondMap, home: Home = None, server: Server = None, as_json: Json = False) -> None:
    """Say in what the chains of processes differ that made two maps, and name the raw images behind both."""
    if server:
        with open_client(home, server) as client:
            document = dict(client.trace(a, b))
    else:
        archive = open_home(home)
        from micrographia.compare.trace import trace as trace_maps

        document = trace_maps(archive, a, b).as_json()
    answer(document, *_trace_lines(document))


def _trace_lines(document: dict[str, Any]) -> list[RenderableType]:
    from rich.table import Table

    names = {side: f"{of['accession']}/{of['map']}" for side, of in document["maps"].items()}
    lines: list[RenderableType] = []
    if document["differences"]:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for title in ("step", "what", names["a"], names["b"]):
            table.add_column(plain(title), overflow="fold")
        for row in document["differences"]:
            nothing = "none" if row["field"] == "step" else "not said"
            table.add_row(plain(row["step"]), plain(row["field"]), *(nothing if row[s] is None else plain(str(row[s])) for s in "ab"))
        lines += [table, counted(len(document["differences"]), "difference") + "."]
    else:
        lines.append(f"Nothing that is said of how {names['a']} and {names['b']} were made differs.")
    for side, name in names.items():
        found = [f"{raw['accession']}/{raw['image_set']} ({raw['kind']})" for raw in document["raw"][side]]
        lines.append(f"{name} begins with {', '.join(found)}." if found else f"{name} begins with nothing that is archived.")
        lines += [document["unarchived"][side]] if document["unarchived"][side] else []
    return lines


COMMANDS: dict[str, Callable[..., Any]] = {"compare": compare, "trace": trace}
