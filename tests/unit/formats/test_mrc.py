import struct
import warnings

import mrcfile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micrographia.formats.mrc_layout import IMOD_STAMP, fei_dtype
from micrographia.formats.registry import identify, inspect, open_image
from micrographia.formats.source import BytesSource, FileSource
from micrographia.testing.mrc_files import mrc_bytes as mrc

DTYPES = {0: "i1", 1: "i2", 2: "f4", 4: "c8", 6: "u2", 12: "f2"}
SUFFIXES = (".mrc", ".mrcs", ".map", ".ccp4", ".rec", ".st", ".ali")


def described(data, name="a.mrc"):
    return inspect(BytesSource(data, name), name)


def image_of(data, name="a.mrc"):
    source = BytesSource(data, name)
    description = inspect(source, name)
    return open_image(source, description.format, 0, description.images[0])


def rules(description, severity):
    return {r.rule for r in description.remarks if r.severity == severity}


def oracle(path):
    """The array as mrcfile sees it, (z, y, x)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with mrcfile.open(path, permissive=True) as file:
            stored = [int(file.header.maps), int(file.header.mapr), int(file.header.mapc)]
            array = np.array(file.data, file.data.dtype.newbyteorder("="))
    return array.transpose([stored.index(axis) for axis in (3, 2, 1)]) if array.ndim == 3 and sorted(stored) == [1, 2, 3] else array


def test_every_real_file_reads_as_mrcfile_reads_it(real_data):
    paths = [p for p in sorted(real_data.rglob("*")) if p.name.lower().endswith(SUFFIXES) and p.stat().st_size > 1024]
    assert len(paths) > 20
    for path in paths:
        with FileSource(path) as source:
            description = inspect(source, path.name)
            assert not rules(description, "error"), path
            found = open_image(source, "mrc", 0, description.images[0])[...]
        expected = oracle(path)
        assert found.dtype == expected.dtype
        assert np.array_equal(np.squeeze(found), np.squeeze(expected), equal_nan=True), path


def test_what_archives_published_passes_with_warnings(real_data):
    for name in ("ccpem_mrcfile/EMD-3197.map", "emdb-empiar_sfftk/images/emd_1832.map"):
        with FileSource(real_data / name) as source:
            description = inspect(source, name)
        assert rules(description, "warning") == {"mrc.standard"}
        assert description.images[0].voxel_size


@settings(deadline=None)
@given(
    mode=st.sampled_from(sorted(DTYPES)),
    order=st.sampled_from("<>"),
    axes=st.permutations((1, 2, 3)),
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    extended=st.sampled_from((0, 80, 1024)),
)
def test_every_mode_byte_order_and_axis_order_is_shown_as_zyx(mode, order, axes, shape, extended):
    nz, ny, nx = shape
    stored = (np.arange(nz * ny * nx) % 120).reshape(shape).astype(DTYPES[mode])
    data = mrc(
        bytes(extended) + stored.astype(stored.dtype.newbyteorder(order)).tobytes(),
        order,
        nx=nx,
        ny=ny,
        nz=nz,
        mode=mode,
        mapc=axes[0],
        mapr=axes[1],
        maps=axes[2],
        nsymbt=extended,
    )
    stored_axes = list(axes)[::-1]
    expected = stored.transpose([stored_axes.index(a) for a in (3, 2, 1)])
    image = image_of(data)
    if image.axes == "yx":
        assert expected.shape[0] == 1
        expected = expected[0]
    assert image.shape == expected.shape
    assert image.dtype == stored.dtype
    assert np.array_equal(image[...], expected)
    assert np.array_equal(image[..., -1], expected[..., -1])


@settings(deadline=None)
@given(shape=st.tuples(*[st.integers(1, 7)] * 3), axes=st.permutations((1, 2, 3)), data=st.data())
def test_packed_halves_and_pairs_of_integers_are_unpacked_lazily(shape, axes, data):
    nz, ny, nx = shape
    rng = np.random.default_rng(0)
    stored_axes = list(axes)[::-1]
    order = [stored_axes.index(a) for a in (3, 2, 1)]
    halves = rng.integers(0, 16, (nz, ny, nx + nx % 2), np.uint8)
    pairs = rng.integers(-99, 99, (nz, ny, nx, 2), np.int16)
    fields = {"nx": nx, "ny": ny, "nz": nz, "mapc": axes[0], "mapr": axes[1], "maps": axes[2]}
    for raw, mode, expected in (
        ((halves[..., ::2] | halves[..., 1::2] << 4).tobytes(), 101, halves[..., :nx]),
        (pairs.tobytes(), 3, pairs[..., 0] + 1j * pairs[..., 1]),
    ):
        image = image_of(mrc(raw, mode=mode, **fields))
        assert image.header.layout is None
        expected = expected.transpose(order)
        expected = expected[0] if image.axes == "yx" else expected
        index = tuple(data.draw(st.slices(n)) for n in expected.shape)
        assert np.array_equal(image[index], expected[index])
        assert np.array_equal(image[...], expected)


def test_bytes_are_signed_unless_imod_says_otherwise():
    data = bytes([200, 1, 2, 3] * 15)
    assert image_of(mrc(data, mode=0))[0, 0, 0] == -56
    assert image_of(mrc(data, mode=0, imod_stamp=IMOD_STAMP, imod_flags=1))[0, 0, 0] == -56
    assert image_of(mrc(data, mode=0, imod_stamp=IMOD_STAMP, imod_flags=0))[0, 0, 0] == 200


def test_a_header_that_claims_more_than_the_file_holds_is_refused_before_anything_is_read():
    description = described(mrc(bytes(4096), nx=200_000, ny=200_000, nz=100))
    assert rules(description, "error") == {"mrc.truncated"}
    assert description.images == ()
    assert "16000000001024" in description.remarks[0].expected
    assert rules(described(mrc(bytes(240), nsymbt=2**31 - 1)), "error") == {"mrc.truncated"}


def test_bytes_after_the_last_section_are_a_warning():
    description = described(mrc(bytes(240 + 7)))
    assert rules(description, "warning") == {"mrc.trailing_bytes"}
    assert len(description.images) == 1


@pytest.mark.parametrize(
    "data", [b"", b"MAP", bytes(1024), mrc(bytes(240), mode=7), mrc(bytes(240), nx=-3), mrc(bytes(240), nsymbt=-1), b"text\n" * 400]
)
def test_what_is_no_mrc_file_is_one_error_and_no_image(data):
    description = described(data)
    assert rules(description, "error") == {"mrc.unreadable"}
    assert description.images == ()


@settings(deadline=None)
@given(st.binary(max_size=1200), st.sampled_from(SUFFIXES))
def test_no_bytes_make_the_reader_raise(data, suffix):
    described(data, f"a{suffix}")
    described(mrc(b"")[:208] + b"MAP " + data, f"a{suffix}")


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_no_field_makes_the_reader_raise_or_the_metadata_unfit_for_json(data):
    import json

    fields = {
        name: data.draw(st.integers(-(2**31), 2**31 - 1))
        for name in data.draw(
            st.sets(st.sampled_from(["nxstart", "mx", "mz", "mapc", "maps", "ispg", "nlabl", "nversion", "nint", "nreal"]))
        )
        if name not in ("nint", "nreal")
    }
    floats = {
        name: data.draw(st.floats(width=32))
        for name in data.draw(st.sets(st.sampled_from(["xlen", "zlen", "alpha", "dmin", "rms", "xorigin"])))
    }
    exttyp = data.draw(st.sampled_from([b"", b"FEI1", b"FEI2", b"SERI", b"AGAR", b"\xff\xfe"]))
    small = {"nint": data.draw(st.integers(-5, 300)), "nreal": data.draw(st.integers(-5, 2100))}
    description = described(
        mrc(data.draw(st.binary(max_size=900)).ljust(900, b"\1") + bytes(240), nsymbt=900, exttyp=exttyp, **fields, **floats, **small)
    )
    assert len(description.images) == 1
    json.dumps([dict(description.images[0].metadata), [r.as_json() for r in description.remarks]], allow_nan=False)


@pytest.mark.parametrize(("xlen", "mx"), [(0, 3), (-6, 3), (float("nan"), 3), (float("inf"), 3), (6, 0), (6, -3)])
def test_a_voxel_size_that_makes_no_sense_is_none_and_a_warning(xlen, mx):
    description = described(mrc(bytes(240), xlen=xlen, mx=mx))
    assert description.images[0].voxel_size is None
    assert "mrc.voxel_size" in rules(description, "warning")


def test_the_voxel_size_belongs_to_the_physical_axis():
    header = described(mrc(bytes(240), mapc=3, mapr=2, maps=1, mx=5, my=4, mz=3, xlen=5.0, ylen=8.0, zlen=9.0, nxstart=-2)).images[0]
    assert header.shape == (3, 4, 5)
    assert header.voxel_size.in_angstrom() == (3.0, 2.0, 1.0)
    assert header.origin == (-6.0, 0.0, 0.0)


def test_the_origin_goes_before_the_start_in_the_cell():
    assert described(mrc(bytes(240), xorigin=1.5, zorigin=-4.0, nxstart=9)).images[0].origin == (-4.0, 0.0, 1.5)
    before_the_standard = {"imod_stamp": IMOD_STAMP, "nversion": 0, "imod_flags": 0}
    assert described(mrc(bytes(240), xorigin=1.5, **before_the_standard)).images[0].origin == (0.0, 0.0, -1.5)


def test_one_section_is_a_plane_and_its_z_has_no_size():
    header = described(mrc(bytes(48), nz=1)).images[0]
    assert (header.axes, header.shape, header.origin) == ("yx", (4, 3), None)
    assert (header.voxel_size.z, header.voxel_size.y) == (None, 2.0)


@pytest.mark.parametrize(
    ("name", "fields", "is_stack"),
    [
        ("a.mrcs", {}, True),
        ("a.st", {}, True),
        ("a.mrc", {}, False),
        ("a.mrc", {"ispg": 0, "mz": 1}, True),
        ("a.mrc", {"ispg": 0, "nversion": 0}, True),
        ("a.mrc", {"ispg": 0, "nxstart": -2}, False),
        ("a.rec", {"ispg": 0}, False),
    ],
)
def test_a_stack_is_told_from_a_volume(name, fields, is_stack):
    assert described(mrc(bytes(240), **fields), name).images[0].is_stack is is_stack


def test_a_stack_of_volumes_has_four_axes():
    data = np.arange(72, dtype="<f4")
    image = image_of(mrc(data.tobytes(), nz=6, mz=3, ispg=401))
    assert (image.axes, image.shape) == ("tzyx", (2, 3, 4, 3))
    assert np.array_equal(image[1, 2], data.reshape(2, 3, 4, 3)[1, 2])
    assert "cannot have 5 sections" in described(mrc(bytes(240), mz=3, ispg=401)).remarks[0].found


def test_colours_are_the_first_axis():
    data = np.arange(180, dtype=np.uint8)
    image = image_of(mrc(data.tobytes(), mode=16))
    assert (image.axes, image.shape) == ("szyx", (3, 5, 4, 3))
    assert np.array_equal(image[...], data.reshape(5, 4, 3, 3).transpose(3, 0, 1, 2))


def test_a_wrong_machine_stamp_does_not_mislead():
    data = np.arange(60, dtype=">f4").tobytes()
    for stamp in (b"DD\0\0", bytes(4)):
        whole = mrc(data, ">", machst=stamp)
        assert np.array_equal(image_of(whole)[...].ravel(), np.arange(60))
        assert "big-endian" in described(whole).remarks[0].found


def test_header_statistics_count_only_where_they_are_determined():
    assert described(mrc(bytes(240))).images[0].header_statistics is None
    said = described(mrc(bytes(240), dmin=-1.0, dmax=3.0, dmean=1.0, rms=0.5)).images[0].header_statistics
    assert (said.minimum, said.maximum, said.mean, said.standard_deviation) == (-1, 3, 1, 0.5)


def test_labels_are_clean_text():
    labels = (b"motion\x1b[31m corrected".ljust(80) + b"second".ljust(80, b"\0")).ljust(800, b"\0")
    description = described(mrc(bytes(240), nlabl=2, labels=labels))
    assert description.images[0].metadata["labels"] == ["motion?[31m corrected", "second"]
    assert description.remarks == ()


def fei_records(tilts, order="<", size=768):
    records = np.zeros(len(tilts), fei_dtype(order, size))
    records["tilt_angles_deg"] = tilts
    records["pixel_size_x_a"] = records["pixel_size_y_a"] = 1.7e-10
    records["voltage_kv"] = 300_000
    records["defocus_um"] = np.linspace(-2e-6, -3e-6, len(tilts))
    records["microscope"] = b"Titan Krios"
    records["mask1"] = 1 << 1 | 1 << 5 | 1 << 7 | 1 << 14 | 1 << 15 | 1 << 22
    data = bytearray(records.tobytes())
    for i in range(len(tilts)):
        struct.pack_into(f"{order}i", data, i * size, size)
    return bytes(data)


@pytest.mark.parametrize(("kind", "size"), [(b"FEI1", 768), (b"FEI2", 888)])
@pytest.mark.parametrize("order", "<>")
def test_microscope_facts_of_each_section_come_from_an_fei_header(kind, size, order):
    extended = fei_records([-3.0, 0.0, 3.0], order, size)
    data = mrc(extended + bytes(144), order, nz=3, nsymbt=len(extended), exttyp=kind, xlen=0.0, ylen=0.0)
    header = described(data, "a.st").images[0]
    facts = header.metadata
    assert facts["tilt_angles_deg"] == [-3.0, 0.0, 3.0]
    assert (facts["microscope"], facts["voltage_kv"]) == ("Titan Krios", 300.0)
    assert facts["defocus_um"] == [-2.0, -2.5, -3.0]
    assert "dose_e_per_a2" not in facts
    assert header.voxel_size.in_angstrom() == (None, 1.7, 1.7)


def test_the_real_fei_header_agrees_with_mrcfile(real_data):
    path = real_data / "gpl/rosettasciio/mrc/HAADFscan.mrc"
    with mrcfile.open(path, permissive=True) as file:
        record = file.indexed_extended_header[0]
    with FileSource(path) as source:
        facts = inspect(source, path.name).images[0].metadata
    assert facts["tilt_angles_deg"][0] == pytest.approx(float(record["Alpha tilt"]))
    assert facts["pixel_size_x_a"] == pytest.approx(float(record["Pixel size X"]) * 1e10)
    assert facts["detector"] == record["Camera name"].decode()
    assert facts["exposure_s"] == pytest.approx(float(record["Integration time"]))


def test_tilt_angles_come_from_serialem_and_agard_headers():
    words = np.array([[-6000, 25, 50, 10, 900], [100, 50, 75, 20, 901]], "<i2")
    flags = 1 | 4 | 16 | 256
    serialem = mrc(words.tobytes() + bytes(96), nz=2, nsymbt=20, exttyp=b"SERI", nint=10, nreal=flags)
    facts = described(serialem).images[0].metadata
    assert facts["tilt_angles_deg"] == [-60.0, 1.0]
    assert facts["stage_x_um"] == [1.0, 2.0]
    reals = np.array([[-60.0, 1.0], [2.5, 1.0]], "<f4")
    agard = mrc(reals.tobytes() + bytes(96), nz=2, nsymbt=16, exttyp=b"AGAR", nint=0, nreal=2)
    assert described(agard).images[0].metadata["tilt_angles_deg"] == [-60.0, 2.5]


def test_text_under_a_suffix_that_other_programs_use_is_not_interpreted():
    assert identify("xplor.map", b"  title of an X-PLOR map") is None
    assert identify("a.mrc", b"  text").name == "mrc"
    assert identify("unnamed", mrc()).name == "mrc"
