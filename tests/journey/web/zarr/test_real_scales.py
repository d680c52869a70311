"""Units, scales and colours of real files, as other readers find them in the headers."""

import struct

import h5py
import mrcfile
import pytest
import tifffile

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.examine import Given
from micrographia.settings import Settings
from micrographia.web.app import create_app

FILES = (
    "ccpem_mrcfile/EMD-3197.map",
    "emdb-empiar_sfftk/images/emd_1832.map",
    "emdb-empiar_3dstrudel/6272.mrc",
    "tlambert03_mrc/toxo.dv",
    "hanjinliu_cylindra/tests/13pf_MT.tif",
    "hci-unihd_plant-seg/sample_ovule.h5",
    "ccpem_mrcfile/emd_3197.png",
    "stardist_stardist/img3d.tif",
    "gpl/xmipp/KLH.tif",
    "gpl/aspire/clean70SRibosome_vol_65p.mrc",
    "tomopy_tomopy/tooth.h5",
)


@pytest.fixture(scope="module")
def shown(real_data, tmp_path_factory, client_of):
    """By file name: unit and scale of z, y, x, and channels, of its last image."""
    where = tmp_path_factory.mktemp("scales")
    (where / "in").mkdir()
    for path in FILES:
        (where / "in" / path.rpartition("/")[2]).write_bytes((real_data / path).read_bytes())
    archive = open_archive(Settings(home=where / "archive", workers=1))
    accession = deposit_folder(archive, where / "in", given=Given(title="Real", authors=("Hooke, Robert",)), until="released").accession
    app = create_app(archive)
    web = client_of(app)
    found = {}
    for image in web.get(f"/api/v1/images?entry={accession}").json()["items"]:
        ome = web.get(image["links"]["zarr"] + "/zarr.json").json()["attributes"]["ome"]
        multiscale = ome["multiscales"][0]
        scale = multiscale["datasets"][0]["coordinateTransformations"][0]["scale"]
        axes = {a["name"]: (a.get("unit", ""), s) for a, s in zip(multiscale["axes"], scale, strict=True)}
        found[image["path"]] = axes, ome["omero"]["channels"]
    yield found
    app.application.state.site.close()
    archive.catalogue.close()


@pytest.mark.parametrize("path", ["ccpem_mrcfile/EMD-3197.map", "emdb-empiar_sfftk/images/emd_1832.map", "emdb-empiar_3dstrudel/6272.mrc"])
def test_maps_have_the_voxel_size_of_their_header(real_data, shown, path):
    with mrcfile.open(real_data / path, permissive=True) as file:
        size = file.voxel_size
    axes, channels = shown[path.rpartition("/")[2]]
    assert axes == {a: ("angstrom", pytest.approx(float(size[a]), rel=1e-5)) for a in "zyx"}
    with mrcfile.open(real_data / path, permissive=True) as file:
        least, most = float(file.data.min()), float(file.data.max())
    window = channels[0]["window"]
    assert (window["min"], window["max"]) == (pytest.approx(least), pytest.approx(most))
    assert least <= window["start"] < window["end"] <= most


def test_a_microscope_file_has_the_micrometres_and_wavelengths_of_its_header(real_data, shown):
    head = (real_data / "tlambert03_mrc/toxo.dv").read_bytes()[:1024]
    x, y, z = struct.unpack("<3f", head[40:52])
    axes, channels = shown["toxo.dv"]
    assert {a: axes[a] for a in "zyx"} == {a: ("micrometer", pytest.approx(v)) for a, v in (("z", z), ("y", y), ("x", x))}
    waves = struct.unpack("<2h", head[198:202])
    assert axes["c"] == ("", 1.0) and [c["label"] for c in channels] == [f"{w} nm" for w in waves]


def test_a_tiff_has_the_spacing_that_its_tags_say(real_data, shown):
    with tifffile.TiffFile(real_data / "hanjinliu_cylindra/tests/13pf_MT.tif") as file:
        spacing, (count, per) = float(file.imagej_metadata["spacing"]), file.pages[0].tags["XResolution"].value
    axes, _ = shown["13pf_MT.tif"]
    assert axes["z"] == ("nanometer", pytest.approx(spacing, rel=1e-4)) and axes["x"] == ("nanometer", pytest.approx(per / count, rel=1e-4))


def test_an_hdf5_file_has_the_element_size_of_its_attributes(real_data, shown):
    with h5py.File(real_data / "hci-unihd_plant-seg/sample_ovule.h5") as file:
        size = next(d.attrs["element_size_um"] for d in file.values() if "element_size_um" in d.attrs)
    assert shown["sample_ovule.h5"][0] == {a: ("micrometer", pytest.approx(float(v))) for a, v in zip("zyx", size, strict=True)}


def test_a_picture_is_red_green_and_blue(shown):
    _, channels = shown["emd_3197.png"]
    assert [(c["label"], c["color"]) for c in channels] == [("red", "FF0000"), ("green", "00FF00"), ("blue", "0000FF")]
    assert channels[0]["window"] == {"min": 0, "max": 255, "start": 0, "end": 255}


@pytest.mark.parametrize("name", ["img3d.tif", "KLH.tif", "clean70SRibosome_vol_65p.mrc", "tooth.h5"])
def test_where_no_header_says_it_no_unit_is_made_up(shown, name):
    axes, _ = shown[name]
    assert set(axes.values()) == {("", 1.0)}
