"""Provenance as a drawing: from what the microscope recorded, at the top, down to the map, the steps between them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from micrographia.web.pages.wording import parameter_words

# two columns fit a phone
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 158, 62, 10, 26, 2
_CHARACTERS, _SMALL_CHARACTERS = 20, 25
_LINE = 16


@dataclass(slots=True)
class _Node:
    key: str
    title: str
    subtitle: str
    css: str
    link: str = ""
    row: int = 0
    column: float = 0.0
    before: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """A process in words, for the list below the drawing."""

    id: str
    kind: str
    software: str
    from_to: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The drawing and the same in words."""

    svg: Markup
    steps: tuple[Step, ...]


def provenance_graph(entry: Mapping[str, Any]) -> Graph | None:
    """Return the provenance of an entry's document; None where it names no process."""
    processes = entry["processes"]
    if not processes:
        return None
    nodes = _nodes(entry, processes)
    _place(nodes)
    return Graph(_draw(nodes), tuple(_step(p) for p in processes))


def _nodes(entry: Mapping[str, Any], processes: Sequence[Mapping[str, Any]]) -> dict[str, _Node]:
    things = {f"thing-{t['id']}": _thing(t, css) for css, group in _groups(entry) for t in group}
    nodes: dict[str, _Node] = {}
    # a process whose results are not deposited is named itself
    steps = {str(p["id"]) for p in processes if f"thing-{p['id']}" not in things}
    for process in processes:
        made = _process_node(process)
        made.before = [f"step-{item}" if item in steps else _thing_key(item, things) for item in process.get("inputs", ())]
        nodes |= {key: things[key] for key in made.before if key in things}
        nodes[made.key] = made
        for item in process.get("outputs", ()):
            key = _thing_key(item, things)
            things[key].before.append(made.key)
            nodes[key] = things[key]
    for annotation in entry["annotations"]:  # drawn on something, by no step that was named
        key, of = f"thing-{annotation['id']}", f"thing-{annotation.get('of')}"
        if of in nodes and not things[key].before:
            things[key].before.append(of)
            nodes[key] = things[key]
    return nodes


def _groups(entry: Mapping[str, Any]) -> Iterable[tuple[str, Sequence[Mapping[str, Any]]]]:
    yield "set", entry["image_sets"]
    yield "map", entry["maps"]
    yield "annotation", entry["annotations"]
    yield "screen", entry["screens"]


def _thing(thing: Mapping[str, Any], css: str) -> _Node:
    default = "annotation" if css == "annotation" else "images"
    subtitle = css if css in ("map", "screen") else str(thing.get("kind", default))
    if css == "map" and thing.get("resolution_a"):
        subtitle = f"map, {thing['resolution_a']:g} Å"
    return _Node(f"thing-{thing['id']}", str(thing.get("title") or thing["id"]), subtitle, f"thing {css}", f"#thing-{thing['id']}")


def _thing_key(item: str, things: dict[str, _Node]) -> str:
    """Key of what a process names; what lies in another entry, or nowhere, becomes a node of its own."""
    key = f"thing-{item}"
    if key not in things:
        accession, slash, name = item.partition("/")
        elsewhere = bool(slash) and accession.startswith("MG-")
        link = f"/entries/{accession}#thing-{name}" if elsewhere else ""
        things[key] = _Node(
            key, name if elsewhere else item, f"of {accession}" if elsewhere else "not in this entry", "thing elsewhere", link
        )
    return key


def _process_node(process: Mapping[str, Any]) -> _Node:
    software = process.get("software") or {}
    words = " ".join(str(v) for v in (software.get("name", ""), software.get("version", "")) if v)
    return _Node(f"step-{process['id']}", str(process["kind"]), words, "process", f"#step-{process['id']}")


def _place(nodes: dict[str, _Node]) -> None:
    """Rows by the longest way from a beginning; columns near what they come from. A circle, which metadata may claim, ends the search."""
    for _ in range(len(nodes)):
        moved = False
        for node in nodes.values():
            row = max((nodes[k].row + 1 for k in node.before if k in nodes), default=0)
            if node.row < row < len(nodes):
                node.row, moved = row, True
        if not moved:
            break
    rows: dict[int, list[_Node]] = {}
    for node in nodes.values():
        rows.setdefault(node.row, []).append(node)
    widest = max(len(r) for r in rows.values())
    for _, row_nodes in sorted(rows.items()):
        row_nodes.sort(key=lambda n: sum(nodes[k].column for k in n.before if k in nodes) / max(1, len(n.before)))
        for i, node in enumerate(row_nodes):
            node.column = i + (widest - len(row_nodes)) / 2


def _draw(nodes: Mapping[str, _Node]) -> Markup:
    width = 2 * _MARGIN + (max(n.column for n in nodes.values()) + 1) * (_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _MARGIN + (max(n.row for n in nodes.values()) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y
    parts = [
        f'<svg width="{width:g}" height="{height}" viewBox="0 0 {width:g} {height}" xmlns="http://www.w3.org/2000/svg">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z"/></marker></defs>'
    ]
    for node in nodes.values():
        parts += [_edge(nodes[key], node) for key in node.before if key in nodes]
    parts += [_box(node) for node in nodes.values()]
    return Markup("".join(parts) + "</svg>")  # noqa: S704  # nosec B704  every piece of text in it went through `escape`


def _edge(start: _Node, end: _Node) -> str:
    x0, y0 = _corner(start)
    x1, y1 = _corner(end)
    x0, y0, x1 = x0 + _WIDTH / 2, y0 + _HEIGHT, x1 + _WIDTH / 2
    bend = max(_GAP_Y / 2, (y1 - y0) / 2)
    return f'<path d="M{x0:g} {y0:g}C{x0:g} {y0 + bend:g} {x1:g} {y1 - bend:g} {x1:g} {y1 - 1:g}" marker-end="url(#arrow)"/>'


def _box(node: _Node) -> str:
    x, y = _corner(node)
    radius = _HEIGHT / 2 if node.css == "process" else 5
    middle = x + _WIDTH / 2
    titles = _lines(node.title)
    rows = [("", t) for t in titles] + ([(' class="sub"', _cut(node.subtitle, _SMALL_CHARACTERS))] if node.subtitle else [])
    top = y + (_HEIGHT - _LINE * len(rows)) / 2 + 12
    lines = [
        f'<text text-anchor="middle"{css} x="{middle:g}" y="{top + _LINE * i:g}">{escape(words)}</text>'
        for i, (css, words) in enumerate(rows)
    ]
    box = (
        f'<g class="{escape(node.css)}"><title>{escape(node.title)}{escape(" · " + node.subtitle if node.subtitle else "")}</title>'
        f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="{radius:g}"/>{"".join(lines)}</g>'
    )
    return f'<a href="{escape(node.link)}">{box}</a>' if node.link else box


def _corner(node: _Node) -> tuple[float, float]:
    return _MARGIN + node.column * (_WIDTH + _GAP_X), _MARGIN + node.row * (_HEIGHT + _GAP_Y)


def _lines(title: str) -> list[str]:
    """A title in at most two lines."""
    lines = textwrap.wrap(title, _CHARACTERS, break_long_words=False) or [""]
    rest = " ".join(lines[1:])
    return [_cut(line, _CHARACTERS) for line in (lines[0], rest) if line]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _step(process: Mapping[str, Any]) -> Step:
    software = process.get("software") or {}
    named = {"job": "Job", "date": "Date", "description": "Description"}
    facts = [(words, str(process[key])) for key, words in named.items() if process.get(key)]
    facts += [(str(name), parameter_words(value)) for name, value in (process.get("parameters") or {}).items()]
    return Step(
        id=str(process["id"]),
        kind=str(process["kind"]),
        software=" ".join(str(v) for v in (software.get("name", ""), software.get("version", "")) if v),
        from_to=f"{', '.join(process.get('inputs', ())) or '—'} → {', '.join(process.get('outputs', ())) or '—'}",
        facts=tuple(facts),
    )
