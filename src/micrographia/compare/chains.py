"""The chain of steps by which a map was made, through its entry and others, from the images with which it begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.archive.lookup import EntryView
from micrographia.compare.walk import Node, Walk
from micrographia.errors import InvalidInputError, TooLargeError
from micrographia.ids import EntryId, ImageId
from micrographia.model.sheet import Acquisition, ImageSet, Map, Process, Sheet, Specimen
from micrographia.model.vocabulary import NOT_RECORDED

MOST_STEPS = 300


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
    elif not accession.startswith("MG-"):  # such as the path of a file, of which the first folder alone would say little
        raise InvalidInputError(f"{reference[:120]!r} is not an accession; expected a map of the archive, like MG-10001 or MG-10001/MAP.")
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
    walk = Walk(archive, view)
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


def _step(walk: Walk, node: Node, among: frozenset[Node]) -> Step:
    entry = walk.entry(node.accession)
    assert entry is not None
    process = entry.processes[node.id]
    things = [entry.things.get(item) for item in process.outputs if Node(node.accession, "thing", item) in among]
    return Step(node.accession, entry.view.record.version, process, tuple(thing for thing in things if isinstance(thing, ImageSet)))


def _first(walk: Walk, order: list[Node], sets: list[Node]) -> list[RawImages]:
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


def _unlinked(walk: Walk, accession: str) -> list[RawImages]:
    """Return the image sets that lie beside a map whose steps lead to none."""
    entry = walk.entry(accession)
    assert entry is not None
    made = [s for s in entry.sheet.image_sets if s.id not in entry.makers]
    return [RawImages(accession, entry.view.record.version, s, is_said=False) for s in made]


def _acquisitions(walk: Walk, sets: list[Node], raw: list[RawImages]) -> Iterable[Acquisition]:
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


def _specimens(walk: Walk, sets: list[Node], raw: list[RawImages], density_map: Map, accession: str) -> Iterable[tuple[Specimen, Sheet]]:
    """Yield what was imaged: as the map says, else the images with which the chain begins, else the only specimen of the entry."""
    own = walk.entry(accession)
    assert own is not None
    wanted = [(own.sheet, density_map.specimen), *((_sheet(walk, r.accession), r.image_set.specimen) for r in raw)]
    found = [(s, sheet) for sheet, name in wanted for s in sheet.specimens if s.id == name]
    if not found and len(own.sheet.specimens) == 1:
        found = [(own.sheet.specimens[0], own.sheet)]
    return found[:1] if density_map.specimen and found else found


def _sheet(walk: Walk, accession: str) -> Sheet:
    entry = walk.entry(accession)
    assert entry is not None
    return entry.sheet
