"""Maps beside maps: `trace`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Home, Json, open_home
from micrographia.cli.output import answer, counted, plain

if TYPE_CHECKING:
    from rich.console import RenderableType

_MAP = "Accession of an entry (its first map), MG-10001/MAP, or the identifier of an image of a map."
FirstMap = Annotated[str, typer.Argument(metavar="A", help=_MAP, show_default=False)]
SecondMap = Annotated[str, typer.Argument(metavar="B", help="What to hold against it, likewise.", show_default=False)]


def trace(a: FirstMap, b: SecondMap, home: Home = None, as_json: Json = False) -> None:
    """Say in what the chains of processes differ that made two maps, and name the raw images behind both."""
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


COMMANDS: dict[str, Callable[..., Any]] = {"trace": trace}
