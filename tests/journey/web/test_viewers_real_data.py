"""The viewers on real microscope files: parts of the arrays are answered, and what is drawn is what numpy reads."""

import io
import json
import shutil
import signal

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.derive.making import derive
from micrographia.derive.products import FOR_VIEWERS
from micrographia.settings import Settings

pytestmark = pytest.mark.browser

FILES = {
    "mask.tif": "krentzd_napari-clemreg/notebooks/data/em_mask.tif",
    "neurons.h5": "janelia-flyem_gala/tests/example-data/train-image.h5",
    "truth.h5": "janelia-flyem_gala/tests/example-data/train-gt.lzf.h5",
    "toxo.dv": "tlambert03_mrc/toxo.dv",
    "KLH.tif": "gpl/xmipp/KLH.tif",
    "tilts.mrc": "gpl/cryocat/tilt_stack.mrc",
    "emd_1832.map": "emdb-empiar_sfftk/images/emd_1832.map",
}
SHEET = {
    "schema": "micrographia/entry/1",
    "title": "Of several things seen by other people",
    "authors": [{"name": "Hooke, Robert"}],
    "image_sets": [
        {"id": "mitochondria", "kind": "volume EM", "files": ["mask.tif"]},
        {"id": "neurons", "kind": "volume EM", "files": ["neurons.h5"]},
        {"id": "cells", "kind": "fluorescence", "files": ["toxo.dv"]},
        {"id": "micrographs", "kind": "micrographs", "files": ["KLH.tif"], "pixel_size_a": 2.2},
        {"id": "tilts", "kind": "tilt series", "files": ["tilts.mrc"], "metadata": ["tilts.rawtlt"], "pixel_size_a": 8.0},
    ],
    "annotations": [{"id": "truth", "kind": "segmentation", "of": "neurons", "files": ["truth.h5"], "object": "neuron"}],
    "maps": [{"id": "map", "file": "emd_1832.map", "contour_level": 0.5}],
}


@pytest.fixture(scope="module")
def real(tmp_path_factory, real_data, start):
    """Accession, folder and address of a served entry of real files, with all that is derived from them."""
    where = tmp_path_factory.mktemp("real")
    folder = where / "real"
    folder.mkdir()
    for name, source in FILES.items():
        shutil.copy(real_data / source, folder / name)
    (folder / "tilts.rawtlt").write_text("-3.0\n0.0\n3.0\n6.0\n")
    (folder / "entry.yaml").write_text(json.dumps(SHEET))
    archive = open_archive(Settings(home=where / "archive", workers=1))
    accession = deposit_folder(archive, folder, until="released").accession
    derive(archive, FOR_VIEWERS, wait=True)
    archive.catalogue.close()
    process = start(where / "archive")
    yield accession, folder, process.url
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    process.stdout.close()


@pytest.fixture
def open_real(browser, real, opened_page):
    contexts = []

    def open_(path, *, width=1280, **more):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **more))
        return opened_page(contexts[-1].new_page(), real[2], real[0], path, needs=None)

    yield open_
    for context in contexts:
        context.close()


def test_a_volume_is_drawn_from_its_smaller_copies_and_deposited_values(open_real, real):
    opened = open_real("mask.tif")
    assert opened.state == "ready"
    assert any("-r1/3/c/" in url for url in opened.chunks()), "a part of a smaller copy, compressed in shards"
    opened.page.get_by_role("button", name="xy", exact=True).click()
    opened.settle(2500)
    # mean pooling keeps what is large: in the middle of squares that are all one value, that value is drawn
    section = tifffile.imread(real[1] / "mask.tif", key=106 // 2)
    squares = [(y, x, section[y - 12 : y + 12, x - 12 : x + 12]) for y in range(12, 1730, 6) for x in range(12, 1470, 6)]
    rows, columns, values = zip(
        *((y, x, s[12, 12]) for y, x, s in squares if np.ptp(s) == 0 and abs(y - 875) + abs(x - 742) > 400), strict=True
    )
    seen, values = opened.seen(rows, columns).mean(axis=-1), np.array(values, float)
    assert (values == 255).sum() >= 10 and (values == 0).sum() > 1000
    assert (np.abs(seen - values) < 8).mean() > 0.98, "all but what the axis lines and the scale bar cover"
    assert opened.complaints == []


def test_neurons_are_drawn_with_the_greys_of_the_file_and_their_labels_over_them(open_real, real):
    opened = open_real("neurons.h5")
    assert opened.state == "ready" and opened.chunks()
    opened.page.get_by_role("button", name="xy", exact=True).click()
    opened.settle(1500)
    opened.viewer("v.neuroglancer.crossSectionScale.value = 0.1")  # 10 screen pixels a voxel
    opened.settle(1500)
    rows, columns = np.mgrid[24:76:2, 44:156:4]
    coloured = opened.seen(rows, columns)
    opened.page.get_by_role("checkbox", name="truth.h5").uncheck()
    opened.settle(800)
    plain = opened.seen(rows, columns)
    with h5py.File(real[1] / "neurons.h5") as file:
        section = file["stack"][25].astype(float)
    with h5py.File(real[1] / "truth.h5") as file:
        labels = file["stack"][25]
    calm = (np.abs(rows - 50) > 1) & (np.abs(columns - 100) > 1) & ((rows < 70) | (columns > 80))  # no axis line, no scale bar
    limits = opened.descriptor["image"]["limits"]
    difference = np.abs(plain[calm].mean(axis=-1) - opened.grey(section[rows, columns][calm], limits))
    assert np.median(difference) <= 2 and (difference <= 4).mean() > 0.97
    colour = np.ptp(coloured, axis=-1)[calm]
    inside = labels[rows, columns][calm] > 0
    assert colour[inside].mean() > 30 and np.ptp(plain, axis=-1)[calm].max() < 12
    assert opened.complaints == []


def test_a_micrograph_is_drawn_anew_between_limits_that_a_person_chooses(open_real, real):
    opened = open_real("KLH.tif")
    array, limits = tifffile.imread(real[1] / "KLH.tif").astype(float), opened.descriptor["limits"]
    opened.page.get_by_role("button", name="One image pixel a screen pixel").click()
    for _ in range(3):
        opened.page.get_by_role("button", name="Zoom in").click()
    opened.settle(1500)
    rows, columns = np.mgrid[350:490:7, 300:460:7]
    shown = opened.seen(rows, columns).mean(axis=-1)
    assert np.median(np.abs(shown - opened.grey(array[rows, columns], limits))) < 4, "but for what JPEG leaves out"
    assert limits["maximum"] > limits["high"], "brighter values can be told apart as well"
    opened.slide("White", limits["maximum"])
    opened.slide("Black", limits["minimum"])
    opened.settle(1500)
    wanted = opened.grey(array[rows, columns], {"low": limits["minimum"], "high": limits["maximum"]})
    assert np.median(np.abs(opened.seen(rows, columns).mean(axis=-1) - wanted)) < 4
    assert opened.page.locator(".viewer-stage canvas").first.evaluate("e => e.style.filter") == "", "no longer stretched, but drawn"
    assert opened.complaints == []


def test_tilts_are_drawn_with_the_angles_of_their_list(open_real, real):
    opened = open_real("tilts.mrc")
    with mrcfile.open(real[1] / "tilts.mrc", permissive=True) as file:
        stack = file.data.astype(float)
    for _ in range(2):
        opened.page.get_by_role("button", name="Zoom in").click()
    rows, columns = np.mgrid[84:156:3, 60:170:3]
    for index, caption in [(2, "3 of 4 · +3.0°"), (0, "1 of 4 · −3.0°")]:
        opened.slide("Tilt", index)
        opened.settle(1200)
        assert opened.page.locator(".viewer-caption").inner_text() == caption
        shown = opened.seen(rows, columns).mean(axis=-1)
        assert np.abs(shown - opened.grey(stack[index][rows, columns], opened.descriptor["limits"])).mean() < 4


def test_cells_are_blended_from_both_channels(open_real, real):
    opened = open_real("toxo.dv")
    assert opened.state == "ready" and opened.chunks()
    zarr = opened.page.request.get(real[2] + opened.item["links"]["zarr"] + "/zarr.json").json()
    channels = zarr["attributes"]["ome"]["omero"]["channels"]
    address = f"{real[2]}{opened.item['links']['slice']}?axis=z&index=8&format=npy"
    planes = [np.load(io.BytesIO(opened.page.request.get(f"{address}&c={c}").body())) for c in (0, 1)]
    rows, columns = np.mgrid[30:100:3, 30:100:3]
    wanted = np.zeros((*rows.shape, 3))
    for channel, plane in zip(channels, planes, strict=True):
        share = opened.grey(plane[rows, columns].astype(float), {"low": channel["window"]["start"], "high": channel["window"]["end"]}) / 255
        wanted += share[..., None] * np.array([int(channel["color"][i : i + 2], 16) for i in (0, 2, 4)])
    assert np.abs(opened.seen(rows, columns) - np.clip(wanted, 0, 255)).max() <= 4


def test_a_map_has_the_outline_of_its_density(open_real, real):
    opened = open_real("emd_1832.map")
    assert opened.state == "ready" and opened.chunks()
    opened.viewer("v.lookAlong('z')")
    opened.settle(1500)
    shown = np.ptp(opened.pixels(), axis=-1) > 40
    with mrcfile.open(real[1] / "emd_1832.map", permissive=True) as file:
        outline = (file.data >= 0.5).any(axis=0)[::-1]  # y goes up on the screen

    def framed(mask):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        cut = Image.fromarray(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        return np.asarray(cut.resize((64, 64)))

    one, other = framed(shown), framed(outline)
    assert (one & other).sum() / (one | other).sum() > 0.93


def test_a_file_that_has_been_damaged_shows_a_small_picture_and_says_so(open_damaged):
    opened = open_damaged("KLH.tif")
    assert opened.state == "failed"
    words = opened.page.locator(".viewer-failure[role=status]").inner_text()
    assert "KLH.tif is missing from the store" in words and "/" not in words
    assert opened.page.locator("[data-viewer] img.still").evaluate("e => e.naturalWidth") > 32
    opened = open_damaged("emd_1832.map")
    assert opened.state == "failed" and "emd_1832.map" in opened.page.locator(".viewer-failure").inner_text()


@pytest.fixture
def open_damaged(browser, real, opened_page, tmp_path, start):
    """Pages of a copy of the archive in which one file is gone and another is cut."""
    home = tmp_path / "damaged"
    shutil.copytree(real[1].parent / "archive", home)
    next(home.glob("store/**/KLH.tif")).unlink()
    cut = next(home.glob("store/**/emd_1832.map"))
    cut.chmod(0o644)
    cut.write_bytes(cut.read_bytes()[:4000])
    process = start(home)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield lambda path: opened_page(context.new_page(), process.url, real[0], path, needs=None)
    context.close()
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    process.stdout.close()
