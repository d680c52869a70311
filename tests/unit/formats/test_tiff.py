"""TIFF series against tifffile: axes, values, exact reads, voxel sizes; malformed and lying files."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from micrographia.formats import tiff
from micrographia.formats.description import UnreadableError
from micrographia.formats.registry import inspect as inspect_any
from micrographia.formats.source import BytesSource, FileSource
from micrographia.model.image import VoxelSize

RNG = np.random.default_rng(7)


class Counted(BytesSource):
    """Counts the bytes that are read."""

    count = 0

    def read(self, start: int, length: int) -> bytes:
        self.count += length
        return super().read(start, length)


def noise(*shape: int, dtype: str = "u1"):
    return RNG.integers(0, 200, shape).astype(dtype)


def written(array, **options) -> Counted:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **{"photometric": "minisblack"} | options)
    return Counted(buffer.getvalue(), "a.tif")


def only(source):
    contents = tiff.inspect(source, source.name)
    assert contents.remarks == ()
    (header,) = contents.images
    json.dumps([dict(header.metadata), dict(contents.metadata)], allow_nan=False)
    return header


RGB = {"photometric": "rgb"}
CASES = [
    (noise(40, 50), {}, "yx"),
    (noise(6, 40, 50), {"metadata": None}, "zyx"),
    (noise(6, 40, 50), {"compression": "zlib", "rowsperstrip": 7}, "zyx"),
    (noise(6, 70, 90, dtype="u2"), {"compression": "zlib", "predictor": True, "tile": (32, 16)}, "zyx"),
    (noise(5, 70, 90), {"tile": (32, 32)}, "zyx"),
    (noise(6, 40, 50, dtype=">f4"), {"byteorder": ">"}, "zyx"),
    (noise(40, 50, 3), RGB, "yxc"),
    (noise(5, 40, 50, 3), {**RGB, "compression": "lzw"}, "zyxc"),
    (noise(3, 40, 50), {**RGB, "planarconfig": "separate", "compression": "zlib", "rowsperstrip": 9}, "cyx"),
    (noise(4, 3, 40, 50), {**RGB, "planarconfig": "separate"}, "zcyx"),
    (noise(2, 3, 4, 30, 40), {"imagej": True, "metadata": {"axes": "TZCYX"}}, "tzcyx"),
    (noise(2, 3, 4, 30, 40), {"ome": True, "compression": "zlib", "metadata": {"axes": "TZCYX"}}, "tzcyx"),
    (noise(16, 64, 64), {"volumetric": True, "tile": (16, 16, 16), "compression": "zlib"}, "zyx"),
    (noise(33, 47) > 100, {}, "yx"),
    (noise(33, 47, dtype="c8"), {}, "yx"),
    (noise(1, 50), {}, "yx"),
]


@pytest.mark.parametrize(("array", "options", "stored"), CASES, ids=[f"{i}-{stored}" for i, (_, _, stored) in enumerate(CASES)])
def test_series_are_presented_as_tczyx_with_tifffiles_values(array, options, stored):
    source = written(array, **options)
    header = only(source)
    order = sorted(range(len(stored)), key=lambda i: "tczyx".index(stored[i]))
    expected = array.transpose(order)
    assert header.axes == "".join(stored[i] for i in order)
    assert header.shape == expected.shape
    image = tiff.open_image(source, 0, header)
    np.testing.assert_array_equal(image[...], expected)
    assert image[...].dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(image[..., 3:40:7, ::-2], expected[..., 3:40:7, ::-2])
    for max_bytes in (200, 1 << 24):
        blocks = list(image.blocks(max_bytes))
        assert sum(b.size for b in blocks) == array.size
        assert sorted(np.concatenate([b.ravel() for b in blocks]).tolist(), key=abs) == sorted(array.ravel().tolist(), key=abs)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_part_of_a_tiled_stack_equals_numpy(data):
    index = tuple(
        data.draw(st.one_of(st.integers(-n, n - 1), st.slices(n)), label=f"axis of {n}")
        for n in TILED.shape[: data.draw(st.integers(1, 3))]
    )
    np.testing.assert_array_equal(TILED_IMAGE[index], TILED[index])


TILED = noise(5, 45, 61, dtype="u2")
TILED_SOURCE = written(TILED, compression="zlib", tile=(16, 16))
TILED_IMAGE = tiff.open_image(TILED_SOURCE, 0, None)


def test_only_the_tiles_that_an_index_touches_are_read():
    source = written(noise(4, 512, 512), compression="zlib", tile=(64, 64))
    image = tiff.open_image(source, 0, only(source))
    source.count = 0
    image[2, 100:120, 200:210]
    assert source.count < 20_000  # two tiles of 64², noise does not shrink


def test_pages_at_regular_distances_need_no_parser():
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for i in range(6):
            writer.write(np.full((20, 30), i, "u1"), contiguous=False, metadata=None)
    header = only(BytesSource(buffer.getvalue(), "a.tif"))
    assert header.shape == (6, 20, 30)
    assert header.layout is not None
    assert header.layout.strides[0] > 600


def test_series_of_different_shape_are_images_of_their_own():
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(noise(5, 20, 30), metadata=None)
        writer.write(noise(40, 40, 3), photometric="rgb", metadata=None)
    contents = tiff.inspect(BytesSource(buffer.getvalue(), "a.tif"), "a.tif")
    assert [(h.name, h.axes, h.shape) for h in contents.images] == [("series 0", "zyx", (5, 20, 30)), ("series 1", "cyx", (3, 40, 40))]
    assert contents.images[1].channels == ("red", "green", "blue")


IMAGEJ = {"axes": "ZCYX", "spacing": 4.0, "unit": "nm"}
OME = {"PhysicalSizeX": 0.65, "PhysicalSizeY": 0.65, "PhysicalSizeZ": 3.0, "Channel": {"Name": ["DNA", "GFP"]}}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"ome": True, "metadata": {"axes": "CZYX", **OME}}, VoxelSize(3.0, 0.65, 0.65, "micrometer")),
        ({"imagej": True, "resolution": (1 / 1.5, 1 / 1.5), "metadata": IMAGEJ}, VoxelSize(4.0, 1.5, 1.5, "nanometer")),
        ({"imagej": True, "resolution": (2, 2), "metadata": {"axes": "ZCYX", "unit": "pixel"}}, None),
        ({"resolution": (1e7 / 65, 1e7 / 65), "resolutionunit": "CENTIMETER"}, VoxelSize(None, 65.0, 65.0, "nanometer")),
        ({"resolution": (300, 300), "resolutionunit": "INCH"}, None),
        ({"resolution": (1, 1), "resolutionunit": "NONE"}, None),
        ({}, None),
    ],
    ids=["ome", "imagej", "imagej pixels", "resolution in nm", "dots per inch", "unit none", "nothing"],
)  # fmt: skip
def test_voxel_sizes_come_from_metadata_that_mean_the_specimen(options, expected):
    assert only(written(noise(2, 3, 20, 30), **options)).voxel_size == expected


def test_ome_channels_have_their_names():
    assert only(written(noise(2, 3, 20, 30), ome=True, metadata={"axes": "CZYX", **OME})).channels == ("DNA", "GFP")


def test_ome_xml_that_names_other_files_opens_none(tmp_path, monkeypatch):
    other = tmp_path / "other.ome.tif"
    tifffile.imwrite(other, noise(20, 30))
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1"><Image ID="Image:0"><Pixels '
        'DimensionOrder="XYZCT" Type="uint8" SizeX="30" SizeY="20" SizeZ="1" SizeC="1" SizeT="2"><Channel/>'
        '<TiffData FirstT="0" PlaneCount="1">'
        '<UUID FileName="a.tif">urn:uuid:1</UUID></TiffData><TiffData FirstT="1" PlaneCount="1">'
        '<UUID FileName="other.ome.tif">urn:uuid:2</UUID></TiffData></Pixels></Image></OME>'
    )
    monkeypatch.chdir(tmp_path)
    header = only(written(noise(20, 30), description=xml, metadata=None))
    assert header.shape == (20, 30)


def test_xml_with_entities_is_refused():
    xml = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><OME xmlns="x">&a;</OME>'
    with pytest.raises(UnreadableError):
        tiff.inspect(written(noise(20, 30), description=xml, metadata=None), "a.tif")


@pytest.mark.parametrize("compression", [None, "zlib", "packbits"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.97])
def test_files_that_are_cut_off_are_errors(compression, part):
    source = written(noise(6, 100, 100), metadata=None, compression=compression)
    cut = BytesSource(source.read(0, int(source.size * part)), "a.tif")
    assert "error" in [r.severity for r in inspect_any(cut, "a.tif").remarks]


@pytest.mark.parametrize("compression", [34676, 34677, 6, 34661])  # LogLuv, JPEG before it was settled, JBIG
@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}])
def test_a_coding_that_nothing_here_decodes_is_kept_unless_it_is_cut_off(compression, options):
    file = io.BytesIO()
    tifffile.imwrite(file, noise(40, 50), compression="zlib", **options)
    file.seek(0)
    with tifffile.TiffFile(file, mode="r+") as tif:
        tif.pages.first.tags["Compression"].overwrite(compression)
    whole = file.getvalue()
    contents = tiff.inspect(BytesSource(whole, "a.tif"), "a.tif")
    assert contents.images == ()
    assert [(r.rule, r.severity) for r in contents.remarks] == [("tiff.compression", "warning")]
    short = inspect_any(BytesSource(whole[:-50], "a.tif"), "a.tif")
    assert (short.images, {r.severity for r in short.remarks}) == ((), {"error"})


def lying(rows: int, columns: int, compression: int = 1) -> BytesSource:
    """Return a TIFF of a hundred bytes that claims rows × columns of samples."""
    tags = [
        (256, 4, columns),
        (257, 4, rows),
        (258, 3, 8),
        (259, 3, compression),
        (262, 3, 1),
        (273, 4, 200),
        (277, 3, 1),
        (278, 4, rows),
        (279, 4, 100),
    ]
    ifd = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags) + bytes(4)
    return BytesSource((b"II*\0" + struct.pack("<I", 8) + ifd).ljust(300, b"\0"), "lying.tif")


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_a_header_that_claims_more_than_the_file_holds_is_refused(compression):
    description = inspect_any(lying(200_000, 200_000, compression), "lying.tif")
    assert description.images == ()
    assert [(r.severity, r.rule.split(".")[0]) for r in description.remarks] == [("error", "tiff")]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_bytes_changed_at_random_never_raise(data):
    whole = bytearray(CORRUPTED)
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    whole = whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole
    source = BytesSource(bytes(whole), "a.tif")
    description = inspect_any(source, "a.tif")
    for i, header in enumerate(description.images):
        if description.format == "tiff" and header.size_bytes < 1 << 20:
            try:
                tiff.open_image(source, i, header)[...]
            except UnreadableError as failure:
                assert failure.rule.startswith("tiff.")


CORRUPTED = (lambda s: s.read(0, s.size))(written(noise(5, 20, 20), compression="zlib", metadata=None, rowsperstrip=8))


def test_malformed_real_files_that_tifffile_cannot_read_are_errors(real_data):
    paths = sorted(p for p in (real_data / "malformed").rglob("*") if p.is_file())
    assert paths
    for path in paths:
        try:
            tifffile.imread(path)
        except Exception:  # noqa: BLE001  whatever it raises
            description = inspect_any(FileSource(path), path.name)
            assert "error" in [r.severity for r in description.remarks], path.name


def test_real_files_equal_tifffile(real_data):
    paths = [
        p for p in sorted(real_data.rglob("*.tif")) if "malformed" not in p.parts and "SBS" not in str(p) and p.stat().st_size < 1_700_000
    ]
    assert len(paths) > 9
    for path in paths:
        source = FileSource(path)
        image = tiff.open_image(source, 0, only(source))
        expected = tifffile.imread(path)
        section = image.shape[0] // 2
        np.testing.assert_array_equal(image[section], expected[section])
        assert image.dtype == expected.dtype.newbyteorder("=")


def test_the_microtubule_tomogram_has_its_voxel_size(real_data):
    header = only(FileSource(real_data / "hanjinliu_cylindra/tests/13pf_MT.tif"))
    assert (header.axes, header.shape, header.voxel_size) == ("zyx", (36, 206, 94), VoxelSize(1.052, 1.052, 1.052, "nanometer"))
