"""HDF5: which datasets are images, their axes and values; nothing outside of the file is ever opened."""

from __future__ import annotations

import io
import json
import os

import h5py
import numpy as np
import pytest

from micrographia.formats import hdf5
from micrographia.formats.description import UnreadableError
from micrographia.formats.registry import inspect as inspect_any
from micrographia.formats.source import BytesSource, FileSource
from micrographia.model.image import VoxelSize

RNG = np.random.default_rng(3)


def noise(*shape: int, dtype: str = "u1"):
    return RNG.integers(0, 200, shape).astype(dtype)


def written(make) -> BytesSource:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        make(file)
    return BytesSource(buffer.getvalue(), "a.h5")


def images_of(source):
    contents = hdf5.inspect(source, source.name)
    json.dumps([dict(contents.metadata), *(dict(h.metadata) for h in contents.images)], allow_nan=False)
    return contents.images


@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": (3, 16, 16)}, {"chunks": (3, 16, 16), "compression": "gzip", "shuffle": True}],
    ids=["contiguous", "chunked", "gzip"],
)
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">f4", "c8"])
def test_arrays_come_back_with_their_values(options, dtype):
    array = noise(7, 40, 50, dtype=dtype)
    source = written(lambda f: f.create_dataset("a/stack", data=array, **options))
    (header,) = images_of(source)
    assert (header.name, header.axes, header.shape, (header.layout is None)) == ("a/stack", "zyx", (7, 40, 50), bool(options))
    image = hdf5.open_image(source, 0, header)
    np.testing.assert_array_equal(image[...], array)
    np.testing.assert_array_equal(image[1:6:2, ::-3, 7], array[1:6:2, ::-3, 7])
    assert image[...].dtype == array.dtype.newbyteorder("=")
    for max_bytes in (300, 1 << 24):
        assert sum(b.size for b in image.blocks(max_bytes)) == array.size


def test_tables_and_text_are_no_images():
    def make(file):
        file["points"] = np.zeros((900, 3))
        file["scalar"] = 1.0
        file["line"] = np.zeros(100)
        file["text"] = np.array([b"a" * 10] * 100)
        file["records"] = np.zeros((20, 20), [("a", "f4"), ("b", "i4")])

    (remark,) = hdf5.inspect(written(make), "a.h5").remarks
    assert (remark.rule, remark.severity) == ("hdf5.no_image", "warning")


@pytest.mark.parametrize(
    ("shape", "attributes", "axes", "presented"),
    [
        ((30, 40), {}, "yx", (30, 40)),
        ((30, 40, 3), {}, "cyx", (3, 30, 40)),
        ((2, 9, 30, 40), {}, "czyx", (2, 9, 30, 40)),
        ((9, 30, 40, 1), {}, "zyx", (9, 30, 40)),
        ((5, 2, 9, 30, 40), {}, "tczyx", (5, 2, 9, 30, 40)),
        ((40, 30, 9), {"axistags": json.dumps({"axes": [{"key": k} for k in "xyz"]})}, "zyx", (9, 30, 40)),
        ((9, 30, 40), {"axes": "theta:y:x"}, "zyx", (9, 30, 40)),
        ((9, 30, 40), {"DIMENSION_LABELS": ["t", "y", "x"]}, "tyx", (9, 30, 40)),
        ((9, 30, 40), {"axistags": "not json"}, "zyx", (9, 30, 40)),
    ],
)
def test_axes_follow_the_conventions_of_the_writers(shape, attributes, axes, presented):
    array = noise(*shape)

    def make(file):
        file.create_dataset("d", data=array, chunks=True).attrs.update(attributes)

    source = written(make)
    (header,) = images_of(source)
    assert (header.axes, header.shape) == (axes, presented)
    assert header.is_stack == ("theta" in str(attributes))
    image = hdf5.open_image(source, 0, header)[...]
    assert image.shape == presented
    assert image.astype(int).sum() == array.astype(int).sum()
    if axes == "cyx":
        np.testing.assert_array_equal(image, np.moveaxis(array, -1, 0))


def test_voxel_sizes_are_those_of_plant_seg_cremi_and_imaris():
    def make(file):
        file["raw"] = noise(9, 30, 40)
        file["raw"].attrs["element_size_um"] = [0.2, 0.1, 0.1]
        file["volumes/labels"] = noise(9, 30, 40)
        file["volumes/labels"].attrs["resolution"] = [40.0, 4.0, 4.0]
        for level in (0, 1):
            file[f"DataSet/ResolutionLevel {level}/TimePoint 0/Channel 0/Data"] = noise(10, 20, 40)
        info = file.create_group("DataSetInfo/Image")
        for key, value in {
            "ExtMin0": "0",
            "ExtMax0": "20",
            "ExtMin1": "0",
            "ExtMax1": "10",
            "ExtMin2": "1",
            "ExtMax2": "6",
            "X": "40",
            "Y": "20",
            "Z": "10",
        }.items():
            info.attrs[key] = np.array(list(value), "S1")

    sizes = {h.name: h.voxel_size for h in images_of(written(make))}
    assert sizes == {
        "raw": VoxelSize(0.2, 0.1, 0.1, "micrometer"),
        "volumes/labels": VoxelSize(40.0, 4.0, 4.0, "nanometer"),
        "DataSet/ResolutionLevel 0/TimePoint 0/Channel 0/Data": VoxelSize(0.5, 0.5, 0.5, "micrometer"),
    }


@pytest.fixture
def trap(tmp_path):
    """A pipe outside of the file: whoever opens it waits for ever."""
    path = tmp_path / "secret"
    os.mkfifo(path)
    return str(path)


OUTSIDE = {
    "an external link": lambda f, trap: f.__setitem__("link", h5py.ExternalLink(trap, "/d")),
    "external storage": lambda f, trap: f.create_dataset("d", (10, 64), "u1", external=[(trap, 0, 640)]),
    "a virtual dataset": lambda f, trap: f.create_virtual_dataset("d", virtual(trap)),
    "a virtual dataset without end": lambda f, trap: f.create_virtual_dataset("d", virtual(trap, endless=True)),
}


def virtual(trap, *, endless=False):
    layout = h5py.VirtualLayout((10, 64), "u1", maxshape=(None, 64) if endless else None)
    source = h5py.VirtualSource(trap, "d", (10, 64), maxshape=(None, 64) if endless else None)
    if endless:
        layout[: h5py.h5s.UNLIMITED, :] = source[: h5py.h5s.UNLIMITED, :]
    else:
        layout[...] = source
    return layout


@pytest.mark.parametrize("what", OUTSIDE)
def test_what_reads_another_file_is_an_error_and_is_not_opened(what, trap):
    source = written(lambda f: OUTSIDE[what](f, trap))
    contents = hdf5.inspect(source, "a.h5")
    assert contents.images == ()
    (remark,) = contents.remarks
    assert (remark.rule, remark.severity, remark.found) == ("hdf5.external", "error", what.removesuffix(" without end"))


def test_conventions_are_not_looked_up_through_external_links(trap):
    def make(file):
        file["DataSet/ResolutionLevel 0/TimePoint 0/Channel 0/Data"] = noise(10, 20, 40)
        file["DataSetInfo"] = h5py.ExternalLink(trap, "/")
        file["exchange/data"] = noise(10, 20, 40)
        file["exchange/theta"] = h5py.SoftLink("/DataSetInfo/theta")

    assert len(images_of(written(make))) == 2


def test_a_description_cannot_lead_out_of_the_file(trap):
    source = written(
        lambda f: (f.create_dataset("d", data=noise(9, 20, 20), chunks=True), f.__setitem__("out", h5py.ExternalLink(trap, "/d")))
    )
    (header,) = images_of(source)
    header.metadata["dataset"] = "out"
    with pytest.raises(Exception, match="no dataset"):
        hdf5.open_image(source, 0, header)


def test_groups_in_a_circle_end():
    def make(file):
        file["a/b/d"] = noise(20, 20)
        file["a/b/a"] = file["a"]
        file["a/again"] = file["a/b/d"]

    assert [h.name for h in images_of(written(make))] == ["a/again"]


def test_more_samples_than_the_file_holds_are_refused():
    source = written(lambda f: f.create_dataset("d", (10**5, 10**5, 100), "u2", chunks=(1, 64, 64)))
    description = inspect_any(source, "a.h5")
    assert [(r.rule, r.severity) for r in description.remarks] == [("hdf5.size", "error")]


def test_chunks_too_large_to_decode_are_left_alone():
    source = written(lambda f: f.create_dataset("d", (30_000, 30_000), "u1", chunks=(30_000, 30_000), compression="gzip"))
    description = inspect_any(source, "a.h5")
    assert [(r.rule, r.severity) for r in description.remarks] == [("hdf5.chunk_size", "warning")]


def test_a_dataset_behind_a_foreign_filter_is_kept_and_the_others_are_shown():
    def make(file):
        file.create_dataset("a", data=noise(20, 20), chunks=(20, 20), compression="gzip")
        file["b"] = noise(20, 20)

    source = written(make)
    data = bytearray(source.read(0, source.size))
    number = data.find(b"deflate\0") - 8  # filter, length of its name, flags, count of values
    assert data[number : number + 2] == b"\1\0"
    data[number : number + 2] = (32_008).to_bytes(2, "little")  # bitshuffle
    description = inspect_any(BytesSource(bytes(data), "a.h5"), "a.h5")
    assert [h.name for h in description.images] == ["b"]
    (remark,) = description.remarks
    assert (remark.rule, remark.severity) == ("hdf5.filter", "warning")
    assert remark.message == "a.h5: a has a coding that is not supported: it is stored as it is; no pictures or streams of it."


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_an_error(part):
    source = written(lambda f: [f.create_dataset(f"d{i}", data=noise(30, 30)) for i in range(5)])
    description = inspect_any(BytesSource(source.read(0, int(source.size * part)), "a.h5"), "a.h5")
    assert description.images == ()
    assert [r.severity for r in description.remarks] == ["error"]


def test_a_chunk_that_cannot_be_decoded_is_unreadable():
    source = written(lambda f: f.create_dataset("d", data=noise(64, 64), chunks=(64, 64), compression="gzip"))
    whole = bytearray(source.read(0, source.size))
    start = h5py.File(io.BytesIO(bytes(whole)))["d"].id.get_chunk_info(0).byte_offset
    whole[start : start + 200] = bytes(200)
    broken = BytesSource(bytes(whole), "a.h5")
    with pytest.raises(UnreadableError):
        hdf5.open_image(broken, 0, images_of(broken)[0])[...]


def test_real_files_equal_h5py(real_data):
    paths = [
        p
        for p in sorted(real_data.rglob("*"))
        if p.suffix in (".h5", ".emd", ".seg") and p.name != "read_stack.h5" and p.stat().st_size < 1_100_000
    ]
    assert len(paths) > 9
    for path in paths:
        source = FileSource(path)
        with h5py.File(path) as file:
            for i, header in enumerate(images_of(source)):
                expected = np.squeeze(file[header.name][...])
                if header.axes == "cyx" and expected.shape[-1] == 3:
                    expected = np.moveaxis(expected, -1, 0)
                middle = header.shape[0] // 2
                np.testing.assert_array_equal(hdf5.open_image(source, i, header)[middle], expected[middle])


def test_the_real_ovule_has_its_voxel_size(real_data):
    images = {h.name: h for h in images_of(FileSource(real_data / "hci-unihd_plant-seg/sample_ovule.h5"))}
    assert images["raw"].voxel_size == VoxelSize(0.235, 0.15, 0.15, "micrometer")
    assert images["label"].dtype == "uint16"


def test_a_real_tomography_scan_tells_its_angles(real_data):
    contents = hdf5.inspect(FileSource(real_data / "tomopy_tomopy/tooth.h5"), "tooth.h5")
    assert contents.images[0].is_stack
    assert len(contents.metadata["tilt_angles_deg"]) == contents.images[0].shape[0]


def test_bigdataviewer_offers_the_full_resolution_only():
    def make(file):
        for setup in range(2):
            file[f"s{setup:02}/resolutions"] = np.array([[1.0, 1, 1], [2, 2, 1]])
            for level, n in ((0, 40), (1, 20)):
                file[f"t00000/s{setup:02}/{level}/cells"] = noise(10, n, n, dtype="<i2")

    assert [h.name for h in images_of(written(make))] == ["t00000/s00/0/cells", "t00000/s01/0/cells"]
