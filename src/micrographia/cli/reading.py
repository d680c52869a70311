"""Out of an archive, here or behind a URL: `show`, `search`, `get`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Accession, Home, Json, Server, open_client, open_home
from micrographia.cli.output import answer, counted, plain, size
from micrographia.errors import InvalidInputError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from micrographia.client import Entry
    from micrographia.model.image import VoxelSize
    from micrographia.model.records import DraftRecord

Version = Annotated[int | None, typer.Option("--version", min=1, help="Version of the entry. Default: the latest.")]
Paths = Annotated[list[str] | None, typer.Option("--path", metavar="GLOB", help="Files to get, like '*.map'; repeat for more.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to. Default: ./ACCESSION.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Files fetched at the same time.")]
Query = Annotated[str, typer.Argument(metavar="QUERY", help="Words to find; none finds everything.")]
Filters = Annotated[
    list[str] | None, typer.Option("--filter", metavar="FACET=VALUE", help="Like organism='Homo sapiens', has=map; repeat for more.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Most entries to list.")]

_MOST_IMAGES_SHOWN = 20
_PER_PAGE = 200
_UNIT = {"angstrom": "Å", "nanometer": "nm", "micrometer": "µm", "millimeter": "mm"}


def show(accession: Accession, version: Version = None, home: Home = None, server: Server = None, as_json: Json = False) -> None:
    """Show what the archive says of an entry."""
    with open_client(home, server) as archive:
        try:
            entry = archive.entry(accession, version)
        except NotFoundError as missing:
            draft = None if server or version else _draft(home, accession, missing)
            if draft is None:
                raise
            answer({**draft.model_dump(mode="json"), "status": str(draft.state), "sheet": draft.sheet.as_json()}, *_draft_lines(draft))
            return
        answer(entry.metadata, *_lines(entry))


def search(
    query: Query = "", filters: Filters = None, limit: Limit = 100, home: Home = None, server: Server = None, as_json: Json = False
) -> None:
    """Find entries by words and facets, best first."""
    facets = _facets(filters or [])
    total, items = _search_catalogue(query, facets, limit, home) if not server else _search_client(query, facets, limit, home, server)
    answer({"total": total, "items": items}, *_result_lines(total, items))


def get(
    accession: Accession,
    path: Paths = None,
    output: Output = None,
    version: Version = None,
    workers: Workers = 4,
    home: Home = None,
    server: Server = None,
    as_json: Json = False,
) -> None:
    """Download files, in parallel and verified.

    The same command continues after an interruption and fetches nothing twice.
    """
    folder = output or Path(accession)
    with open_client(home, server) as archive:
        entry = archive.entry(accession, version)
        written = entry.download(path or ["*"], to=folder, workers=workers, progress=sys.stderr.isatty())
    names = [str(p.relative_to(folder.resolve())) for p in written]
    size_bytes = sum(p.stat().st_size for p in written)
    answer(
        {"accession": entry.accession, "version": entry.version, "folder": str(folder), "files": names, "size_bytes": size_bytes},
        f"{entry.accession} version {entry.version}: {counted(len(names), 'file')}, {size(size_bytes)}, in {folder}; every SHA-256 agrees.",
    )


def _draft(home: Path | None, accession: str, missing: NotFoundError) -> DraftRecord | None:
    """The private draft of this accession: whoever reads the archive's folder is its operator."""
    try:
        archive = open_home(home)
    except UnavailableError:
        raise missing from None
    try:
        return archive.drafts.record(accession)
    except NotFoundError:
        return None


def _facets(filters: list[str]) -> dict[str, list[str]]:
    facets: dict[str, list[str]] = {}
    for given in filters:
        name, equals, value = given.partition("=")
        if not equals or not name or not value:
            raise InvalidInputError(f"--filter {given!r}: expected FACET=VALUE, like has=map.")
        facets.setdefault(name, []).append(value)
    return facets


def _search_client(
    query: str, facets: dict[str, list[str]], limit: int, home: Path | None, server: str | None
) -> tuple[int, list[dict[str, Any]]]:
    with open_client(home, server) as archive:
        items = [dict(entry.summary) for entry in islice(archive.search(query, **facets), limit)]
    return len(items), items


def _search_catalogue(query: str, facets: dict[str, list[str]], limit: int, home: Path | None) -> tuple[int, list[dict[str, Any]]]:
    """Search the catalogue of an archive here; where what keeps a catalogue is not installed, the records themselves."""
    try:
        archive = open_home(home)
    except UnavailableError:
        return _search_client(query, facets, limit, home, None)
    from micrographia.catalogue import SearchQuery
    from micrographia.web.api.searching import item_document

    items: list[dict[str, Any]] = []
    total, page = 1, 1
    while len(items) < min(total, limit):
        found = archive.catalogue.search(
            SearchQuery(q=query, facets={k: tuple(v) for k, v in facets.items()}, page=page, per_page=min(limit, _PER_PAGE), facet_values=0)
        )
        total, page = found.total, page + 1
        items += [item_document(item) for item in found.items]
        if not found.items:
            break
    return total, items[:limit]


def _result_lines(total: int, items: list[dict[str, Any]]) -> list[RenderableType]:
    from rich.table import Table

    if not items:
        return ["Nothing was found. Fewer words, or their beginning with *, find more."]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("accession", "title", "authors", "size"):
        table.add_column(name, overflow="fold", justify="right" if name == "size" else "left")
    for item in items:
        names = [a["name"] if isinstance(a, dict) else str(a) for a in item.get("authors") or ()]
        authors = "; ".join(names[:2]) + (" et al." if len(names) > 2 else "")
        held = size(item["size_bytes"]) if item.get("size_bytes") is not None else ""
        table.add_row(str(item["accession"]), plain(str(item["title"])), plain(authors), held)
    return [table, f"{counted(total, 'entry', 'entries')} found" + (f", {len(items)} shown." if len(items) < total else ".")]


def _lines(entry: Entry) -> list[RenderableType]:
    """Return an entry for people."""
    m = entry.metadata
    facts = {
        "authors": "; ".join(entry.authors),
        "status": f"{m['status']}, version {entry.version} of {m['latest_version']}, released {str(m['released'])[:10]}",
        "superseded": f"by {m['superseded_by']}" if m.get("superseded_by") else "",
        "licence": entry.licence,
        "experiment": ", ".join(m.get("experiments") or ()),
        "organism": ", ".join(m.get("organisms") or ()),
        "files": f"{counted(int(m['file_count']), 'file')}, {size(int(m['size_bytes']))}",
        "cite": entry.citation,
    }
    lines: list[RenderableType] = [f"{entry.accession}  {entry.title}"]
    lines += [f"  {name:<12}{value}" for name, value in facts.items() if value]
    if entry.abstract:
        lines += ["", entry.abstract]
    if entry.images:
        lines += ["", *_image_lines(entry)]
    return lines


def _image_lines(entry: Entry) -> list[RenderableType]:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("image", "kind", "path", "axes", "shape", "dtype", "voxel size"):
        table.add_column(name, overflow="fold")
    for image in islice(entry.images, _MOST_IMAGES_SHOWN):
        path = f"{image.path}:{image.name}" if image.name else image.path
        shape = "×".join(str(n) for n in image.shape)
        table.add_row(image.id, image.kind, plain(path), image.axes, shape, str(image.dtype), _voxel_size(image.voxel_size))
    more = len(entry.images) - _MOST_IMAGES_SHOWN
    return [table, f"… and {counted(more, 'image')} more" if more > 0 else ""]


def _voxel_size(voxel: VoxelSize | None) -> str:
    if voxel is None:
        return "?"
    sizes = [f"{v:.4g}" for v in (voxel.z, voxel.y, voxel.x) if v is not None]
    return ("×".join(sizes) if len(set(sizes)) > 1 else sizes[0] if sizes else "?") + f" {_UNIT[voxel.unit]}"


def _draft_lines(draft: DraftRecord) -> list[RenderableType]:
    from micrographia.cli.findings import findings_table
    from micrographia.model.finding import Report

    held = f" until {draft.hold_until}" if draft.hold_until else ""
    found = [findings_table(Report(draft.findings))] if draft.findings else []
    return [f"{draft.accession}  {draft.sheet.title}", f"  version {draft.version} is {draft.state}{held}, private.", *found]


COMMANDS: dict[str, Callable[..., Any]] = {"show": show, "search": search, "get": get}
