"""Files that time or malice changed: what a reader must survive."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import islice

import numpy as np

from micrographia.errors import MicrographiaError
from micrographia.formats.registry import HEAD_BYTES, identify, open_image
from micrographia.formats.source import BytesSource


def damaged(data: bytes, *, count: int = 150, head_bytes: int = 4096, seed: int = 11) -> Iterator[bytes]:
    """Yield copies of a file with a few bytes of its start changed, most of them, or cut off somewhere, the others."""
    random = np.random.default_rng(seed)
    for number in range(count):
        copy = bytearray(data)
        if number % 4 == 3:
            yield bytes(copy[: int(random.integers(len(copy)))])
            continue
        for place in random.integers(min(head_bytes, len(copy)), size=int(random.integers(1, 6))):
            copy[place] = random.choice([0, 1, 127, 128, 255, int(random.integers(256))])
        yield bytes(copy)


def survives(data: bytes, name: str, *, largest_bytes: int = 1 << 26) -> None:
    """Assert that a file is read or refused with a remark, and that only errors of this project come out of its images."""
    source = BytesSource(data, name)
    format_ = identify(name, data[:HEAD_BYTES])
    if format_ is None:
        return
    module = import_module(f"micrographia.formats.{format_.module}")
    try:
        contents = module.inspect(source, name)
    except MicrographiaError:
        return
    for number, header in islice(enumerate(contents.images), 3):
        if header.size_bytes > largest_bytes:
            continue
        try:
            assert open_image(source, format_.name, number, header)[...].shape == header.shape
        except MicrographiaError:
            continue
