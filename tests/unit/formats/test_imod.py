"""IMOD models: parts are written here by their published layout."""

from __future__ import annotations

import struct

from micrographia.formats.registry import identify, inspect
from micrographia.formats.source import BytesSource, FileSource
from micrographia.testing.damage import damaged, survives


def model(*objects, declared=None) -> bytes:
    head = struct.pack(">8s128s4iI", b"IMODV1.2", b"vesicles", 512, 400, 96, len(objects) if declared is None else declared, 0)
    head += bytes(4 * 15) + struct.pack(">fi", 1.5, -9)
    return head.ljust(240, b"\0") + b"".join(objects) + b"EXTR\0\0\0\4abcd" + b"IEOF"


def drawn(name, *contours, flags=0, vertices=0) -> bytes:
    out = b"OBJT" + struct.pack(">64s64xiIii3fi8x2i", name, len(contours), flags, 0, 0, 1, 0.5, 0, 0, bool(vertices), 0)
    for points in contours:
        out += b"CONT" + struct.pack(">iIii", points, 0, 0, 0) + bytes(12 * points)
    return out + (b"MESH" + struct.pack(">iiii", vertices, 3, 0, 0) + bytes(12 * vertices + 12) if vertices else b"")


def test_objects_contours_points_and_meshes_are_counted():
    description = inspect(BytesSource(model(drawn(b"outer", 4, 6), drawn(b"picks", 10, flags=1 << 9, vertices=5)), "a.mod"), "a.mod")
    assert (description.format, description.images, description.remarks) == ("imod", (), ())
    said = description.metadata
    assert (said["name"], said["image_shape"], said["pixel_size"]) == ("vesicles", [96, 400, 512], {"value": 1.5, "unit": "nm"})
    assert (said["contour_count"], said["point_count"], said["mesh_count"], said["vertex_count"]) == (3, 20, 1, 5)
    assert [(o["name"], o["kind"]) for o in said["objects"]] == [("outer", "closed contours"), ("picks", "scattered points")]


def test_a_model_that_ends_early_or_lies_is_an_error():
    whole = model(drawn(b"outer", 4))
    for data in (
        whole[:-4],
        whole[:300],
        model(drawn(b"outer", 4), declared=2),
        whole.replace(b"\0\0\0\4\0\0\0\0", b"\x7f\0\0\4\0\0\0\0", 1),
    ):
        assert [r.rule for r in inspect(BytesSource(data, "a.mod"), "a.mod").remarks] == ["imod.unreadable"]


def test_other_files_of_that_ending_are_not_taken_for_models():
    assert identify("go.mod", b"module x") is None


def test_random_damage_is_survived():
    for data in damaged(model(drawn(b"outer", 4, 6), drawn(b"picks", 10, vertices=5))):
        survives(data, "a.mod")


def test_a_real_file(real_data):
    with FileSource(real_data / "emdb-empiar_sfftk/segmentations/test_data.mod") as source:
        assert inspect(source, "a").metadata["vertex_count"] == 10732
