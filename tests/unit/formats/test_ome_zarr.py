"""OME-Zarr 0.4 and 0.5 in folders and zips, against zarr-python; hostile metadata."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import numpy as np
import pytest
import zarr
from zarr.storage import MemoryStore

from micrographia.formats import ome_zarr
from micrographia.formats.description import UnreadableError
from micrographia.formats.registry import inspect as inspect_any
from micrographia.formats.source import BytesSource, FolderTree, MappingTree
from micrographia.model.image import VoxelSize

RNG = np.random.default_rng(5)
ARRAY = RNG.integers(0, 1000, (2, 20, 40, 50)).astype("u2")
AXES = [{"name": "c", "type": "channel"}, *({"name": n, "type": "space", "unit": "nanometer"} for n in "zyx")]
DATASETS = [
    {
        "path": "0",
        "coordinateTransformations": [{"type": "scale", "scale": [1, 30, 6, 6]}, {"type": "translation", "translation": [0, 1, 2, 3]}],
    }
]
CHANNELS = {"channels": [{"label": "DNA", "color": "0000FF"}, {"label": "GFP", "color": "00FF00"}]}


class Counted(BytesSource):
    """Counts the bytes that are read."""

    count = 0

    def read(self, start: int, length: int) -> bytes:
        self.count += length
        return super().read(start, length)


def words(version: str, multiscale: dict, **more) -> dict:
    """Return the attributes of an image, a plate or the like as this version writes them."""
    said = {"multiscales": [{"version": version, **multiscale}], **more}
    return said if version == "0.4" else {"ome": {"version": version, **said}}


def image_files(version: str = "0.5", **options) -> dict[str, bytes]:
    store = MemoryStore()
    group = zarr.create_group(
        store, zarr_format=2 if version == "0.4" else 3, attributes=words(version, {"axes": AXES, "datasets": DATASETS}, omero=CHANNELS)
    )
    group.create_array("0", shape=ARRAY.shape, dtype=ARRAY.dtype, **{"chunks": (1, 8, 16, 16), **options})[...] = ARRAY
    return files_of(store)


def files_of(store: MemoryStore) -> dict[str, bytes]:
    return {key: value.to_bytes() for key, value in store._store_dict.items()}


def tree_of(files: dict[str, bytes]) -> MappingTree:
    return MappingTree("a.zarr", {path: BytesSource(data, path) for path, data in files.items()})


def zip_of(files: dict[str, bytes], method=zipfile.ZIP_STORED, folder: str = "") -> Counted:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, data in files.items():
            archive.writestr(folder + path, data)
    return Counted(buffer.getvalue(), "a.ozx")


def only(source):
    contents = ome_zarr.inspect(source, source.name)
    assert contents.remarks == ()
    (header,) = contents.images
    json.dumps([dict(header.metadata), dict(contents.metadata)], allow_nan=False)
    return header


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_image_tells_axes_scale_and_channels(version):
    header = only(tree_of(image_files(version)))
    assert (header.axes, header.shape, header.dtype) == ("czyx", ARRAY.shape, "uint16")
    assert header.voxel_size == VoxelSize(30.0, 6.0, 6.0, "nanometer")
    assert header.origin == (1.0, 2.0, 3.0)
    assert header.channels == ("DNA", "GFP")
    assert header.metadata["channels"] == [{"name": "DNA", "colour": "0000FF"}, {"name": "GFP", "colour": "00FF00"}]
    assert header.metadata["version"] == version


@pytest.mark.parametrize(
    ("version", "options"),
    [("0.4", {}), ("0.4", {"compressors": None}), ("0.5", {}), ("0.5", {"shards": (1, 16, 32, 32)}), ("0.5", {"compressors": None})],
    ids=["2 zstd", "2 raw", "3 zstd", "3 shards", "3 raw"],
)
def test_values_equal_those_written(version, options):
    tree = tree_of(image_files(version, **options))
    image = ome_zarr.open_image(tree, 0, only(tree))
    np.testing.assert_array_equal(image[...], ARRAY)
    np.testing.assert_array_equal(image[1, 3:9:2, ::-3, 7], ARRAY[1, 3:9:2, ::-3, 7])
    for max_bytes in (1000, 1 << 24):
        assert sum(int(b.sum()) for b in image.blocks(max_bytes)) == int(ARRAY.sum())


def test_axes_in_another_order_are_put_right():
    axes = [{"name": n, "type": "space"} for n in "xyz"]
    store = MemoryStore()
    group = zarr.create_group(store, zarr_format=2, attributes=words("0.4", {"axes": axes, "datasets": [{"path": "s0"}]}))
    group.create_array("s0", shape=(5, 6, 7), dtype="u1", chunks=(5, 6, 7))[...] = np.arange(210).reshape(5, 6, 7)
    tree = tree_of(files_of(store))
    header = only(tree)
    assert (header.axes, header.shape) == ("zyx", (7, 6, 5))
    np.testing.assert_array_equal(ome_zarr.open_image(tree, 0, header)[3], np.arange(210).reshape(5, 6, 7).transpose()[3])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("folder", ["", "inside/a.zarr/"])
def test_a_zip_is_read_as_the_folder_in_it(method, folder):
    files = image_files()
    source = zip_of(files, method, folder)
    header = only(source)
    assert header == only(tree_of(files))
    np.testing.assert_array_equal(ome_zarr.open_image(source, 0, header)[1, 5], ARRAY[1, 5])


def test_a_slice_of_a_zip_reads_the_chunks_that_it_needs():
    source = zip_of(image_files(compressors=None))
    image = ome_zarr.open_image(source, 0, only(source))
    source.count = 0
    image[0, 3, :10, :10]
    assert source.count < 2 * 8 * 16 * 16 * 2


GROUP = b'{"zarr_format": 2}'


def below(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": data for path, data in files.items()}


def test_labels_are_images_beside_what_they_label():
    names = json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"labels": ["cells"]}}}).encode()
    files = image_files() | {"labels/zarr.json": names} | below("labels/cells", image_files())
    images = ome_zarr.inspect(tree_of(files), "a.zarr").images
    assert [(h.metadata["array"], h.metadata["role"]) for h in images] == [("0", "image"), ("labels/cells/0", "labels")]


def test_the_fields_of_a_plate_are_images_and_missing_wells_are_named():
    plate = {".zgroup": GROUP, ".zattrs": json.dumps({"plate": {"name": "P", "wells": [{"path": "A/1"}, {"path": "B/9"}]}}).encode()}
    well = {".zgroup": GROUP, ".zattrs": json.dumps({"well": {"images": [{"path": "0"}]}}).encode()}
    contents = ome_zarr.inspect(tree_of(plate | below("A/1", well) | below("A/1/0", image_files("0.4"))), "p.zarr")
    assert [h.metadata["array"] for h in contents.images] == ["A/1/0/0"]
    assert [(r.rule, r.severity) for r in contents.remarks] == [("ome_zarr.missing", "error")]
    assert contents.metadata["plate"]["wells"] == ["A/1", "B/9"]


def test_the_series_of_bioformats2raw_are_images():
    files = {".zgroup": GROUP, ".zattrs": b'{"bioformats2raw.layout": 3}'} | below("0", image_files("0.4")) | below("1", image_files("0.4"))
    assert [h.name for h in ome_zarr.inspect(tree_of(files), "s.zarr").images] == ["0", "1"]


def test_a_bare_array_is_an_image():
    store = MemoryStore()
    zarr.create_array(store, shape=(4, 20, 30), dtype=">i2", chunks=(4, 20, 30), zarr_format=2)[...] = 7
    tree = tree_of(files_of(store))
    header = only(tree)
    assert (header.axes, header.dtype) == ("zyx", "int16")
    assert ome_zarr.open_image(tree, 0, None)[0, 0, 0] == 7


GOOD_ARRAY = {
    "zarr_format": 2,
    "shape": [10, 10],
    "chunks": [10, 10],
    "dtype": "|u1",
    "compressor": None,
    "filters": None,
    "order": "C",
    "fill_value": 0,
}
GOOD_WORDS = {"multiscales": [{"version": "0.4", "axes": [{"name": n, "type": "space"} for n in "yx"], "datasets": [{"path": "0"}]}]}


def hostile(attributes=GOOD_WORDS, chunk=bytes(100), **array) -> MappingTree:
    files = {
        ".zgroup": b'{"zarr_format": 2}',
        ".zattrs": json.dumps(attributes).encode(),
        "0/.zarray": json.dumps(GOOD_ARRAY | array).encode(),
    }
    return tree_of(files | {"0/0.0": chunk})


def test_the_array_of_the_hostile_tests_is_good_itself():
    assert only(hostile()).shape == (10, 10)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"shape": [10**6, 10**6], "chunks": [10**6, 10**6]}, "ome_zarr.chunk_size"),
        ({"filters": [{"id": "pickle"}]}, "ome_zarr.codec"),
        ({"compressor": {"id": "its own"}}, "ome_zarr.codec"),
    ],
)
def test_what_is_coded_in_an_unknown_way_is_kept_and_not_decoded(change, rule):
    description = inspect_any(hostile(**change), "a.zarr")
    assert description.images == ()
    assert [(r.rule, r.severity) for r in description.remarks] == [(rule, "warning")]


@pytest.mark.parametrize(
    ("tree", "rule"),
    [
        (hostile(shape=[10**9, 10**9], chunks=[100, 100]), "ome_zarr.size"),
        (hostile(filters=[{"id": "vlen-utf8"}], dtype="|O"), "ome_zarr.unreadable"),
        (hostile(dtype=[["a", "<i4"]]), "ome_zarr.unreadable"),
        (hostile(shape=[-1, 10]), "ome_zarr.unreadable"),
        (hostile(shape="ten"), "ome_zarr.unreadable"),
        (hostile(compressor={"id": "zlib", "level": 1}, chunk=b"\1\2\3"), "ome_zarr.unreadable"),
        (hostile(chunk=b"short"), "ome_zarr.unreadable"),
        (hostile({"multiscales": [{"datasets": [{"path": "../../etc"}]}]}), "ome_zarr.path"),
        (hostile({"multiscales": [{"axes": ["z", "y", "x"], "datasets": [{"path": "0"}]}]}), "ome_zarr.axes"),
        (hostile({"multiscales": [{"axes": ["t", "c"], "datasets": [{"path": "0"}]}]}), "ome_zarr.axes"),
        (hostile({"multiscales": [{"datasets": [{"path": "7"}]}]}), "ome_zarr.missing"),
        (hostile({"multiscales": [{"datasets": []}]}), "ome_zarr.unreadable"),
        (tree_of({"zarr.json": b"[" * 100_000}), "ome_zarr.unreadable"),
        (tree_of({"something": b""}), "ome_zarr.unreadable"),
    ],
)  # fmt: skip
def test_hostile_metadata_are_errors(tree, rule):
    description = inspect_any(tree, "a.zarr")
    assert description.images == ()
    assert [(r.rule, r.severity) for r in description.remarks] == [(rule, "error")]


def test_a_plate_that_names_itself_ends():
    description = inspect_any(hostile({"plate": {"wells": [{"path": ""}, {"path": "0"}]}}), "a.zarr")
    assert len(description.images) == 1


def test_a_group_without_images_is_stored_and_not_interpreted():
    description = inspect_any(hostile({"something": 1}), "a.zarr")
    assert [(r.rule, r.severity) for r in description.remarks] == [("ome_zarr.no_image", "warning")]


@pytest.mark.parametrize("path", ["../up/zarr.json", "/zarr.json", "a//zarr.json", "a\\..\\zarr.json", "a\x07/zarr.json"])
def test_a_zip_with_paths_out_of_it_is_refused(path):
    with pytest.raises(UnreadableError) as failure:
        ome_zarr.inspect(zip_of({path: b"{}"}), "a.ozx")
    assert failure.value.rule == "ozx.path"


def test_a_zip_that_unpacks_to_more_than_memory_is_refused():
    bomb = zip_of({"zarr.json": bytes(1 << 20)}, zipfile.ZIP_DEFLATED)
    data = bytearray(bomb.read(0, bomb.size))
    entry = data.index(b"PK\1\2")
    data[entry + 24 : entry + 28] = struct.pack("<I", 3 << 30)
    with pytest.raises(UnreadableError) as failure:
        ome_zarr.inspect(BytesSource(bytes(data), "a.ozx"), "a.ozx")
    assert failure.value.rule == "ozx.size"


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_zip_that_is_cut_off_is_an_error(part):
    whole = zip_of(image_files())
    description = inspect_any(BytesSource(whole.read(0, int(whole.size * part)), "a.ozx"), "a.ozx")
    assert [(r.rule, r.severity) for r in description.remarks] == [("ozx.unreadable", "error")]


def test_a_stored_member_with_a_wrong_local_header_is_an_error():
    source = zip_of(image_files())
    data = bytearray(source.read(0, source.size))
    data[:4] = b"XXXX"
    assert [r.severity for r in inspect_any(BytesSource(bytes(data), "a.ozx"), "a.ozx").remarks] == ["error"]


def test_the_real_image_equals_zarr(real_data):
    path = next((real_data / "BioImageTools_ome-zarr-image-analysis-nextflow").rglob("*.ome.zarr"))
    tree = FolderTree(path)
    contents = ome_zarr.inspect(tree, path.name)
    (header,) = contents.images
    assert (header.axes, header.shape, header.channels) == ("tczyx", (1, 1, 1, 682, 682), ("Channel 0",))
    assert header.voxel_size == VoxelSize(None, 0.166053183181403, 0.166053183181403, "micrometer")
    assert contents.metadata["ome"]["images"][0]["sizes"]["x"] == 682
    np.testing.assert_array_equal(ome_zarr.open_image(tree, 0, header)[...], zarr.open_array(path / "0", mode="r")[...])
