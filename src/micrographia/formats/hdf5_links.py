"""Ways through an HDF5 file that never leave it: hard links only, and no dataset that reads another file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import h5py
from h5py import h5d, h5g, h5l, h5o

_MOST_OBJECTS = 100_000
_DEEPEST = 64


@dataclass
class Walk:
    """What a walk through a file found."""

    datasets: dict[str, h5py.Dataset] = field(default_factory=dict)
    """By path, sorted; each dataset once, whatever links name it."""
    outside: list[tuple[str, str]] = field(default_factory=list)
    """(path, what it is) of everything that would read another file; nothing of it was opened."""
    is_whole: bool = True
    """False when the file has more objects than a walk visits, or groups nested deeper."""


def walk(file: h5py.File) -> Walk:
    """Return all datasets that hard links reach; soft links only name again what is there, or what is not."""
    found = Walk()
    datasets: dict[str, h5py.Dataset] = {}
    seen: set[Any] = set()
    pending: list[tuple[str, Any, int]] = [("", h5g.open(file.id, b"/"), 0)]
    while pending and found.is_whole:
        prefix, group, depth = pending.pop()
        for name in group:
            path = prefix + name.decode("utf-8", "replace")
            link = group.links.get_info(name)
            if link.type == h5l.TYPE_EXTERNAL:
                found.outside.append((path, "an external link"))
            if link.type != h5l.TYPE_HARD:
                continue
            info = h5o.get_info(group, name)
            if (info.fileno, info.addr) in seen:
                continue
            seen.add((info.fileno, info.addr))
            if len(seen) > _MOST_OBJECTS or depth > _DEEPEST:
                found.is_whole = False
                break
            if info.type == h5o.TYPE_GROUP:
                pending.append((path + "/", h5g.open(group, name), depth + 1))
            elif info.type == h5o.TYPE_DATASET:
                dataset = h5d.open(group, name)
                if what := reads_outside(dataset):
                    found.outside.append((path, what))
                else:
                    datasets[path] = h5py.Dataset(dataset)
    found.datasets = dict(sorted(datasets.items()))
    return found


def reached(file: h5py.File, path: str) -> h5py.Group | h5py.Dataset | None:
    """Return the group or dataset at a path, every step of which is a hard link; None when there is none inside the file."""
    here: Any = h5g.open(file.id, b"/")
    for part in filter(None, path.encode().split(b"/")):
        if not isinstance(here, h5g.GroupID) or part in (b".", b"..") or part not in here:
            return None
        if here.links.get_info(part).type != h5l.TYPE_HARD:
            return None
        here = h5o.open(here, part)
    if isinstance(here, h5g.GroupID):
        return h5py.Group(here)
    if isinstance(here, h5d.DatasetID) and not reads_outside(here):
        return h5py.Dataset(here)
    return None


def reads_outside(dataset: Any) -> str | None:
    """Return what makes reading a dataset touch other files; to be asked before its size, which a virtual dataset looks up outside."""
    plist = dataset.get_create_plist()
    if plist.get_layout() == h5d.VIRTUAL:
        return "a virtual dataset"
    return "external storage" if plist.get_external_count() else None
