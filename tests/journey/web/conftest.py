"""An archive with released, obsolete, withdrawn and private entries, served in this process and by a real server; pages in a browser."""

import html
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import httpx
import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from micrographia.archive.archive import Archive
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.revise import revise_from_folder
from micrographia.archive.withdraw import withdraw_entry
from micrographia.assembly import open_archive
from micrographia.examine import Given
from micrographia.settings import Settings
from micrographia.web.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = 'Cork </script><img src=x onerror=alert(1)> & "cells"'
SECRET = "The unpublished spring of ut tensio"

SHEET = {
    "schema": "micrographia/entry/1",
    "title": HOSTILE,
    "authors": [{"name": "Hooke, Robert", "orcid": "0000-0002-1825-0097", "affiliation": "Royal Society", "email": "hooke@royal.example"}],
    "abstract": "I took a good clear piece of cork.",
    "keywords": ["cork", "<b>cells</b>"],
    "biosamples": [{"id": "oak", "organism": {"name": "Quercus suber", "ncbi_taxonomy": 58331}}],
    "specimens": [
        {"id": "slice", "biosample": "oak", "preparation": "cut with a penknife", "molecules": [{"name": "suberin", "kind": "other"}]}
    ],
    "acquisitions": [
        {"id": "scope", "experiment": "single-particle", "microscope": {"name": "Cock's", "voltage_kv": 300}, "pixel_size_a": 2.0}
    ],
    "image_sets": [
        {"id": "tomo", "kind": "tomogram", "files": ["tomo.mrc"], "acquisition": "scope", "specimen": "slice", "voxel_size_a": 2.0}
    ],
    "annotations": [
        {"id": "pores", "kind": "other", "files": ["notes.txt"], "authors": [{"name": "Grew, Nehemiah", "email": "grew@royal.example"}]}
    ],
    "maps": [{"id": "final", "file": "maps/map.mrc", "resolution_a": 4.0, "contour_level": 0.5}],
    "processes": [
        {"id": "p1", "kind": "3D refinement", "software": {"name": "RELION", "version": "5.0"}, "inputs": ["tomo"], "outputs": ["final"]}
    ],
    "other_files": ["Å*.txt", "*.html", "many/*", "picture.tif", "Å b;c.txt"],
}


@dataclass
class Served:
    archive: Archive
    public: str
    revised: str
    withdrawn: str
    draft: str
    array: np.ndarray
    colour: np.ndarray
    folder: Path
    hostile: str = HOSTILE
    secret: str = SECRET


def write_mrc(path, array, voxel_size=2.0):
    with mrcfile.new(path) as file:
        file.set_data(array)
        file.voxel_size = voxel_size
        file.set_volume()


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    where = tmp_path_factory.mktemp("web")
    rng = np.random.default_rng(1665)
    folder = where / "cork"
    (folder / "maps").mkdir(parents=True)
    (folder / "many").mkdir()
    array = rng.normal(100, 20, (24, 40, 56)).astype(np.int16)
    write_mrc(folder / "tomo.mrc", array)
    write_mrc(folder / "maps/map.mrc", rng.normal(size=(16, 16, 16)).astype(np.float32))
    colour = rng.integers(0, 255, (48, 64), dtype=np.uint16)
    tifffile.imwrite(folder / "picture.tif", colour, compression="zlib")
    (folder / "notes.txt").write_text("Of the schematisme or texture of cork.\n")
    (folder / "evil.html").write_text("<script>alert(1)</script>")
    (folder / "Å b;c.txt").write_text("a name of its own\n")
    for i in range(7):
        (folder / f"many/{i}.txt").write_text(str(i) * 1000)
    (folder / "entry.yaml").write_text(json.dumps(SHEET))
    archive = open_archive(Settings(home=where / "archive", workers=1))
    public = deposit_folder(archive, folder, until="released").accession

    def small(name, title, until="released"):
        source = where / name
        source.mkdir()
        write_mrc(source / "a.mrc", rng.normal(size=(4, 8, 8)).astype(np.float32))
        (source / "secret.txt").write_text(SECRET + name)
        return source, deposit_folder(archive, source, given=Given(title=title, authors=("Hooke, Robert",)), until=until).accession

    source, revised = small("revised", "Springs, revised")
    (source / "new.txt").write_text("A second thought.\n")
    revise_from_folder(archive, revised, source, change_note="A second thought", until="released")
    _, withdrawn = small("withdrawn", "Comets, withdrawn")
    withdraw_entry(archive, withdrawn, reason="The orbit was wrong")
    _, draft = small("draft", SECRET, until="draft")
    yield Served(archive, public, revised, withdrawn, draft, array, colour, folder)
    archive.catalogue.close()


@pytest.fixture(scope="session")
def app(served):
    made = create_app(served.archive)
    yield made
    made.application.state.site.close()


class Client:
    """httpx against the application in this process."""

    def __init__(self, app):
        self.app = app

    def request(self, method, path, **more):
        import asyncio

        async def ask():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://archive.example") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def head(self, path, **more):
        return self.request("HEAD", path, **more)


@pytest.fixture(scope="session")
def client_of():
    return Client


@pytest.fixture(scope="module")
def web_of(tmp_path_factory):
    """Release arrays by their file names (.mrc, .tif) as one entry of an archive of their own, served in this process."""
    opened = []

    def release(arrays):
        where = tmp_path_factory.mktemp("arrays")
        folder = where / "in"
        folder.mkdir()
        for name, array in arrays.items():
            if name.endswith(".mrc"):
                with mrcfile.new(folder / name) as file:
                    file.set_data(array)
                    file.voxel_size = 2.5
                    file.header.origin = (10.0, 20.0, 30.0)
                    if array.ndim == 3:
                        file.set_volume()
            else:
                tifffile.imwrite(folder / name, array, compression="zlib", photometric="rgb" if array.shape[-1] == 3 else "minisblack")
        archive = open_archive(Settings(home=where / "archive", workers=1))
        deposit_folder(archive, folder, given=Given(title="Micrographs of cork", authors=("Hooke, Robert",)), until="released")
        opened.append((archive, create_app(archive)))
        return Client(opened[-1][1])

    yield release
    for archive, app in opened:
        app.application.state.site.close()
        archive.catalogue.close()


@pytest.fixture(scope="session")
def web(app):
    return Client(app)


@pytest.fixture(scope="session")
def start():
    return start_server


@pytest.fixture(scope="session")
def server(served):
    """Address of a real server on the same archive, in a process of its own."""
    process = start_server(served.archive.settings.home)
    yield process.url
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()


def start_server(home, **environment):
    code = (
        "import sys; from pathlib import Path; from micrographia.settings import Settings; from micrographia.web.server import serve;"
        "serve(Settings.from_environment(home=Path(sys.argv[1]), workers=1), port=0, ready=lambda url: print(url, flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    timer = threading.Timer(60, process.kill)
    timer.start()
    process.url = process.stdout.readline().strip()
    timer.cancel()
    assert process.url, "the server did not start"
    return process


@pytest.fixture(scope="module")
def launch():
    """Starts Chromium with further arguments."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield lambda *arguments: playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *arguments])


@pytest.fixture(scope="module")
def browser(launch):
    started = launch("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
    yield started
    started.close()


@pytest.fixture(scope="session")
def opened_page():
    return Opened


class Opened:
    """The page of one image, its viewer ready or failed."""

    def __init__(self, page, address, accession, path, *, needs, alter=None, fragment="", before=None):
        self.page, self.complaints, self.asked, self.answered = page, [], [], []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", lambda r: self.asked.append(r.url))
        page.on("response", lambda r: self.answered.append((r.status, r.url)))
        items = page.request.get(f"{address}/api/v1/images?entry={accession}").json()["items"]
        self.item = next(i for i in items if i["path"] == path)
        if needs and not self.item["links"].get(needs):
            pytest.skip(f"this server offers no {needs}")
        if alter:
            page.route(address + self.item["links"]["page"], lambda route: self._answer(route, alter))
        if before:
            before(page)
        page.goto(address + self.item["links"]["page"] + fragment)
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

    def press(self, key):
        self.page.locator("[data-viewer] [role=application]").first.press(key)
        self.settle()

    def touch(self, *strokes, steps=6):
        """Move fingers over the stage, each from one place to another, px from its corner."""
        box = self.page.locator(".viewer-stage").bounding_box()
        session = self.page.context.new_cdp_session(self.page)
        for step in range(steps + 1):
            points = [
                {"x": box["x"] + x0 + (x1 - x0) * step / steps, "y": box["y"] + y0 + (y1 - y0) * step / steps, "id": n}
                for n, ((x0, y0), (x1, y1)) in enumerate(strokes)
            ]
            session.send("Input.dispatchTouchEvent", {"type": "touchMove" if step else "touchStart", "touchPoints": points})
            self.page.wait_for_timeout(40)
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.settle(1200)

    def settle(self, ms=600):
        self.page.wait_for_timeout(ms)

    def pixels(self):
        """The stage as colours, shape (y, x, 3)."""
        png = self.page.locator(".viewer-stage").screenshot()
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)

    def chunks(self):
        """Addresses of the parts of arrays that were answered with bytes."""
        return [url for status, url in self.answered if "/zarr/" in url and "/c/" in url and status in (200, 206)]

    def assert_shows(self, section, limits, tolerance=10):
        """The middles of some blocks have the grey that the file's values give."""
        height, width = section.shape
        rows, columns = [height // 8, height * 2 // 5, height * 7 // 10], [width // 6, width // 2 + 3, width * 4 // 5]
        seen, wanted = self.seen(rows, columns), self.grey(section[rows, columns], limits)[:, None]
        assert np.abs(seen - wanted).max() <= tolerance, (seen, wanted)

    def seen(self, rows, columns):
        """Colours at the centres of pixels of the image, shape of rows and columns and (3,)."""
        at = self.viewer("[v.place(0, 0), v.place(1, 0), v.place(0, 1)]")
        box = self.page.locator(".viewer-stage").bounding_box()  # screenshots begin at whole pixels
        left, top, across, down = at[0]["x"] + box["x"] % 1, at[0]["y"] + box["y"] % 1, at[1]["x"] - at[0]["x"], at[2]["y"] - at[0]["y"]
        return self.pixels()[(np.asarray(rows) * down + top).astype(int), (np.asarray(columns) * across + left).astype(int)]

    @staticmethod
    def grey(values, limits):
        """What numpy says of the brightness of values between two limits."""
        return np.clip((values - limits["low"]) / (limits["high"] - limits["low"]) * 255, 0, 255)

    def slide(self, label, value):
        self.element.get_by_label(label, exact=True).evaluate(
            "(e, v) => { e.value = v; for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, { bubbles: true })) }",
            str(value),
        )
        self.settle()
