"""Which axis of an HDF5 dataset is which, and how far apart its samples lie, by the conventions of the programs that write them.

Known: dimension labels, vigra and ilastik `axistags`, `element_size_um` (Fiji's HDF5, plant-seg), CREMI, Imaris, BigDataViewer, Velox,
NCEM EMD, Segger, data-exchange. Without any: yx, zyx, czyx, tczyx; a last axis of 3 or 4 is colour.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from micrographia.formats.hdf5_links import reached
from micrographia.formats.units import voxel_size
from micrographia.model.image import VoxelSize

_WORDS = {
    **{letter: letter for letter in "xyztc"},
    "width": "x", "height": "y", "depth": "z", "length": "y", "time": "t", "channel": "c", "channels": "c", "frame": "t", "section": "z",
}  # fmt: skip
_PROJECTION_WORDS = ("theta", "angle", "projection")
_DEFAULT_AXES = {2: "yx", 3: "zyx", 4: "czyx", 5: "tczyx"}
_SPARE = "pqruvwabdefghijklmnos"
_ORDER = "tczyx"
_VELOX = re.compile(r"^Data/Image/[0-9a-f]{32}/Data$")
_MOST_ATTRIBUTES = 100
_LONGEST_TEXT = 1_000
_MOST_ANGLES = 10_000
_LONGEST_VELOX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a dataset is presented."""

    axes: str
    """Axes as presented; those of length 1 other than y and x are left out."""
    shape: tuple[int, ...]
    """Lengths as presented."""
    order: tuple[int, ...]
    """For each presented axis its place in the dataset."""
    voxel_size: VoxelSize | None = None
    """None when nothing says it."""
    is_stack: bool = False
    """Whether z counts projections."""
    channels: tuple[str, ...] = ()
    """Channel names where they are known."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready attributes of the dataset."""


def meaning_of(file: h5py.File, path: str, dataset: h5py.Dataset) -> Meaning:
    """Return how the dataset at `path` is presented."""
    attributes = attributes_of(dataset)
    names, is_stack = _axis_names(path, dataset, attributes)
    if path == "exchange/data":  # projections, where their angles lie beside them
        is_stack = is_stack or reached(file, "exchange/theta") is not None
    keep = [k for k, n in enumerate(dataset.shape) if n > 1 or names[k] in "yx"]
    order = sorted(keep, key=lambda k: (_ORDER.find(names[k]), k))
    axes, shape = "".join(names[k] for k in order), tuple(int(dataset.shape[k]) for k in order)
    colours = ("red", "green", "blue", "alpha")[: dict(zip(axes, shape, strict=True)).get("c", 0)]
    is_colour = dataset.dtype == np.uint8 and "c" in axes and len(colours) in (3, 4) and names[-1] == "c"
    return Meaning(
        axes,
        shape,
        tuple(order),
        _voxel_size(file, path, names, attributes),
        is_stack and "z" in axes,
        colours if is_colour and dataset.shape[-1] == len(colours) else (),
        {key: value for key, value in attributes.items() if key not in ("axistags", "CLASS", "DIMENSION_LABELS")},
    )


def attributes_of(item: h5py.HLObject) -> dict[str, Any]:
    """Return the small attributes of an object as JSON-ready values."""
    found: dict[str, Any] = {}
    for name in list(item.attrs)[:_MOST_ATTRIBUTES]:
        attribute = item.attrs.get_id(name)
        if int(np.prod(attribute.shape, dtype=np.int64)) > 1_000 or attribute.get_storage_size() > 1 << 16:
            continue
        try:
            value = _plain(item.attrs[name])
        except (OSError, RuntimeError, TypeError, ValueError, LookupError):  # types that h5py does not know
            continue
        if value is not None:
            found[str(name)] = value
    return found


def file_metadata(file: h5py.File, datasets: Mapping[str, h5py.Dataset]) -> dict[str, Any]:
    """Return what the file says of itself: attributes of its root, angles of a tomography scan, how many datasets it has."""
    metadata: dict[str, Any] = {"dataset_count": len(datasets)}
    if attributes := attributes_of(file):
        metadata["attributes"] = attributes
    angles = datasets.get("exchange/theta")
    if angles is not None and angles.ndim == 1 and angles.size <= _MOST_ANGLES and angles.dtype.kind in "iuf":
        metadata["tilt_angles_deg"] = [float(a) for a in angles[:] if np.isfinite(a)]
    return metadata


def _axis_names(path: str, dataset: h5py.Dataset, attributes: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Return one letter an axis, all different, y and x among them; and whether z counts projections."""
    if _VELOX.match(path) and dataset.ndim == 3:
        return ["y", "x", "t"], False
    words = _axis_words(dataset, attributes)
    is_stack = bool(words) and any(words[0].startswith(p) for p in _PROJECTION_WORDS)
    if is_stack:
        words = ["z", *words[1:]]
    names = [_WORDS.get(word, "") for word in words]
    letters = [name for name in names if name]
    if len(letters) != len(set(letters)) or not {"x", "y"} <= set(letters):
        names = _default(dataset)
    spare = iter(letter for letter in _SPARE if letter not in names)
    return [name or next(spare) for name in names], is_stack


def _axis_words(dataset: h5py.Dataset, attributes: Mapping[str, Any]) -> list[str]:
    labels = attributes.get("DIMENSION_LABELS")
    tags = attributes.get("axistags")
    axes = attributes.get("axes")
    words: list[Any] = []
    if isinstance(labels, list):
        words = labels
    elif isinstance(tags, str):
        try:
            words = [axis["key"] for axis in json.loads(tags)["axes"]]
        except (ValueError, KeyError, TypeError):
            words = []
    elif isinstance(axes, str):
        words = re.split(r"[:,\s]+", axes.strip("[]")) if re.search(r"[:,\s]", axes) else list(axes)
    elif isinstance(axes, list):
        words = axes
    return [str(word).strip().lower() for word in words] if len(words) == dataset.ndim else []


def _default(dataset: h5py.Dataset) -> list[str]:
    shape = dataset.shape
    if len(shape) >= 3 and shape[-1] in (3, 4) and min(shape[-3:-1]) > 4:  # colour, or a class index, comes last
        return [""] * max(0, len(shape) - 4) + list("zyxc"[-min(len(shape), 4) :] if len(shape) > 3 else "yxc")
    if len(shape) == 4 and shape[-1] == 1:
        return list("zyxc")
    return [""] * max(0, len(shape) - 5) + list(_DEFAULT_AXES[min(len(shape), 5)])


def _voxel_size(file: h5py.File, path: str, names: list[str], attributes: Mapping[str, Any]) -> VoxelSize | None:
    if _numbers(attributes.get("element_size_um"), 3):
        return voxel_size(attributes["element_size_um"], "µm")
    if path.startswith("volumes/") and _numbers(attributes.get("resolution"), 3):  # CREMI
        return voxel_size(attributes["resolution"], "nm")
    if path.startswith("DataSet/ResolutionLevel 0/"):
        return _of_imaris(file)
    if _VELOX.match(path):
        return _of_velox(file, path)
    root = attributes_of(file)
    transform = root.get("ijk_to_xyz_transform")
    if (
        root.get("format") == "segger"
        and isinstance(transform, list)
        and len(transform) == 3
        and all(_numbers(row, 4) for row in transform)
    ):
        return voxel_size([round(transform[k][k], 6) for k in (2, 1, 0)], "Å")
    return _of_dimensions(file, path, names)


def _of_imaris(file: h5py.File) -> VoxelSize | None:
    info = reached(file, "DataSetInfo/Image")
    if info is None:
        return None
    about = {
        name: "".join(np.asarray(value).astype("S1").astype(str).ravel()) for name, value in list(info.attrs.items())[:_MOST_ATTRIBUTES]
    }
    try:
        extent = [float(about[f"ExtMax{i}"]) - float(about[f"ExtMin{i}"]) for i in (2, 1, 0)]
        count = [int(about[axis]) for axis in "ZYX"]
        return voxel_size([e / n for e, n in zip(extent, count, strict=True)], about.get("Unit", "um"))
    except (KeyError, ValueError, ZeroDivisionError):
        return None


def _of_velox(file: h5py.File, path: str) -> VoxelSize | None:
    """Return the pixel size from the JSON that Velox keeps beside each image, one column of bytes a frame."""
    table = reached(file, path.removesuffix("Data") + "Metadata")
    if not isinstance(table, h5py.Dataset) or table.dtype != np.uint8 or table.ndim != 2 or table.shape[0] > _LONGEST_VELOX_BYTES:
        return None
    try:
        size = json.loads(table[:, 0].tobytes().split(b"\0", 1)[0])["BinaryResult"]
        return voxel_size([None, float(size["PixelSize"]["height"]), float(size["PixelSize"]["width"])], size["PixelUnitX"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _of_dimensions(file: h5py.File, path: str, names: list[str]) -> VoxelSize | None:
    """Return the spacing that NCEM EMD writes beside the data: dim1, dim2 … with the position of each sample and a unit."""
    folder = path.rpartition("/")[0]
    group = reached(file, folder) if folder else None
    if group is None or "emd_group_type" not in group.attrs:
        return None
    spacing: dict[str, float | None] = {}
    units: dict[str, str] = {}
    for k, name in enumerate(names):
        dim = reached(file, f"{folder}/dim{k + 1}")
        if isinstance(dim, h5py.Dataset) and dim.ndim == 1 and dim.size > 1 and dim.dtype.kind in "iuf":
            first, second = dim[:2].tolist()
            spacing[name] = float(f"{second - first:.7g}")
            units[name] = str(_plain(dim.attrs.get("units", ""))).strip("[]").replace("_", "")
    return voxel_size([spacing.get(a) for a in "zyx"], [units.get(a, "") for a in "zyx"])


def _numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(v, int | float) for v in value)


def _plain(value: Any) -> Any:
    """Return an attribute's value as JSON has it; None for what JSON has not."""
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, np.ndarray):
        items = [_plain(v) for v in value]
        return None if any(v is None for v in items) else items
    if isinstance(value, bytes | np.bytes_):
        return value.decode("utf-8", "replace")[:_LONGEST_TEXT]
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer | int):
        return int(value)
    if isinstance(value, np.floating | float):
        return float(value) if np.isfinite(value) else None
    return None
