"""Amira meshes: lattices written here as the user's guide describes them."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from micrographia.formats.registry import identify, inspect, open_image
from micrographia.formats.source import BytesSource, FileSource
from micrographia.testing.damage import damaged, survives


def mesh(array, kind, *, encoding="", order="BINARY-LITTLE-ENDIAN 2.1", data=None, vector=1) -> bytes:
    z, y, x = array.shape[:3]
    data = array.tobytes() if data is None else data
    form = f"{kind}[{vector}]" if vector > 1 else kind
    coded = f"({encoding},{len(data)})" if encoding else ""
    return (
        (
            f'# AmiraMesh {order}\n\ndefine Lattice {x} {y} {z}\n\nParameters {{\n  Units {{ Coordinates "nm" }}\n'
            f"  Materials {{\n    Exterior {{ Id 0 }}\n    Membrane {{ Id 1, Color 1 0.5 0 }}\n  }}\n"
            f'  Content "a cell",\n  BoundingBox 0 {(x - 1) * 2} 0 {(y - 1) * 2} 0 {(z - 1) * 3},\n  CoordType "uniform"\n}}\n\n'
            f"Lattice {{ {form} Data }} @1{coded}\n\n# Data section follows\n@1\n"
        ).encode()
        + data
        + b"\n"
    )


@pytest.mark.parametrize(
    ("kind", "dtype", "order"),
    [("byte", "u1", "BINARY-LITTLE-ENDIAN 2.1"), ("ushort", "<u2", "BINARY-LITTLE-ENDIAN 3.0"), ("float", ">f4", "3D BINARY 2.0")],
)
def test_raw_lattices_come_back_with_their_values(kind, dtype, order):
    array = np.arange(60).reshape(3, 4, 5).astype(dtype)
    source = BytesSource(mesh(array, kind, order=order), "a.am")
    description = inspect(source, "a.am")
    (header,) = description.images
    assert (description.format, header.axes, header.shape, header.name) == ("amira", "zyx", (3, 4, 5), "Data")
    assert header.layout is not None
    assert header.voxel_size.as_json() == {"z": 3.0, "y": 2.0, "x": 2.0, "unit": "nanometer"}
    assert description.metadata["materials"][1] == {"name": "Membrane", "id": 1, "colour": [1.0, 0.5, 0.0]}
    assert len(description.metadata["materials"]) == 2
    np.testing.assert_array_equal(open_image(source, "amira", 0, header)[...], array)


def test_vectors_are_channels():
    array = np.arange(120, dtype="<f4").reshape(3, 4, 5, 2)
    source = BytesSource(mesh(array, "float", vector=2), "a.am")
    np.testing.assert_array_equal(open_image(source, "amira")[...], np.moveaxis(array, -1, 0))


def test_run_lengths_and_zlib_are_decoded():
    array = np.zeros((3, 4, 5), "u1")
    array[1, :2] = np.arange(10).reshape(2, 5)
    flat = array.tobytes()
    encoded = bytes((20, 0, 128 + 10)) + flat[20:30] + bytes((30, 0))
    for name, data in (("HxByteRLE", encoded), ("HxZip", zlib.compress(flat))):
        source = BytesSource(mesh(array, "byte", encoding=name, data=data), "a.am")
        image = open_image(source, "amira", 0, inspect(source, "a").images[0])
        np.testing.assert_array_equal(image[...], array)
        np.testing.assert_array_equal(image[1, 1, ::-2], array[1, 1, ::-2])


def test_lies_are_errors():
    array = np.zeros((3, 4, 5), "u1")
    whole = mesh(array, "byte")
    cases = {"truncated": whole[:-2], "unreadable": whole[:100], "sample_type": mesh(array, "odd")}
    for rule, data in cases.items():
        assert [(r.rule, r.severity) for r in inspect(BytesSource(data, "a.am"), "a").remarks] == [(f"amira.{rule}", "error")]


def test_another_encoding_is_kept_and_not_decoded():
    data = mesh(np.zeros((3, 4, 5), "u1"), "byte", encoding="HxOther")
    assert [(r.rule, r.severity) for r in inspect(BytesSource(data, "a.am"), "a").remarks] == [("amira.encoding", "warning")]


def test_a_makefile_is_no_mesh():
    assert identify("Makefile.am", b"bin_PROGRAMS = a\n") is None


@pytest.mark.parametrize("encoding", ["", "HxZip"])
def test_random_damage_is_survived(encoding):
    array = np.ones((3, 4, 5), "u1")
    for data in damaged(mesh(array, "byte", encoding=encoding, data=zlib.compress(array.tobytes()) if encoding else None)):
        survives(data, "a.am")


def test_real_files(real_data):
    with FileSource(real_data / "emdb-empiar_ahds/test9.am") as source:
        (header,) = inspect(source, "a").images
        assert (header.name, header.shape, header.voxel_size.x) == ("Labels", (284, 284, 284), 1.36)
        assert open_image(source, "amira", 0, header)[140].shape == (284, 284)
    with FileSource(real_data / "emdb-empiar_ahds/FieldOnTetraMesh.am") as source:
        assert inspect(source, "a").metadata["defined"] == {"nTetrahedra": 23685}
