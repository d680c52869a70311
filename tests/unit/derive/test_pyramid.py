"""Smaller copies are the means of what is above them, whatever the shape, and cost no memory that grows with the image."""

import subprocess
import sys

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from micrographia.derive import checkpoint
from micrographia.derive.checkpoint import Checkpoint
from micrographia.derive.pyramid import build_pyramid
from micrographia.formats.description import LazyImage
from micrographia.imaging.levels import level_factors, pool
from micrographia.model.image import ImageHeader, VoxelSize
from micrographia.model.multiscale import multiscale_of
from micrographia.model.records import ImageRecord


class InMemory(LazyImage):
    """An image that is there already."""

    def __init__(self, array, axes, *, is_stack=False):
        super().__init__(ImageHeader(axes=axes, shape=array.shape, dtype=array.dtype.name, is_stack=is_stack))
        self._array = array

    def read(self, ranges):
        return self._array[tuple(slice(r.start, r.stop) for r in ranges)]


def record_of(image, kind="map"):
    return ImageRecord.of(image.header, number=1, path="a.mrc", index=0, format_name="MRC", kind=kind, role="", statistics=None)


def half(array, pooled):
    """Means over blocks of 2 along the axes `pooled`; at an odd end over what there is."""
    padded = np.pad(array, [(0, n % 2 if k in pooled else 0) for k, n in enumerate(array.shape)], mode="edge").astype(np.float64)
    for k in pooled:
        shape = padded.shape
        padded = padded.reshape(*shape[:k], shape[k] // 2, 2, *shape[k + 1 :]).mean(axis=k + 1)
    return padded


def levels_of(folder):
    group = zarr.open_group(str(folder), mode="r")
    paths = [d["path"] for d in group.attrs["ome"]["multiscales"][0]["datasets"]]
    assert paths == [str(k) for k in range(1, len(paths) + 1)]
    return [np.asarray(group[path]) for path in paths]


def assert_means(array, made, pooled):
    above = array
    for level in made:
        expected = half(above, pooled)
        slack = 0.5 if array.dtype.kind in "iu" else 1e-3
        assert level.dtype == array.dtype
        assert level.shape == expected.shape
        assert np.abs(level - expected).max() <= slack
        above = level


CASES = {
    "odd volume": ((37, 301, 83), "zyx", False, "int16", (0, 1, 2)),
    "one section": ((1, 300, 20), "zyx", False, "float32", (1, 2)),
    "flat volume": ((5, 290, 131), "zyx", False, "uint8", (0, 1, 2)),
    "plane": ((1300, 777), "yx", False, "uint16", (0, 1)),
    "stack of large planes": ((3, 600, 520), "zyx", True, "float32", (1, 2)),
    "stack of small planes": ((300, 10, 11), "zyx", True, "int8", (1, 2)),
    "frames and channels": ((2, 3, 300, 65), "tcyx", False, "int32", (2, 3)),
    "channels of volumes": ((2, 20, 270, 65), "czyx", False, "float64", (1, 2, 3)),
}


@pytest.mark.parametrize("slab_bytes", [1, 36 << 20], ids=["in tiles", "whole"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_level_is_the_mean_of_the_one_above(tmp_path, case, slab_bytes):
    shape, axes, is_stack, dtype, pooled = case
    array = (np.random.default_rng(1665).normal(size=shape) * 30).astype(dtype)
    image = InMemory(array, axes, is_stack=is_stack)
    build_pyramid(image, record_of(image), tmp_path / "out", slab_bytes=slab_bytes)
    made = levels_of(tmp_path / "out")
    assert len(made) == len(multiscale_of(record_of(image)).levels) - 1 > 0
    assert_means(array, made, pooled)


@settings(max_examples=12, deadline=None)
@given(st.tuples(st.integers(1, 70), st.integers(257, 330), st.integers(1, 140)), st.sampled_from(["uint8", "int16", "float32"]))
def test_any_shape_comes_out_right(tmp_path_factory, shape, dtype):
    array = (np.random.default_rng(1).normal(size=shape) * 30).astype(dtype)
    image = InMemory(array, "zyx")
    folder = tmp_path_factory.mktemp("any") / "out"
    build_pyramid(image, record_of(image), folder, slab_bytes=1)
    assert_means(array, levels_of(folder), (0, 1, 2))


def test_axes_come_in_the_order_that_ome_zarr_asks(tmp_path):
    array = np.random.default_rng(1).integers(0, 99, (9, 2, 300, 40)).astype(np.uint16)
    image = InMemory(array, "zcyx")
    build_pyramid(image, record_of(image), tmp_path / "out")
    assert_means(array.transpose(1, 0, 2, 3), levels_of(tmp_path / "out"), (1, 2, 3))


def test_labels_stay_labels(tmp_path):
    array = np.zeros((4, 300, 40), np.uint16)
    array[:, 100:200] = 7000
    image = InMemory(array, "zyx")
    build_pyramid(image, record_of(image, "segmentation"), tmp_path / "out")
    for level in levels_of(tmp_path / "out"):
        assert set(np.unique(level)) == {0, 7000}


def test_scales_and_translations_place_every_level(tmp_path):
    array = np.zeros((1, 512, 300), np.uint8)
    image = InMemory(array, "zyx")
    record = record_of(image).model_copy(update={"voxel_size": VoxelSize(3.0, 2.0, 1.5)})
    build_pyramid(image, record, tmp_path / "out")
    multiscale = zarr.open_group(str(tmp_path / "out"), mode="r").attrs["ome"]["multiscales"][0]
    assert [a["unit"] for a in multiscale["axes"]] == ["angstrom"] * 3
    second = {t["type"]: t[t["type"]] for t in multiscale["datasets"][1]["coordinateTransformations"]}
    assert second == {"scale": [3.0, 8.0, 6.0], "translation": [0.0, 3.0, 2.25]}


@pytest.mark.parametrize("shape", [(1200, 256, 256), (40, 2048, 1024)])
def test_memory_does_not_grow_with_the_image(tmp_path, shape):
    program = f"""
import numpy as np
from pathlib import Path
from micrographia.derive import checkpoint
from micrographia.derive.checkpoint import Checkpoint
from micrographia.derive.pyramid import build_pyramid
from micrographia.formats.description import LazyImage
from micrographia.model.image import ImageHeader
from micrographia.model.records import ImageRecord
class Made(LazyImage):
    def read(self, ranges):
        return np.ones([len(r) for r in ranges], np.int16)
image = Made(ImageHeader(axes="zyx", shape={shape}, dtype="int16"))
record = ImageRecord.of(image.header, number=1, path="a", index=0, format_name="MRC", kind="map", role="", statistics=None)
build_pyramid(image, record, Path({str(tmp_path / "out")!r}))
# not ru_maxrss, which a child inherits from the process that started it
print(next(int(line.split()[1]) >> 10 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(said.stdout) <= 256


@pytest.mark.parametrize(("shape", "axes"), [((37, 301, 83), "zyx"), ((515, 777), "yx"), ((2, 9, 270, 65), "czyx")])
def test_labels_are_the_same_on_the_fly_as_in_the_smaller_copies(tmp_path, shape, axes):
    labels = np.random.default_rng(5).integers(0, 3, shape).astype(np.uint16)
    image = InMemory(labels, axes)
    build_pyramid(image, record_of(image, "segmentation"), tmp_path / "out")
    for number, made in enumerate(levels_of(tmp_path / "out")[:2], 1):
        assert np.array_equal(pool(labels, level_factors(axes, level=number, is_stack=False), labels=True), made)


class Dying(InMemory):
    """An image of which so many parts can be read; then the process dies."""

    def __init__(self, array, axes, most, *, is_stack=False):
        super().__init__(array, axes, is_stack=is_stack)
        self.left, self.done = most, 0

    def read(self, ranges):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left, self.done = self.left - 1, self.done + 1
        return super().read(ranges)


class Seldom(Checkpoint):
    """Written down after every other slab: what is written behind it is made again."""

    asked = 0

    def is_due(self):
        self.asked += 1
        return self.asked % 2 == 0


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("slab_bytes", [1, 1 << 19, 36 << 20])
@pytest.mark.parametrize("case", ["odd volume", "frames and channels", "channels of volumes", "stack of small planes"])
@pytest.mark.parametrize("most", [1, 3, 7])
def test_what_was_killed_goes_on_and_comes_out_the_same(tmp_path, case, slab_bytes, most):
    shape, axes, is_stack, dtype, _ = CASES[case]
    array = np.random.default_rng(11).normal(100, 40, shape).astype(dtype)
    whole = Dying(array, axes, -1, is_stack=is_stack)
    build_pyramid(whole, record_of(whole), tmp_path / "whole", slab_bytes=slab_bytes)
    out = tmp_path / "out"
    for _ in range(1000):
        image = Dying(array, axes, most, is_stack=is_stack)
        try:
            build_pyramid(image, record_of(image), out, slab_bytes=slab_bytes, checkpoint=Seldom(out))
            break
        except KeyboardInterrupt:
            most += 1  # a slab is read while the one before is worked on, and not each is written down
    else:
        pytest.fail("it never ended")
    assert contents(out) == contents(tmp_path / "whole")
    assert image.done < whole.done or whole.done <= 7  # a short one was never killed, or begins anew


def test_what_another_machine_wrote_down_is_not_trusted(tmp_path, monkeypatch):
    array = np.random.default_rng(11).normal(100, 40, (200, 300, 20)).astype(np.int16)
    image = Dying(array, "zyx", 3)
    with pytest.raises(KeyboardInterrupt):
        build_pyramid(image, record_of(image), tmp_path, checkpoint=Checkpoint(tmp_path, every_seconds=0))
    assert Checkpoint(tmp_path).load() is not None
    monkeypatch.setattr(checkpoint, "_machine", lambda: "another")
    assert Checkpoint(tmp_path).load() is None
