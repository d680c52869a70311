"""Which reader opens which file (`table.py`). What no reader knows is stored and not interpreted, and that is said.

How a format plugs in: it is one row of `FORMATS` and one module, imported when the first such file comes, with two functions::

    def inspect(source: ByteSource | ByteTree, path: str) -> Contents
        # headers only; bounded reads; sizes that the header claims are compared with source.size before anything is allocated.
        # Raises UnreadableError(rule, message, …) when the file is not what it claims to be; `path` is for remarks only.
    def open_image(source: ByteSource | ByteTree, index: int, header: ImageHeader | None) -> LazyImage
        # the image at this place of Contents.images; `header`, when given, is what inspect said, so it need not be parsed again.
        # Never called for images whose header has a RawLayout: those are read without the module.

A format whose images are described by a file beside them (BigDataViewer's XML) names it in its row; its `inspect` takes that file, or None,
as a third argument. A format without images has no `open_image`. `isolated` formats are parsed by large libraries that trust their input:
whoever handles files of strangers calls these functions in a worker process (`workers.py`); the functions here run where they are called.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Collection
from functools import cache
from importlib import import_module
from types import ModuleType

from micrographia.errors import InvalidInputError
from micrographia.formats.description import Contents, FileDescription, LazyImage, UnreadableError
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource, ByteTree
from micrographia.formats.table import FORMATS, Format
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader

# bytes of a file's start that `identify` looks at
HEAD_BYTES = 1024


ZARR_MARKERS = frozenset(("zarr.json", ".zgroup", ".zarray", ".zattrs"))

_BY_NAME = {f.name: f for f in FORMATS}
_BY_MAGIC = tuple((f, f.magic) for f in FORMATS if f.magic)
_BY_SUFFIX = {suffix: f for f in FORMATS for suffix in f.suffixes}
# endings that other programs use for text: only a file that looks binary is an image there
_SHARED_SUFFIXES = frozenset((".map", ".rec", ".st", ".ali", ".xmp"))
# endings that many programs use: the first bytes decide
_MAGIC_SUFFIXES = frozenset((".mod", ".ser", ".am", ".bmp", ".sff"))
# TIFF or HDF5 by their first bytes, but with contents that no reader here decodes
_FOREIGN_SUFFIXES = frozenset((".cr2", ".nef", ".dng", ".arw", ".mnc", ".nc"))

# what the standard library's table lacks
_MEDIA_TYPES = {
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".cif": "chemical/x-cif",
    ".pdb": "chemical/x-pdb",
    ".parquet": "application/vnd.apache.parquet",
    ".xml": "application/xml",
    ".mod": "application/octet-stream",
    ".log": "text/plain",
    ".rawtlt": "text/plain",
    ".tlt": "text/plain",
    ".xf": "text/plain",
}


def format_named(name: str) -> Format:
    """Return the row of the table with this name; InvalidInputError when there is none."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise InvalidInputError(f"{name[:80]!r} is not a format that this archive reads; known are {', '.join(_BY_NAME)}.") from None


def identify(name: str, head: bytes) -> Format | None:
    """Return the format of a file by its first bytes, then by its name; None means «stored, not interpreted».

    Parameters
    ----------
    name : str
        File name with its suffixes.
    head : bytes
        The first `HEAD_BYTES` bytes, fewer when the file is shorter.
    """
    lower = name.lower()
    last = lower[lower.rfind(".") :] if "." in lower else ""
    if last in _FOREIGN_SUFFIXES:
        return None
    for candidate, magic in _BY_MAGIC:
        if magic(head):
            named = _BY_SUFFIX.get(last)
            return named if named is not None and named.container == candidate.name else candidate
    first = lower.rfind(".", 0, len(lower) - len(last))
    format_ = (_BY_SUFFIX.get(lower[first:]) if first >= 0 else None) or _BY_SUFFIX.get(last)
    if format_ is None or format_.folder or last in _MAGIC_SUFFIXES or (last in _SHARED_SUFFIXES and _is_text(head)):
        return None
    return format_


def identify_folder(name: str, entries: Collection[str], read: Callable[[str], bytes]) -> Format | None:
    """Return the format of a folder that is one thing; None for any other folder.

    Parameters
    ----------
    name : str
        Name of the folder.
    entries : collection of str
        Names of what lies in it.
    read : function of str
        Returns the start of a file in it.
    """
    lower = name.lower()
    if not ZARR_MARKERS.isdisjoint(entries):
        return _BY_NAME["ome_zarr"]
    if lower.endswith(".oif.files"):
        return _BY_NAME["oif"]
    return _BY_NAME["n5"] if _is_n5(lower, entries, read) else None


def media_type(name: str, format_: Format | None = None) -> str:
    """Return the media type of a file by its format, else by its name; ``application/octet-stream`` when neither says it."""
    if format_ is not None:
        return format_.media_type
    lower = name.lower()
    suffix = lower[lower.rfind(".") :] if "." in lower else ""
    return _MEDIA_TYPES.get(suffix) or _guess(suffix) or "application/octet-stream"


def inspect(source: ByteSource | ByteTree, path: str) -> FileDescription:
    """Return what the header of a file says; never raises on bad data: an unreadable file gets remarks with severity error.

    Parameters
    ----------
    source : ByteSource or ByteTree
    path : str
        Path inside the deposit, for the description and its remarks.
    """
    if isinstance(source, ByteTree):
        tree = source
        entries = {name.partition("/")[0] for name in tree.list()}
        folder_format = identify_folder(tree.name, entries, lambda name: _start(tree.open(name)))
        return inspect_as(source, path, folder_format or _BY_NAME["ome_zarr"], 0)
    format_ = identify(source.name, _start(source))
    if format_ is None:
        return FileDescription(path, source.size, "", media_type(source.name))
    return inspect_as(source, path, format_, source.size)


def open_image(source: ByteSource | ByteTree, format_name: str, index: int = 0, header: ImageHeader | None = None) -> LazyImage:
    """Return the image at place `index` of a file as a lazy array.

    Parameters
    ----------
    source : ByteSource or ByteTree
    format_name : str
        Name in the table.
    index : int
        Place in the images that `inspect` reported.
    header : ImageHeader, optional
        What `inspect` said of it; with a RawLayout no parser runs at all.
    """
    if header is not None and header.layout is not None:
        if isinstance(source, ByteTree):
            raise InvalidInputError(f"{source.name} is a folder: its images have no layout in one file.")
        return RawImage(source, header)
    image: LazyImage = _module(format_named(format_name).module).open_image(source, index, header)
    return image


def inspect_as(
    source: ByteSource | ByteTree, path: str, format_: Format, size_bytes: int, companion: ByteSource | None = None
) -> FileDescription:
    """Return what the header says, for a file whose format is known; as `inspect` it never raises on bad data."""
    try:
        beside = (companion,) if format_.companion is not None else ()
        contents: Contents = _module(format_.module).inspect(source, path, *beside)
    except UnreadableError as exc:
        contents = Contents(remarks=(exc.finding(path),))
    except Exception as exc:  # noqa: BLE001  the edge: whatever a parser raises on a stranger's file is a finding
        contents = Contents(remarks=(unreadable(path, format_.name, exc),))
    return FileDescription(
        path,
        size_bytes,
        format_.name,
        format_.media_type,
        contents.images,
        contents.metadata,
        contents.remarks,
        tuple(f"{path}/{member}" for member in contents.members),
    )


def _is_n5(name: str, entries: Collection[str], read: Callable[[str], bytes]) -> bool:
    """Whether a folder is N5: by its name, or by what its attributes say."""
    if "attributes.json" not in entries:
        return name.endswith(".n5") and any(entry.startswith("setup") for entry in entries)
    head = read("attributes.json")
    return name.endswith(".n5") or b'"n5"' in head or (b'"dimensions"' in head and b'"blockSize"' in head) or "s0" in entries


def _start(source: ByteSource | None) -> bytes:
    return b"" if source is None else source.read(0, min(HEAD_BYTES, source.size))


def unreadable(path: str, format_name: str, reason: BaseException | str) -> Finding:
    """Return the finding that a file could not be read as its format."""
    title = _BY_NAME[format_name].title if format_name in _BY_NAME else format_name
    found = reason if isinstance(reason, str) else f"{type(reason).__name__}: {reason}"
    return Finding(
        f"{format_name.split('.', 1)[0]}.unreadable",
        "error",
        path,
        f"{path} cannot be read as {title}.",
        found=_printable(found)[:300],
        expected=f"a {title} file",
        hint="Open it with the program that wrote it and save it again, or leave it out.",
    )


@cache
def _module(name: str) -> ModuleType:
    try:
        return import_module(f"micrographia.formats.{name}")
    except ModuleNotFoundError as exc:
        raise InvalidInputError(f"The reader {name!r} needs a package that is not installed: {exc.name}.") from exc


@cache
def _guess(suffix: str) -> str | None:
    return mimetypes.guess_type(f"a{suffix}", strict=False)[0]


def _is_text(head: bytes) -> bool:
    return bool(head) and b"\0" not in head


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
