"""Volumes of one deposit sorted into maps with their half maps, masks and additional maps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from micrographia.describe._kinds import half_of
from micrographia.describe._patterns import FileFact, stem_of

# words of a file name that say which volume of a refinement it is, not of which refinement
_ROLES = frozenset(
    [
        "half",
        "map",
        "maps",
        "unfil",
        "mask",
        "masks",
        "fsc",
        "refine",
        "masked",
        "sharp",
        "sharpened",
        "unsharpened",
        "volume",
        "vol",
        "full",
        "postprocess",
        "primary",
        "final",
        "auto",
        "locres",
        "filtered",
        "local",
        "filt",
        "deepemhancer",
        "emready",
        "denoised",
        "a",
        "b",
    ]
)
_DERIVED = re.compile(r"sharp|mask|filt|locres|deepem|emready|denois|postprocess", re.IGNORECASE)
_HALF = re.compile(r"half[_-]?(?:map|vol|volume)?[_-]?[12ABab](?![A-Za-z0-9])|half[12](?=_)", re.IGNORECASE)
_ITERATION = re.compile(r"_it(\d{3})(?=_|\b)")


@dataclass
class MapGroup:
    """A primary map and what belongs to it."""

    file: FileFact
    halves: tuple[FileFact, ...] = ()
    masks: list[FileFact] = field(default_factory=list)
    additional: list[FileFact] = field(default_factory=list)


@dataclass
class SortedVolumes:
    """Volumes by what they are."""

    maps: list[MapGroup]
    leftovers: list[FileFact]
    """Half maps without a map, and volumes of iterations before the last."""
    free_masks: list[FileFact]
    """Masks that fit no map."""


def sort_volumes(volumes: Iterable[FileFact], masks: Iterable[FileFact]) -> SortedVolumes:
    """Return maps with half maps and masks, matched by folder, name and grid."""
    volumes, leftovers = _last_iterations(sorted(volumes, key=lambda f: f.path))
    halves: dict[tuple[str, str], dict[int, FileFact]] = {}
    full: list[FileFact] = []
    for fact in volumes:
        half = half_of(fact.name)
        if half is None:
            full.append(fact)
        else:
            halves.setdefault((fact.folder, _subject(fact)), {}).setdefault(half, fact)
    groups = _primary_and_additional(full)
    taken = {id(f) for pair in halves.values() for f in pair.values()}
    leftovers += [f for f in volumes if half_of(f.name) is not None and id(f) not in taken]
    for (folder, subject), pair in halves.items():
        both = tuple(pair[n] for n in sorted(pair))
        owner = _owner(both[0], groups, folder, subject)
        if owner is None or owner.halves:
            leftovers += both
        else:
            owner.halves = both
    free: list[FileFact] = []
    for mask in sorted(masks, key=lambda f: f.path):
        owner = _owner(mask, groups, mask.folder, _subject(mask)) or next((g for g in groups if _same_grid(g.file, mask)), None)
        (owner.masks if owner else free).append(mask)
    return SortedVolumes(groups, leftovers, free)


def _last_iterations(volumes: list[FileFact]) -> tuple[list[FileFact], list[FileFact]]:
    """Split off the volumes of iterations that a later volume of the same folder replaces."""
    last: dict[str, int] = {}
    finals = {f.folder for f in volumes if re.match(r"run_(class|half)", f.name)}
    for fact in volumes:
        if match := _ITERATION.search(fact.name):
            last[fact.folder] = max(last.get(fact.folder, 0), int(match[1]))
    kept: list[FileFact] = []
    old: list[FileFact] = []
    for fact in volumes:
        match = _ITERATION.search(fact.name)
        is_old = match is not None and (fact.folder in finals or int(match[1]) < last[fact.folder])
        (old if is_old else kept).append(fact)
    return kept, old


def _subject(fact: FileFact) -> str:
    """Return what a volume is of, by its name without the words of its role."""
    stem = _HALF.sub(" ", stem_of(fact.name).lower())
    return " ".join(w for w in re.split(r"[^a-z0-9]+", stem) if w and w not in _ROLES)


def _primary_and_additional(full: list[FileFact]) -> list[MapGroup]:
    groups: dict[tuple[str, str], MapGroup] = {}
    loose: list[MapGroup] = []
    for fact in sorted(full, key=lambda f: (bool(_DERIVED.search(f.name)), f.path)):
        key = (fact.folder, _subject(fact))
        owner = groups.get(key)
        if owner is None:
            groups[key] = MapGroup(fact)
        elif _DERIVED.search(fact.name) and _same_grid(owner.file, fact):
            owner.additional.append(fact)
        else:
            loose.append(MapGroup(fact))
    return sorted([*groups.values(), *loose], key=lambda g: g.file.path)


def _owner(fact: FileFact, groups: list[MapGroup], folder: str, subject: str) -> MapGroup | None:
    alike = [g for g in groups if _same_grid(g.file, fact)]
    for candidates in (
        [g for g in alike if g.file.folder == folder and _subject(g.file) == subject],
        [g for g in alike if g.file.folder == folder],
        [g for g in alike if _subject(g.file) == subject],
        alike,
    ):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _same_grid(a: FileFact, b: FileFact) -> bool:
    return bool(a.images and b.images) and a.images[0].shape_zyx == b.images[0].shape_zyx
