"""Two maps, step by step: all in which the chains that made them differ, and the raw images behind both.

The steps of the two chains are paired by kind and order, as two sequences are aligned (Needleman & Wunsch 1970): a step that only one chain
has shows as such, and not as a difference of all that follows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.compare import facts
from micrographia.compare.chains import Chain, RawImages, Step, find_chain
from micrographia.compare.facts import OUTCOMES, Facts, canonical, same
from micrographia.model.sheet import Acquisition

# steps with the same difference, named one by one
_MOST_NAMED = 5
# compared whatever the two programs are
_ANY_PROGRAM = frozenset(("software", "version"))


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a chain with what is known of it."""

    kind: str
    """What it is called: acquisition, 3D refinement, map."""
    facts: Facts
    made: Facts
    """Of its deposited images: compared where both chains deposited them."""
    accession: str = ""
    process: str = ""
    """Id of the process; empty for what is none."""

    @property
    def link(self) -> str:
        """Address of the step on the page of its entry; empty for what is no step."""
        return f"/entries/{self.accession}#step-{self.process}" if self.process else ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which two chains differ; None: not said."""

    field: str
    a: Any
    b: Any
    step: str

    def as_json(self) -> dict[str, Any]:
        """Return ``{"field", "a", "b", "step"}``."""
        return {"field": self.field, "a": self.a, "b": self.b, "step": self.step}


@dataclass(frozen=True, slots=True)
class Pair:
    """A step of each chain, or of one."""

    label: str
    a: Part | None
    b: Part | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """What differs between the chains of two maps."""

    a: Chain
    b: Chain
    pairs: tuple[Pair, ...]
    """The steps of both, earliest first."""
    differences: tuple[Difference, ...]
    """One a field; the same difference in several steps is told once."""

    def as_json(self) -> dict[str, Any]:
        """Return the document of the API and of ``--json``: differences, steps, raw images of each side, and what is not archived."""
        chains = {"a": self.a, "b": self.b}
        return {
            "maps": {side: _map_document(chain) for side, chain in chains.items()},
            "differences": [difference.as_json() for difference in self.differences],
            "steps": [{"step": p.label, "a": p.a is not None, "b": p.b is not None} for p in self.pairs],
            "raw": {side: [raw_document(raw) for raw in chain.raw] for side, chain in chains.items()},
            "unarchived": {side: chain.unarchived or None for side, chain in chains.items()},
        }


def trace(archive: Archive, a: str, b: str) -> Trace:
    """Return what differs between the chains of two maps, as far as the caller may see them.

    Parameters
    ----------
    a, b : str
        Accession (its first map), ``MG-10001/consensus``, or the identifier of an image of a map.

    Raises
    ------
    InvalidInputError, NotFoundError, TooLargeError
        See `find_chain`.
    """
    chains = find_chain(archive, a), find_chain(archive, b)
    pairs = tuple(_labelled(_paired(*(parts_of(archive, chain) for chain in chains))))
    return Trace(*chains, pairs, tuple(_told_once(pairs)))


def parts_of(archive: Archive, chain: Chain) -> list[Part]:
    """Return the steps of a chain with what is known of them: specimen, acquisition, raw images, processes, the map."""
    record, raw = chain.view.record, chain.raw
    found = [Part("specimen", facts.specimen_facts(specimen, sheet), {}) for specimen, sheet in chain.specimens] or [
        Part("specimen", {}, {})
    ]
    found += [Part("acquisition", facts.acquisition_facts(acquisition), {}) for acquisition in chain.acquisitions or (Acquisition(id="_"),)]
    kinds = ", ".join(sorted({images.image_set.kind for images in raw}))
    found.append(Part("raw data", {"kind": kinds} if kinds else {}, _of_raw(archive, chain)))
    found += [Part(s.process.kind, facts.step_facts(s), _of_made(archive, s), s.accession, s.process.id) for s in chain.steps]
    found.append(Part("map", facts.map_facts(archive, chain), {}, record.accession))
    return found


def raw_document(raw: RawImages) -> dict[str, Any]:
    """Return the JSON of an image set with which a chain begins."""
    return {
        "accession": raw.accession,
        "version": raw.version,
        "image_set": raw.image_set.id,
        "kind": raw.image_set.kind,
        "title": raw.image_set.title,
        "is_said": raw.is_said,
        "link": raw.link,
    }


def _map_document(chain: Chain) -> dict[str, Any]:
    record = chain.view.record
    return {"accession": record.accession, "version": record.version, "map": chain.map.id, "title": record.sheet.title}


def _of_raw(archive: Archive, chain: Chain) -> Facts:
    return _merged((raw.image_set.kind, facts.images_facts(archive, raw.accession, raw.version, raw.image_set)) for raw in chain.raw)


def _of_made(archive: Archive, step: Step) -> Facts:
    return _merged((s.kind, facts.images_facts(archive, step.accession, step.version, s)) for s in step.made)


def _merged(sets: Iterable[tuple[str, Facts]]) -> Facts:
    """Return facts of several image sets by kind: of one kind counts add up, what differs inside one is a list."""
    merged: Facts = {}
    for kind, known in sets:
        for name, value in known.items():
            key = f"{kind} {name}"
            if key not in merged:
                merged[key] = value
            elif name in ("images", "particles"):
                merged[key] += value
            elif not same(merged[key], value):
                several = merged[key] if isinstance(merged[key], list) else [merged[key]]
                merged[key] = [*several, value]
    return merged


def _paired(a: Sequence[Part], b: Sequence[Part]) -> Iterator[tuple[Part | None, Part | None]]:
    """Yield the steps of both, paired so that as many as can be have a partner of their own kind, the most alike ones."""
    marks_a, marks_b = [_mark(part) for part in a], [_mark(part) for part in b]
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]  # of what follows
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            joined = best[i + 1][j + 1] + _likeness(marks_a[i], marks_b[j])
            best[i][j] = max(best[i + 1][j], best[i][j + 1], joined)
    i = j = 0
    while i < len(a) or j < len(b):
        likeness = _likeness(marks_a[i], marks_b[j]) if i < len(a) and j < len(b) else 0.0
        if likeness and best[i][j] == best[i + 1][j + 1] + likeness:
            yield a[i], b[j]
            i, j = i + 1, j + 1
        elif j == len(b) or (i < len(a) and best[i][j] == best[i + 1][j]):
            yield a[i], None
            i += 1
        else:
            yield None, b[j]
            j += 1


_Mark = tuple[str, frozenset[tuple[str, str]]]


def _mark(part: Part) -> _Mark:
    return _plain(part.kind), frozenset((name, repr(value)) for name, value in part.facts.items())


def _likeness(a: _Mark, b: _Mark) -> float:
    """0 for steps of two kinds, 2 to 3 for those of one."""
    if a[0] != b[0]:
        return 0.0
    return 2 + len(a[1] & b[1]) / max(1, len(a[1] | b[1]))


def _labelled(pairs: Iterable[tuple[Part | None, Part | None]]) -> Iterator[Pair]:
    known = list(pairs)
    kinds = [_plain((a or b).kind) for a, b in known]  # type: ignore[union-attr]
    for place, (a, b) in enumerate(known):
        kind = (a or b).kind  # type: ignore[union-attr]
        number = kinds[: place + 1].count(kinds[place])
        label = f"{kind} {number}" if kinds.count(kinds[place]) > 1 else kind
        yield Pair(label, a, b, tuple(_differences(a, b, label)))


def _differences(a: Part | None, b: Part | None, label: str) -> Iterator[Difference]:
    if a is None or b is None:
        yield Difference("step", a.kind if a else None, b.kind if b else None, label)
        return
    softwares = {_plain(str(part.facts.get("software", ""))) for part in (a, b)} - {""}
    is_step = bool(a.process or b.process)
    for name in dict.fromkeys((*a.facts, *b.facts)):
        left, right = a.facts.get(name), b.facts.get(name)
        if len(softwares) > 1 and is_step and name not in _ANY_PROGRAM and canonical(name) not in facts.COMPARABLE:
            continue
        if is_step and name in OUTCOMES and (left is None or right is None):
            continue  # the map says it of the whole
        if not (_same_mask(left, right) if name == "mask" else same(left, right)):
            yield Difference(name, left, right, label)
    for key in a.made:
        if key in b.made and not same(a.made[key], b.made[key]):
            yield Difference(key.rpartition(" ")[2], a.made[key], b.made[key], label)


def _same_mask(a: Any, b: Any) -> bool:
    """Of a mask of which only the file is known nothing more can be said than that there is one."""
    return bool(a) == bool(b) if isinstance(a, bool) or isinstance(b, bool) else same(a, b)


def _told_once(pairs: Iterable[Pair]) -> Iterable[Difference]:
    """Return one difference a field and pair of values; what the map says is told only where no step said it."""
    found: dict[object, Difference] = {}
    labels: dict[object, list[str]] = {}
    for pair in pairs:
        for d in pair.differences:
            key = (d.field, *(json.dumps(v, sort_keys=True, default=str) for v in (d.a, d.b)), pair.label if d.field == "step" else "")
            if key not in found:
                found[key], labels[key] = d, [pair.label]
            elif pair.label not in ("map", labels[key][-1]):
                labels[key].append(pair.label)
    return [replace(d, step=_several(labels[key])) for key, d in found.items()]


def _several(labels: list[str]) -> str:
    return ", ".join(labels) if len(labels) < _MOST_NAMED else f"{labels[0]} to {labels[-1]} ({len(labels)} steps)"


def _plain(words: str) -> str:
    return "".join(filter(str.isalnum, words.casefold()))
