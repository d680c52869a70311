import csv
import io

import mdocfile
import mrcfile
import numpy as np
import pytest
import starfile

from micrographia.demo._write import write_csv, write_mdoc, write_mrc, write_star


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "float16", "float32"])
@pytest.mark.parametrize("is_stack", [False, True])
def test_mrc_is_valid_and_reads_back(tmp_path, dtype, is_stack):
    array = np.random.default_rng(0).normal(3, 2, (4, 6, 8)).astype(dtype)
    path = tmp_path / ("a.mrcs" if is_stack else "a.mrc")
    write_mrc(path, array, voxel_size_a=2.5, is_stack=is_stack)
    assert mrcfile.validate(path, print_file=io.StringIO())
    with mrcfile.open(path) as file:
        assert file.is_image_stack() == is_stack
        assert np.array_equal(file.data, array)
        assert file.voxel_size.x == pytest.approx(2.5)
        assert float(file.header.origin.x) == pytest.approx(0 if is_stack else -2.5 * 4)


def test_star_reads_back(tmp_path):
    write_star(tmp_path / "a.star", {"optics": {"Voltage": [300.0]}, "particles": {"ImageName": ["000001@a.mrcs"], "AngleRot": [12.25]}})
    blocks = starfile.read(tmp_path / "a.star", always_dict=True)
    assert blocks["particles"]["rlnImageName"].tolist() == ["000001@a.mrcs"]
    assert blocks["particles"]["rlnAngleRot"].tolist() == [12.25]


def test_mdoc_reads_back(tmp_path):
    write_mdoc(
        tmp_path / "a.mdoc", {"PixelSpacing": 12.0, "ImageFile": "a.mrc"}, ["SerialEM: x"], [{"TiltAngle": -3.0}, {"TiltAngle": 0.0}]
    )
    assert mdocfile.read(tmp_path / "a.mdoc")["TiltAngle"].tolist() == [-3.0, 0.0]


def test_csv_reads_back(tmp_path):
    write_csv(tmp_path / "a.csv", {"Well": ["A01", "A02"], "Dose": [0.1, 3.0]})
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert rows == [
        {"Well": "A01", "Dose": "0.1"},
        {"Well": "A02", "Dose": "3"},
    ]
