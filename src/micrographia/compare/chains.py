"""The chain of steps by which a map was made, followed backwards through its entry and others to the images with which it begins.

Sheets are written by strangers: what they say may run in circles, lead to entries that nobody may see, or name what is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.archive.lookup import EntryView
from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.ids import EntryId, ImageId
from micrographia.model.sheet import Acquisition, Annotation, ImageSet, Map, Process, Sheet, Specimen
from micrographia.model.vocabulary import NOT_RECORDED

MOST_STEPS = 300
_MOST_ENTRIES = 50
_MOST_NODES = 2_000
_ELSEWHERE = re.compile(r"(MG-[1-9][0-9]{4,11})/(.+)", re.DOTALL)

Thing = ImageSet | Map | Annotation


class Node(NamedTuple):
    """A thing or a step of one entry."""

    accession: str
    what: Literal["thing", "step"]
    id: str


@dataclass(frozen=True, slots=True)
class Step:
    """A process of the chain."""

    accession: str
    version: int
    process: Process
    made: tuple[ImageSet, ...]
    """What of its results is deposited as images and lies on the chain."""


@dataclass(frozen=True, slots=True)
class RawImages:
    """An image set with which a chain begins."""

    accession: str
    version: int
    image_set: ImageSet
    is_said: bool = True
    """Whether a step leads from it to the map; otherwise it merely lies in the entry of a map of which no step tells."""

    @property
    def is_recorded(self) -> bool:
        """Whether a microscope recorded it, as far as its kind tells."""
        return self.image_set.kind not in NOT_RECORDED

    @property
    def link(self) -> str:
        """Address of its place on the page of its entry."""
        return f"/entries/{self.accession}?version={self.version}#thing-{self.image_set.id}"


@dataclass(frozen=True, slots=True)
class Chain:
    """How a map was made."""

    view: EntryView
    """The version that holds the map."""
    map: Map
    steps: tuple[Step, ...]
    """Earliest first."""
    raw: tuple[RawImages, ...]
    acquisitions: tuple[Acquisition, ...]
    specimens: tuple[tuple[Specimen, Sheet], ...]
    """What was imaged, each with the sheet that tells of it."""
    reached: frozenset[tuple[str, str]]
    """(accession, id) of every image set on the chain."""
    entries: frozenset[str]
    """Accessions of the entries from which it was made, its own among them."""
    lost: tuple[str, ...]
    """What it was made from in other entries, as the sheet names it, that is not there for the caller."""

    @property
    def name(self) -> str:
        """The map as a process names it: MG-10001/consensus."""
        return f"{self.view.record.accession}/{self.map.id}"

    @property
    def unarchived(self) -> str:
        """Say that the recorded images are not here; empty where they are."""
        if any(raw.is_recorded for raw in self.raw):
            return ""
        kinds = ", ".join(dict.fromkeys(raw.image_set.kind for raw in self.raw if raw.image_set.kind != "calibration"))
        if kinds:
            return f"No raw data archived: the chain of {self.name} begins with {kinds}; what the microscope recorded is not here."
        if self.lost:
            return f"No raw data archived: {self.name} was made from {', '.join(self.lost)}, which is not public here."
        return f"No raw data archived: the chain of {self.name} begins with nothing that is deposited here."


def find_chain(archive: Archive, reference: str) -> Chain:
    """Return the chain of a map, as far as the caller may see it.

    Parameters
    ----------
    reference : str
        ``MG-10001`` (its first map), ``MG-10001/consensus`` (one of them), or the identifier of an image of a map, ``MG-10001.1.3``.

    Raises
    ------
    InvalidInputError
        It names no map.
    NotFoundError
        There is no such entry, or none that the caller may see.
    TooLargeError
        More than `MOST_STEPS` steps.
    """
    view, density_map = find_map(archive, reference)
    return chain_of(archive, view, density_map)


def find_map(archive: Archive, reference: str) -> tuple[EntryView, Map]:
    """Return a map and the version that holds it; see `find_chain`."""
    accession, slash, name = reference.strip().partition("/")
    if not slash and accession.count(".") == 2:
        image_id = ImageId.parse(accession)
        image = lookup.find_image(archive, accession)
        view, name = lookup.find_entry(archive, image_id.accession, image_id.version), image.record.role
    else:
        view = lookup.find_entry(archive, EntryId.parse(accession))
    maps = view.record.sheet.maps
    if not maps:
        raise InvalidInputError(f"{accession} holds no map; expected an entry with one.")
    if not slash and accession == view.record.accession:
        return view, maps[0]
    found = next((m for m in maps if m.id == name), None)
    if found is None:
        raise InvalidInputError(
            f"{reference[:120]} is no map; the maps of {view.record.accession} are {', '.join(m.id for m in maps[:20])}."
        )
    return view, found


def chain_of(archive: Archive, view: EntryView, density_map: Map) -> Chain:
    """Return the chain of a map of a version that was looked up before."""
    walk = _Walk(archive, view)
    accession = view.record.accession
    order = walk.order(Node(accession, "thing", density_map.id))
    among = frozenset(order)
    steps = tuple(_step(walk, node, among) for node in order if node.what == "step")
    if len(steps) > MOST_STEPS:
        raise TooLargeError(f"The chain of {accession}/{density_map.id} has {len(steps)} steps; at most {MOST_STEPS} are compared.")
    sets = [node for node in order if node.what == "thing" and isinstance(walk.thing(node), ImageSet)]
    raw = _first(walk, order, sets) or _unlinked(walk, accession)
    return Chain(
        view=view,
        map=density_map,
        steps=steps,
        raw=tuple(raw),
        acquisitions=tuple(_acquisitions(walk, sets, raw)),
        specimens=tuple(_specimens(walk, sets, raw, density_map, accession)),
        reached=frozenset((node.accession, node.id) for node in sets),
        entries=frozenset((accession, *(node.accession for node in order), *walk.declared)),
        lost=tuple(walk.lost),
    )


@dataclass(slots=True)
class _Entry:
    """One entry, its things and steps by their ids."""

    view: EntryView
    things: Mapping[str, Thing]
    processes: Mapping[str, Process]
    makers: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, view: EntryView) -> _Entry:
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
        return self.view.record.sheet


class _Walk:
    """What lies before what, over entries; each is looked up once."""

    def __init__(self, archive: Archive, view: EntryView) -> None:
        self._archive, self.end = archive, view.record.accession
        self._entries: dict[str, _Entry | None] = {view.record.accession: _Entry.of(view)}
        self._before: dict[Node, tuple[Node, ...]] = {}
        self.lost: list[str] = []
        self.declared: set[str] = set()

    def entry(self, accession: str) -> _Entry | None:
        """Return an entry; None where there is none for the caller."""
        if accession not in self._entries:
            if len(self._entries) >= _MOST_ENTRIES:
                raise TooLargeError(f"The chain leads through more than {_MOST_ENTRIES} entries.")
            try:
                self._entries[accession] = _Entry.of(lookup.find_entry(self._archive, accession))
            except NotFoundError:
                self._entries[accession] = None
        return self._entries[accession]

    def thing(self, node: Node) -> Thing | None:
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

    def _from(self, node: Node, entry: _Entry) -> list[Node]:
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

    def _inputs(self, accession: str, entry: _Entry, process: Process) -> list[Node]:
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

    def _reprocessed(self, entry: _Entry) -> list[Node]:
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


def _named(accession: str, entry: _Entry, name: str) -> Node | None:
    if name in entry.things:
        return Node(accession, "thing", name)
    return Node(accession, "step", name) if name in entry.processes else None


def _step(walk: _Walk, node: Node, among: frozenset[Node]) -> Step:
    entry = walk.entry(node.accession)
    assert entry is not None
    process = entry.processes[node.id]
    things = [entry.things.get(item) for item in process.outputs if Node(node.accession, "thing", item) in among]
    return Step(node.accession, entry.view.record.version, process, tuple(thing for thing in things if isinstance(thing, ImageSet)))


def _first(walk: _Walk, order: list[Node], sets: list[Node]) -> list[RawImages]:
    """Return the image sets that were made from no other one: an import makes them from nothing, CTF estimation from themselves."""
    sources = {node: 1 << place for place, node in enumerate(sets)}  # a bit an image set
    sources |= {node: 0 for node in order if node not in sources}
    changed = True
    while changed:  # once more for each circle
        changed = False
        for node in order:
            reached = sources[node]
            for earlier in walk.before(node):
                reached |= sources[earlier]
            changed |= reached != sources[node]
            sources[node] = reached
    found = []
    for node in sets:
        if all(sources[other] == sources[node] for place, other in enumerate(sets) if sources[node] >> place & 1):
            entry, thing = walk.entry(node.accession), walk.thing(node)
            assert entry is not None and isinstance(thing, ImageSet)
            found.append(RawImages(node.accession, entry.view.record.version, thing))
    return found


def _unlinked(walk: _Walk, accession: str) -> list[RawImages]:
    """Return the image sets that lie beside a map whose steps lead to none."""
    entry = walk.entry(accession)
    assert entry is not None
    made = [s for s in entry.sheet.image_sets if s.id not in entry.makers]
    return [RawImages(accession, entry.view.record.version, s, is_said=False) for s in made]


def _acquisitions(walk: _Walk, sets: list[Node], raw: list[RawImages]) -> Iterable[Acquisition]:
    """Yield how the images of a chain were recorded; where its image sets do not say, the only acquisition of their entries."""
    named: dict[tuple[str, str], Acquisition] = {}
    only: dict[tuple[str, str], Acquisition] = {}
    places = [(node.accession, walk.thing(node)) for node in sets] + [(r.accession, r.image_set) for r in raw]
    for accession in dict.fromkeys((*(a for a, _ in places), walk.end)):
        entry = walk.entry(accession)
        assert entry is not None
        of_entry = {a.id: a for a in entry.sheet.acquisitions}
        ids = [t.acquisition for a, t in places if a == accession and isinstance(t, ImageSet) and t.acquisition in of_entry]
        named |= {(accession, str(i)): of_entry[str(i)] for i in ids}
        only |= {(accession, i): a for i, a in of_entry.items() if len(of_entry) == 1}
    return dict(named or only).values()


def _specimens(walk: _Walk, sets: list[Node], raw: list[RawImages], density_map: Map, accession: str) -> Iterable[tuple[Specimen, Sheet]]:
    """Yield what was imaged: as the map says, else the images with which the chain begins, else the only specimen of the entry."""
    own = walk.entry(accession)
    assert own is not None
    wanted = [(own.sheet, density_map.specimen), *((_sheet(walk, r.accession), r.image_set.specimen) for r in raw)]
    found = [(s, sheet) for sheet, name in wanted for s in sheet.specimens if s.id == name]
    if not found and len(own.sheet.specimens) == 1:
        found = [(own.sheet.specimens[0], own.sheet)]
    return found[:1] if density_map.specimen and found else found


def _sheet(walk: _Walk, accession: str) -> Sheet:
    entry = walk.entry(accession)
    assert entry is not None
    return entry.sheet
