"""One N5 dataset: its attributes, checked, and its blocks, decoded within bounds."""

from __future__ import annotations

import bz2
import json
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from micrographia.formats.description import UnreadableError, unsupported
from micrographia.formats.source import ByteTree

_LONGEST_JSON_BYTES = 32 << 20
LONGEST_BLOCK_BYTES = 256 << 20
_MOST_AXES = 8
_TYPES = frozenset(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)) | {"float32", "float64"}
_DECODING_ERRORS = (
    ArithmeticError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError,
    lzma.LZMAError, struct.error, zlib.error,
)  # fmt: skip
# what a compressor may add to samples that cannot be compressed
_MOST_ADDED_BYTES = 1 << 20
_LZ4_MAGIC, _LZ4_HEADER = b"LZ4Block", struct.Struct("<8sBiiI")
_LZ4_STORED = 0x10
_BLOSC_HEADER = struct.Struct("<4B3I")


@dataclass(frozen=True, slots=True)
class Dataset:
    """What ``attributes.json`` says; lengths in the order of N5, the fastest axis first."""

    path: str
    """Inside the tree; empty for its root."""
    lengths: tuple[int, ...]
    """Samples along each axis."""
    block: tuple[int, ...]
    """Samples of a block along each axis."""
    dtype: np.dtype[Any]
    """Type in the machine's byte order."""
    compression: str
    """Name of the compression."""
    is_zlib: bool
    """Whether gzip stands for zlib without a gzip header."""


def read_attributes(tree: ByteTree, path: str) -> dict[str, Any]:
    """Return the attributes of a group; an empty dict where it has none."""
    name = f"{path}/attributes.json" if path else "attributes.json"
    source = tree.open(name)
    if source is None:
        return {}
    try:
        if source.size > _LONGEST_JSON_BYTES:
            raise ValueError(f"{source.size} bytes")
        value = json.loads(source.read(0, source.size))
        if not isinstance(value, dict):
            raise ValueError(f"a {type(value).__name__}")
    except (ValueError, RecursionError) as exc:
        raise unreadable(name, str(exc), "a JSON object") from exc
    return value


def dataset_of(path: str, attributes: Mapping[str, Any]) -> Dataset:
    """Return the checked facts of a dataset; UnreadableError when they make no sense or a block is too large to decode."""
    try:
        lengths, block = (_lengths(attributes[key]) for key in ("dimensions", "blockSize"))
        said = attributes.get("compression", attributes.get("compressionType", "raw"))
        compression = said if isinstance(said, dict) else {"type": said}
        kind = str(attributes["dataType"])
        name = str(compression["type"])
    except (KeyError, TypeError, ValueError) as exc:
        raise unreadable(path, f"{type(exc).__name__}: {exc}", "dimensions, blockSize, dataType and compression") from exc
    if not 1 <= len(lengths) <= _MOST_AXES or len(block) != len(lengths) or min(*lengths, *block, 1) < 1 or kind not in _TYPES:
        raise unreadable(path, f"dimensions {lengths}, blocks {block}, type {kind[:50]}", "positive lengths and a type of N5")
    if name not in _DECODERS:
        raise unsupported(path or "The root", "n5.compression", f"compression {name[:50]!r}", f"one of {', '.join(_DECODERS)}")
    dtype = np.dtype(kind)
    # blocks may be declared larger than the array that they hold
    if prod(block) * dtype.itemsize > LONGEST_BLOCK_BYTES:
        found = f"blocks of {prod(block) * dtype.itemsize} bytes"
        raise unsupported(path or "The root", "n5.block_size", found, f"at most {LONGEST_BLOCK_BYTES}")
    return Dataset(path, lengths, block, dtype, name, bool(compression.get("useZlib")))


def read_block(tree: ByteTree, dataset: Dataset, place: tuple[int, ...]) -> NDArray[Any] | None:
    """Return a block with the slowest axis first; None where it is not there, which means zeros."""
    name = "/".join([*([dataset.path] if dataset.path else []), *map(str, place)])
    source = tree.open(name)
    if source is None:
        return None
    whole = prod(dataset.block) * dataset.dtype.itemsize
    if source.size > 2 * whole + _MOST_ADDED_BYTES:
        raise unreadable(name, f"{source.size} bytes", f"a block of at most {whole} bytes", rule="n5.block_size")
    data = source.read(0, source.size)
    try:
        mode, count = struct.unpack_from(">HH", data)
        lengths = struct.unpack_from(f">{count}I", data, 4)
    except struct.error as exc:
        raise unreadable(name, f"{len(data)} bytes", "the header of a block") from exc
    if mode != 0 or count != len(dataset.block) or any(not 1 <= n <= most for n, most in zip(lengths, dataset.block, strict=True)):
        raise unreadable(name, f"mode {mode}, {count} lengths {lengths}"[:200], f"mode 0 and lengths up to {dataset.block}")
    wanted = prod(lengths) * dataset.dtype.itemsize
    try:
        decoded = _decoded(dataset, data[4 + 4 * count :], wanted)
        array = np.frombuffer(decoded, dataset.dtype.newbyteorder(">"), prod(lengths))
    except _DECODING_ERRORS as exc:
        raise unreadable(name, f"{type(exc).__name__}: {exc}", f"{wanted} bytes of samples") from exc
    return array.reshape(lengths[::-1])


def unreadable(name: str, found: str, expected: str, *, rule: str = "n5.unreadable") -> UnreadableError:
    """Return the failure that a part of the folder is not N5."""
    return UnreadableError(rule, f"{name or 'The root'} cannot be read as N5.", found=found[:200], expected=expected)


def _lengths(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list) or any(not isinstance(v, int) or isinstance(v, bool) for v in values):
        raise TypeError(f"lengths {str(values)[:80]}")
    return tuple(values)


def _decoded(dataset: Dataset, data: bytes, wanted: int) -> bytes:
    if dataset.compression == "gzip" and dataset.is_zlib:
        return _zlib(data, wanted)
    return _DECODERS[dataset.compression](data, wanted)


def _raw(data: bytes, wanted: int) -> bytes:
    return data[:wanted]


def _zlib(data: bytes, wanted: int) -> bytes:
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, wanted)  # 32: with a gzip or zlib header, whichever is there


def _bzip2(data: bytes, wanted: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, wanted)


def _xz(data: bytes, wanted: int) -> bytes:
    return lzma.LZMADecompressor(memlimit=LONGEST_BLOCK_BYTES).decompress(data, wanted)


def _zstd(data: bytes, wanted: int) -> bytes:
    return bytes(imagecodecs.zstd_decode(data, out=wanted))


def _blosc(data: bytes, wanted: int) -> bytes:
    size = _BLOSC_HEADER.unpack_from(data)[4]
    if size != wanted:
        raise ValueError(f"{size} bytes inside")
    return bytes(imagecodecs.blosc_decode(data, numthreads=1))


def _lz4(data: bytes, wanted: int) -> bytes:
    """Undo the blocks of lz4-java: mark, kind, lengths compressed and not, checksum, data; one of length 0 ends them."""
    parts, position, left = [], 0, wanted
    while left > 0:
        magic, kind, packed, unpacked, _ = _LZ4_HEADER.unpack_from(data, position)
        position += _LZ4_HEADER.size
        if magic != _LZ4_MAGIC or not 0 < unpacked <= left or not 0 < packed <= len(data) - position:
            raise ValueError(f"no block of LZ4 at byte {position}")
        part = data[position : position + packed]
        parts.append(part if kind & 0xF0 == _LZ4_STORED else bytes(imagecodecs.lz4_decode(part, out=unpacked)))
        position, left = position + packed, left - unpacked
    return b"".join(parts)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "raw": _raw,
    "gzip": _zlib,
    "zlib": _zlib,
    "bzip2": _bzip2,
    "xz": _xz,
    "lz4": _lz4,
    "zstd": _zstd,
    "blosc": _blosc,
}
