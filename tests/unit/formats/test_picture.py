"""PNG, JPEG, BMP, WebP as Pillow writes them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource, FileSource
from micrographia.testing.damage import damaged, survives

RNG = np.random.default_rng(2)


def saved(array, kind, mode=None, **options) -> BytesSource:
    buffer = io.BytesIO()
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return BytesSource(buffer.getvalue(), f"a.{kind.lower()}")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_lossless_pictures_come_back_with_their_values(kind, channels):
    array = RNG.integers(0, 255, (20, 30, channels), np.uint8).squeeze()
    source = saved(array, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    description = inspect(source, "a")
    (header,) = description.images
    assert description.format == f"picture.{kind.lower()}"
    read = open_image(source, description.format, 0, header)
    expected = array if array.ndim == 2 else np.moveaxis(array, -1, 0)
    if kind == "WEBP" and channels == 1:
        expected = np.stack([array] * 3)
    expected = expected[:3] if kind == "BMP" and channels == 4 else expected  # its fourth byte is not alpha
    np.testing.assert_array_equal(read[...], expected)
    np.testing.assert_array_equal(read[..., 3:17:5, ::-2], expected[..., 3:17:5, ::-2])
    assert sum(b.size for b in read.blocks(100)) == expected.size


def test_sixteen_bits_and_palettes_and_bits():
    deep = RNG.integers(0, 65535, (20, 30)).astype(np.uint16)
    np.testing.assert_array_equal(open_image(saved(deep, "PNG"), "picture.png")[...], deep)
    grey = RNG.integers(0, 255, (20, 30), np.uint8)
    for mode, channels in (("P", 3), ("LA", 2), ("1", 1)):
        source = saved(grey, "PNG", mode)
        header = inspect(source, "a").images[0]
        assert header.shape[:-2] == ((channels,) if channels > 1 else ())
        assert open_image(source, "picture.png", 0, header)[...].shape == header.shape


def test_jpeg_is_decoded_and_its_resolution_understood():
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 3, (48, 1))
    for array in (ramp, np.dstack([ramp] * 3)):
        source = saved(array, "JPEG", quality=98)
        header = inspect(source, "a").images[0]
        assert header.shape == ((48, 64) if array.ndim == 2 else (3, 48, 64))
        assert abs(open_image(source, "picture.jpeg", 0, header)[...].astype(int) - ramp).max() < 8
    assert inspect(saved(ramp, "PNG", dpi=(25.4e5, 25.4e5)), "a").images[0].voxel_size.x == 10
    assert inspect(saved(ramp, "PNG", dpi=(300, 300)), "a").images[0].voxel_size is None


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("colours", [(), (3,)])
def test_a_photograph_is_upright_however_the_camera_was_held(orientation, colours):
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 3, (48, 1)) // 2 + np.arange(48, dtype=np.uint8)[:, None]
    exif = Image.Exif()
    exif[0x112] = orientation
    source = saved(np.broadcast_to(ramp[..., *(None for _ in colours)], (*ramp.shape, *colours)), "JPEG", quality=98, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(source.read(0, source.size)))))
    header = inspect(source, "a").images[0]
    got = open_image(source, "picture.jpeg", 0, header)[...]
    np.testing.assert_allclose(got, np.moveaxis(upright, -1, 0) if colours else upright, atol=2)


def test_a_size_beyond_bounds_is_refused_before_it_is_decoded():
    data = saved(np.zeros((4, 4), np.uint8), "PNG")
    whole = bytearray(data.read(0, data.size))
    whole[16:24] = b"\0\1\0\0" * 2
    assert [(r.rule, r.severity) for r in inspect(BytesSource(bytes(whole), "a.png"), "a").remarks] == [("picture.size", "warning")]


@pytest.mark.parametrize(("kind", "mode"), [("BMP", "1"), ("JPEG", "CMYK")])
def test_codings_of_other_programs_are_kept_and_not_decoded(kind, mode):
    description = inspect(saved(np.zeros((8, 8, 3), np.uint8), kind, mode), "a")
    assert description.images == ()
    assert [(r.rule, r.severity) for r in description.remarks] == [("picture.coding", "warning")]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP", "JPEG"])
def test_random_damage_is_survived(kind):
    source = saved(RNG.integers(0, 255, (20, 30, 3), np.uint8), kind)
    for data in damaged(source.read(0, source.size)):
        survives(data, source.name, largest_bytes=1 << 22)


def test_a_real_file(real_data):
    with FileSource(real_data / "ccpem_mrcfile/emd_3197.png") as source:
        description = inspect(source, "a")
        image = open_image(source, description.format, 0, description.images[0])
        reference = np.asarray(Image.open(real_data / "ccpem_mrcfile/emd_3197.png"))
        np.testing.assert_array_equal(np.moveaxis(image[...], 0, -1) if image.axes == "cyx" else image[...], reference)
