"""EMDB-SFF: segmentations in XML."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource, FileSource
from micrographia.testing.damage import damaged, survives


def written(array, *, order="little", sides=None) -> bytes:
    z, y, x = sides or array.shape
    data = base64.b64encode(zlib.compress(array.astype(array.dtype.newbyteorder("<" if order == "little" else ">")).tobytes())).decode()
    return f"""<?xml version="1.0"?><segmentation><version>0.8.0</version><name>cell</name>
<software_list><software id="0"><name>Amira</name><version>6</version></software></software_list>
<primary_descriptor>three_d_volume</primary_descriptor>
<segment_list><segment id="1"><biological_annotation><name>membrane</name></biological_annotation></segment>
<segment id="2"><mesh_list><mesh id="0"/><mesh id="1"/></mesh_list></segment></segment_list>
<lattice_list><lattice id="0"><mode>{array.dtype.name}</mode><endianness>{order}</endianness>
<size><cols>{x}</cols><rows>{y}</rows><sections>{z}</sections></size><data>{data}</data></lattice></lattice_list></segmentation>""".encode()


def test_lattices_are_images_of_labels_and_segments_are_named():
    array = np.arange(60, dtype="u2").reshape(3, 4, 5)
    for order in ("little", "big"):
        source = BytesSource(written(array, order=order), "a.sff")
        description = inspect(source, "a.sff")
        assert [(h.name, h.axes, h.shape, h.dtype) for h in description.images] == [("lattice 0", "zyx", (3, 4, 5), "uint16")]
        np.testing.assert_array_equal(open_image(source, "sff", 0, description.images[0])[...], array)
    said = description.metadata
    assert (said["name"], said["software"], said["segment_count"], said["mesh_count"]) == ("cell", "Amira 6", 2, 2)
    assert said["segments"] == [{"id": "1", "name": "membrane"}, {"id": "2", "mesh_count": 2}]


def test_lies_and_attacks_are_errors():
    array = np.zeros((3, 4, 5), "u2")
    whole = written(array)
    attack = whole.replace(b"<segmentation>", b'<!DOCTYPE a [<!ENTITY b "c">]><segmentation>')
    for data, rule in ((whole[:-10], "unreadable"), (attack, "unreadable"), (written(array, sides=(9999, 9999, 9999)), "size")):
        assert [r.rule for r in inspect(BytesSource(data, "a.sff"), "a").remarks] == [f"sff.{rule}"]


def test_random_damage_is_survived():
    for data in damaged(written(np.zeros((3, 4, 5), "u2"))):
        survives(data, "a.sff")


def test_real_files(real_data):
    with FileSource(real_data / "emdb-empiar_sfftk/sff/v0.8/emd_1014.sff") as source:
        description = inspect(source, "a")
        image = open_image(source, "sff", 0, description.images[0])
        assert (image.shape, image.dtype) == ((256, 256, 256), np.uint32)
        values = set(np.unique(image[...]).tolist()) - {0}
        assert values <= {int(s["id"]) for s in description.metadata["segments"]}
    with FileSource(real_data / "emdb-empiar_sfftk-rw/sff/v0.8/emd_3791.sff") as source:
        description = inspect(source, "a")
        assert (description.images, description.metadata["mesh_count"]) == ((), 4)
