"""ND2: files written here by their layout; the library nd2, which reads them on its own, must agree."""

from __future__ import annotations

import struct
import zlib

import nd2
import numpy as np
import pytest

from micrographia.formats.nikon_values import decoded
from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource
from micrographia.testing.damage import damaged, survives

MAP_NAME, MAP_END = b"ND2 FILEMAP SIGNATURE NAME 0001!", b"ND2 CHUNK MAP SIGNATURE 0000001!"


def lite(name: str, value) -> bytes:
    """A value in the binary form of NIS-Elements."""
    text = f"{name}\0".encode("utf-16-le") if name else b""
    head = bytes([len(text) // 2]) + text
    if isinstance(value, bool):
        return b"\x01" + head + struct.pack("<B", value)
    if isinstance(value, int):
        return b"\x03" + head + struct.pack("<I", value)
    if isinstance(value, float):
        return b"\x06" + head + struct.pack("<d", value)
    if isinstance(value, str):
        return b"\x08" + head + f"{value}\0".encode("utf-16-le")
    if isinstance(value, bytes):
        return b"\x09" + head + struct.pack("<Q", len(value)) + value
    members = [("", v) for v in value] if isinstance(value, list) else list(value.items())
    inside = b"".join(lite(n, v) for n, v in members)
    return b"\x0b" + head + struct.pack("<IQ", len(members), 2 + len(text) + 12 + len(inside)) + inside + bytes(8 * len(members))


def xml(name: str, value) -> str:
    """A value in the XML form of NIS-Elements."""
    for kind, run in ((bool, "bool"), (int, "lx_uint32"), (float, "double"), (str, "CLxStringW")):
        if isinstance(value, kind):
            return f'<{name} runtype="{run}" value="{str(value).lower() if kind is bool else value}"/>'
    members = [("no_name", v) for v in value] if isinstance(value, list) else list(value.items())
    return f'<{name} runtype="CLxListVariant">{"".join(xml(n, v) for n, v in members)}</{name}>'


def chunk(name: bytes, data: bytes) -> bytes:
    padded = name.ljust(4072, b"\0")  # with the header and the time of a frame 4096 bytes
    whole = struct.pack("<IIQ", 0x0ABECEDA, len(padded), len(data)) + padded + data
    return whole.ljust(-(-len(whole) // 4096) * 4096, b"\0")


LOOPS = {
    "t": lambda n: (1, {"uiCount": n, "dStart": 0.0, "dPeriod": 500.0, "dDuration": 0.0}),
    "p": lambda n: (2, {"uiCount": n, "bUseZ": False, "Points": [{"dPosX": 1.0 * k, "dPosName": f"field {k}"} for k in range(n)]}),
    "z": lambda n: (4, {"uiCount": n, "dZStep": 0.3, "dZLow": 0.0, "dZHigh": 1.0, "iType": 0}),
}


def experiment(loops) -> dict:
    (axis, count), *inner = loops
    kind, settings = LOOPS[axis](count)
    found = {"eType": kind, "uLoopPars": settings}
    return {**found, "ppNextLevelEx": [experiment(inner)]} if inner else found


def written(array, loops=(), *, names=("DAPI", "GFP"), deflated=False, is_xml=False, gap_after=None, left_out=(), row_bytes=0) -> bytes:
    """`array` has its loops in front, then y, x, samples."""
    *_, height, width, samples = array.shape
    frames = array.reshape(-1, height, width, samples)
    row_bytes = row_bytes or width * samples * array.itemsize
    attributes = {"uiWidth": width, "uiWidthBytes": row_bytes, "uiHeight": height, "uiComp": samples, "uiBpcInMemory": array.itemsize * 8}
    attributes |= {"uiBpcSignificant": 12, "uiSequenceCount": len(frames), "eCompression": 0 if deflated else 2}
    planes = {f"a{k}": {"sDescription": n, "uiCompCount": samples // len(names), "uiSampleIndex": k} for k, n in enumerate(names)}
    picture = {
        "bCalibrated": True,
        "dCalibration": 0.25,
        "dObjectiveNA": 1.4,
        "dObjectiveMag": 60.0,
        "wsObjectiveName": "Plan Apo",
        "dTimeAbsolute": 2_460_311.75,
    }
    picture["sPicturePlanes"] = {"uiCount": len(names), "sPlaneNew": planes}
    parts = {b"ImageAttributes": attributes, b"ImageMetadataSeq": picture, b"ImageTextInfo": {"TextInfoItem_9": "1/2/2024"}}
    if loops:
        parts[b"ImageMetadata"] = experiment(loops)
    roots = {b"ImageAttributes": "SLxImageAttributes", b"ImageMetadataSeq": "SLxPictureMetadata", b"ImageTextInfo": "SLxImageTextInfo"}
    version = (b"Ver2.0" if is_xml else b"Ver3.0").ljust(64, b"\0")
    out, places = struct.pack("<IIQ", 0x0ABECEDA, 32, 64) + b"ND2 FILE SIGNATURE CHUNK NAME01!" + version, {}
    out = out.ljust(4096, b"\0")
    for name, values in parts.items():
        data = xml("no_name", values) if is_xml else lite(roots.get(name, "SLxExperiment"), values)
        data = f'<variant version="1.0">{data}</variant>'.encode() if is_xml else data
        key = name + (b"" if is_xml else b"LV") + (b"|0" if name.endswith(b"Seq") else b"") + b"!"
        places[key] = len(out)
        out += chunk(key, data)
    for number, frame in enumerate(frames):
        if number in left_out:
            continue
        key = b"ImageDataSeq|%d!" % number
        rows = frame.reshape(height, -1).view(np.uint8).reshape(height, -1)
        data = np.pad(rows, ((0, 0), (0, row_bytes - rows.shape[1]))).tobytes()
        places[key] = len(out)
        out += chunk(key, (struct.pack("<d", 0.0) + (zlib.compress(data) if deflated else data)))
        if number == gap_after:
            out += chunk(b"CustomData|X!", bytes(100))
    entries = b"".join(key + struct.pack("<QQ", place, 0) for key, place in sorted(places.items()))
    end = len(out)
    out += struct.pack("<IIQ", 0x0ABECEDA, len(MAP_NAME), len(entries) + 40) + MAP_NAME
    return out + entries + MAP_END + struct.pack("<Q", end)


def shown(data: bytes):
    source = BytesSource(data, "a.nd2")
    return source, inspect(source, "a.nd2")


@pytest.mark.parametrize("how", [{}, {"is_xml": True}, {"deflated": True}, {"gap_after": 2}, {"row_bytes": 24}], ids=str)
def test_positions_come_back_with_their_values_as_another_library_reads_them(how, tmp_path):
    array = np.arange(2 * 3 * 2 * 4 * 5 * 2, dtype="<u2").reshape(2, 3, 2, 4, 5, 2)
    data = written(array, [("t", 2), ("p", 3), ("z", 2)], **how)
    source, description = shown(data)
    assert description.remarks == ()
    assert [(h.name, h.axes, h.shape) for h in description.images] == [(f"field {k}", "tczyx", (2, 2, 2, 4, 5)) for k in range(3)]
    header = description.images[1]
    assert (header.layout is not None) == (not {"deflated", "gap_after"} & how.keys())
    assert header.channels == ("DAPI", "GFP")
    assert header.voxel_size.as_json() == {"z": 0.3, "y": 0.25, "x": 0.25, "unit": "micrometer"}
    assert header.metadata["acquired"] == "2024-01-02T06:00:00Z"
    assert (header.metadata["time_increment_s"], header.metadata["significant_bits"]) == (0.5, 12)
    assert header.metadata["channels"] == [{"name": "DAPI"}, {"name": "GFP"}]
    assert header.metadata["objective"] == {"model": "Plan Apo", "magnification": 60.0, "numerical_aperture": 1.4}
    (tmp_path / "a.nd2").write_bytes(data)
    with nd2.ND2File(tmp_path / "a.nd2") as file:
        theirs = file.asarray()  # t, p, z, c, y, x
    for k, header in enumerate(description.images):
        ours = open_image(source, "nd2", k, header)
        np.testing.assert_array_equal(ours[...], array[:, k].transpose(0, 4, 1, 2, 3))
        np.testing.assert_array_equal(ours[...], theirs[:, k].transpose(0, 2, 1, 3, 4))
        np.testing.assert_array_equal(ours[1, ::-1, 1, 1:3, ::2], ours[...][1, ::-1, 1, 1:3, ::2])


@pytest.mark.parametrize("deflated", [False, True])
def test_colours_are_given_red_first(deflated):
    array = np.arange(60, dtype="u1").reshape(4, 5, 3)
    source, description = shown(written(array, names=("colour",), deflated=deflated))
    assert (description.images[0].axes, description.images[0].channels) == ("cyx", ("red", "green", "blue"))
    np.testing.assert_array_equal(open_image(source, "nd2", 0, description.images[0])[...], array[..., ::-1].transpose(2, 0, 1))


def test_a_recording_that_was_stopped_early_is_cut_and_frames_that_are_not_there_are_zeros():
    array = np.ones((5, 2, 4, 5, 1), "u1")
    source, description = shown(written(array[:3], [("t", 5), ("z", 2)], names=("a",), left_out=(2,)))
    assert [r.rule for r in description.remarks] == ["nd2.missing_frames"]
    assert (description.images[0].axes, description.images[0].shape, description.images[0].layout) == ("tzyx", (3, 2, 4, 5), None)
    assert open_image(source, "nd2", 0)[:, :, 0, 0].tolist() == [[1, 1], [0, 1], [1, 1]]


def test_the_older_form_is_said_to_be_stored_and_not_interpreted():
    _, description = shown(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(2000))
    assert (description.format, description.images) == ("nd2", ())
    assert [(r.rule, r.severity) for r in description.remarks] == [("nd2.old_form", "warning")]


def test_lossy_frames_are_kept_and_not_decoded():
    whole = written(np.ones((4, 5, 1), "<u2"), names=("a",))
    description = shown(whole.replace(lite("eCompression", 2), lite("eCompression", 1)))[1]
    assert description.images == ()
    assert [(r.rule, r.severity) for r in description.remarks] == [("nd2.compression", "warning")]


def test_lies_are_refused_before_anything_is_allocated():
    array = np.ones((2, 4, 5, 1), "<u2")
    assert [r.rule for r in shown(written(array, [("t", 3_000_000)], names=("a",)))[1].remarks] == ["nd2.size"]
    whole = written(array, [("t", 2)], names=("a",))
    width = lite("uiWidth", 5)
    assert [r.rule for r in shown(whole.replace(width, lite("uiWidth", 1 << 31)))[1].remarks] == ["nd2.size"]
    assert [r.rule for r in shown(whole[:-1])[1].remarks] == ["nd2.unreadable"]
    # the map of chunks names itself as a frame
    place = struct.unpack("<Q", whole[-8:])[0]
    key = b"ImageDataSeq|1!"
    at = whole.rindex(key) + len(key)
    _, description = shown(whole[:at] + struct.pack("<Q", place) + whole[at + 8 :])
    assert description.images[0].layout is None or description.remarks


def test_metadata_without_end_are_refused():
    bomb = b"\x4c\0" + bytes(10) + zlib.compress(bytes(70 << 20))
    with pytest.raises(ValueError, match="bytes of metadata"):
        decoded(bomb)
    nested = b"\x0b\0" + struct.pack("<IQ", 1, 14)
    with pytest.raises(ValueError, match="nested"):
        decoded(nested * 100)
    with pytest.raises(ValueError, match="are left"):
        decoded(b"\x09\0" + struct.pack("<Q", 1 << 60))


@pytest.mark.parametrize("how", [{}, {"is_xml": True}, {"deflated": True}])
def test_random_damage_is_survived(how):
    whole = written(np.ones((2, 2, 4, 5, 1), "<u2"), [("t", 2), ("z", 2)], names=("a",), **how)
    for data in damaged(whole, head_bytes=len(whole)):
        survives(data, "a.nd2")
    ends = (whole[:-3000] + data for data in damaged(whole[-3000:], head_bytes=3000))
    for data in ends:
        survives(data, "a.nd2")
