"""The viewers in a real browser: what stands on the screen is what stands in the file."""

import json
import signal

import mrcfile
import numpy as np
import pytest
import tifffile

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.settings import Settings

pytestmark = pytest.mark.browser

HOSTILE = "</script><img src=x onerror=alert(1)>'\""
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
        {"id": "spots", "kind": "points", "of": "tomogram", "files": ["spots.star"], "object": HOSTILE},
        {"id": "marks", "kind": "points", "of": "tilts", "files": ["marks.star"], "object": "marks", "diameter_a": 40},
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
    tifffile.imwrite(folder / "cells.ome.tif", arrays["cells.ome.tif"], metadata={"axes": "CYX", "Channel": {"Name": ["DNA", HOSTILE]}})
    (folder / "picks/mic.star").write_text("data_\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n200 150\n600 450\n")
    (folder / "spots.star").write_text("data_\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n_rlnCoordinateZ #3\n50 20 4\n44 30 15\n")
    rows = "32 24 000001@tilts.mrc\n96 72 3@raw/tilts.mrc\n64 48 tilts.mrc\n"
    (folder / "marks.star").write_text(f"data_\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n_rlnMicrographName #3\n{rows}")
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


@pytest.fixture
def open_page(browser, address, fly, opened_page):
    contexts = []

    def open_(path, *, needs=None, width=1280, alter=None, fragment="", before=None, **more):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **more))
        return opened_page(contexts[-1].new_page(), address, fly[0], path, needs=needs, alter=alter, fragment=fragment, before=before)

    yield open_
    for context in contexts:
        context.close()


def test_a_micrograph_has_its_greys_picks_and_values(open_page, fly):
    opened = open_page("mic.mrc", needs="zarr")
    array, limits = fly[1]["mic.mrc"], opened.descriptor["limits"]
    assert opened.state == "ready" and opened.element.get_attribute("data-viewer") == "micrograph"
    assert opened.descriptor["picks"] == [{"label": "facets", "diameterA": 100.0, "points": [[200, 150], [600, 450]], "frames": None}]
    zoom = opened.viewer("v.place(100, 0).x - v.place(0, 0).x") / 100
    at = opened.viewer("v.place(200, 150)")
    ring = opened.pixels()[int(at["y"]), round(at["x"] + 25 * zoom)]
    assert ring[1] - ring[0] > 60, "a green ring at the diameter of 100 Å, 25 pixels from the centre"
    opened.page.get_by_label("2 facets").uncheck()
    opened.assert_shows(array, limits)
    box = opened.page.locator(".viewer-stage").bounding_box()
    for x, y in [(325, 275), (710, 40)]:
        at = opened.viewer(f"v.place({x}, {y})")
        opened.page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
        opened.settle()
        assert opened.page.locator(".viewer-value").inner_text().split()[1::2] == [str(x), str(y), f"{array[y, x]:.7g}"]
    opened.slide("White", (limits["low"] + limits["high"]) / 2)
    opened.assert_shows(array, {**limits, "high": (limits["low"] + limits["high"]) / 2}, tolerance=20)
    assert opened.page.locator(".viewer-scale").inner_text().endswith("nm")
    opened.page.get_by_role("button", name="Power spectrum").click()
    opened.page.get_by_text("the edge is 4.00 Å").wait_for()
    assert opened.complaints == []


def test_a_tilt_series_is_stepped_through_with_its_angles(open_page, fly):
    opened = open_page("tilts.mrc", needs=None)
    assert opened.state == "ready"
    assert opened.page.locator(".viewer-caption").inner_text() == "3 of 5 · +0.0° · 9 e⁻/Å²"
    opened.page.get_by_role("checkbox", name="3 marks").uncheck()
    opened.settle()
    opened.assert_shows(fly[1]["tilts.mrc"][2], opened.descriptor["limits"])
    opened.slide("Tilt", 0)
    assert opened.page.locator(".viewer-caption").inner_text() == "1 of 5 · −30.0° · 3 e⁻/Å²"
    opened.assert_shows(fly[1]["tilts.mrc"][0], opened.descriptor["limits"])
    opened.press("PageUp")
    opened.assert_shows(fly[1]["tilts.mrc"][1], opened.descriptor["limits"])
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
    rows, columns = [4, 12, 12, 36], [4, 20, 44, 12]
    for z in (10, 3):
        opened.slide("z", z)
        opened.settle(1500)
        seen, wanted = opened.seen(rows, columns), opened.grey(array[z, rows, columns], limits)[:, None]
        assert np.abs(seen - wanted).max() <= 6, (z, seen, wanted)
    right = coloured[:, coloured.shape[1] // 2 + 40 : coloured.shape[1] // 2 + 200]
    assert (right.max(axis=-1) - right.min(axis=-1)).mean() > 15, "labels lie over the image"
    opened.settle(800)
    assert "#!" in opened.page.url
    opened.page.reload()
    opened.page.locator("[data-viewer=volume][data-state=ready]").wait_for(timeout=90_000)
    assert opened.viewer("v.neuroglancer.position.value[2]") == 3
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


def test_without_webgl_the_still_picture_and_a_sentence_stay(launch, address, fly, opened_page):
    browser = launch("--disable-3d-apis")
    opened = opened_page(browser.new_page(), address, fly[0], "map.mrc", needs="zarr")
    assert opened.state == "failed"
    assert "WebGL" in opened.page.locator(".viewer-failure[role=status]").inner_text()
    assert (
        opened.page.locator("img.still").is_visible()
        and opened.page.locator("details[data-viewer-fallback]").get_attribute("open") is not None
    )
    browser.close()


_WATCH_SHIFTS = """window.shifts = 0;
new PerformanceObserver(l => l.getEntries().forEach(e => window.shifts += e.value)).observe({type: "layout-shift", buffered: true});"""


@pytest.mark.parametrize("path", ["mic.mrc", "tomo.mrc"])
def test_what_is_below_a_viewer_stays_where_it_is(open_page, path):
    opened = open_page(path, needs="zarr", before=lambda page: page.add_init_script(_WATCH_SHIFTS))
    assert opened.state == "ready" and opened.page.evaluate("window.shifts") < 0.1


@pytest.mark.parametrize(
    ("path", "needs"), [("mic.mrc", "iiif"), ("tilts.mrc", None), ("cells.ome.tif", "zarr"), ("tomo.mrc", "zarr"), ("map.mrc", "zarr")]
)
def test_viewers_fit_a_phone(open_page, path, needs):
    opened = open_page(path, needs=needs, width=375, has_touch=True)
    assert opened.state == "ready"
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 375
    assert opened.pixels().std() > 8


def test_picks_of_a_stack_are_drawn_on_the_picture_that_they_were_picked_in(open_page):
    opened = open_page("tilts.mrc")
    assert opened.descriptor["picks"][0]["frames"] == [0, 2, -1]
    ring = 40 / 4 / 2  # pixels from the centre of a mark to its circle

    def marked():
        """Whether there is a green circle about each of the three marks."""
        rows, columns = np.array([24, 72, 48]), np.array([32, 96, 64])
        around = [opened.seen(rows + dy, columns) for dy in np.linspace(ring - 0.5, ring + 0.5, 9)]
        return [bool(green) for green in (np.array(around)[..., 1] - np.array(around)[..., 0] > 60).any(axis=0)]

    assert marked() == [False, True, True]
    opened.press("Home")
    opened.slide("Tilt", 0)
    assert marked() == [True, False, True]
    opened.press("ArrowRight")
    assert opened.page.locator(".viewer-caption").inner_text().startswith("2 of 5"), "the whole picture is in view: arrows step"
    assert marked() == [False, False, True]
    opened.page.get_by_role("button", name="Play").click()
    opened.page.locator(".viewer-caption").filter(has_text="4 of 5").wait_for()
    opened.page.get_by_role("button", name="Play").click()
    assert opened.complaints == []


def test_a_volume_is_read_with_the_keyboard_alone(open_page, fly):
    opened = open_page("tomo.mrc")
    value = opened.page.locator(".viewer-bar output").first
    array, labels = fly[1]["tomo.mrc"], np.indices((20, 40, 56))[2] > 28
    said = value.inner_text().split()
    assert said[:6] == ["x", "28", "y", "20", "z", "10"] and said[7] == str(array[10, 20, 28]) and said[9] == str(int(labels[10, 20, 28]))
    for key, axis, by in [("ArrowRight", 0, 1), ("ArrowDown", 1, 1), (".", 2, 1), (",", 2, -1), ("ArrowLeft", 0, -1)]:
        before = opened.viewer("[...v.neuroglancer.position.value]")
        opened.press(key)
        after = opened.viewer("[...v.neuroglancer.position.value]")
        assert after[axis] - before[axis] == by, key
    scale = opened.viewer("v.neuroglancer.crossSectionScale.value")
    opened.press("+")
    assert opened.viewer("v.neuroglancer.crossSectionScale.value") < scale
    opened.page.get_by_role("button", name="Next of").click()
    assert opened.viewer("[...v.neuroglancer.position.value]") == [50, 20, 4]
    opened.page.get_by_role("button", name="Previous of").click()
    assert opened.viewer("[...v.neuroglancer.position.value]") == [44, 30, 15]
    opened.settle()
    assert value.inner_text().split()[7] == str(array[15, 30, 44])
    opened.page.get_by_role("button", name="xy", exact=True).click()
    opened.page.get_by_label("labels.mrc").uncheck()
    opened.settle(1500)
    around = opened.seen([30] * 9, 44 + np.linspace(-1.5, 1.5, 9))
    assert (around[:, 0] - around[:, 2] > 60).any(), "a yellow ring at the point, at the voxel that its table names"
    assert opened.complaints == []


def test_hostile_names_are_words_and_nothing_else(open_page):
    for path, words in (("tomo.mrc", HOSTILE), ("cells.ome.tif", HOSTILE)):
        opened = open_page(path)
        assert opened.state == "ready"
        assert opened.element.get_by_role("checkbox", name=words).count() == 1
        assert opened.page.locator("img[src=x]").count() == 0 and opened.complaints == []


@pytest.mark.parametrize(
    "fragment", ["#!%7Bgarbage", '#!{"layers":[]}', '#!{"layers":3,"position":"x"}', "#!http://evil.example/state", "#about"]
)
def test_a_link_that_makes_no_sense_opens_the_view_as_it_begins(open_page, fragment):
    opened = open_page("tomo.mrc", fragment=fragment)
    assert opened.state == "ready"
    assert opened.viewer("[...v.neuroglancer.position.value]") == [28, 20, 10]
    opened.page.get_by_role("button", name="xy", exact=True).click()
    opened.settle(800)
    assert opened.pixels().std() > 20


@pytest.mark.parametrize("status", [404, 500])
@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("map.mrc", "**/c/**"),
        ("tomo.mrc", "**/c/**"),
        ("cells.ome.tif", "**/c/**"),
        ("mic.mrc", "**/default.*"),
        ("tilts.mrc", "**/slice?*region*"),
    ],
)
def test_without_data_the_still_picture_and_a_sentence_stay(open_page, path, part, status):
    if status == 404:  # an absent part of an array is a part without values, an absent array is none
        part = part.replace("/c/**", "/0/zarr.json")
    opened = open_page(path, before=lambda page: page.route(part, lambda route: route.fulfill(status=status, body="{}")))
    assert opened.state == "failed"
    assert opened.page.locator("img.still").is_visible() and opened.page.locator(".viewer-stage").count() == 0
    assert opened.page.locator(".viewer-failure[role=status]").inner_text().startswith("Shown as a still picture: ")


@pytest.mark.parametrize("path", ["mic.mrc", "tilts.mrc", "cells.ome.tif", "tomo.mrc", "map.mrc"])
def test_everything_in_a_viewer_has_a_name_and_is_reached_with_tab_where_one_sees_it(open_page, path):
    opened = open_page(path)
    room = opened.page.locator("[data-viewer] [role=application]").first
    told = room.get_attribute("aria-describedby")
    assert room.get_attribute("aria-label") and len(opened.page.locator(f"#{told}").inner_text()) > 40
    room.focus()
    reached, count = set(), opened.element.locator(".viewer-bar :is(input, button):not([disabled])").count()
    for _ in range(count + 14):
        opened.page.keyboard.press("Tab")
        at, name, outlined = opened.page.evaluate(
            """() => {
              const e = document.activeElement, style = getComputedStyle(e);
              const name = e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent;
              const all = [...document.querySelectorAll('.viewer-bar :is(input, button)')];
              return [all.indexOf(e), name.trim(), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
            }"""
        )
        if at >= 0:
            assert name and outlined, (at, name)
            reached.add(at)
    assert len(reached) == count


@pytest.mark.parametrize(
    ("path", "own"), [("mic.mrc", "micrograph"), ("cells.ome.tif", "multichannel"), ("tomo.mrc", "volume"), ("map.mrc", "map")]
)
def test_a_page_loads_its_own_viewer_alone(open_page, path, own):
    opened = open_page(path)
    loaded = {url.rpartition("/")[2].partition("_viewer")[0] for url in opened.asked if "_viewer-" in url and url.endswith(".js")}
    assert loaded == {own}


def test_a_map_turns_and_zooms_with_the_keyboard(open_page):
    opened = open_page("map.mrc")
    opened.viewer("v.lookAlong('z')")
    opened.settle(1000)

    def extent():
        shown = np.ptp(opened.pixels(), axis=-1) > 40
        return np.ptp(np.flatnonzero(shown.any(axis=1))), np.ptp(np.flatnonzero(shown.any(axis=0)))

    tall, wide = extent()
    for _ in range(9):
        opened.press("ArrowLeft")
    turned_tall, turned_wide = extent()
    assert turned_wide < 0.62 * wide and turned_tall == pytest.approx(tall, rel=0.05), "a quarter turn hides one ball behind the other"
    opened.press("+")
    assert extent()[0] == pytest.approx(1.2 * tall, rel=0.05)
    assert opened.complaints == []


def test_fingers_move_turn_and_zoom(open_page):
    opened = open_page("mic.mrc", width=375, has_touch=True)
    before = opened.viewer("v.place(100, 0).x - v.place(0, 0).x")
    opened.touch(((150, 150), (110, 150)), ((200, 150), (240, 150)))
    assert opened.viewer("v.place(100, 0).x - v.place(0, 0).x") > 1.5 * before, "two fingers zoom a micrograph"
    opened = open_page("cells.ome.tif", width=375, has_touch=True)
    before = opened.viewer("v.place(0, 0)")
    opened.touch(((150, 150), (190, 170)))
    after = opened.viewer("v.place(0, 0)")
    assert (after["x"] - before["x"], after["y"] - before["y"]) == (pytest.approx(40, abs=2), pytest.approx(20, abs=2))
    opened = open_page("tomo.mrc", width=375, has_touch=True)
    opened.touch(((150, 250), (150, 120)), steps=12)
    assert opened.viewer("v.neuroglancer.position.value[2]") != 10, "one finger steps through a volume"
    opened = open_page("map.mrc", width=375, has_touch=True)
    opened.viewer("v.lookAlong('z')")
    opened.settle(1000)
    before = opened.pixels()
    opened.touch(((100, 150), (220, 150)), steps=12)
    assert np.abs(opened.pixels() - before).mean() > 2, "one finger turns a map"
