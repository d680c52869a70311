"""From the root of a tree to its images: one multiscale, labels, series of bioformats2raw, fields of a plate, or a bare array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import isfinite, prod
from typing import Any

from micrographia.errors import InvalidInputError
from micrographia.formats.description import Contents, LazyImage, UnreadableError
from micrographia.formats.ome_xml import parse_ome_xml
from micrographia.formats.ome_zarr import v04, v05
from micrographia.formats.ome_zarr.array import ZarrImage
from micrographia.formats.ome_zarr.multiscale import AXES, Multiscale, OmeGroup, axis_letters
from micrographia.formats.ome_zarr.nodes import ArrayFacts, Node, array_facts, joined, read_node
from micrographia.formats.ome_zarr.zip_tree import ZipTree
from micrographia.formats.source import ByteSource, ByteTree
from micrographia.formats.units import voxel_size
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader

_MOST_IMAGES = 50_000
_MOST_REMARKS = 1_000
_DEEPEST = 4  # a plate is three deep
_MOST_OME_XML_BYTES = 64 << 20
# a first chunk up to this size is decoded to see that it can be, of so many images
_PROBE_BYTES = 32 << 20
_MOST_PROBES = 16
# larger arrays of which hardly a chunk is there are lies
_SMALL_BYTES = 1 << 30
_HIGHEST_RATIO = 1_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an image lies, before its array is looked at."""

    group: Node
    multiscale: Multiscale
    ome: OmeGroup
    role: str


def inspect(source: ByteSource | ByteTree, path: str) -> Contents:
    """Return the images of an OME-Zarr tree or zip; UnreadableError when it is none."""
    tree = _tree(source)
    root = read_node(tree, "")
    if root is None:
        raise UnreadableError("ome_zarr.unreadable", f"{path} is no Zarr group or array.", expected="zarr.json, .zgroup or .zarray")
    remarks: list[Finding] = []
    places = list(islice(_places(tree, root, path, remarks, set()), _MOST_IMAGES + 1))
    if len(places) > _MOST_IMAGES:
        remarks.append(
            Finding("ome_zarr.many_images", "warning", path, f"{path} has more than {_MOST_IMAGES} images; the rest is not shown.")
        )
    images = []
    for number, place in enumerate(places[:_MOST_IMAGES]):
        try:
            header, node, facts, order = _header(tree, place, is_only=len(places) == 1)
            if number < _MOST_PROBES and prod(facts.chunks) * facts.dtype.itemsize <= _PROBE_BYTES:
                corner = tuple(range(min(facts.chunks[k], facts.shape[k])) for k in order)
                ZarrImage(tree, header, node, facts, order).read(corner)
            images.append(header)
        except UnreadableError as exc:
            remarks.append(exc.finding(path))
    if not images and not remarks:
        message = f"{path} is Zarr, but no OME-Zarr image: it is stored, not interpreted."
        remarks.append(Finding("ome_zarr.no_image", "warning", path, message, "no multiscales", "multiscales, plate or an array"))
    return Contents(tuple(images), _metadata(tree, root, len(images)), tuple(remarks))


def open_image(source: ByteSource | ByteTree, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image at this place of `inspect`'s images."""
    if header is None:
        images = inspect(source, source.name).images
        if not 0 <= index < len(images):
            raise InvalidInputError(f"{source.name} has {len(images)} images; there is no image {index}.")
        header = images[index]
    tree = _tree(source)
    path = str(header.metadata["array"])
    node = read_node(tree, joined("", path))
    if node is None or not node.is_array:
        raise InvalidInputError(f"{source.name} has no array {path[:200]!r}.")
    order = tuple(int(place) for place in header.metadata["order"])
    facts = array_facts(node)
    if tuple(facts.shape[place] for place in order) != header.shape or len(order) != len(facts.shape):
        raise UnreadableError("ome_zarr.unreadable", f"{source.name}: {path} is not what its description says.", found=str(facts.shape))
    return ZarrImage(tree, header, node, facts, order)


def _tree(source: ByteSource | ByteTree) -> ByteTree:
    return source if isinstance(source, ByteTree) else ZipTree(source)


def _ome(node: Node) -> OmeGroup | None:
    return v05.ome_group(node.attributes) if node.zarr_format == 3 else v04.ome_group(node.attributes)


def _places(tree: ByteTree, root: Node, path: str, remarks: list[Finding], seen: set[str]) -> Iterator[_Place]:
    """Yield all images below a group, in the order in which it names them; each group once."""
    seen.add(root.path)
    if root.is_array:
        names = array_facts(root).dimension_names
        count = len(array_facts(root).shape)
        letters = axis_letters([n.lower() for n in names], [""] * count) if len(names) == count else tuple(AXES[-count:])
        if count > len(AXES):
            letters = axis_letters([""] * count, [""] * (count - 3) + ["space"] * 3)
        yield _Place(root, Multiscale(letters, ("",) * count, ("",), (1.0,) * count, (0.0,) * count), OmeGroup(""), "image")
        return
    ome = _ome(root)
    if ome is None:
        return
    for multiscale in ome.multiscales:
        yield _Place(root, multiscale, ome, "image")
    children = [*((w, "well") for w in ome.plate.get("wells", ())), *((f, "field") for f in ome.fields)]
    if ome.is_bioformats2raw:
        children += [(s, "series") for s in _series(tree, root)]
    if ome.multiscales and (labels := read_node(tree, joined(root.path, "labels"))):
        named = _ome(labels)
        children += [(f"labels/{name}", "labels") for name in (named.labels if named else ())]
    for name, kind in children:
        try:
            child = read_node(tree, joined(root.path, name))
            if child is None:
                raise UnreadableError(
                    "ome_zarr.missing", f"{path} names {name!r}, which is not there.", found="nothing", expected=f"a group {name}"
                )
        except UnreadableError as exc:
            remarks.append(exc.finding(path))
            if len(remarks) >= _MOST_REMARKS:
                return
            continue
        if kind == "labels":
            label = _ome(child) or OmeGroup("")
            yield from (_Place(child, multiscale, label, "labels") for multiscale in label.multiscales)
        elif child.path not in seen and root.path.count("/") < _DEEPEST:
            yield from _places(tree, child, path, remarks, seen)


def _series(tree: ByteTree, root: Node) -> list[str]:
    listed = read_node(tree, joined(root.path, "OME"))
    named = _ome(listed) if listed else None
    if named and named.series:
        return list(named.series)
    names: list[str] = []
    while len(names) < _MOST_IMAGES and read_node(tree, joined(root.path, str(len(names)))) is not None:
        names.append(str(len(names)))
    return names


def _header(tree: ByteTree, place: _Place, *, is_only: bool) -> tuple[ImageHeader, Node, ArrayFacts, tuple[int, ...]]:
    group, multiscale = place.group, place.multiscale
    if not multiscale.paths:
        raise UnreadableError("ome_zarr.unreadable", f"{group.path or 'The root'}: its multiscales name no array.", expected="datasets")
    node = group if group.is_array else read_node(tree, joined(group.path, multiscale.paths[0]))
    if node is None or not node.is_array:
        raise UnreadableError("ome_zarr.missing", f"The array {joined(group.path, multiscale.paths[0])} is not there.", expected="an array")
    facts = array_facts(node)
    _refuse_lies(tree, node, facts)
    if len(multiscale.axes) != len(facts.shape):
        found = f"{len(multiscale.axes)} axes for the shape {facts.shape}"
        raise UnreadableError("ome_zarr.axes", f"{node.path}: axes and array do not fit.", found=found, expected="one axis a dimension")
    if not {"y", "x"} <= set(multiscale.axes):
        found = ", ".join(multiscale.axes)
        raise UnreadableError("ome_zarr.axes", f"{node.path} has no axes y and x.", found=found, expected="y and x among the axes")
    order = tuple(sorted(range(len(facts.shape)), key=lambda k: (AXES.find(multiscale.axes[k]), k)))
    axes = "".join(multiscale.axes[k] for k in order)
    shape = tuple(facts.shape[k] for k in order)
    size, origin = _geometry(multiscale)
    channels = place.ome.channels
    metadata: dict[str, Any] = {"array": node.path, "order": list(order), "version": place.ome.version, "role": place.role}
    metadata |= {"chunks": [facts.chunks[k] for k in order], "codecs": list(facts.codecs), "levels": len(multiscale.paths)}
    if any(place.ome.colours):
        metadata["channels"] = [{"name": n, "colour": c} for n, c in zip(channels, place.ome.colours, strict=True)]
    if facts.shards:
        metadata["shards"] = [facts.shards[k] for k in order]
    header = ImageHeader(
        axes,
        shape,
        facts.dtype.name,
        voxel_size=size,
        name="" if is_only else group.path or multiscale.name,
        origin=origin,
        channels=channels if len(channels) == dict(zip(axes, shape, strict=True)).get("c", 0) else (),
        metadata=metadata,
    )
    return header, node, facts, order


def _refuse_lies(tree: ByteTree, node: Node, facts: ArrayFacts) -> None:
    """Refuse an array that claims far more than its files can hold; chunks that are not there are empty, which is usual for masks."""
    declared = prod(facts.shape) * facts.dtype.itemsize
    if declared <= _SMALL_BYTES:
        return
    files = sum(1 for _ in tree.list(node.path))
    held = files * prod(facts.shards or facts.chunks) * facts.dtype.itemsize
    if declared > _HIGHEST_RATIO * held:
        found = f"{declared} bytes of samples in {files} files"
        message = f"The Zarr array {node.path or 'at the root'} claims more than its files hold."
        raise UnreadableError("ome_zarr.size", message, found=found, expected=f"chunks for at least 1 in {_HIGHEST_RATIO} of its samples")


def _geometry(multiscale: Multiscale) -> tuple[Any, tuple[float, float, float] | None]:
    place = {axis: k for k, axis in enumerate(multiscale.axes)}
    scales = [multiscale.scale[place[a]] if a in place else None for a in "zyx"]
    size = voxel_size(scales, [multiscale.units[place[a]] if a in place else "" for a in "zyx"])
    start = tuple(multiscale.translation[place[a]] if a in place else 0.0 for a in "zyx")
    # a position is told in the unit of the voxel size, so only where all axes have one unit
    is_one_unit = len({multiscale.units[place[a]] for a in "zyx" if a in place}) == 1
    if size is None or not any(start) or not all(map(isfinite, start)) or not is_one_unit:
        return size, None
    return size, (start[0], start[1], start[2])


def _metadata(tree: ByteTree, root: Node, image_count: int) -> dict[str, Any]:
    found: dict[str, Any] = {"zarr_format": root.zarr_format, "image_count": image_count}
    ome = None if root.is_array else _ome(root)
    if ome:
        found["ome_zarr"] = ome.version
        if ome.plate:
            found["plate"] = dict(ome.plate)
    document = tree.open("OME/METADATA.ome.xml") if ome and (ome.is_bioformats2raw or ome.multiscales) else None
    if document is not None and document.size <= _MOST_OME_XML_BYTES:
        try:
            found["ome"] = parse_ome_xml(document.read(0, document.size), "OME/METADATA.ome.xml").metadata
        except UnreadableError:  # the arrays can be read without it
            found["ome"] = {}
    return found
