"""From the root of a tree to its images: single datasets, the upper level of pyramids, the setups of BigDataViewer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError
from micrographia.formats.bdv_xml import Setup, setups_of
from micrographia.formats.chunks import chunk_ranges
from micrographia.formats.description import Contents, LazyImage, UnreadableError, unsupported
from micrographia.formats.n5.dataset import Dataset, dataset_of, read_attributes, read_block, unreadable
from micrographia.formats.n5.meaning import axes_of, origin_of, spacing_of
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource, ByteTree
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader

_MOST_IMAGES = 10_000
_MOST_TIMES = 100_000
# smaller arrays are tables, points, lists
_FEWEST_SAMPLES = 64
# larger arrays of which hardly a block is there are lies
_SMALL_BYTES = 1 << 30
_HIGHEST_RATIO = 1_000
_SETUP = re.compile(r"^setup(\d{1,9})/timepoint(\d{1,9})/s0$")
_LOWER = re.compile(r"^(?:(.*)/)?s([1-9]\d*)$")
_ORDER = "tczyx"


def inspect(source: ByteSource | ByteTree, path: str, companion: ByteSource | None = None) -> Contents:
    """Return the images of an N5 folder; `companion` is the XML of BigDataViewer beside it."""
    if not isinstance(source, ByteTree):
        raise unreadable(path, "a file", "a folder")
    remarks: list[Finding] = []
    attributes, blocks = _groups(source, remarks, path)
    setups = setups_of(companion)
    images: list[ImageHeader] = []
    groups = _grouped(path_ for path_, said in attributes.items() if "dimensions" in said)
    for name, places in list(groups.items())[:_MOST_IMAGES]:
        try:
            header = _header(attributes, blocks, name, places[:_MOST_TIMES], setups)
            if header is not None:
                images.append(header)
        except UnreadableError as exc:
            remarks.append(exc.finding(path))
    if len(groups) > _MOST_IMAGES:
        remarks.append(Finding("n5.many_images", "warning", path, f"{path} has {len(groups)} images; the first {_MOST_IMAGES} are shown."))
    if not images and not remarks:
        remarks.append(Finding("n5.no_image", "warning", path, f"{path} is N5, but holds no image: it is stored, not interpreted."))
    version = attributes.get("", {}).get("n5")
    return Contents(tuple(images), {"n5": str(version)[:20]} if version else {}, tuple(remarks))


def open_image(source: ByteSource | ByteTree, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    header = header or inspect(source, source.name).images[index]
    if not isinstance(source, ByteTree):
        raise InvalidInputError(f"{source.name} is no folder.")
    return _N5Image(source, header)


class _N5Image(LazyImage):
    def __init__(self, tree: ByteTree, header: ImageHeader) -> None:
        super().__init__(header)
        self._tree = tree
        self._datasets = [dataset_of(path, read_attributes(tree, path)) for path in map(str, header.metadata["arrays"])]
        # place among the dataset's axes, slowest first, of each axis as presented; the times of BigDataViewer are datasets
        self._order = [int(k) for k in header.metadata["order"]]
        self._has_times = len(self._order) < len(header.axes)
        stored = self._datasets[0].lengths[::-1]
        if tuple(stored[k] for k in self._order) != header.shape[self._has_times :]:
            raise InvalidInputError(f"{tree.name} is not what its description says.")

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept; UnreadableError when a block cannot be decoded."""
        out = np.zeros(tuple(len(r) for r in ranges), self.dtype)
        if not self._has_times:
            self._read_into(out, self._datasets[0], ranges)
            return out
        for number, time in enumerate(ranges[0]):
            self._read_into(out[number], self._datasets[time], ranges[1:])
        return out

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        """Yield the image in slabs of whole blocks, as far as `max_bytes` allows, so that each is decoded about once."""
        stored = self._datasets[0].block[::-1]
        chunk = (*([1] if self._has_times else []), *(stored[k] for k in self._order))
        for ranges in chunk_ranges(self.shape, chunk, self.dtype.itemsize, max_bytes):
            yield self.read(ranges)

    def _read_into(self, out: NDArray[Any], dataset: Dataset, ranges: Ranges) -> None:
        stored, block = dataset.lengths[::-1], dataset.block[::-1]
        wanted = [range(1)] * len(stored)
        for axis, picked in zip(self._order, ranges, strict=True):
            wanted[axis] = picked
        # the axes of the dataset, slowest first, those of length 1 that are not presented among them
        target = np.expand_dims(out.transpose(np.argsort(self._order)), tuple(k for k in range(len(stored)) if k not in self._order))
        grid = [range(picked[0] // n, picked[-1] // n + 1) for picked, n in zip(wanted, block, strict=True)]
        for numbers in np.ndindex(*(len(span) for span in grid)):
            place = tuple(span[i] for span, i in zip(grid, numbers, strict=True))
            parts = [_part(picked, p * n, n) for picked, p, n in zip(wanted, place, block, strict=True)]
            if any(part.length < 1 for part in parts):
                continue
            data = read_block(self._tree, dataset, place[::-1])
            if data is None:
                continue
            # a block at the edge may be shorter than the others
            data = data[tuple(slice(p.first, p.first + p.length * r.step, r.step) for p, r in zip(parts, wanted, strict=True))]
            target[tuple(slice(p.at, p.at + n) for p, n in zip(parts, data.shape, strict=True))] = data


class _Part(NamedTuple):
    """What an index picks along one axis of a block."""

    at: int
    """Place in the result."""
    length: int
    first: int
    """Place in the block."""


def _part(picked: range, start: int, length: int) -> _Part:
    first = max(0, -(-(start - picked.start) // picked.step))
    end = min(len(picked), -(-(start + length - picked.start) // picked.step))
    return _Part(first, end - first, picked.start + first * picked.step - start)


def _groups(tree: ByteTree, remarks: list[Finding], path: str) -> tuple[dict[str, dict[str, Any]], Counter[str]]:
    """Return the attributes of all groups by path, and how many blocks lie below each dataset."""
    attributes: dict[str, dict[str, Any]] = {}
    others: list[str] = []
    for name in tree.list():
        if name == "attributes.json" or name.endswith("/attributes.json"):
            group = name.removesuffix("attributes.json").rstrip("/")
            try:
                attributes[group] = read_attributes(tree, group)
            except UnreadableError as exc:
                remarks.append(exc.finding(path))
        else:
            others.append(name)
    blocks: Counter[str] = Counter()
    for name in others:
        parts = name.split("/")
        while parts and parts[-1].isdigit():
            parts.pop()
            if "dimensions" in attributes.get("/".join(parts), {}):
                blocks["/".join(parts)] += 1
                break
    return attributes, blocks


def _grouped(datasets: Iterator[str]) -> dict[str, list[str]]:
    """Return the datasets that are an image together, by its name; lower levels of pyramids are left out."""
    known = sorted(datasets, key=_natural)
    all_ = set(known)
    groups: dict[str, list[str]] = {}
    for path in known:
        if (lower := _LOWER.match(path)) and (f"{lower[1]}/s0" if lower[1] else "s0") in all_:
            continue
        setup = _SETUP.match(path)
        groups.setdefault(path.partition("/")[0] if setup else path, []).append(path)
    return groups


def _header(
    attributes: Mapping[str, dict[str, Any]], blocks: Counter[str], name: str, places: list[str], setups: Mapping[int, Setup]
) -> ImageHeader | None:
    setup = _SETUP.match(places[0])
    datasets = [dataset_of(path, attributes[path]) for path in places]
    first = datasets[0]
    if prod(first.lengths) < _FEWEST_SAMPLES:
        return None
    if attributes[places[0]].get("isLabelMultiset"):
        raise unsupported(places[0] or "The root", "n5.label_multiset", "label multisets", "samples of one type")
    if any((d.lengths, d.dtype) != (first.lengths, first.dtype) for d in datasets):
        raise unreadable(name, "times of different sizes", "one size and type", rule="n5.sizes")
    _refuse_lies(datasets, sum(blocks[path] for path in places))
    chain = _chain(attributes, places[0])
    letters = axes_of(len(first.lengths), chain)
    stored = first.lengths[::-1]
    kept = [k for k, n in enumerate(stored) if n > 1 or letters[k] in "yx"]
    order = sorted(kept, key=lambda k: (_ORDER.find(letters[k]), k))
    has_times = len(places) > 1
    axes = ("t" if has_times else "") + "".join(letters[k] for k in order)
    if len(set(axes)) != len(axes) or not axes.endswith("yx"):
        raise unreadable(name, f"axes {axes}", "different axes, y and x among them", rule="n5.axes")
    shape = (*([len(places)] if has_times else []), *(stored[k] for k in order))
    metadata: dict[str, Any] = {
        "arrays": places,
        "order": order,
        "compression": first.compression,
        "blocks": [first.block[::-1][k] for k in order],
    }
    size = spacing_of(chain)
    shown = name
    if setup is not None and (view := setups.get(int(setup[1]))) is not None:
        size = view.voxel_size or size
        metadata["setup"] = {"number": int(setup[1]), "name": view.name, **view.attributes}
        shown = view.name or name
    return ImageHeader(axes, shape, first.dtype.name, size, shown, origin=origin_of(chain, size), metadata=metadata)


def _chain(attributes: Mapping[str, dict[str, Any]], path: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the attributes of a dataset and of the groups around it, innermost first, each with the dataset's path from there."""
    parts = path.split("/") if path else []
    groups = ["/".join(parts[:n]) for n in range(len(parts), -1, -1)]
    return [(path[len(group) :].strip("/"), attributes.get(group, {})) for group in groups]


def _refuse_lies(datasets: list[Dataset], block_count: int) -> None:
    first = datasets[0]
    declared = len(datasets) * prod(first.lengths) * first.dtype.itemsize
    held = block_count * prod(first.block) * first.dtype.itemsize
    if declared > max(_SMALL_BYTES, _HIGHEST_RATIO * held):
        found = f"{declared} bytes of samples in {block_count} blocks"
        raise unreadable(first.path, found, f"blocks for at least 1 in {_HIGHEST_RATIO} of its samples", rule="n5.size")


def _natural(path: str) -> tuple[Any, ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d{1,18})", path))
