"""OIB and OIF, Olympus FluoView (FV1000): the planes of one recording as one image, with its channels, sections, times and wavelengths.

An OIF is a main file (`name.oif`) and a folder (`name.oif.files`) with one TIFF a plane; the folder is the image, and the main file beside
it tells spacing and dyes. An OIB holds the same files inside one (a compound file).
Read lazily: only planes that an index touches are opened. Not streamed without conversion. Reference pictures, thumbnails, regions and
look-up tables stay in the file.
Metadata understood: spacing, interval, names, emission and excitation of channels, significant bits, objective, magnification, aperture,
date, microscope and software.

Source: the layout as C. Gohlke's oiffile (BSD) describes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.formats import tiff
from micrographia.formats.chunks import chunk_ranges
from micrographia.formats.compound import compound_tree
from micrographia.formats.cursor import printable
from micrographia.formats.description import Contents, LazyImage, UnreadableError
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource, ByteTree
from micrographia.formats.units import voxel_size
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader

Settings = Mapping[str, Mapping[str, str]]

_LONGEST_SETTINGS_BYTES = 16 << 20
_MOST_PLANES = 1_000_000
# planes that are missing are zeros, within reason
_HIGHEST_RATIO = 20
# letter in the name of a plane's file → axis, and the number of that axis in the main file
_AXES = {"C": ("c", 2), "Z": ("z", 3), "T": ("t", 4), "A": ("a", 5), "L": ("l", 6)}
_ORDER = "atlczyx"
_PLANE = re.compile(r"(?:^|[/_])((?:[A-Z]\d{1,6})+)\.tif$")
_PLACE = re.compile(r"([A-Z])(\d+)")


def inspect(source: ByteSource | ByteTree, path: str, companion: ByteSource | None = None) -> Contents:
    """Return the image of an OIB file or OIF folder, or the facts of an OIF's main file; see `registry`."""
    if not isinstance(source, ByteTree) and source.name.lower().endswith(".oif"):
        return Contents(metadata=_facts(_settings(source), {}))
    tree, main = _opened(source)
    if companion is not None:
        main = _settings(companion)
    planes = _planes(tree)
    if not planes:
        raise _refused(tree.name, "no plane", "TIFF files named by their channel, section and time")
    first = planes[min(planes)]
    plane, frame = tree.open(first), _frame_settings(tree, first)
    if plane is None:
        raise _refused(tree.name, f"no {first}", "every plane that is listed")
    found = tiff.inspect(plane, path).images
    if len(found) != 1 or found[0].axes != "yx":
        raise _refused(tree.name, f"planes with the axes {[one.axes for one in found]}", "one plane a file")
    one = found[0]
    lengths = _lengths(planes)
    axes = "".join(a for a in _ORDER if lengths.get(a, 0) > 1 or a in "yx")
    shape = tuple({**lengths, "y": one.shape[0], "x": one.shape[1]}[a] for a in axes)
    remarks = []
    count = prod(shape[:-2])
    if count > _HIGHEST_RATIO * len(planes):
        raise _refused(tree.name, f"{len(planes)} planes", f"{count} planes")
    if count > len(planes):
        message = f"{path}: {count - len(planes)} of {count} planes are not there; they are shown as zeros."
        remarks.append(Finding("olympus.missing_planes", "warning", path, message, f"{len(planes)} planes"))
    if not isinstance(source, ByteTree) or companion is not None:
        names = tuple(c["name"] for c in _channels(main))
    else:
        names = ()
        message = f"{path} lies without its main file: spacing of sections, intervals and dyes are not known."
        remarks.append(Finding("olympus.no_main_file", "warning", path, message, hint=f"Put {_main_name(tree.name)} beside it."))
    channels = names if "c" in axes and len(names) == lengths["c"] else ()
    metadata = _facts(main, frame)
    return Contents((ImageHeader(axes, shape, one.dtype, _spacing(main, frame), channels=channels, metadata=metadata),), {}, tuple(remarks))


def open_image(source: ByteSource | ByteTree, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    header = header or inspect(source, source.name).images[index]
    tree, _ = _opened(source)
    return _PlanesImage(tree, header, _planes(tree))


class _PlanesImage(LazyImage):
    def __init__(self, tree: ByteTree, header: ImageHeader, planes: dict[tuple[tuple[str, int], ...], str]) -> None:
        super().__init__(header)
        self._tree = tree
        axes = header.axes[:-2]
        self._planes = {tuple(dict(place).get(a, 0) for a in axes): name for place, name in planes.items()}

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept."""
        out = np.zeros(tuple(len(r) for r in ranges), self.dtype)
        window = tuple(slice(r.start, r[-1] + 1, r.step) for r in ranges[-2:])
        for where in np.ndindex(out.shape[:-2]):
            name = self._planes.get(tuple(r[i] for r, i in zip(ranges, where, strict=False)))
            if name is not None:
                out[where] = self._plane(name)[window]
        return out

    def blocks(self, max_bytes: int = 1 << 24) -> Any:
        """Yield the image in blocks of whole planes, so that each is opened once."""
        chunk = (*(1 for _ in self.shape[:-2]), *self.shape[-2:])
        for ranges in chunk_ranges(self.shape, chunk, self.dtype.itemsize, max_bytes):
            yield self.read(ranges)

    def _plane(self, name: str) -> LazyImage:
        source = self._tree.open(name)
        if source is None:
            raise _refused(self._tree.name, f"no {name}", "every plane that is listed")
        plane = tiff.open_image(source, 0, None)
        if plane.shape != self.shape[-2:] or plane.dtype != self.dtype:
            raise _refused(self._tree.name, f"{name} of {plane.shape} {plane.dtype}", f"planes of {self.shape[-2:]} {self.dtype}")
        return plane


def _opened(source: ByteSource | ByteTree) -> tuple[ByteTree, Settings]:
    """Return the files under the names that they have in an OIF, and what the main file says as far as it is among them."""
    if isinstance(source, ByteTree):
        return source, {}
    tree = compound_tree(source, "oib")
    info = tree.open("OibInfo.txt")
    if info is None:
        raise _refused(source.name, "no OibInfo.txt", "one that names the streams")
    listed = _settings(info).get("OibSaveInfo", {})
    places = {path.rpartition("/")[2]: path for path in tree.list()}
    whole = tree.renamed({name: places[key] for key, name in listed.items() if key.startswith("Stream") and key in places})
    main = whole.open(listed.get(listed.get("MainFileName", ""), ""))
    if main is None:
        raise _refused(source.name, "no main file", "the one that OibInfo.txt names")
    return whole, _settings(main)


def _planes(tree: ByteTree) -> dict[tuple[tuple[str, int], ...], str]:
    """Return the files of the planes by their places along the axes, counted from 0."""
    found: dict[str, dict[tuple[tuple[str, int], ...], str]] = {}
    for name in tree.list():
        match = _PLANE.search(name)
        if match is None or "/" in name.removeprefix("Storage00001/"):
            continue
        places = _PLACE.findall(match[1])
        letters = "".join(letter for letter, _ in places)
        if len(set(letters)) == len(letters) and set(letters) <= _AXES.keys():
            key = tuple((_AXES[letter][0], int(number) - 1) for letter, number in places)
            found.setdefault(letters, {})[key] = name
    planes = max(found.values(), key=len, default={})
    if len(planes) > _MOST_PLANES or any(number < 0 for place in planes for _, number in place):
        raise _refused(tree.name, f"{len(planes)} planes", f"at most {_MOST_PLANES}, counted from 1")
    return planes


def _lengths(planes: dict[tuple[tuple[str, int], ...], str]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for place in planes:
        for axis, number in place:
            lengths[axis] = max(lengths.get(axis, 0), number + 1)
    return lengths


def _settings(source: ByteSource) -> dict[str, dict[str, str]]:
    """Return the sections of a settings file: UTF-16, ``[section]``, ``key=value`` with quotes around text."""
    if source.size > _LONGEST_SETTINGS_BYTES:
        raise _refused(source.name, f"{source.size} bytes of settings", f"at most {_LONGEST_SETTINGS_BYTES}")
    data = source.read(0, source.size)
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", "replace")
    found: dict[str, dict[str, str]] = {}
    section = found.setdefault("", {})
    for line in text.splitlines():
        if line.startswith("[") and line.rstrip().endswith("]"):
            section = found.setdefault(line.strip()[1:-1], {})
        elif "=" in line:
            key, _, value = line.partition("=")
            section[key.strip()] = value.strip().strip("\"'")
    return found


def _frame_settings(tree: ByteTree, plane: str) -> Settings:
    """Return what lies beside a plane: its pixel size and objective."""
    source = tree.open(plane.removesuffix(".tif") + ".pty")
    return {} if source is None else _settings(source)


def _spacing(main: Settings, frame: Settings) -> Any:
    picture = frame.get("Image Parameters") or main.get("Reference Image Parameter", {})
    step, unit = _step(main, 3)
    y, x = (_number(picture.get(key)) for key in ("HeightConvertValue", "WidthConvertValue"))
    found = [(step, unit), (y, picture.get("HeightUnit", "")), (x, picture.get("WidthUnit", ""))]
    # sections are told in nm, pixels in µm
    factors = {"nm": 1e-3, "um": 1.0, "mm": 1e3}
    return voxel_size([None if v is None or u not in factors else float(f"{v * factors[u]:.7g}") for v, u in found], "µm")


def _step(main: Settings, axis: int) -> tuple[float | None, str]:
    """Return the distance between neighbours along an axis of the main file, and its unit."""
    said = main.get(f"Axis {axis} Parameters Common", {})
    start, end, count = (_number(said.get(key), signed=True) for key in ("StartPosition", "EndPosition", "MaxSize"))
    if start is None or end is None or count is None or count < 2:
        return None, ""
    return abs(end - start) / (count - 1) or None, said.get("UnitName", "")


def _channels(main: Settings) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while (said := main.get(f"Channel {len(found) + 1} Parameters")) is not None:
        dye = said.get("DyeName", "")
        channel: dict[str, Any] = {"name": printable(dye if dye not in ("", "None") else said.get("CH Name", ""))[:100]}
        for key, name in (("emission_nm", "EmissionWavelength"), ("excitation_nm", "ExcitationWavelength")):
            if (length := _number(said.get(name))) is not None:
                channel[key] = length
        found.append(channel)
    return found


def _facts(main: Settings, frame: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {"channels": _channels(main)}
    picture = frame.get("Image Parameters") or main.get("Reference Image Parameter", {})
    if bits := _number(picture.get("ValidBitCounts")):
        found["significant_bits"] = int(bits)
    scan, made = (settings.get("Acquisition Parameters Common", {}) for settings in (frame, main))
    version = main.get("Version Info", {})
    objective: dict[str, Any] = {"model": " ".join(printable(scan.get("ObjectiveLens Name", "")).split())[:200]}
    objective["magnification"] = _number(scan.get("Magnification"))
    objective["numerical_aperture"] = _number(scan.get("ObjectiveLens NAValue"))
    found["objective"] = {key: value for key, value in objective.items() if value}
    step, unit = _step(main, _AXES["T"][1])
    if step is not None and unit in ("ms", "s"):
        found["time_increment_s"] = float(f"{step / (1000 if unit == 'ms' else 1):.7g}")
    found["acquired"] = printable(made.get("ImageCaputreDate", ""))[:50]  # so it is spelled there
    found["microscope"] = printable(made.get("Acquisition Device", ""))[:200]
    found["software"] = printable(f"{version.get('SystemName', '')} {version.get('SystemVersion', '')}").strip()[:200]
    return {key: value for key, value in found.items() if value}


def _number(text: str | None, *, signed: bool = False) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) and (signed or number > 0) else None


def _main_name(folder: str) -> str:
    return folder.removesuffix(".files")


def _refused(name: str, found: str, expected: str) -> UnreadableError:
    return UnreadableError("olympus.unreadable", f"{name} is not a whole OIF or OIB.", found=found[:200], expected=expected)
