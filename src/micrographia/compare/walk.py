"""Going backwards from a map to what it was made from, over the entries that the caller may see; each is looked up once.

Sheets are written by strangers: what they say may run in circles, lead to entries that nobody may see, or name what is not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.archive.lookup import EntryView
from micrographia.errors import NotFoundError, TooLargeError
from micrographia.model.sheet import Annotation, ImageSet, Map, Process, Sheet
from micrographia.model.vocabulary import NOT_RECORDED

_MOST_ENTRIES = 50
_MOST_NODES = 2_000
_ELSEWHERE = re.compile(r"(MG-[1-9][0-9]{4,11})/(.+)", re.DOTALL)

Thing = ImageSet | Map | Annotation


class Node(NamedTuple):
    """A thing or a step of one entry."""

    accession: str
    what: Literal["thing", "step"]
    id: str


@dataclass(slots=True)
class LinkedEntry:
    """One entry, its things and steps by their ids."""

    view: EntryView
    things: Mapping[str, Thing]
    processes: Mapping[str, Process]
    makers: dict[str, list[str]] = field(default_factory=dict)
    """Id of a thing → ids of the processes that made it."""

    @classmethod
    def of(cls, view: EntryView) -> LinkedEntry:
        """Return a version of an entry with what made each of its things."""
        sheet = view.record.sheet
        things: dict[str, Thing] = {image_set.id: image_set for image_set in sheet.image_sets}
        things |= {density_map.id: density_map for density_map in sheet.maps}
        things |= {annotation.id: annotation for annotation in sheet.annotations}
        made = cls(view, things, {process.id: process for process in sheet.processes})
        for process in made.processes.values():
            for item in process.outputs:
                made.makers.setdefault(item, []).append(process.id)
        return made

    @property
    def sheet(self) -> Sheet:
        """What its depositor says."""
        return self.view.record.sheet


class Walk:
    """What lies before what, over entries; each is looked up once."""

    def __init__(self, archive: Archive, view: EntryView) -> None:
        self._archive, self.end = archive, view.record.accession
        self._entries: dict[str, LinkedEntry | None] = {view.record.accession: LinkedEntry.of(view)}
        self._before: dict[Node, tuple[Node, ...]] = {}
        self.lost: list[str] = []
        """Inputs of other entries, as sheets name them, that are not there for the caller."""
        self.declared: set[str] = set()
        """Entries that a sheet as a whole says it reprocesses."""

    def entry(self, accession: str) -> LinkedEntry | None:
        """Return an entry; None where there is none for the caller."""
        if accession not in self._entries:
            if len(self._entries) >= _MOST_ENTRIES:
                raise TooLargeError(f"The chain leads through more than {_MOST_ENTRIES} entries.")
            try:
                self._entries[accession] = LinkedEntry.of(lookup.find_entry(self._archive, accession))
            except NotFoundError:
                self._entries[accession] = None
        return self._entries[accession]

    def thing(self, node: Node) -> Thing | None:
        """Return the thing at a node; None where it is a step."""
        entry = self.entry(node.accession)
        return entry.things.get(node.id) if entry else None

    def order(self, end: Node) -> list[Node]:
        """Return all that leads to `end`, each behind what it was made from, `end` last; circles are cut where they close."""
        done: dict[Node, None] = {}
        begun = {end}
        stack = [(end, iter(self.before(end)))]
        while stack:
            node, rest = stack[-1]
            following = next((n for n in rest if n not in begun), None)
            if following is None:
                done[node] = None
                stack.pop()
            else:
                if len(begun) >= _MOST_NODES:
                    raise TooLargeError(f"The chain of {end.accession}/{end.id} leads through more than {_MOST_NODES} steps and things.")
                begun.add(following)
                stack.append((following, iter(self.before(following))))
        return list(done)

    def before(self, node: Node) -> tuple[Node, ...]:
        """Return what a thing or a step was made from; steps in the order of their kinds, so that two alike chains are walked alike."""
        if node not in self._before:
            entry = self.entry(node.accession)
            found = [] if entry is None else self._from(node, entry)
            self._before[node] = tuple(sorted(dict.fromkeys(found), key=self._kind))
        return self._before[node]

    def _from(self, node: Node, entry: LinkedEntry) -> list[Node]:
        if node.what == "step":
            found = self._inputs(node.accession, entry, entry.processes[node.id])
        else:
            found = [Node(node.accession, "step", name) for name in entry.makers.get(node.id, ())]
            thing = entry.things[node.id]
            if not found and isinstance(thing, Annotation) and thing.of in entry.things:
                found = [Node(node.accession, "thing", str(thing.of))]
            if not found and isinstance(thing, ImageSet) and thing.kind not in NOT_RECORDED:
                return []
        return found or self._reprocessed(entry)

    def _inputs(self, accession: str, entry: LinkedEntry, process: Process) -> list[Node]:
        own, elsewhere = [], []
        for item in process.inputs:
            if match := _ELSEWHERE.fullmatch(item):
                if node := self._elsewhere(match[1], match[2], item):
                    elsewhere.append(node)
            elif node := _named(accession, entry, item):
                own.append(node)
        if own or len(elsewhere) > 1:  # a map of another entry beside images is a reference; its own images made nothing here
            elsewhere = [node for node in elsewhere if not isinstance(self.thing(node), Map)] or ([] if own else elsewhere)
        return own + elsewhere

    def _elsewhere(self, accession: str, name: str, item: str) -> Node | None:
        other = self.entry(accession)
        node = _named(accession, other, name) if other else None
        if node is None and item not in self.lost:
            self.lost.append(item)
        return node

    def _reprocessed(self, entry: LinkedEntry) -> list[Node]:
        """Return the images of other entries that a sheet as a whole says were reprocessed."""
        found: list[Node] = []
        for related in entry.sheet.related:
            if related.relation != "reprocesses" or not re.fullmatch(r"MG-[1-9][0-9]{4,11}", related.to):
                continue
            other = self.entry(related.to)
            if other is None:
                self.lost += [related.to] if related.to not in self.lost else []
                continue
            self.declared.add(related.to)
            sets = other.sheet.image_sets
            named = [s for s in sets if s.id == related.image_set] or [s for s in sets if s.kind not in NOT_RECORDED]
            found += [Node(related.to, "thing", s.id) for s in named or [s for s in sets if s.id not in other.makers]]
        return found

    def _kind(self, node: Node) -> tuple[str, str]:
        entry = self.entry(node.accession)
        assert entry is not None  # it was named by it
        return node.what, entry.processes[node.id].kind.casefold() if node.what == "step" else ""


def _named(accession: str, entry: LinkedEntry, name: str) -> Node | None:
    if name in entry.things:
        return Node(accession, "thing", name)
    return Node(accession, "step", name) if name in entry.processes else None
