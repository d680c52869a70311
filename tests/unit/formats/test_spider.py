"""SPIDER: headers are written here by their published layout; Pillow, which knows single images, is asked too."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource
from micrographia.testing.damage import damaged, survives


def words(nx, ny, nz, form, **others):
    head = np.zeros(256, "f4")
    lines = -(-1024 // (nx * 4))
    named = {1: nz, 2: ny, 5: form, 12: nx, 13: lines, 22: lines * nx * 4, 23: nx * 4}
    named |= {int(key[1:]): value for key, value in others.items()}
    for place, value in named.items():
        head[place - 1] = value
    return head, lines * nx * 4


def header(order, *args, **others):
    head, size = words(*args, **others)
    return head.astype(f"{order}f4").tobytes().ljust(size, b"\0")


@pytest.mark.parametrize("order", "<>")
def test_volumes_and_images_come_back(order):
    volume = np.arange(60, dtype="f4").reshape(3, 4, 5)
    source = BytesSource(header(order, 5, 4, 3, 3, w38=1.5) + volume.astype(f"{order}f4").tobytes(), "a.spi")
    (said,) = inspect(source, "a").images
    assert (said.axes, said.shape, said.is_stack, said.voxel_size.z) == ("zyx", (3, 4, 5), False, 1.5)
    np.testing.assert_array_equal(open_image(source, "spider")[...], volume)
    source = BytesSource(header(order, 5, 4, 1, 1) + volume[1].astype(f"{order}f4").tobytes(), "a.spi")
    np.testing.assert_array_equal(open_image(source, "spider")[...], volume[1])


def test_stacks_come_back():
    images = np.arange(60, dtype="f4").reshape(3, 4, 5)
    data = header("<", 5, 4, 1, 1, w24=2, w26=3) + b"".join(header("<", 5, 4, 1, 1) + i.tobytes() for i in images)
    source = BytesSource(data, "a.spi")
    (said,) = inspect(source, "a").images
    assert (said.axes, said.shape, said.is_stack) == ("zyx", (3, 4, 5), True)
    np.testing.assert_array_equal(open_image(source, "spider")[...], images)
    assert [r.rule for r in inspect(BytesSource(data[:-1], "a.spi"), "a").remarks] == ["spider.truncated"]


def test_pillow_writes_what_is_read():
    array = np.arange(3000, dtype="f4").reshape(50, 60)
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "SPIDER")
    np.testing.assert_array_equal(open_image(BytesSource(buffer.getvalue(), "a.spi"), "spider")[...], array)


def test_what_is_no_spider_file_is_said_so():
    assert [r.rule for r in inspect(BytesSource(b"\xff" * 2000, "a.spi"), "a").remarks] == ["spider.unreadable"]
    assert [r.rule for r in inspect(BytesSource(header("<", 5, 4, 1, -11), "a.spi"), "a").remarks] == ["spider.fourier"]


def test_random_damage_is_survived():
    for data in damaged(header("<", 5, 4, 3, 3) + bytes(240), head_bytes=160):
        survives(data, "a.spi")
