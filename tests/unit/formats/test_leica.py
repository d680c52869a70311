"""LIF: files written here by their layout; the library liffile, which reads them on its own, must agree."""

from __future__ import annotations

import io
import struct

import liffile
import numpy as np
import pytest

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource
from micrographia.testing.damage import damaged, survives

IDS = {"x": 1, "y": 2, "z": 3, "t": 4}


def element(name, array, axes, number):
    """An image whose axes are stored as named, slowest first; channels are an axis of it."""
    strides = dict(zip(axes, array.strides, strict=True))
    lengths = dict(zip(axes, array.shape, strict=True))
    kind = {"u": 0, "f": 1}[array.dtype.kind]
    described = "".join(
        f'<ChannelDescription DataType="{kind}" ChannelTag="0" Resolution="{array.itemsize * 8}" NameOfMeasuredQuantity="" Min="0" Max="1"'
        f' Unit="" LUTName="{lut}" IsLUTInverted="0" BytesInc="{k * strides.get("c", 0)}" BitInc="0"/>'
        for k, lut in zip(range(lengths.get("c", 1)), ("Green", "Red", "Blue"), strict=False)
    )
    dimensions = "".join(
        f'<DimensionDescription DimID="{IDS[a]}" NumberOfElements="{lengths[a]}" Origin="0" Length="{(lengths[a] - 1) * 2e-7}"'
        f' Unit="{"s" if a == "t" else "m"}" BytesInc="{strides[a]}" BitInc="0"/>'
        for a in reversed(axes)
        if a != "c"
    )
    settings = '<ATLConfocalSettingDefinition ObjectiveName="HC PL APO" Magnification="63" NumericalAperture="1.4" Immersion="OIL"/>'
    return (
        f'<Element Name="{name}"><Memory Size="{array.nbytes}" MemoryBlockID="MemBlock_{number}"/><Data><Image><ImageDescription>'
        f"<Channels>{described}</Channels><Dimensions>{dimensions}</Dimensions></ImageDescription><Attachment>{settings}</Attachment>"
        "</Image></Data></Element>"
    )


def written(*images) -> bytes:
    inside = "".join(element(f"Series {k}", a, axes, k) for k, (a, axes) in enumerate(images))
    xml = f'<LMSDataContainerHeader Version="2"><Element Name="run"><Children>{inside}</Children></Element></LMSDataContainerHeader>'
    text = xml.encode("utf-16-le")
    out = struct.pack("<IIBI", 0x70, len(text) + 5, 0x2A, len(xml)) + text
    for k, (array, _) in enumerate(images):
        name = f"MemBlock_{k}"
        out += struct.pack("<IIBQBI", 0x70, 0, 0x2A, array.nbytes, 0x2A, len(name)) + name.encode("utf-16-le") + array.tobytes()
    return out


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<f4"])
def test_images_come_back_with_their_values_as_another_library_reads_them(dtype):
    first = np.arange(2 * 2 * 3 * 4 * 5).reshape(2, 2, 3, 4, 5).astype(dtype)
    second = np.arange(30, dtype="u1").reshape(5, 6)
    data = written((first, "tczyx"), (second, "yx"))
    source = BytesSource(data, "a.lif")
    description = inspect(source, "a.lif")
    assert [(h.name, h.axes, h.shape) for h in description.images] == [
        ("run/Series 0", "tczyx", first.shape),
        ("run/Series 1", "yx", second.shape),
    ]
    header = description.images[0]
    assert (header.channels, header.metadata["objective"]["numerical_aperture"]) == (("Green", "Red"), 1.4)
    assert header.voxel_size.as_json() == {"z": 0.2, "y": 0.2, "x": 0.2, "unit": "micrometer"}
    with liffile.LifFile(io.BytesIO(data)) as lif:
        for k, image in enumerate(lif.images):
            dims = [d.lower() for d in image.dims]
            ours = open_image(source, "lif", k, description.images[k])
            order = [dims.index(a) for a in ours.axes]
            np.testing.assert_array_equal(ours[...], image.asarray().transpose(order))
    np.testing.assert_array_equal(open_image(source, "lif", 0, header)[1, :, 2], first[1, :, 2])


def test_interleaved_channels_are_channels():
    array = np.arange(60, dtype="u1").reshape(4, 5, 3)
    source = BytesSource(written((array, "yxc")), "a.lif")
    np.testing.assert_array_equal(open_image(source, "lif")[...], array.transpose(2, 0, 1))


def test_channels_of_different_types_are_kept_and_not_decoded():
    data = written((np.zeros((2, 4, 5), "u1"), "cyx"))
    mixed = data.replace('Resolution="8"'.encode("utf-16-le"), 'Resolution="9"'.encode("utf-16-le"), 1)
    assert [(r.rule, r.severity) for r in inspect(BytesSource(mixed, "a.lif"), "a").remarks] == [("lif.sample_type", "warning")]


def test_distances_that_lead_out_of_the_block_are_refused():
    data = written((np.zeros((4, 5), "u1"), "yx"))
    lying = data.replace('BytesInc="5"'.encode("utf-16-le"), 'BytesInc="9"'.encode("utf-16-le"))
    assert [r.rule for r in inspect(BytesSource(lying, "a.lif"), "a").remarks] == ["lif.size"]
    assert [r.rule for r in inspect(BytesSource(data[:-1], "a.lif"), "a").remarks] == ["lif.unreadable"]


def test_random_damage_is_survived():
    for data in damaged(written((np.ones((2, 4, 5), "u1"), "zyx"))):
        survives(data, "a.lif")
