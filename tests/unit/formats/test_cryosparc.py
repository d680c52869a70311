"""cryoSPARC datasets: read through a byte source, never unpickled, sizes checked."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from micrographia.formats import cryosparc
from micrographia.formats.description import UnreadableError
from micrographia.formats.source import BytesSource, FileSource


def dataset(array, name="cryosparc_P3_J21_particles.cs", **kw) -> BytesSource:
    buffer = io.BytesIO()
    np.save(buffer, array, **kw)
    return BytesSource(buffer.getvalue(), name)


PARTICLES = np.array(
    [(b"J1/a.mrc", 0, (64, 64), 1.06), (b"J1/a.mrc", 8, (64, 64), 1.06), (b"J1/b.mrc", 2, (64, 64), 1.06)],
    [("blob/path", "S12"), ("blob/idx", "<u4"), ("blob/shape", "<u4", (2,)), ("blob/psize_A", "<f4")],
)


def test_a_dataset_tells_rows_references_and_ranges():
    said = cryosparc.inspect(dataset(PARTICLES), "p.cs").metadata
    assert (said["kind"], said["project"], said["job"]) == ("particles", "P3", "J21")
    assert said["blocks"][""]["row_count"] == 3
    assert said["references"] == [{"block": "", "column": "blob/path", "files": {"J1/a.mrc": 9, "J1/b.mrc": 3}, "complete": True}]
    assert said["ranges"] == {"blob/psize_A": [1.06, 1.06]}
    assert said["shapes"] == {"blob/shape": [64, 64]}


def test_columns_come_back_as_arrays():
    columns = cryosparc.read_columns(dataset(PARTICLES), ["blob/idx", "missing"])
    assert list(columns) == ["blob/idx"]
    np.testing.assert_array_equal(columns["blob/idx"], PARTICLES["blob/idx"])


def test_pickled_objects_are_refused():
    with pytest.raises(UnreadableError) as failure:
        cryosparc.inspect(dataset(np.array([(print,)], [("f", "O")]), allow_pickle=True), "p.cs")
    assert failure.value.rule == "cryosparc.objects"


def test_more_rows_than_the_file_holds_are_refused():
    whole = dataset(PARTICLES)
    with pytest.raises(UnreadableError) as failure:
        cryosparc.inspect(BytesSource(whole.read(0, whole.size - 1), "p.cs"), "p.cs")
    assert failure.value.rule == "cryosparc.size"


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((2, 2), [("a", "<f4")]), np.zeros(10**6, [("a", "S0")])], ids=["plain", "square", "empty records"]
)
def test_arrays_that_are_no_lists_of_records_are_refused(array):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
    )
    with pytest.raises(UnreadableError):
        cryosparc.inspect(BytesSource(header.getvalue() + bytes(100), "p.cs"), "p.cs")


def test_another_format_with_this_ending_is_stored_and_not_interpreted():
    (remark,) = cryosparc.inspect(BytesSource(b"using System;\n", "Program.cs"), "Program.cs").remarks
    assert (remark.rule, remark.severity) == ("cryosparc.format", "warning")


def test_the_real_dataset_is_read_as_numpy_reads_it(real_data):
    path = real_data / "gpl/cryodrgn/cryosparc_P12_J24_001_particles.cs"
    said = cryosparc.inspect(FileSource(path), path.name).metadata
    json.dumps(dict(said), allow_nan=False)
    expected = np.load(path)
    files = said["references"][0]["files"]
    assert set(files) == {p.decode() for p in expected["blob/path"]}
    some = expected["blob/path"][0]
    assert files[some.decode()] == expected["blob/idx"][expected["blob/path"] == some].max() + 1
    np.testing.assert_array_equal(cryosparc.read_columns(FileSource(path), ["ctf/df1_A"])["ctf/df1_A"], expected["ctf/df1_A"])
