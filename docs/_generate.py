"""Reference pages, written anew from the code whenever the documentation is built, so that they cannot go stale (a MkDocs hook)."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those that lie in docs/."""
    for name, write in PAGES.items():
        files.append(File.generated(config, f"reference/{name}.md", content=write()))
    return files


def cli_page() -> str:
    """Return every command with its arguments and options, from the program's own help."""
    import typer

    from micrographia.cli.application import application
    from micrographia.cli.exit_codes import EXIT_CODES

    group = typer.main.get_command(application)
    codes = "; ".join(f"{code} [{kind.__name__}](errors.md)" for kind, code in EXIT_CODES.items())
    lines = ["# Commands", "", group.help, _CLI, f"Exit codes: 0 done; 1 a bug, please report it; 2 typed wrongly; {codes}.", ""]
    for name, command in _commands(group):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        usage = " ".join(["micrographia", name, *map(_metavar, arguments), "[OPTIONS]"])
        rows = [(f"`{_metavar(p)}`", p.help or "") for p in arguments]
        rows += [(_option(p), (p.help or "") + _default(p)) for p in options]
        text = inspect.cleandoc(command.help or "")
        lines += [f"## {name}", "", f"```\n{usage}\n```", "", text, "", *_table(("argument or option", "meaning"), rows), ""]
    return "\n".join(lines)


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command with its whole name, those of groups after their group: `user add`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield before + name, command


_CLI = """
Every command takes `--json`: standard output is then one JSON document, and all else goes to standard error. An archive is a folder
(`--home`, else `$MICROGRAPHIA_HOME`, else `./micrographia-archive`) or, for what only reads, a server (`--server URL`).
"""


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    return names if parameter.is_flag else f"{names} `{_metavar(parameter)}`"


def _default(parameter: Any) -> str:
    if parameter.required:
        return " Required."
    default = parameter.default
    return "" if default in (None, False, "", ()) or callable(default) or "Default:" in (parameter.help or "") else f" Default: {default}."


def sheet_page() -> str:
    """Return every field of the deposition sheet, from its JSON schema."""
    from micrographia.model.sheet import sheet_json_schema

    schema = sheet_json_schema()
    parts = schema["$defs"]
    lines = ["# The deposition sheet", "", _SHEET, "## entry.yaml", "", *_fields(schema, parts)]
    for name in _order(schema, parts):
        part = parts[name]
        if "properties" in part:
            lines += ["", f"## {name}", "", inspect.cleandoc(part.get("description", "")), "", *_fields(part, parts)]
    return "\n".join([*lines, ""])


_SHEET = """
`entry.yaml` in the deposited folder says what the files cannot. `micrographia describe FOLDER` drafts it; `?` marks what is left for a
person. `micrographia schema` prints the JSON schema from which this page is made.

Paths are relative to the sheet. Globs (`movies/*.tiff`, `**/*.mrc`) are allowed wherever files are expected, and who names a folder names
everything below it. A list of one may be written without its brackets. Unknown keys are errors.

To submit an entry, a title, one author and files are needed. What else is missing is a warning, or an error where the archive's setting
`MICROGRAPHIA_CURATION` is `strict`.
"""


def _order(schema: dict[str, Any], parts: dict[str, Any]) -> list[str]:
    """Return the names of the parts in the order in which a reader of the sheet meets them."""
    found: list[str] = []

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                name = node["$ref"].rpartition("/")[2]
                if name not in found:
                    found.append(name)
                    visit(parts[name])
            for value in node.values():
                visit(value)
        elif isinstance(node, list):
            for value in node:
                visit(value)

    visit(schema["properties"])
    return found


def _fields(part: dict[str, Any], parts: dict[str, Any]) -> list[str]:
    required = set(part.get("required", ()))
    rows = [
        (f"`{name}`{' (required)' if name in required else ''}", _kind(field, parts), " ".join(field.get("description", "").split()))
        for name, field in part["properties"].items()
    ]
    return _table(("field", "value", "meaning"), rows)


def _kind(field: dict[str, Any], parts: dict[str, Any]) -> str:
    """Return the type of a field in words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})" if "properties" in parts[name] else _kind(parts[name], parts)
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field or "allOf" in field:
        kinds = [_kind(f, parts) for f in (field.get("anyOf") or field["allOf"]) if f.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if field.get("type") == "array":
        if "prefixItems" in field:
            return f"{len(field['prefixItems'])} numbers"
        return f"list of {_kind(field.get('items', {}), parts)}"
    if field.get("type") == "object":
        return "mapping"
    names = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
    return names.get(field.get("type", ""), "anything")


def settings_page() -> str:
    """Return every setting with its variable, default and meaning, from the docstrings of `Settings`."""
    from micrographia.settings import Settings

    meanings = dict(_attribute_docstrings(Settings))
    rows = []
    for field in dataclasses.fields(Settings):
        default = field.default if field.default is not dataclasses.MISSING else field.default_factory()  # type: ignore[misc]
        rows.append((f"`MICROGRAPHIA_{field.name.upper()}`", f"`{default}`" if str(default) else "empty", meanings[field.name]))
    text = "An archive needs no settings file: each setting is read from the environment and has a default that needs no service."
    return "\n".join(["# Settings", "", text, "", *_table(("variable", "default", "meaning"), rows), ""])


def _attribute_docstrings(class_: type) -> Iterator[tuple[str, str]]:
    body = ast.parse(inspect.getsource(class_)).body[0].body  # type: ignore[attr-defined]
    for statement, following in pairwise(body):
        if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            yield statement.target.id, " ".join(str(following.value.value).split())  # type: ignore[union-attr]


def errors_page() -> str:
    """Return the classes of failure with exit code and HTTP status."""
    from micrographia import errors
    from micrographia.cli.exit_codes import EXIT_CODES
    from micrographia.web.status_codes import STATUS_CODES

    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass) if issubclass(k, errors.MicrographiaError)]
    kinds.sort(key=lambda k: inspect.getsourcelines(k)[1])
    rows = [
        (f"`{k.__name__}`", inspect.getdoc(k) or "", str(EXIT_CODES.get(k, "")), str(STATUS_CODES.get(k, "")))
        for k in kinds
        if k is not errors.MicrographiaError
    ]
    table = _table(("class", "meaning", "exit code", "HTTP status"), rows)
    return "\n".join(["# Errors", "", _ERRORS, *table, _API_ERRORS])


_ERRORS = """
A failure has a class that says what you can do about it. The same class reaches you as an exception in Python, as an exit code on the
command line and as an HTTP status from a server; the Python client raises the class that the server raised. Observations about data are no
failures: they are [findings](checks.md), reported all at once.
"""
_API_ERRORS = """
An error of the API is JSON: `{"error": class, "message": one or two sentences}`, with `findings`, `tombstone`, `status` and `allowed` where
the class has them. What is not public answers as if it did not exist.
"""


def formats_page() -> str:
    """Return the table of formats."""
    from micrographia.formats.registry import FORMATS

    rows = [
        (
            f.title,
            ", ".join(f"`{s}`" for s in f.suffixes) + (" (folder)" if f.folder else ""),
            *_READING[f.reading],
            f.understood,
            "worker process with limits" if f.isolated else "bounded reader",
            f"`{f.name}`",
        )
        for f in FORMATS
        if f.kind == "image"
    ]
    others = [
        (f.title, ", ".join(f"`{s}`" for s in f.suffixes), _HOLDS[f.kind], f.understood, f"`{f.name}`")
        for f in FORMATS
        if f.kind != "image"
    ]
    images = _table(("format", "names", "a part is read", "level 0 is streamed", "understood", "parsed in a", "name in manifests"), rows)
    table = _table(("format", "names", "holds", "understood", "name in manifests"), others)
    return "\n".join(
        ["# Formats", "", _FORMATS, "## Images\n", *images, "", "## Tables, annotations and descriptions\n", *table, _ARRAYS, *_readers()]
    )


_HOLDS = {"table": "rows", "annotation": "contours, meshes", "sidecar": "description of other files"}
_READING = {
    "raw": ("by exact byte ranges", "from the file's own bytes"),
    "raw or pieces": (
        "by exact byte ranges; where compressed, the pieces that it touches",
        "from the file's own bytes; where compressed, decoded on request",
    ),
    "pieces": ("the tiles, frames, planes or chunks that it touches", "decoded on request"),
    "forwards": ("decoded from the start up to it", "decoded on request"),
    "whole": ("decoded as a whole, within a bound", "decoded on request"),
}


def _readers() -> Iterator[str]:
    """Yield what each reader says of itself: what it understands, and the metadata that it gives."""
    from micrographia.formats.registry import FORMATS

    titles: dict[str, list[str]] = {}
    for f in FORMATS:
        titles.setdefault(f.module, []).append(f.title)
    for module, names in titles.items():
        yield f"## {' · '.join(names)}\n"
        # what the columns of a STAR file mean is told where RELION's words are
        for name in (module, *(["relion"] if module == "star" else [])):
            text = inspect.getdoc(import_module(f"micrographia.formats.{name}")) or ""
            yield text.replace("::\n", ":\n") + "\n"


_FORMATS = """
A file is recognised by its first bytes, then by its name; a folder that is one image (OME-Zarr, N5, the planes of an OIF) by its name and
what lies in it. **Any file may be deposited**: what no reader knows is kept, listed and served byte for byte, and the archive says so:
«stored, not interpreted». So are, for now, Olympus VSI, ND2 of the older form with JPEG 2000 inside, TIA's EMI, raw frames of
cameras (TVIPS) and the JSON form of EMDB-SFF.

No image is converted or copied to be looked at: its full resolution (level 0 of its OME-Zarr address) comes out of the deposited file,
either as the bytes that lie there or decoded when somebody asks for a part. Smaller levels are made beside the archive.
"""
_ARRAYS = """
Arrays are always presented slowest axis first, ending in `yx` or `zyx`. Where an MRC header permutes its axes (`mapc`, `mapr`, `maps`), the
permutation is undone. Values keep their deposited type; byte order is that of the reader's machine.

An array that lies uncompressed in its file is read by exact byte ranges without its format's library, see
[decision 0007](../decisions/0007-raw-layouts.md). Headers that claim more than the file holds are refused before anything is allocated, see
[Hostile files](../explanation/hostile-files.md).
"""


def checks_page() -> str:
    """Return all rules, from their docstrings."""
    from micrographia.checks.check import rules_reference

    return rules_reference()


def api_page() -> str:
    """Return the routes of the JSON API, from its OpenAPI description, and those that answer bytes."""
    from fastapi import FastAPI

    from micrographia.web.app import API

    app = FastAPI()
    for part in API:
        app.include_router(part.router)
    lines = ["# API", "", _API]
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            text = f"{operation['summary']}. {inspect.cleandoc(operation.get('description', ''))}"
            lines += [f"## {method.upper()} {path}", "", text, ""]
            if operation.get("parameters"):
                rows = [(f"`{p['name']}`", p["in"], " ".join(p.get("description", "").split())) for p in operation["parameters"]]
                lines += [*_table(("parameter", "in", "meaning"), rows), ""]
    return "\n".join(lines)


_API = """
All answers are JSON unless said otherwise; links in them are paths from the root of the server. Lists are `{"total", "next", "items"}`;
`next` is the address of the next page, or null. Failures have a class, see [Errors](errors.md). `/api/v1/openapi.json` says the same to
programs. What is public is answered to everybody; the rest to whom it belongs, by a token: `Authorization: Bearer mg_…`, see
[People and tokens](../how-to/people.md). What background work fills in later stands under `derived`.

Beside it, plain addresses answer bytes and pages:

| address | answers |
| --- | --- |
| `/files/{accession}/{version}/{path}` | a deposited file: ranges, ETag (its SHA-256), HEAD, conditional requests |
| `/files/{accession}/{version}/` and folders below | a listing |
| `/files/{accession}/{version}/manifest.jsonl` | a line a file: path, size, SHA-256, media type |
| `/files/{accession}/{version}.zip` | files as a ZIP stream |
| `/iiif/3/{identifier}/…` | pictures by the [IIIF Image API 3](../how-to/iiif.md), level 2 |
| `/crops/{image}/z=0:64,y=100:228,x=0:64` | the page of a block of an image, to be cited: it never changes its meaning |
| `/thumbnails/{image}.webp` | a small picture of an image |
| `/previews/{image}/{picture}.webp` | a projection (`projection-z`) or the central section (`section-z`) of a volume along z, y or x |
| `/zarr/{image}/…` | the image as OME-Zarr 0.5; `links.zarr` is its address, null where it is not offered |
| `/entries`, `/entries/{accession}`, `/images/{image}` | pages |
| `/sitemap.xml`, `/robots.txt` | for search engines |
| `/feed.atom`, `/feed.json` | the newest entries, those of a search with its parameters |
"""


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    def row(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"

    return [row(head), "|" + " --- |" * len(head), *map(row, rows)]


PAGES: dict[str, Callable[[], str]] = {
    "cli": cli_page,
    "sheet": sheet_page,
    "settings": settings_page,
    "errors": errors_page,
    "formats": formats_page,
    "checks": checks_page,
    "api": api_page,
}
