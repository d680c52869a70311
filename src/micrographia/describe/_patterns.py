"""Files whose names differ in numbers only, gathered while they stream by: memory grows with the number of patterns, not of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from micrographia.formats.description import FileDescription
from micrographia.model.image import ImageHeader, VoxelSize

# stands in a pattern for a number (or a long hexadecimal word) of the name; no file name may hold it
NUMBER = "\x01"
_NUMBERS = re.compile(r"(?<![A-Za-z0-9])(?=[a-f]*\d)[0-9a-f]{10,}(?![A-Za-z0-9])|(?<![0-9])-?\d+(?:\.\d+)?")
_JOB = re.compile(r"job\d+|J\d+|P\d+")
# up to so many files of one pattern and header are kept one by one: maps, masks and tables each have a role of their own
MOST_LISTED = 64
# beyond so many patterns in one folder its names follow no pattern: then only their endings are kept
_MOST_PATTERNS = 4_000
_MOST_LENGTHS = 16
_SUFFIX = re.compile(r"(\.[A-Za-z]\w{0,11})?(\.[A-Za-z0-9]\w{0,11})$")
_KNOWN_DOUBLE = frozenset((".ome", ".mrc", ".map", ".rec", ".st", ".mrcs", ".ccp4", ".tar", ".zarr", ".nii"))


@dataclass(slots=True, eq=False)
class FileFact:
    """What is kept of one file."""

    path: str
    images: tuple[ImageHeader, ...]
    metadata: Mapping[str, Any]
    size_bytes: int = 0

    @property
    def name(self) -> str:
        """File name."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """Folder, empty at the top."""
        return self.path.rpartition("/")[0]


@dataclass(slots=True, eq=False)
class Variant:
    """Files of one pattern with the same kind of header."""

    header: ImageHeader | None
    """First image of the first file; None where no reader knows the format."""
    first: FileFact
    count: int = 0
    files: list[FileFact] = field(default_factory=list)
    """The files themselves, as long as they are at most `MOST_LISTED`."""
    lengths: dict[int, int] = field(default_factory=dict)
    """Number of files by their length along z or t."""
    bytes: int = 0

    @property
    def is_listed(self) -> bool:
        """Whether `files` holds them all."""
        return self.count == len(self.files)


@dataclass(slots=True, eq=False)
class Pattern:
    """Files whose paths differ in numbers only."""

    folder: str
    """Folder with `NUMBER` for numbers; the folder itself where there is only one."""
    name: str
    """File name with `NUMBER` for numbers."""
    suffix: str
    """Ending, lower case: ``.mrc``, ``.ome.tif``."""
    format: str
    variants: dict[tuple[Any, ...], Variant] = field(default_factory=dict)
    count: int = 0
    only_folder: str | None = None
    """The one real folder, None where there are several."""

    @property
    def real_folder(self) -> str:
        """Folder as a glob sees it: the only one there is, else with `NUMBER` for numbers."""
        return self.folder if self.only_folder is None else self.only_folder

    @property
    def sample(self) -> str:
        """A path that stands for all of them in the question which glob matches them."""
        single = self.count == 1
        name = self.first.first.name if single else self.name
        return f"{self.real_folder}/{name}" if self.real_folder else name

    @property
    def first(self) -> Variant:
        """The variant that came first."""
        return next(iter(self.variants.values()))


class Patterns:
    """Gathers descriptions into patterns."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str, str], Pattern] = {}
        self._per_folder: dict[str, int] = {}
        self.file_count = 0

    def __iter__(self) -> Iterator[Pattern]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def gather(self, descriptions: Iterable[FileDescription]) -> None:
        """Add files as they come."""
        by_key = self._by_key
        for description in descriptions:
            path = description.path
            folder, _, name = path.rpartition("/")
            if not _is_fit(path, description):
                continue
            self.file_count += 1
            masked_folder, masked_name = _mask_folder(folder), _NUMBERS.sub(NUMBER, name)
            key = (masked_folder, masked_name, description.format)
            pattern = by_key.get(key)
            if pattern is None:
                pattern = self._new_pattern(key, name, folder)
            if pattern.only_folder != folder:
                pattern.only_folder = None
            pattern.count += 1
            _add(pattern, description)

    def _new_pattern(self, key: tuple[str, str, str], name: str, folder: str) -> Pattern:
        masked_folder, masked_name, format_ = key
        suffix = suffix_of(name)
        known = self._per_folder[masked_folder] = self._per_folder.get(masked_folder, 0) + 1
        if known > _MOST_PATTERNS:  # names without a pattern: by their ending alone
            masked_name = NUMBER + suffix
            key = (masked_folder, masked_name, format_)
            if key in self._by_key:
                return self._by_key[key]
        pattern = Pattern(masked_folder, masked_name, suffix, format_, only_folder=folder)
        self._by_key[key] = pattern
        return pattern


def suffix_of(name: str) -> str:
    """Return the ending of a file name, lower case: ``.mrc``, ``.ome.tif``, ``.map.gz``; empty where there is none."""
    match = _SUFFIX.search(name.lower())
    if match is None:
        return ""
    first, last = match[1] or "", match[2]
    return first + last if first in _KNOWN_DOUBLE else last


def stem_of(name: str) -> str:
    """Return a file name without its ending."""
    return name[: len(name) - len(suffix_of(name))] or name


def _is_fit(path: str, description: FileDescription) -> bool:
    """Whether a sheet can name the file: links and names that no file may have are the business of their remarks."""
    return path.isprintable() and not any(r.rule.startswith("file.") and r.severity == "error" for r in description.remarks)


@lru_cache(maxsize=4096)
def _mask_folder(folder: str) -> str:
    """Numbers of folders are masked too (TS_01/, TS_02/), but not those of jobs, which are steps of a processing."""
    return "/".join(part if _JOB.fullmatch(part) else _NUMBERS.sub(NUMBER, part) for part in folder.split("/"))


def _add(pattern: Pattern, description: FileDescription) -> None:
    images = description.images
    header = images[0] if images else None
    if header is None:
        signature: tuple[Any, ...] = ()
        length = 0
    else:
        signature, length = _signature(header, len(images))
    variant = pattern.variants.get(signature)
    if variant is None:
        fact = FileFact(description.path, images, description.metadata, description.size_bytes)
        variant = pattern.variants[signature] = Variant(header, fact)
        variant.files.append(fact)
    elif variant.count < MOST_LISTED:
        variant.files.append(FileFact(description.path, images, description.metadata, description.size_bytes))
    elif variant.count == MOST_LISTED:  # too many to be told one by one: keep the first
        del variant.files[1:]
    variant.count += 1
    variant.bytes += description.size_bytes
    if length in variant.lengths or len(variant.lengths) < _MOST_LENGTHS:
        variant.lengths[length] = variant.lengths.get(length, 0) + 1


def _signature(header: ImageHeader, images: int) -> tuple[tuple[Any, ...], int]:
    """Return what files of one group have in common, and the length along z or t, in which they may differ."""
    axes, shape = header.axes, header.shape
    size = header.voxel_size
    rounded = None if size is None else (_rounded(size.z), _rounded(size.y), _rounded(size.x), size.unit)
    length = 1
    if len(shape) > 2:
        at = axes.find("z")
        at = axes.find("t") if at < 0 or shape[at] == 1 else at
        length = shape[at] if at >= 0 else 1
    return (axes, shape[-2:], header.dtype, rounded, header.is_stack, length > 1, images > 1), length


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def pixel_size_a(size: VoxelSize | None) -> float | None:
    """Return the size of a pixel in Å where x and y agree, to six digits."""
    if size is None:
        return None
    _, y, x = size.in_angstrom()
    if x is None or y is None or abs(x - y) > 1e-3 * x:
        return None
    return float(f"{x:.6g}")


def mask_numbers(name: str) -> str:
    """Return a file or folder name with `NUMBER` for its numbers."""
    return _NUMBERS.sub(NUMBER, name)
