"""N5: folders that tensorstore writes on its own, and BigDataViewer's layout with its XML."""

from __future__ import annotations

import bz2
import gzip
import json
import struct
import zlib

import h5py
import imagecodecs
import numpy as np
import pytest
import tensorstore

from micrographia.errors import MicrographiaError
from micrographia.formats import n5
from micrographia.formats.registry import open_image
from micrographia.formats.source import BytesSource, FileSource, FolderTree, MappingTree
from micrographia.formats.survey import survey
from micrographia.testing.damage import damaged

XML = """<SpimData version="0.2"><SequenceDescription><ViewSetups>
<ViewSetup><id>0</id><name>embryo</name><voxelSize><unit>µm</unit><size>0.1 0.2 0.5</size></voxelSize>
<attributes><channel>1</channel><angle>0</angle></attributes></ViewSetup>
<Attributes name="channel"><Channel><id>1</id><name>GFP</name></Channel></Attributes>
<Attributes name="angle"><Angle><id>0</id><name>45</name></Angle></Attributes>
</ViewSetups></SequenceDescription></SpimData>"""


def stored(folder, array, *, compression="raw", block=(4, 3, 2), more=None):
    """Let tensorstore write an array, slowest axis first here, as the dataset in `folder`."""
    settings = {"cname": "lz4", "clevel": 5, "shuffle": 1} if compression == "blosc" else {}
    metadata = {"compression": {"type": compression, **settings}, "blockSize": list(block)[: array.ndim]}
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"driver": "n5", "kvstore": {"driver": "file", "path": str(folder)}, "metadata": metadata}
    tensorstore.open(spec, create=True, dtype=array.dtype.name, shape=array.shape[::-1]).result().write(array.T).result()
    if more:
        path = folder / "attributes.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


def shown(folder, companion=None):
    tree = FolderTree(folder)
    return tree, n5.inspect(tree, folder.name, companion)


def lz4_block(kind, packed, length):
    """A block as Java's LZ4 writes it."""
    return b"LZ4Block" + struct.pack("<BiiI", kind, len(packed), length, 0) + packed


def in_memory(array, data, **attributes):
    """A tree of one dataset of one block."""
    said = {"dimensions": array.shape[::-1], "blockSize": array.shape[::-1], "dataType": array.dtype.name, **attributes}
    head = struct.pack(f">HH{array.ndim}I", 0, array.ndim, *array.shape[::-1])
    files = {"attributes.json": json.dumps(said).encode(), "/".join("0" * array.ndim): head + data}
    return MappingTree("a.n5", {name: BytesSource(content, name) for name, content in files.items()})


@pytest.mark.parametrize("compression", ["raw", "gzip", "bzip2", "xz", "blosc", "zstd"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_any_part_comes_back_as_another_library_wrote_it(tmp_path, compression, dtype):
    array = np.random.default_rng(1).integers(1, 100, (7, 8, 9)).astype(dtype)
    stored(tmp_path / "a.n5", array, compression=compression)
    tree, contents = shown(tmp_path / "a.n5")
    assert contents.remarks == ()
    image = open_image(tree, "n5", 0, contents.images[0])
    assert (image.axes, image.dtype) == ("zyx", np.dtype(dtype))
    np.testing.assert_array_equal(image[...], array)
    np.testing.assert_array_equal(image[::-2, 1:7:3, 5], array[::-2, 1:7:3, 5])
    np.testing.assert_array_equal(np.concatenate([b.ravel() for b in image.blocks(1 << 20)]), array.ravel())


@pytest.mark.parametrize(
    ("compression", "encode"),
    [
        ({"type": "gzip"}, gzip.compress),
        ({"type": "gzip", "useZlib": True}, zlib.compress),
        ({"type": "bzip2"}, bz2.compress),
        ({"type": "lz4"}, lambda d: lz4_block(0x26, imagecodecs.lz4_encode(d), len(d))),
        ({"type": "lz4"}, lambda d: lz4_block(0x16, d, len(d))),
    ],
    ids=["gzip", "zlib", "bzip2", "lz4", "lz4 stored"],
)
def test_what_java_writes_is_undone(compression, encode):
    array = np.arange(120, dtype=">u2").reshape(4, 5, 6)
    tree = in_memory(array, encode(array.tobytes()), compression=compression)
    np.testing.assert_array_equal(open_image(tree, "n5", 0, n5.inspect(tree, "a").images[0])[...], array)


def test_blocks_that_are_not_there_are_zeros_and_lower_levels_are_left_out(tmp_path):
    array = np.ones((7, 8, 9), "uint8")
    root = tmp_path / "a.n5"
    stored(root / "raw/s0", array)
    stored(root / "raw/s1", array[::2, ::2, ::2])
    (root / "raw/s0/0/0/0").unlink()
    (root / "attributes.json").write_text('{"n5": "2.0.0"}')
    tree, contents = shown(root)
    assert [h.name for h in contents.images] == ["raw/s0"]
    image = open_image(tree, "n5", 0, contents.images[0])[...]
    assert image[:2, :3, :4].sum() == 0
    assert image.sum() == array.size - 24


@pytest.mark.parametrize(
    "more",
    [
        {"transform": {"axes": ["z", "y", "x"], "scale": [4.0, 3.0, 2.0], "units": ["nm", "nm", "nm"], "translate": [8.0, 0.0, 0.0]}},
        {"pixelResolution": {"unit": "nm", "dimensions": [2.0, 3.0, 4.0]}},
        {"resolution": [2, 3, 4], "units": ["nm", "nm", "nm"], "axes": ["x", "y", "z"]},
        {"pixelWidth": 2.0, "pixelHeight": 3.0, "pixelDepth": 4.0, "pixelUnit": "nm"},
    ],
    ids=["COSEM", "N5 Viewer", "Neuroglancer", "ImageJ"],
)
def test_spacing_is_understood_as_each_program_writes_it(tmp_path, more):
    stored(tmp_path / "a.n5", np.ones((7, 8, 9), "uint8"), more=more)
    _, contents = shown(tmp_path / "a.n5")
    assert contents.images[0].voxel_size.as_json() == {"z": 4.0, "y": 3.0, "x": 2.0, "unit": "nanometer"}
    assert contents.images[0].origin == ((8.0, 0.0, 0.0) if "transform" in more else None)


def test_setups_of_bigdataviewer_are_images_with_their_times_and_what_the_xml_beside_them_says(tmp_path):
    array = np.random.default_rng(1).integers(1, 100, (3, 7, 8, 9)).astype("uint16")
    for time in range(3):
        stored(tmp_path / f"embryo.n5/setup0/timepoint{time}/s0", array[time])
        stored(tmp_path / f"embryo.n5/setup0/timepoint{time}/s1", array[time, ::2, ::2, ::2])
    (tmp_path / "embryo.xml").write_text(XML)
    xml, described = sorted(survey(tmp_path, workers=1), key=lambda d: d.format)
    assert (xml.path, described.path, described.remarks) == ("embryo.xml", "embryo.n5", ())
    assert "embryo.n5/setup0/timepoint2/s1/attributes.json" in described.members
    (header,) = described.images
    assert (header.name, header.axes, header.shape) == ("embryo", "tzyx", array.shape)
    assert header.voxel_size.as_json() == {"z": 0.5, "y": 0.2, "x": 0.1, "unit": "micrometer"}
    assert header.metadata["setup"] == {"number": 0, "name": "embryo", "channel": "GFP", "angle": "45"}
    image = open_image(FolderTree(tmp_path / "embryo.n5"), "n5", 0, header)
    np.testing.assert_array_equal(image[1:, 2:5, ::3, ::-1], array[1:, 2:5, ::3, ::-1])


def test_the_xml_beside_an_hdf5_of_bigdataviewer_is_understood_too(tmp_path):
    with h5py.File(tmp_path / "embryo.h5", "w") as file:
        file["t00000/s00/0/cells"] = np.full((7, 8, 9), -1, "int16")
        file.create_dataset("t00001/s00/0/cells", data=np.full((7, 8, 9), -2, "int16"), compression="gzip")
    (tmp_path / "embryo.xml").write_text(XML)
    described = next(d for d in survey(tmp_path, workers=1) if d.format == "hdf5")
    assert described.images[0].voxel_size.as_json() == {"z": 0.5, "y": 0.2, "x": 0.1, "unit": "micrometer"}
    assert described.images[0].metadata["setup"]["channel"] == "GFP"
    with FileSource(tmp_path / "embryo.h5") as source:  # its samples are unsigned, whatever HDF5 is told
        assert [open_image(source, "hdf5", k, h)[0, 0, 0] for k, h in enumerate(described.images)] == [65535, 65534]


def test_an_xml_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.xml").write_text(XML)
    stored(tmp_path / "in/embryo.n5/setup0/timepoint0/s0", np.ones((7, 8, 9), "uint8"))
    (tmp_path / "in/embryo.xml").symlink_to(tmp_path / "secret.xml")
    described = next(d for d in survey(tmp_path / "in", workers=1) if d.format == "n5")
    assert "setup" not in described.images[0].metadata


def test_lies_and_bombs_are_refused_before_anything_is_allocated():
    array = np.ones((4, 5, 6), "uint8")

    def rules(data=b"", **attributes):
        tree = in_memory(array, data, **attributes)
        contents = n5.inspect(tree, "a")
        if not contents.images:
            return [r.rule for r in contents.remarks]
        with pytest.raises(MicrographiaError) as caught:
            open_image(tree, "n5", 0, contents.images[0])[...]
        return [caught.value.rule]

    assert rules(dimensions=[1 << 20] * 3) == ["n5.size"]
    assert rules(dimensions=[1 << 40] * 3, blockSize=[1 << 10] * 3) == ["n5.block_size"]
    assert rules(compression={"type": "pickle"}) == ["n5.compression"]
    assert rules(dataType="object") == ["n5.unreadable"]
    assert rules(bytes(5)) == ["n5.unreadable"]
    assert rules(bytes(5 << 20)) == ["n5.block_size"]
    assert rules(gzip.compress(bytes(5)), compression={"type": "gzip"}) == ["n5.unreadable"]
    # what is inside may be larger than what is said; no more than that is decoded
    tree = in_memory(array, gzip.compress(bytes(50 << 20)), compression={"type": "gzip"})
    assert open_image(tree, "n5", 0, n5.inspect(tree, "a").images[0])[...].sum() == 0


@pytest.mark.parametrize("compression", ["raw", "gzip", "blosc", "zstd", "xz", "bzip2", "lz4"])
def test_random_damage_is_survived(tmp_path, compression):
    array = np.arange(120, dtype="uint16").reshape(4, 5, 6)
    if compression == "lz4":
        content = lz4_block(0x16, array.astype(">u2").tobytes(), 240)
        files = {"0/0/0": struct.pack(">HH3I", 0, 3, 6, 5, 4) + content}
        files["attributes.json"] = json.dumps(
            {"dimensions": [6, 5, 4], "blockSize": [6, 5, 4], "dataType": "uint16", "compression": {"type": "lz4"}}
        ).encode()
    else:
        stored(tmp_path / "a", array, compression=compression, block=(6, 5, 4))
        files = {name: (tmp_path / "a" / name).read_bytes() for name in ("0/0/0", "attributes.json")}
    for name, whole in files.items():
        for data in damaged(whole, count=60):
            tree = MappingTree("a.n5", {n: BytesSource(data if n == name else d, n) for n, d in files.items()})
            try:
                for number, header in enumerate(n5.inspect(tree, "a").images):
                    if header.size_bytes < 1 << 24:
                        open_image(tree, "n5", number, header)[...]
            except MicrographiaError:
                continue
