"""Groups and arrays of Zarr 2 and 3 as their JSON describes them, checked before any library sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np

from micrographia.formats.description import UnreadableError, unsupported
from micrographia.formats.source import ByteTree

_MOST_JSON_BYTES = 32 << 20
LONGEST_CHUNK_BYTES = 256 << 20
_MOST_AXES = 16

# numcodecs has others; among them are pickle, which runs code, and those that make objects
_CODECS_V2 = frozenset(
    (
        "blosc",
        "zlib",
        "gzip",
        "bz2",
        "lz4",
        "lzma",
        "zstd",
        "delta",
        "shuffle",
        "fixedscaleoffset",
        "quantize",
        "bitround",
        "crc32",
        "crc32c",
        "adler32",
        "fletcher32",
    )
)
_CODECS_V3 = frozenset(
    ("bytes", "endian", "transpose", "blosc", "gzip", "zstd", "crc32c", "sharding_indexed", *(f"numcodecs.{name}" for name in _CODECS_V2))
)
_DTYPES_V3 = frozenset(
    (
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
    )
)


@dataclass(frozen=True, slots=True)
class Node:
    """One group or array."""

    path: str
    """Inside the tree; empty for its root."""
    zarr_format: Literal[2, 3]
    """Version of Zarr."""
    is_array: bool
    """Else it is a group."""
    attributes: Mapping[str, Any]
    """Attributes of the user."""
    metadata: Mapping[str, Any]
    """The JSON of an array."""


@dataclass(frozen=True, slots=True)
class ArrayFacts:
    """What an array's JSON says, all of it checked."""

    shape: tuple[int, ...]
    """Lengths."""
    dtype: np.dtype[Any]
    """Type of the samples."""
    chunks: tuple[int, ...]
    """Lengths of the smallest part that can be read."""
    shards: tuple[int, ...] | None
    """Lengths of the part that one file holds, when chunks are bundled."""
    codecs: tuple[str, ...]
    """Names of the codecs."""
    dimension_names: tuple[str, ...]
    """Names that Zarr 3 or xarray give the axes; empty without."""


def joined(folder: str, name: str) -> str:
    """Return the path of `name` (which may have folders) below `folder`; UnreadableError when it would leave it."""
    parts = name.strip("/").split("/") if name.strip("/") else []
    if name.startswith("/") or any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts):
        raise UnreadableError(
            "ome_zarr.path", f"The path {name[:200]!r} leaves its folder.", found=name[:200], expected="a path inside the folder"
        )
    return "/".join([*([folder] if folder else []), *parts])


def read_node(tree: ByteTree, path: str) -> Node | None:
    """Return the group or array at a path, None when there is none."""
    metadata = read_json(tree, joined(path, "zarr.json"))
    if metadata is not None:
        attributes = metadata.get("attributes")
        return Node(path, 3, metadata.get("node_type") == "array", attributes if isinstance(attributes, dict) else {}, metadata)
    array = read_json(tree, joined(path, ".zarray"))
    group = read_json(tree, joined(path, ".zgroup")) if array is None else None
    attributes = read_json(tree, joined(path, ".zattrs"))
    if array is None and group is None and attributes is None:
        return None
    return Node(path, 2, array is not None, attributes or {}, array or {})


def read_json(tree: ByteTree, path: str) -> dict[str, Any] | None:
    """Return the JSON object in a file of the tree, None when there is no such file."""
    source = tree.open(path)
    if source is None:
        return None
    try:
        if source.size > _MOST_JSON_BYTES:
            raise ValueError(f"{source.size} bytes")
        value = json.loads(source.read(0, source.size))
        if not isinstance(value, dict):
            raise ValueError(f"a {type(value).__name__}")
    except (ValueError, RecursionError) as exc:
        raise UnreadableError(
            "ome_zarr.unreadable", f"{path} is not the JSON that Zarr asks for.", found=str(exc)[:200], expected="a JSON object"
        ) from exc
    return value


def array_facts(node: Node) -> ArrayFacts:
    """Return the checked facts of an array; UnreadableError when it is malformed, too large a chunk or of an unknown codec."""
    try:
        facts = _facts_v3(node) if node.zarr_format == 3 else _facts_v2(node)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise _unreadable(node, f"{type(exc).__name__}: {exc}", "the metadata of a Zarr array") from exc
    if (
        not facts.shape
        or len(facts.shape) > _MOST_AXES
        or min(facts.shape) < 1
        or len(facts.chunks) != len(facts.shape)
        or min(facts.chunks) < 1
    ):
        raise _unreadable(node, f"shape {facts.shape}, chunks {facts.chunks}", "positive lengths, as many for chunks as for the shape")
    if facts.dtype.kind not in "biufc":
        raise _unreadable(node, f"samples of type {facts.dtype}", "numbers")
    chunk_bytes = prod(facts.chunks) * facts.dtype.itemsize
    if chunk_bytes > LONGEST_CHUNK_BYTES:
        expected = f"at most {LONGEST_CHUNK_BYTES} bytes"
        raise unsupported(_shown(node), "ome_zarr.chunk_size", f"chunks of {chunk_bytes} bytes", expected)
    known = _CODECS_V3 if node.zarr_format == 3 else _CODECS_V2
    if foreign := [codec for codec in facts.codecs if codec not in known]:
        raise unsupported(_shown(node), "ome_zarr.codec", f"codec {foreign[0][:80]!r}", f"one of {', '.join(sorted(known))}")
    return facts


def _facts_v2(node: Node) -> ArrayFacts:
    words = node.metadata
    codecs = [c["id"] for c in [*(words.get("filters") or ()), words.get("compressor")] if c is not None]
    names = node.attributes.get("_ARRAY_DIMENSIONS")
    chunks = _lengths(words["chunks"])
    return ArrayFacts(_lengths(words["shape"]), _dtype(words["dtype"]), chunks, None, tuple(map(str, codecs)), _names(names))


def _facts_v3(node: Node) -> ArrayFacts:
    words = node.metadata
    if words["data_type"] not in _DTYPES_V3:
        raise ValueError(f"data type {str(words['data_type'])[:80]}")
    if words["chunk_grid"]["name"] != "regular":
        raise ValueError(f"chunk grid {str(words['chunk_grid']['name'])[:80]}")
    chunks, shards = _lengths(words["chunk_grid"]["configuration"]["chunk_shape"]), None
    names: list[str] = []
    codecs = list(words["codecs"])
    while codecs:
        codec = codecs.pop(0)
        names.append(str(codec["name"] if isinstance(codec, dict) else codec))
        if names[-1] == "sharding_indexed":
            if shards is not None:
                raise ValueError("shards within shards")
            shards, chunks = chunks, _lengths(codec["configuration"]["chunk_shape"])
            codecs += [*codec["configuration"]["codecs"], *codec["configuration"].get("index_codecs", ())]
    return ArrayFacts(
        _lengths(words["shape"]), np.dtype(words["data_type"]), chunks, shards, tuple(names), _names(words.get("dimension_names"))
    )


def _dtype(text: Any) -> np.dtype[Any]:
    if not isinstance(text, str):  # a list is a record
        raise TypeError(f"data type {str(text)[:80]}")
    return np.dtype(text)


def _lengths(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list) or any(not isinstance(v, int) or isinstance(v, bool) for v in values):
        raise TypeError(f"lengths {str(values)[:80]}")
    return tuple(values)


def _names(values: Any) -> tuple[str, ...]:
    return tuple(str(v or "") for v in values) if isinstance(values, list) else ()


def _shown(node: Node) -> str:
    return f"The Zarr array {node.path or 'at the root'}"


def _unreadable(node: Node, found: str, expected: str) -> UnreadableError:
    return UnreadableError("ome_zarr.unreadable", f"{_shown(node)} cannot be read.", found=found[:200], expected=expected)
