import bz2
import gzip
import tracemalloc

import numpy as np
import pytest

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource, FileSource
from micrographia.testing.mrc_files import mrc_bytes as mrc

PACK = {"gz": gzip.compress, "bz2": bz2.compress}


def packed(kind, data):
    return BytesSource(PACK[kind](data), f"a.map.{kind}")


@pytest.mark.parametrize("kind", PACK)
def test_any_part_equals_the_plain_file(kind):
    array = np.random.default_rng(0).integers(0, 50, (40, 50, 60)).astype("<f4")
    source = packed(kind, mrc(array.tobytes(), nx=60, ny=50, nz=40))
    description = inspect(source, "a")
    assert description.format == f"mrc.{kind}"
    assert description.images[0].layout is None
    image = open_image(source, description.format, 0, description.images[0])
    for index in (slice(30, 35), (3, slice(1, 9, 2)), (-1, 2, 3), ..., (slice(None), 4, slice(None, None, -5))):
        assert np.array_equal(image[index], array[index])
    assert np.array_equal(np.concatenate([b.ravel() for b in image.blocks(10_000)]), array.ravel())


def test_the_real_archives_equal_their_plain_file(real_data):
    folder = real_data / "ccpem_mrcfile"
    with FileSource(folder / "EMD-3197.map") as plain:
        expected = open_image(plain, "mrc")[...]
    for name in ("emd_3197.map.gz", "EMD-3197.map.bz2"):
        with FileSource(folder / name) as source:
            assert np.array_equal(open_image(source, inspect(source, name).format)[...], expected)


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("cut", [0, 5, 60, -3])
def test_a_cut_archive_is_one_error(kind, cut):
    data = PACK[kind](mrc(np.random.default_rng(0).bytes(240)))[:cut]
    description = inspect(BytesSource(data, f"a.map.{kind}"), "a")
    assert [(r.rule, r.severity) for r in description.remarks] == [("mrc.unreadable", "error")]
    assert description.images == ()


@pytest.mark.parametrize("kind", PACK)
def test_a_header_that_claims_more_than_is_inside_is_refused(kind):
    description = inspect(packed(kind, mrc(bytes(239))), "a")
    assert [r.rule for r in description.remarks] == ["mrc.truncated"]
    assert inspect(packed("gz", mrc(bytes(240), nx=10**6, ny=10**6)), "a").remarks[0].rule == "mrc.truncated"


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_takes_no_memory(kind):
    source = packed(kind, mrc(bytes(64 << 20), nx=1024, ny=1024, nz=16))
    tracemalloc.start()
    try:
        description = inspect(source, "a")
        assert open_image(source, description.format)[3, 5, 7] == 0
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
