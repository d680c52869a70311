"""The viewers in a real browser: what stands on the screen is what stands in the file."""

import html
import io
import json
import shutil
import signal

import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.settings import Settings

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SHEET = {
    "schema": "micrographia/entry/1",
    "title": "Of the eyes and head of a grey drone-fly",
    "authors": [{"name": "Hooke, Robert"}],
    "acquisitions": [{"id": "scope", "experiment": "single-particle", "pixel_size_a": 2.0}],
    "image_sets": [
        {"id": "micrographs", "kind": "micrographs", "files": ["mic.mrc"], "acquisition": "scope", "pixel_size_a": 2.0},
        {"id": "tilts", "kind": "tilt series", "files": ["tilts.mrc"], "metadata": ["tilts.mrc.mdoc"], "pixel_size_a": 4.0},
        {"id": "tomogram", "kind": "tomogram", "files": ["tomo.mrc"], "voxel_size_a": 8.0},
        {"id": "cells", "kind": "fluorescence", "files": ["cells.ome.tif"]},
    ],
    "annotations": [
        {"id": "picks", "kind": "points", "of": "micrographs", "files": ["picks/*.star"], "object": "facets", "diameter_a": 100},
        {"id": "labels", "kind": "segmentation", "of": "tomogram", "files": ["labels.mrc"], "object": "lens"},
    ],
    "maps": [{"id": "final", "file": "map.mrc", "half_maps": ["half1.mrc", "half2.mrc"], "contour_level": 0.5}],
}


def blocks(shape, side, seed, low, high):
    """Random values that are constant over blocks of `side` pixels, so that no rounding of a position matters."""
    coarse = np.random.default_rng(seed).uniform(low, high, [-(-n // side) for n in shape])
    for axis, n in enumerate(shape):
        coarse = np.repeat(coarse, side, axis=axis).take(range(n), axis=axis)
    return coarse


def balls():
    """Two balls of radius 9 and 5 voxels, 22 voxels apart along x; density falls from 1 to 0 through 0.5 at the radius."""
    z, y, x = np.indices((48, 48, 48))

    def ball(cz, cy, cx, radius):
        return np.clip(0.5 + (radius - np.sqrt((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2)) / 2, 0, 1)

    return np.maximum(ball(24, 24, 14, 9), ball(24, 24, 36, 5)).astype(np.float32)


def write_mrc(path, array, voxel_size, *, is_stack=False, start=None):
    with mrcfile.new(path) as file:
        file.set_data(array)
        file.voxel_size = voxel_size
        if is_stack:
            file.set_image_stack()
        if start:
            file.nstart = start


@pytest.fixture(scope="module")
def fly(tmp_path_factory):
    """Accession, arrays and archive of an entry with one image for each viewer."""
    where = tmp_path_factory.mktemp("viewers")
    folder = where / "fly"
    (folder / "picks").mkdir(parents=True)
    arrays = {
        "mic.mrc": blocks((600, 800), 50, 1, -20, 30).astype(np.float32),
        "tilts.mrc": blocks((5, 96, 128), 16, 2, 0, 900).astype(np.int16),
        "tomo.mrc": blocks((20, 40, 56), 8, 3, -1000, 1000).astype(np.int16),
        "cells.ome.tif": blocks((2, 64, 96), 16, 4, 0, 4000).astype(np.uint16),
        "map.mrc": balls(),
    }
    labels = (np.indices((20, 40, 56))[2] > 28).astype(np.int8)
    write_mrc(folder / "mic.mrc", arrays["mic.mrc"], 2.0)
    write_mrc(folder / "tilts.mrc", arrays["tilts.mrc"], 4.0, is_stack=True)
    write_mrc(folder / "tomo.mrc", arrays["tomo.mrc"], 8.0)
    write_mrc(folder / "labels.mrc", labels, 8.0)
    for n, name in enumerate(("map.mrc", "half1.mrc", "half2.mrc")):
        noise = np.random.default_rng(n).normal(0, 0.02 * (n > 0), (48, 48, 48)).astype(np.float32)
        write_mrc(folder / name, arrays["map.mrc"] + noise, 3.0, start=(-24, -24, -24))
    sections = "".join(f"[ZValue = {n}]\nTiltAngle = {15 * n - 30}\nExposureDose = 3\nPriorRecordDose = {3 * n}\n" for n in range(5))
    (folder / "tilts.mrc.mdoc").write_text(f"PixelSpacing = 4.0\nImageFile = tilts.mrc\n\n{sections}")
    tifffile.imwrite(folder / "cells.ome.tif", arrays["cells.ome.tif"], metadata={"axes": "CYX", "Channel": {"Name": ["DNA", "actin"]}})
    (folder / "picks/mic.star").write_text("data_\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n200 150\n600 450\n")
    (folder / "entry.yaml").write_text(json.dumps(SHEET))
    archive = open_archive(Settings(home=where / "archive", workers=1))
    accession = deposit_folder(archive, folder, until="released").accession
    yield accession, arrays, where / "archive"
    archive.catalogue.close()


@pytest.fixture(scope="module")
def address(fly, start):
    process = start(fly[2])
    yield process.url
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    process.stdout.close()


@pytest.fixture(scope="module")
def browsers():
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(browsers):
    started = browsers.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"])
    yield started
    started.close()


class Opened:
    """The page of one image, its viewer ready or failed."""

    def __init__(self, page, address, accession, path, *, needs, alter=None):
        self.page, self.complaints, self.asked = page, [], []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", lambda r: self.asked.append(r.url))
        items = page.request.get(f"{address}/api/v1/images?entry={accession}").json()["items"]
        self.item = next(i for i in items if i["path"] == path)
        if needs and not self.item["links"].get(needs):
            pytest.skip(f"this server offers no {needs}")
        if alter:
            page.route(address + self.item["links"]["page"], lambda route: self._answer(route, alter))
        page.goto(address + self.item["links"]["page"])
        self.element = page.locator("[data-viewer]:not([data-viewer=slices])")
        page.locator("[data-viewer]:not([data-viewer=slices]):is([data-state=ready], [data-state=failed])").wait_for(timeout=90_000)
        self.state = self.element.get_attribute("data-state")
        self.descriptor = json.loads(self.element.get_attribute("data-descriptor"))
        assert all(url.startswith((address, "data:", "blob:")) for url in self.asked)

    @staticmethod
    def _answer(route, alter):
        """Answer the page with its descriptor altered."""
        found = route.fetch()
        before, _, rest = found.text().partition('data-descriptor="')
        told, _, after = rest.partition('"')
        altered = html.escape(json.dumps(alter(json.loads(html.unescape(told)))))
        route.fulfill(response=found, body=f'{before}data-descriptor="{altered}"{after}')

    def viewer(self, expression):
        """A JavaScript expression of the mounted viewer `v`."""
        return self.page.evaluate(f"window.viewersReady.then(([v]) => {expression})")

    def settle(self, ms=600):
        self.page.wait_for_timeout(ms)

    def pixels(self):
        """The stage as colours, shape (y, x, 3)."""
        png = self.page.locator(".viewer-stage").screenshot()
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)

    def slide(self, label, value):
        self.element.get_by_label(label, exact=True).evaluate(
            "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', { bubbles: true })) }", str(value)
        )
        self.settle()


@pytest.fixture
def open_page(browser, address, fly):
    contexts = []

    def open_(path, *, needs, width=1280, alter=None, **more):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **more))
        return Opened(contexts[-1].new_page(), address, fly[0], path, needs=needs, alter=alter)

    yield open_
    for context in contexts:
        context.close()


def grey(values, limits):
    return np.clip((values - limits["low"]) / (limits["high"] - limits["low"]) * 255, 0, 255)


def assert_shows(opened, section, limits, tolerance=10):
    """The middles of some blocks have the grey that the file's values give."""
    picture = opened.pixels()
    height, width = section.shape
    for y, x in [(height // 8, width // 6), (height * 2 // 5, width // 2 + 3), (height * 7 // 10, width * 4 // 5)]:
        at = opened.viewer(f"v.place({x}, {y})")
        seen = picture[int(at["y"]), int(at["x"])]
        assert np.abs(seen - grey(section[y, x], limits)).max() <= tolerance, (y, x, seen, grey(section[y, x], limits))


def test_a_micrograph_has_its_greys_picks_and_values(open_page, fly):
    opened = open_page("mic.mrc", needs="zarr")
    array, limits = fly[1]["mic.mrc"], opened.descriptor["limits"]
    assert opened.state == "ready" and opened.element.get_attribute("data-viewer") == "micrograph"
    assert opened.descriptor["picks"] == [{"label": "facets", "diameterA": 100.0, "points": [[200, 150], [600, 450]]}]
    zoom = opened.viewer("v.place(100, 0).x - v.place(0, 0).x") / 100
    at = opened.viewer("v.place(200, 150)")
    ring = opened.pixels()[int(at["y"]), round(at["x"] + 25 * zoom)]
    assert ring[1] - ring[0] > 60, "a green ring at the diameter of 100 Å, 25 pixels from the centre"
    opened.page.get_by_label("2 facets").uncheck()
    assert_shows(opened, array, limits)
    box = opened.page.locator(".viewer-stage").bounding_box()
    for x, y in [(325, 275), (710, 40)]:
        at = opened.viewer(f"v.place({x}, {y})")
        opened.page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
        opened.settle()
        assert opened.page.locator(".viewer-value").inner_text().split()[1::2] == [str(x), str(y), f"{array[y, x]:.7g}"]
    opened.slide("White", (limits["low"] + limits["high"]) / 2)
    assert_shows(opened, array, {**limits, "high": (limits["low"] + limits["high"]) / 2}, tolerance=20)
    assert opened.page.locator(".viewer-scale").inner_text().endswith("nm")
    opened.page.get_by_role("button", name="Power spectrum").click()
    opened.page.get_by_text("the edge is 4.00 Å").wait_for()
    assert opened.complaints == []


def test_a_tilt_series_is_stepped_through_with_its_angles(open_page, fly):
    opened = open_page("tilts.mrc", needs=None)
    assert opened.state == "ready"
    assert opened.page.locator(".viewer-caption").inner_text() == "3 of 5 · +0.0° · 9 e⁻/Å²"
    assert_shows(opened, fly[1]["tilts.mrc"][2], opened.descriptor["limits"])
    opened.slide("Tilt", 0)
    assert opened.page.locator(".viewer-caption").inner_text() == "1 of 5 · −30.0° · 3 e⁻/Å²"
    assert_shows(opened, fly[1]["tilts.mrc"][0], opened.descriptor["limits"])
    opened.page.locator(".viewer-stage").press("PageUp")
    opened.settle()
    assert_shows(opened, fly[1]["tilts.mrc"][1], opened.descriptor["limits"])
    assert opened.complaints == []


def test_channels_are_blended_from_their_values(open_page, fly):
    opened = open_page("cells.ome.tif", needs="zarr")
    assert opened.state == "ready" and opened.element.get_attribute("data-viewer") == "multichannel"
    zarr = opened.page.request.get(f"{opened.page.url.split('/images')[0]}{opened.item['links']['zarr'].rstrip('/')}/zarr.json").json()
    channels = zarr["attributes"]["ome"]["omero"]["channels"]
    assert len(channels) == 2

    def blended(y, x, active):
        total = np.zeros(3)
        for channel, value in zip(channels, fly[1]["cells.ome.tif"][:, y, x], strict=True):
            if channel is not channels[0] or active:
                window = channel["window"]
                share = np.clip((value - window["start"]) / (window["end"] - window["start"]), 0, 1)
                total += share * np.array([int(channel["color"][i : i + 2], 16) for i in (0, 2, 4)])
        return np.clip(total, 0, 255)

    for active in (True, False):
        opened.page.get_by_role("checkbox", name=channels[0]["label"], exact=True).set_checked(active)
        opened.settle()
        picture = opened.pixels()
        for y, x in [(8, 8), (24, 40), (56, 88)]:
            at = opened.viewer(f"v.place({x}, {y})")
            assert np.abs(picture[int(at["y"]), int(at["x"])] - blended(y, x, active)).max() <= 4
    before = opened.pixels()
    opened.page.locator(".viewer-stage canvas").press("+")
    opened.settle()
    assert (opened.pixels() != before).any(), "the keyboard zooms"
    assert opened.complaints == []


def test_a_tomogram_shows_its_planes_labels_and_keeps_the_view_in_its_address(open_page, fly):
    opened = open_page("tomo.mrc", needs="zarr")
    assert opened.state == "ready" and opened.element.get_attribute("data-viewer") == "volume"
    opened.page.get_by_role("button", name="xy", exact=True).click()
    opened.settle()
    coloured = opened.pixels()
    opened.page.get_by_label("labels.mrc").uncheck()
    array, limits = fly[1]["tomo.mrc"], opened.descriptor["image"]["limits"]
    scale = opened.viewer("v.neuroglancer.state.toJSON().crossSectionScale")  # voxels a screen pixel
    for z in (10, 3):
        opened.slide("z", z)
        opened.settle(1500)
        picture = opened.pixels()
        middle_y, middle_x = np.array(picture.shape[:2]) / 2
        for y, x in [(4, 4), (12, 20), (12, 44), (36, 12)]:
            seen = picture[round(middle_y + (y + 0.5 - 20.5) / scale), round(middle_x + (x + 0.5 - 28.5) / scale)]
            assert np.abs(seen - grey(array[z, y, x], limits)).max() <= 6, (z, y, x, seen, grey(array[z, y, x], limits))
    right = coloured[:, coloured.shape[1] // 2 + 40 : coloured.shape[1] // 2 + 200]
    assert (right.max(axis=-1) - right.min(axis=-1)).mean() > 15, "labels lie over the image"
    opened.settle(800)
    assert "#!" in opened.page.url
    opened.page.reload()
    opened.page.locator("[data-viewer=volume][data-state=ready]").wait_for(timeout=90_000)
    assert opened.viewer("v.neuroglancer.position.value[2]") == 3.5
    assert opened.complaints == []


def test_a_map_shows_the_shape_of_its_density(open_page):
    opened = open_page("map.mrc", needs="zarr")
    assert opened.state == "ready" and opened.element.get_attribute("data-viewer") == "map"
    opened.viewer("v.lookAlong('z')")
    opened.settle(1500)

    def blue():
        rgb = opened.pixels()
        return rgb[..., 2] - rgb[..., 0] > 40

    columns = np.flatnonzero(blue().any(axis=0))
    gap = np.flatnonzero(np.diff(columns) > 1)
    assert len(gap) == 1, "two balls side by side"
    spans = [part[-1] - part[0] + 1 for part in np.split(columns, gap + 1)]
    centres = [(part[-1] + part[0]) / 2 for part in np.split(columns, gap + 1)]
    assert spans[0] / spans[1] == pytest.approx(9 / 5, rel=0.08) and (centres[1] - centres[0]) / spans[0] == pytest.approx(
        22 / 18, rel=0.06
    )
    before = blue().sum()
    opened.slide("Contour of map.mrc", 0.95)
    assert blue().sum() < 0.9 * before
    assert opened.page.locator("output").first.inner_text().startswith("0.950 = ")
    opened.page.get_by_role("checkbox", name="half1.mrc", exact=True).check()
    opened.settle(2500)
    rgb = opened.pixels()
    assert (rgb[..., 0] - rgb[..., 2] > 60).sum() > 0.3 * before, "the half map in its own colour"
    opened.page.get_by_role("checkbox", name="half1.mrc", exact=True).uncheck()
    opened.page.get_by_label("Slices").check()
    opened.settle(2500)
    section = opened.pixels()
    assert ((section.max(axis=-1) - section.min(axis=-1) < 12) & (section.max(axis=-1) > 60)).sum() > 1000, "a grey slice"
    assert opened.complaints == []


def test_a_second_map_is_turned_into_the_common_frame(open_page):
    quarter_turn = [0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]  # column-major, about z

    def two_maps(descriptor):
        first = descriptor["maps"][0]
        second = {**first, "label": "turned", "colour": "#e69f00", "transform": quarter_turn}
        return {"maps": [first, second], "slices": False}

    opened = open_page("map.mrc", needs="zarr", alter=two_maps)
    assert opened.state == "ready"
    opened.viewer("v.lookAlong('z')")
    opened.settle(1500)
    for label, is_wide in (("map.mrc", True), ("turned", False)):
        for box in opened.page.get_by_role("checkbox").all():
            box.set_checked(box.evaluate("e => e.parentElement.innerText.trim()") == label)
        opened.settle(1200)
        shown = np.ptp(opened.pixels(), axis=-1) > 40
        rows, columns = np.ptp(np.flatnonzero(shown.any(axis=1))), np.ptp(np.flatnonzero(shown.any(axis=0)))
        assert (columns / rows if is_wide else rows / columns) == pytest.approx(36 / 18, rel=0.1)


def test_without_webgl_the_still_picture_and_a_sentence_stay(browsers, address, fly):
    browser = browsers.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-3d-apis"])
    opened = Opened(browser.new_page(), address, fly[0], "map.mrc", needs="zarr")
    assert opened.state == "failed"
    assert "WebGL" in opened.page.locator(".viewer-failure[role=status]").inner_text()
    assert (
        opened.page.locator("img.still").is_visible()
        and opened.page.locator("details[data-viewer-fallback]").get_attribute("open") is not None
    )
    browser.close()


@pytest.mark.parametrize(
    ("path", "needs"), [("mic.mrc", "iiif"), ("tilts.mrc", None), ("cells.ome.tif", "zarr"), ("tomo.mrc", "zarr"), ("map.mrc", "zarr")]
)
def test_viewers_fit_a_phone(open_page, path, needs):
    opened = open_page(path, needs=needs, width=375, has_touch=True)
    assert opened.state == "ready"
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 375
    assert opened.pixels().std() > 8
