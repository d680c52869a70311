"""OIB and OIF: recordings written here by their layout; the library oiffile, which reads them on its own, must agree."""

from __future__ import annotations

import io
import struct

import numpy as np
import oiffile
import pytest
import tifffile

from micrographia.formats.compound import compound_tree
from micrographia.formats.description import UnreadableError
from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource, FolderTree
from micrographia.formats.survey import survey
from micrographia.testing.damage import damaged, survives

FREE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file of version 3; one level of folders, short streams in the root's stream."""
    sectors: list[bytes] = []
    following: list[int] = []

    def put(data: bytes, end: int = END) -> int:
        pieces = [data[k : k + 512].ljust(512, b"\0") for k in range(0, len(data), 512)]
        first = len(sectors)
        sectors.extend(pieces)
        following.extend([*range(first + 1, first + len(pieces)), end] if pieces else [])
        return first if pieces else END

    short, short_next = b"", []
    entries = [["Root Entry", 5, FREE, FREE, FREE, 0, 0]]
    folders: dict[str, int] = {}
    for path, data in streams.items():
        folder, _, name = path.rpartition("/")
        if folder and folder not in folders:
            folders[folder] = len(entries)
            entries.append([folder, 1, FREE, FREE, FREE, 0, 0])
        if len(data) < 4096:
            count = -(-len(data) // 64)
            start = len(short) // 64
            short_next += [*range(start + 1, start + count), END]
            short += data.ljust(count * 64, b"\0")
        else:
            start = put(data)
        entries.append([name, 2, FREE, FREE, FREE, start, len(data)])
        parent = entries[folders.get(folder, 0)]
        # siblings as a list, each the right one of the one before
        entries[-1][3], parent[4] = parent[4], len(entries) - 1
    for number in folders.values():
        entries[number][3], entries[0][4] = entries[0][4], number
    entries[0][5], entries[0][6] = put(short), len(short)
    directory = b""
    for name, kind, left, right, child, start, size in entries:
        text = f"{name}\0".encode("utf-16-le")
        directory += text.ljust(64, b"\0") + struct.pack("<HBBIII36xIQ", len(text), kind, 1, left, right, child, start, size)
    directory_at = put(directory)
    short_table = struct.pack(f"<{len(short_next)}I", *short_next)
    short_table_at, short_table_count = put(short_table + b"\xff" * (-len(short_table) % 512)), -(-len(short_table) // 512)
    count = -(-(len(sectors) + 2) // 127)
    table_at = len(sectors)
    following += [TABLE] * count
    following += [FREE] * (count * 128 - len(following))
    sectors += [struct.pack("<128I", *following[k * 128 : k * 128 + 128]) for k in range(count)]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, count, directory_at, 0, 4096, short_table_at, short_table_count, END, 0)
    places = [*range(table_at, table_at + count)]
    return head + struct.pack("<109I", *places, *[FREE] * (109 - count)) + b"".join(sectors)


def settings(sections) -> bytes:
    lines = [line for name, values in sections.items() for line in (f"[{name}]", *(f"{k}={v}" for k, v in values.items()))]
    return ("\ufeff" + "\r\n".join([*lines, ""])).encode("utf-16-le")


def recording(array) -> dict[str, bytes]:
    """Files of an OIF: `array` is c, z, t, y, x."""
    c, z, t, y, x = array.shape
    axis = "Axis {} Parameters Common"
    sizes = (
        ("X", x, 0, 0, "um"),
        ("Y", y, 0, 0, "um"),
        ("C", c, 1, c, "Ch"),
        ("Z", z, 0, 500 * (z - 1), "nm"),
        ("T", t, 0, 250 * (t - 1), "ms"),
    )
    main = {
        axis.format(n): {"AxisCode": f'"{a}"', "MaxSize": m, "StartPosition": float(s), "EndPosition": float(e), "UnitName": f'"{u}"'}
        for n, (a, m, s, e, u) in enumerate([*sizes, ("A", 0, 0, 0, "deg"), ("L", 0, 0, 0, "nm"), ("P", 0, 0, 0, "mm")])
    }
    main["Axis Parameter Common"] = {"AxisCount": 5, "AxisOrder": '"XYZTC"'}
    main["Channel 1 Parameters"] = {"CH Name": '"CH1"', "DyeName": '"DAPI"', "EmissionWavelength": 461, "ExcitationWavelength": 405}
    main["Channel 2 Parameters"] = {"CH Name": '"CH2"', "DyeName": '"None"', "EmissionWavelength": 0}
    main["ProfileSaveInfo"] = {"Name": '"COFAImages"', "Version": '"2.0.0.0"'}
    main["Reference Image Parameter"] = {"ValidBitCounts": 12}
    main["Acquisition Parameters Common"] = {"ImageCaputreDate": "'2012-07-26 15:13:35'", "Acquisition Device": '"FV1000"'}
    files = {"a.oif": settings(main)}
    picture = {"HeightConvertValue": 0.2, "HeightUnit": '"um"', "WidthConvertValue": 0.1, "WidthUnit": '"um"', "ValidBitCounts": 12}
    frame = {"Image Parameters": picture, "Acquisition Parameters Common": {"ObjectiveLens Name": '"UPLFLN 40X"', "Magnification": 40.0}}
    for where in np.ndindex(c, z, t):
        stem = "a.oif.files/s_C{:03}Z{:03}T{:03}".format(*(n + 1 for n in where))
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, array[where], metadata=None)
        files |= {f"{stem}.tif": buffer.getvalue(), f"{stem}.pty": settings(frame)}
    return files


def packed(files: dict[str, bytes]) -> bytes:
    names = [name.replace("a.oif.files", "Storage00001") for name in files]
    info = {"Version": "2.0.0.0", "MainFileName": "Stream00001", "Storage00001": "a.oif.files"}
    info |= {f"Stream{k + 1:05}": name for k, name in enumerate(names)}
    streams = {"OibInfo.txt": settings({"OibSaveInfo": info})}
    for k, (name, data) in enumerate(zip(names, files.values(), strict=True)):
        streams[f"Storage00001/Stream{k + 1:05}" if "/" in name else f"Stream{k + 1:05}"] = data
    return compound(streams)


ARRAY = np.random.default_rng(2).integers(0, 4096, (2, 3, 2, 50, 60)).astype("uint16")


def check(header):
    assert (header.axes, header.shape, header.dtype, header.channels) == ("tczyx", (2, 2, 3, 50, 60), "uint16", ("DAPI", "CH2"))
    assert header.voxel_size.as_json() == {"z": 0.5, "y": 0.2, "x": 0.1, "unit": "micrometer"}
    about = header.metadata
    assert about["channels"] == [{"name": "DAPI", "emission_nm": 461.0, "excitation_nm": 405.0}, {"name": "CH2"}]
    assert (about["time_increment_s"], about["significant_bits"], about["acquired"]) == (0.25, 12, "2012-07-26 15:13:35")
    assert about["objective"] == {"model": "UPLFLN 40X", "magnification": 40.0}


def test_an_oib_comes_back_with_its_values_as_another_library_reads_it(tmp_path):
    data = packed(recording(ARRAY))
    source = BytesSource(data, "a.oib")
    description = inspect(source, "a.oib")
    assert description.remarks == ()
    check(description.images[0])
    image = open_image(source, "oib", 0, description.images[0])
    np.testing.assert_array_equal(image[...], ARRAY.transpose(2, 0, 1, 3, 4))
    np.testing.assert_array_equal(image[1, :, ::-1, 5:40:3, 7], ARRAY.transpose(2, 0, 1, 3, 4)[1, :, ::-1, 5:40:3, 7])
    np.testing.assert_array_equal(np.concatenate([b.ravel() for b in image.blocks(7000)]), ARRAY.transpose(2, 0, 1, 3, 4).ravel())
    (tmp_path / "a.oib").write_bytes(data)
    np.testing.assert_array_equal(oiffile.imread(tmp_path / "a.oib"), ARRAY)


def test_an_oif_is_its_folder_with_what_the_main_file_beside_it_says(tmp_path):
    for name, data in recording(ARRAY).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    main, folder = survey(tmp_path, workers=1)
    assert (main.path, main.format, main.remarks) == ("a.oif", "oif_main", ())
    assert main.metadata["microscope"] == "FV1000"
    assert (folder.path, folder.format, folder.remarks, len(folder.members)) == ("a.oif.files", "oif", (), 24)
    check(folder.images[0])
    image = open_image(FolderTree(tmp_path / "a.oif.files"), "oif", 0, folder.images[0])
    np.testing.assert_array_equal(image[...], ARRAY.transpose(2, 0, 1, 3, 4))


def test_an_oif_without_its_main_file_can_be_looked_at_and_that_is_said(tmp_path):
    for name, data in recording(ARRAY).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "a.oif").unlink()
    (tmp_path / "a.oif.files/s_C002Z003T002.tif").unlink()
    (folder,) = survey(tmp_path, workers=1)
    assert [r.rule for r in folder.remarks] == ["olympus.missing_planes", "olympus.no_main_file"]
    assert folder.images[0].voxel_size.as_json() == {"z": None, "y": 0.2, "x": 0.1, "unit": "micrometer"}
    assert open_image(FolderTree(tmp_path / "a.oif.files"), "oif", 0, folder.images[0])[1, 1, 2].max() == 0


@pytest.mark.parametrize("length", [10, 5000, 200_000])
def test_streams_of_any_length_are_read_in_part(length):
    content = np.random.default_rng(3).bytes(length)
    tree = compound_tree(BytesSource(compound({"a/one": content, "a/two": b"2" * 5000, "three": b"3"}), "a"), "oib")
    assert list(tree.list()) == ["a/one", "a/two", "three"]
    stream = tree.open("a/one")
    assert stream is not None
    assert stream.read(length // 3, length // 2) == content[length // 3 :][: length // 2]


def test_a_chain_that_is_a_loop_is_refused():
    data = bytearray(compound({"one": bytes(5000), "two": bytes(5000)}))
    table = 512 + 512 * struct.unpack_from("<I", data, 76)[0]
    struct.pack_into("<I", data, table + 4 * 3, 0)
    tree = compound_tree(BytesSource(bytes(data), "a"), "oib")
    with pytest.raises(UnreadableError):
        tree.open("one")


def test_random_damage_is_survived():
    whole = packed(recording(ARRAY[:, :1, :1]))
    for head_bytes in (512, len(whole)):
        for data in damaged(whole, head_bytes=head_bytes):
            survives(data, "a.oib")
    directory = 512 + 512 * struct.unpack_from("<I", whole, 48)[0]
    for data in damaged(whole[directory:], head_bytes=len(whole) - directory):
        survives(whole[:directory] + data, "a.oib")
