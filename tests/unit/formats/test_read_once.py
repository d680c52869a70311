import gzip
import hashlib
import os
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from micrographia.errors import InvalidInputError
from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import read_once, read_tree
from micrographia.formats.registry import inspect
from micrographia.formats.source import FileSource
from micrographia.formats.workers import Workers
from micrographia.imaging.statistics import statistics_of
from micrographia.testing.mrc_files import mrc_bytes


@pytest.fixture(scope="module")
def workers():
    with Workers(1) as pool:
        yield pool


def described(path):
    with FileSource(path) as source:
        return inspect(source, path.name)


def stack(path, array, **fields):
    nz, ny, nx = array.shape
    mode = {"int8": 0, "int16": 1, "float32": 2, "uint16": 6}[array.dtype.name]
    path.write_bytes(mrc_bytes(array.tobytes(), nx=nx, ny=ny, nz=nz, mode=mode, **fields))
    return described(path)


def test_digest_statistics_copy_and_progress_come_from_one_pass(tmp_path):
    array = np.random.default_rng(0).normal(10, 3, (9, 701, 503)).astype(np.float32)
    path = tmp_path / "a.mrc"
    description = stack(path, array)
    copied, told = bytearray(), []
    facts = read_once(path, description, write=copied.extend, progress=told.append)
    data = path.read_bytes()
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert bytes(copied) == data
    assert sum(told) == facts.size_bytes == len(data) > 4 << 20
    expected = statistics_of([array])
    assert facts.statistics[0].minimum == expected.minimum
    assert facts.statistics[0].low == expected.low
    assert facts.statistics[0].standard_deviation == pytest.approx(array.std(dtype=float))
    assert facts.findings == facts.duplicate_sections == ()


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 8), st.permutations((1, 2, 3)), st.integers(0, 17))
def test_samples_that_two_blocks_share_count_once(tmp_path_factory, nx, axes, extended):
    import micrographia.formats.read_once as module

    array = np.arange(nx * 30, dtype=np.int16).reshape(5, 6, nx)
    path = tmp_path_factory.getbasetemp() / "odd.mrc"
    before, module._BLOCK_BYTES = module._BLOCK_BYTES, 101
    try:
        path.write_bytes(
            mrc_bytes(
                bytes(extended) + array.tobytes(), nx=nx, ny=6, nz=5, mode=1, nsymbt=extended, mapc=axes[0], mapr=axes[1], maps=axes[2]
            )
        )
        facts = read_once(path, described(path))
    finally:
        module._BLOCK_BYTES = before
    assert facts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (facts.statistics[0].maximum, facts.statistics[0].mean) == (array.max(), pytest.approx(array.mean()))


def test_repeated_sections_are_named_and_flat_ones_are_not(tmp_path):
    array = np.random.default_rng(0).integers(0, 99, (12, 40, 31), np.int16)
    array[5] = array[9] = array[2]
    array[3] = array[4] = 7
    assert read_once(tmp_path / "a.mrcs", stack(tmp_path / "a.mrcs", array)).duplicate_sections == ((2, 5), (2, 9))


def test_not_a_number_and_constant_images_show_in_the_statistics(tmp_path):
    array = np.zeros((3, 4, 5), np.float32)
    facts = read_once(tmp_path / "a.mrc", stack(tmp_path / "a.mrc", array))
    assert facts.statistics[0].minimum == facts.statistics[0].maximum == 0
    array[0, 0, :2] = np.nan, np.inf
    facts = read_once(tmp_path / "b.mrc", stack(tmp_path / "b.mrc", array))
    assert (facts.statistics[0].nan_count, facts.statistics[0].infinity_count) == (1, 1)


def test_a_file_that_no_reader_knows_has_a_digest_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"hello")
    facts = read_once(path, described(path))
    assert (facts.statistics, facts.findings, facts.size_bytes) == ((), (), 5)
    path.write_bytes(b"")
    assert read_once(path, described(path)).sha256 == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("growth", [-10, 10])
def test_a_file_that_changed_since_its_header_was_read_is_an_error(tmp_path, growth):
    path = tmp_path / "a.mrc"
    description = stack(path, np.ones((2, 3, 4), np.int16))
    os.truncate(path, description.size_bytes + growth)
    assert [f.rule for f in read_once(path, description).findings] == ["file.changed"]


def test_packed_images_are_decoded_here_and_those_of_large_libraries_in_a_worker(tmp_path, workers):
    halves = tmp_path / "a.mrc"
    halves.write_bytes(mrc_bytes(bytes([0x21, 0x43] * 20), nx=4, ny=4, nz=5, mode=101))
    facts = read_once(halves, described(halves))
    assert (facts.statistics[0].minimum, facts.statistics[0].mean, facts.statistics[0].maximum) == (1, 2.5, 4)
    array = np.random.default_rng(0).integers(0, 255, (4, 33, 35), np.uint8)
    packed = tmp_path / "b.tif"
    tifffile.imwrite(packed, array, compression="zlib", photometric="minisblack")
    archive = tmp_path / "c.mrc.gz"
    archive.write_bytes(gzip.compress(mrc_bytes(array.astype(np.int16).tobytes(), nx=35, ny=33, nz=4, mode=1)))
    for path in (packed, archive):
        description = described(path)
        assert description.images[0].layout is None
        facts = read_once(path, description, workers=workers)
        assert facts.statistics[0].mean == pytest.approx(array.mean())
        assert facts.findings == ()


def test_an_image_that_does_not_decode_is_one_error_and_keeps_its_digest(tmp_path, workers):
    path = tmp_path / "a.mrc.gz"
    data = bytearray(gzip.compress(mrc_bytes(np.random.default_rng(0).bytes(240))))
    path.write_bytes(data)
    description = described(path)
    data[-20] ^= 1
    path.write_bytes(data)
    facts = read_once(path, description, workers=workers)
    assert facts.statistics == (None,)
    assert [(f.rule, f.severity) for f in facts.findings] == [("mrc.undecodable", "error")]
    assert facts.sha256 == hashlib.sha256(data).hexdigest()


def test_a_layout_that_lies_about_the_file_is_an_error(tmp_path):
    path = tmp_path / "a.mrc"
    description = stack(path, np.ones((2, 3, 4), np.int16))
    header = description.images[0]
    lying = replace(description, images=(replace(header, layout=replace(header.layout, offset=10**12)),))
    assert [f.rule for f in read_once(path, lying).findings] == ["mrc.undecodable"]


def test_links_and_pipes_are_never_read(tmp_path):
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")
    nothing = FileDescription("a", 0, "", "")
    with pytest.raises(OSError, match="link"):
        read_once(tmp_path / "link", nothing)
    with pytest.raises(InvalidInputError, match="plain file"):
        read_once(tmp_path / "pipe", nothing)


def test_an_ome_zarr_folder_is_measured_as_a_whole(tmp_path, workers):
    zarr = pytest.importorskip("zarr")
    array = np.random.default_rng(0).integers(0, 99, (4, 30, 20)).astype(np.uint16)
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=3)
    group.create_array("0", data=array, chunks=(2, 16, 16))
    axes = [{"name": a, "type": "space", "unit": "nanometer"} for a in "zyx"]
    scale = [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]
    group.attrs["ome"] = {
        "version": "0.5",
        "multiscales": [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}],
    }
    from micrographia.formats.source import FolderTree

    description = inspect(FolderTree(tmp_path / "a.zarr"), "a.zarr")
    assert description.remarks == ()
    facts = read_tree(tmp_path / "a.zarr", description, workers=workers)
    assert facts.statistics[0].mean == pytest.approx(array.mean())
