"""First paint of each viewer in Chromium, from navigation to `data-state="ready"`, beside a plain picture of the same section."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import tifffile
from bench.serving import our_server

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.derive.making import derive
from micrographia.derive.products import FOR_VIEWERS
from micrographia.settings import Settings

SHEET = {
    "schema": "micrographia/entry/1",
    "title": "One image for each viewer",
    "authors": [{"name": "Hooke, Robert"}],
    "image_sets": [
        {"id": "micrograph", "kind": "micrographs", "files": ["micrograph.mrc"], "pixel_size_a": 1.0},
        {"id": "volume", "kind": "tomogram", "files": ["volume.mrc"], "voxel_size_a": 8.0},
        {"id": "cells", "kind": "fluorescence", "files": ["multichannel.tif"]},
    ],
    "maps": [{"id": "map", "file": "map.mrc", "contour_level": 0.5}],
}
READY = """
const wait = setInterval(() => {
  const state = document.querySelector('[data-viewer]:not([data-viewer=slices])')?.dataset.state;
  if (state === 'ready' || state === 'failed') { window.firstPaint = [state, performance.now()]; clearInterval(wait); }
}, 5);
"""
PATIENCE_MS = 120_000


@dataclass
class Loads:
    """What was seen of one viewer."""

    cold_ms: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)
    plain_ms: list[float] = field(default_factory=list)
    requests: int = 0
    parts: int = 0
    megabytes: float = 0.0


def main() -> None:
    """Print the median of each viewer's first paint with an empty and with a filled cache, and what a cold load fetches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("chromium is not installed: this bench is skipped", file=sys.stderr)
        return
    from playwright.sync_api import sync_playwright

    with _served() as (address, images), sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        seen = {image["path"]: Loads() for image in images}
        for _ in range(options.rounds):  # in turn, so that a noisy machine is unfair to none
            for image in images:
                _load(browser.new_context, address, image, seen[image["path"]])
        browser.close()
    print(f"First paint in Chromium, WebGL in software; median (min–max) of {options.rounds}, ms; sizes as sent, of a cold load")
    print(f"  {'':<18}{'empty cache':>22}{'filled cache':>22}{'plain picture':>22}{'requests':>10}{'parts':>7}{'MB':>7}")
    for path, loads in seen.items():
        figures = "".join(f"{_figures(times):>22}" for times in (loads.cold_ms, loads.warm_ms, loads.plain_ms))
        print(f"  {path.partition('.')[0]:<18}{figures}{loads.requests:>10}{loads.parts:>7}{loads.megabytes:>7.1f}")


@contextmanager
def _served() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Address of a server, and the images of an entry that has one for each viewer."""
    with tempfile.TemporaryDirectory(prefix="bench-viewers-") as place:
        folder = Path(place) / "in"
        folder.mkdir()
        _write(folder)
        archive = open_archive(Settings(home=Path(place) / "home", workers=1))
        accession = deposit_folder(archive, folder, until="released").accession
        derive(archive, FOR_VIEWERS, wait=True)
        archive.catalogue.close()
        with our_server(Path(place) / "home") as port:
            import httpx

            address = f"http://127.0.0.1:{port}"
            yield address, httpx.get(f"{address}/api/v1/images?entry={accession}").raise_for_status().json()["items"]


def _write(folder: Path) -> None:
    rng = np.random.default_rng(0)
    z, y, x = np.indices((128, 128, 128), np.float32) - 63.5
    ball = np.clip(0.5 + (40 - np.sqrt(z**2 + y**2 + x**2)) / 4, 0, 1)
    _write_mrc(folder / "map.mrc", (ball + rng.normal(0, 0.02, ball.shape)).astype(np.float32), 2.0)
    _write_mrc(folder / "volume.mrc", rng.normal(0, 400, (128, 512, 512)).astype(np.int16), 8.0)
    _write_mrc(folder / "micrograph.mrc", rng.normal(0, 4, (4096, 4096)).astype(np.float32), 1.0)
    tifffile.imwrite(folder / "multichannel.tif", rng.poisson(200, (3, 2048, 2048)).astype(np.uint16), metadata={"axes": "CYX"})
    (folder / "entry.yaml").write_text(json.dumps(SHEET))


def _write_mrc(path: Path, array: np.ndarray[Any, Any], voxel_size_a: float) -> None:
    with mrcfile.new(path) as file:
        file.set_data(array)
        file.voxel_size = voxel_size_a


def _load(new_context: Callable[..., Any], address: str, image: dict[str, Any], loads: Loads) -> None:
    """One load with an empty cache, one with what it left, and the plain picture."""
    context = new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(READY)
    answers: list[Any] = []
    page.on("response", lambda answer: answers.append(answer))
    loads.cold_ms.append(_first_paint(page, address + image["links"]["page"]))
    loads.requests = len(answers)
    loads.parts = sum("/c/" in a.url or "/default." in a.url for a in answers)
    loads.megabytes = sum(int(a.headers.get("content-length", 0)) for a in answers if a.request.method == "GET") / 1e6
    picture = page.locator("img.still").get_attribute("src")
    page.goto("about:blank")
    loads.warm_ms.append(_first_paint(page, address + image["links"]["page"]))
    context.close()
    context = new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address + picture, wait_until="load")
    loads.plain_ms.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    context.close()


def _first_paint(page: Any, address: str) -> float:
    page.goto(address)
    page.locator("[data-viewer]:not([data-viewer=slices]):is([data-state=ready], [data-state=failed])").wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(50)  # until the page itself has looked
    state, milliseconds = page.evaluate("window.firstPaint")
    if state != "ready":
        raise SystemExit(f"{address} failed: {page.locator('.viewer-failure').inner_text()}")
    return float(milliseconds)


def _figures(times: list[float]) -> str:
    return f"{statistics.median(times):.0f} ({min(times):.0f}–{max(times):.0f})"


if __name__ == "__main__":
    main()
