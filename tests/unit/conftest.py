"""Files described as a reader would describe them, for the rooms that judge and draft from descriptions."""

from __future__ import annotations

import pytest

from micrographia.formats.description import FileDescription
from micrographia.formats.registry import identify, inspect, media_type
from micrographia.formats.source import BytesSource
from micrographia.model.image import ImageHeader, Statistics, VoxelSize


def image_file(path, shape, dtype="float32", size=None, unit="angstrom", *, is_stack=False, statistics=None, **metadata):
    """Describe a file with one image, as a reader would."""
    axes = "zyx"[-len(shape) :]
    voxel = (
        None
        if size is None
        else VoxelSize(*(size if isinstance(size, tuple) else (None if len(shape) < 3 or is_stack else size, size, size)), unit)
    )
    header = ImageHeader(axes, shape, dtype, voxel, is_stack=is_stack, header_statistics=statistics, metadata=metadata)
    format_ = identify(path.rpartition("/")[2], b"")
    assert format_ is not None, path
    return FileDescription(path, 1024 + header.size_bytes, format_.name, format_.media_type, (header,))


def text_file(path, text=""):
    """Describe a file by its real text."""
    data = text.encode()
    source = BytesSource(data, path.rpartition("/")[2])
    if identify(source.name, data[:1024]) is None:
        return FileDescription(path, len(data), "", media_type(path))
    return inspect(source, path)


def statistics(low, high):
    return Statistics(low, high, (low + high) / 2, 1.0)


@pytest.fixture
def image():
    return image_file


@pytest.fixture
def text():
    return text_file


@pytest.fixture
def header_statistics():
    return statistics
