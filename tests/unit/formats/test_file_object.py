"""A byte source as a file, and the order in which chunked arrays are read."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.formats.chunks import chunk_ranges
from micrographia.formats.file_object import SourceFile
from micrographia.formats.source import BytesSource

DATA = np.random.default_rng(1).bytes(100_000)


@given(st.lists(st.tuples(st.integers(0, 110_000), st.integers(0, 20_000)), max_size=20))
def test_a_source_reads_as_a_file_does(steps):
    ours, theirs = SourceFile(BytesSource(DATA, "folder/a.tif")), io.BytesIO(DATA)
    for position, length in steps:
        assert ours.seek(position) == theirs.seek(position)
        assert ours.read(length) == theirs.read(length)
        assert ours.tell() == theirs.tell()
    assert ours.seek(-10, io.SEEK_END) == theirs.seek(-10, io.SEEK_END)
    assert ours.read() == theirs.read()


def test_the_file_has_no_descriptor_and_no_folder():
    file = SourceFile(BytesSource(DATA, "folder/a.tif"))
    assert file.name == "a.tif"
    assert not file.writable()
    with pytest.raises(io.UnsupportedOperation):
        file.fileno()
    with pytest.raises(OSError, match="before the start"):
        file.seek(-1)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 12)), min_size=1, max_size=4), st.integers(1, 3000))
def test_blocks_of_chunks_cover_an_array_once(axes, max_bytes):
    shape, chunks = tuple(n for n, _ in axes), tuple(c for _, c in axes)
    seen = np.zeros(shape, int)
    for ranges in chunk_ranges(shape, chunks, 2, max_bytes):
        seen[np.ix_(*ranges)] += 1
        assert all(r.start % min(c, n) == 0 for r, c, n in zip(ranges, chunks, shape, strict=True))
        one_chunk = 2 * np.prod([min(c, n) for c, n in zip(chunks, shape, strict=True)])
        assert 2 * np.prod([len(r) for r in ranges]) <= max(max_bytes, one_chunk)
    assert (seen == 1).all()
