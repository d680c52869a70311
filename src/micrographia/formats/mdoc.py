"""SerialEM's .mdoc files: how each section of a stack, or each movie, was taken.

Grammar (SerialEM help, «Image metadata»): `key = value` lines, first for the whole file, then under `[ZValue = 0]`, `[FrameSet = 0]`
or `[MontSection = 0]` for one section; `[T = …]` or `T = …` are titles, one of which tells the tilt axis angle.

The metadata that `inspect` gives, JSON-ready::

    titles, header              the [T = …] lines; {key: value} of the whole file
    sections                    [{"kind": "ZValue", "index": 0, key: value, …}] in the order of the file
    kind                        tilt_series, frame_sets, montage or other
    tilt_angles_deg             one a section, or absent when a section has none
    tilt_axis_deg, binning      from the titles, else RotationAngle of the sections is left in `sections`
    pixel_size_a, voltage_kv, magnification, total_dose_e_per_a2 (sum over the sections), dose_e_per_a2 (of one section, median),
    defocus_um [min, max], target_defocus_um, image_file, image_size [x, y], frame_count, microscope, software, started
    movies                      [file name of SubFramePath], as far as sections name them
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import PureWindowsPath
from statistics import median
from typing import Any

from micrographia.formats.description import Contents, UnreadableError
from micrographia.formats.source import ByteSource
from micrographia.model.finding import Finding

Value = int | float | str | list[int | float]

_MOST_BYTES = 1 << 26
_SECTION = re.compile(r"\[\s*(\w+)\s*=\s*(.*?)\s*\]?\s*")
_SECTION_KINDS = ("ZValue", "FrameSet", "MontSection")
_TILT_AXIS = re.compile(r"Tilt axis angle\s*=\s*(-?[\d.]+)", re.IGNORECASE)
_BINNING = re.compile(r"\bbinning\s*=\s*([\d.]+)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
# values that are text even where they look like a number
_TEXT_KEYS = frozenset(
    ("SubFramePath", "NavigatorLabel", "ImageFile", "DateTime", "GainReference", "ChannelName", "AcquiredAtNavItem", "T")
)


@dataclass(frozen=True, slots=True)
class MdocSection:
    """One section of a stack, one movie, or one montage."""

    kind: str
    """ZValue, FrameSet or MontSection."""
    index: int
    """Number behind the kind."""
    values: Mapping[str, Value]
    """Keys as SerialEM writes them: numbers as numbers, several of them as a list."""


@dataclass(frozen=True, slots=True)
class Mdoc:
    """A whole .mdoc file."""

    titles: tuple[str, ...]
    """The `[T = …]` lines."""
    header: Mapping[str, Value]
    """Keys of the whole file."""
    sections: tuple[MdocSection, ...]
    """In the order of the file."""

    def of_kind(self, kind: str) -> tuple[MdocSection, ...]:
        """Return the sections of this kind."""
        return tuple(s for s in self.sections if s.kind == kind)

    def numbers(self, key: str, kind: str = "ZValue") -> list[float]:
        """Return the numbers of a key in the sections of this kind, those sections left out that have none."""
        values = (s.values.get(key) for s in self.of_kind(kind))
        return [float(v) for v in values if isinstance(v, int | float)]


def read_mdoc(source: ByteSource) -> Mdoc:
    """Return the contents of a .mdoc file; UnreadableError when it is none."""
    if source.size > _MOST_BYTES:
        raise UnreadableError(
            "mdoc.unreadable", f"{source.name} has {source.size} bytes; an mdoc file has less than {_MOST_BYTES >> 20} MiB."
        )
    data = source.read(0, source.size)
    if b"\0" in data:
        raise UnreadableError("mdoc.unreadable", f"{source.name} holds binary data.", found="a zero byte", expected="lines of key = value")
    return parse_mdoc(data.decode("utf-8", "replace"), source.name)


def parse_mdoc(text: str, name: str = "mdoc") -> Mdoc:
    """Return the contents of the text of a .mdoc file; lines that are none of its grammar are passed over."""
    titles: list[str] = []
    header: dict[str, Value] = {}
    sections: list[MdocSection] = []
    values = header
    understood = 0
    for line in text.splitlines():
        line = line.strip().lstrip("\ufeff")
        section = _SECTION.fullmatch(line) if line.startswith("[") else None
        if section and section[1] == "T":
            titles.append(section[2].strip())
        elif section and section[1] in _SECTION_KINDS:
            values = {}
            sections.append(MdocSection(section[1], _index(section[2], len(sections)), values))
        elif not line.startswith("[") and "=" in line:
            key, _, value = line.partition("=")
            key, value = key.strip(), value.strip()
            if key == "T":
                titles.append(value)
            else:
                values[key] = _typed(key, value)
        else:
            continue
        understood += 1
    if not understood:
        raise UnreadableError(
            "mdoc.unreadable", f"{name} is no mdoc file: no line of it reads key = value.", expected="lines such as PixelSpacing = 1.35"
        )
    return Mdoc(tuple(titles), header, tuple(sections))


def inspect(source: ByteSource, path: str) -> Contents:
    """Return the sections of a .mdoc file and what they say together (see the module)."""
    mdoc = read_mdoc(source)
    remarks = []
    if not mdoc.sections:
        remarks.append(Finding("mdoc.sections", "warning", path, f"{path} has no section.", "0 sections", "[ZValue = 0] or [FrameSet = 0]"))
    return Contents(metadata=summary(mdoc), remarks=tuple(remarks))


def summary(mdoc: Mdoc) -> dict[str, Any]:
    """Return what an mdoc file says as JSON-ready metadata (see the module)."""
    frames = mdoc.of_kind("FrameSet")
    montage = bool(mdoc.of_kind("MontSection")) or mdoc.header.get("Montage") == 1
    kind = "FrameSet" if frames else "ZValue"
    main = mdoc.of_kind(kind)
    tilts = mdoc.numbers("TiltAngle", kind)
    is_series = bool(tilts) and not frames and not montage
    result: dict[str, Any] = {
        "kind": "frame_sets" if frames else "montage" if montage else "tilt_series" if is_series else "other",
        "titles": list(mdoc.titles),
        "header": dict(mdoc.header),
        "sections": [{**s.values, "kind": s.kind, "index": s.index} for s in mdoc.sections],
    }
    if tilts and len(tilts) == len(main):
        result["tilt_angles_deg"] = tilts
    result.update(_acquisition(mdoc, main, kind))
    movies = [PureWindowsPath(path).name for s in main if isinstance(path := s.values.get("SubFramePath"), str) and path]
    if movies:
        result["movies"] = movies
    return result


def _acquisition(mdoc: Mdoc, main: tuple[MdocSection, ...], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    title = " ".join(mdoc.titles)
    if axis := _TILT_AXIS.search(title):
        found["tilt_axis_deg"] = float(axis[1])
    if binning := _BINNING.search(title):
        found["binning"] = float(binning[1])
    for name, key in (
        ("pixel_size_a", "PixelSpacing"),
        ("voltage_kv", "Voltage"),
        ("magnification", "Magnification"),
        ("exposure_s", "ExposureTime"),
    ):
        here = mdoc.header.get(key)
        numbers = [float(here)] if isinstance(here, int | float) else mdoc.numbers(key, kind)
        if numbers:
            found[name] = median(numbers)
    doses = mdoc.numbers("ExposureDose", kind)
    if any(doses):
        found["dose_e_per_a2"] = median(doses)
        found["total_dose_e_per_a2"] = round(sum(doses), 6)
    if defocus := mdoc.numbers("Defocus", kind):
        found["defocus_um"] = [min(defocus), max(defocus)]
    if targets := mdoc.numbers("TargetDefocus", kind):
        found["target_defocus_um"] = [min(targets), max(targets)]
    if counts := mdoc.numbers("NumSubFrames", kind):
        found["frame_count"] = int(median(counts))
    for name, key in (("image_file", "ImageFile"), ("image_size", "ImageSize"), ("software", "Version")):
        if key in mdoc.header:
            found[name] = mdoc.header[key]
    started = [v for s in main if isinstance(v := s.values.get("DateTime"), str)]
    if started:
        found["started"] = started[0]
    if microscope := next((t for t in mdoc.titles if t.startswith("SerialEM:")), None):
        found["microscope"] = re.split(r"\s{2,}", microscope.removeprefix("SerialEM:").strip())[0].removeprefix("Digitized on ")
        found.setdefault("software", "SerialEM")
    return found


def _index(text: str, default: int) -> int:
    return int(text) if text.isdigit() and len(text) < 12 else default


def _typed(key: str, text: str) -> Value:
    if key in _TEXT_KEYS:
        return text
    words = text.split()
    if not words or not all(_NUMBER.fullmatch(w) for w in words):
        return text
    numbers = [_number(w) for w in words]
    if not all(map(isfinite, numbers)):
        return text
    return numbers[0] if len(numbers) == 1 else numbers


def _number(word: str) -> int | float:
    return int(word) if word.lstrip("+-").isdigit() and len(word) < 18 else float(word)
