"""OME-XML, alone, and units of length."""

from __future__ import annotations

import json

import pytest

from micrographia.formats import ome_xml
from micrographia.formats.description import UnreadableError
from micrographia.formats.ome_xml import parse_ome_xml
from micrographia.formats.source import FileSource
from micrographia.formats.units import voxel_size
from micrographia.model.image import VoxelSize

HEAD = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'


def test_an_image_tells_sizes_voxels_and_channels():
    (image,) = parse_ome_xml(
        f'{HEAD}<Image ID="Image:0" Name="a"><AcquisitionDate>2020-01-02T03:04:05</AcquisitionDate>'
        '<Pixels DimensionOrder="XYZCT" Type="float" SizeX="9" SizeY="8" SizeZ="7" SizeC="2" SizeT="1" PhysicalSizeX="65" '
        'PhysicalSizeXUnit="nm" PhysicalSizeY="65" PhysicalSizeYUnit="nm" PhysicalSizeZ="0.2">'
        '<Channel Name="DNA" EmissionWavelength="461"/><Channel Name="GFP" Color="-16776961"/></Pixels></Image></OME>'
    ).images
    assert image.sizes == {"x": 9, "y": 8, "z": 7, "c": 2, "t": 1}
    assert image.voxel_size == VoxelSize(200.0, 65.0, 65.0, "nanometer")
    assert image.channels == ("DNA", "GFP")
    assert image.metadata["channels"] == [{"name": "DNA", "emission_nm": 461.0}, {"name": "GFP", "colour": "FF0000"}]
    assert (image.dtype, image.metadata["acquired"]) == ("float32", "2020-01-02T03:04:05")


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><OME>&a;</OME>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><OME/>',
        "<OME><Image></OME>",
        "<html/>",
        "",
        "\u0001",
    ],
)
def test_hostile_and_foreign_documents_are_refused(document):
    with pytest.raises(UnreadableError) as failure:
        parse_ome_xml(document)
    assert failure.value.rule == "ome_xml.unreadable"


def test_real_documents_are_read(real_data):
    paths = sorted((real_data / "tlambert03_ome-types").glob("*.ome.xml"))
    assert paths
    for path in paths:
        said = ome_xml.inspect(FileSource(path), path.name).metadata
        json.dumps(dict(said), allow_nan=False)
        assert said["images"] or said.get("plates") or said.get("instruments")


def test_a_real_screen_tells_its_plates(real_data):
    path = real_data / "tlambert03_ome-types/two-screens-two-plates-four-wells.ome.xml"
    plates = ome_xml.inspect(FileSource(path), path.name).metadata["plates"]
    assert [p["well_count"] for p in plates] == [4, 4]
    assert plates[0]["wells"][0] == {"row": 1, "column": 1, "fields": 2}


@pytest.mark.parametrize(
    ("zyx", "units", "expected"),
    [
        ([2, 1, 1], "µm", VoxelSize(2.0, 1.0, 1.0, "micrometer")),
        ([2, 1, 1], "micron", VoxelSize(2.0, 1.0, 1.0, "micrometer")),
        ([None, 1.5, 1.5], "Å", VoxelSize(None, 1.5, 1.5, "angstrom")),
        ([30, 0.006, 0.006], ["nm", "µm", "µm"], VoxelSize(0.03, 0.006, 0.006, "micrometer")),
        ([2e-9, 1e-10, 1e-10], "m", VoxelSize(2.0, 0.1, 0.1, "nanometer")),
        ([0, -1, float("nan")], "nm", None),
        ([1, 1, 1], "pixel", None),
        ([None, None, None], "nm", None),
    ],
)
def test_voxel_sizes_are_told_in_units_of_the_model(zyx, units, expected):
    assert voxel_size(zyx, units) == expected
