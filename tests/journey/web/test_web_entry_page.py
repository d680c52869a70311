"""The page of an entry: what others made of it, what the checks found, files of many, snippets that run."""

import html
import io
import json
import re

import httpx
import mrcfile
import numpy as np
import pytest

from micrographia.archive.deposit import deposit_folder

SHEET = {
    "schema": "micrographia/entry/1",
    "title": "Averages of vesicles",
    "authors": [{"name": "Hooke, Robert"}],
    "maps": [{"id": name, "file": f"{name}.mrc", "resolution_a": size} for name, size in (("a", 8.0), ("b", 8.0), ("c", 12.5))],
    "other_files": ["parts/**"],
}


@pytest.fixture(scope="session")
def made_from_it(served, tmp_path_factory):
    folder = tmp_path_factory.mktemp("averages")
    for name in "abc":
        with mrcfile.new(folder / f"{name}.mrc") as file:
            file.set_data(np.arange(512, dtype=np.float32).reshape(8, 8, 8))
            file.voxel_size = 3.0
            file.set_volume()
    (folder / "parts/inner").mkdir(parents=True)
    for i in range(60):
        (folder / f"parts/inner/{i}.txt").write_text(f"{i}\n")
    process = {"id": "p", "kind": "subtomogram averaging", "inputs": [f"{served.public}/tomo"], "outputs": ["a"], "parameters": {"a`b": 1}}
    related = [{"to": served.public, "relation": "reprocesses"}, {"to": served.withdrawn}, {"to": served.draft}]
    (folder / "entry.yaml").write_text(json.dumps({**SHEET, "processes": [process], "related": related}))
    return deposit_folder(served.archive, folder, until="released").accession


def _words(text):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def test_resolutions_are_said_once(web, made_from_it):
    page = web.get(f"/entries/{made_from_it}").text
    assert page.count('<li class="chip">8 to 12.5 Å</li>') == 1 and "8 Å</li>" not in page


def test_what_was_made_from_an_entry_is_told_on_both_pages(web, served, made_from_it):
    there = _words(web.get(f"/entries/{served.public}").text)
    assert f"Others use it subtomogram averaging in {made_from_it} (tomo) Averages of vesicles" in there
    here = web.get(f"/entries/{made_from_it}").text
    assert f"subtomogram averaging from {served.public} (tomo)" in _words(here)
    assert f'href="/entries/{served.public}"' in here and "Comets" not in here and served.secret not in here


def test_findings_are_told_in_plain_words(web, made_from_it):
    page = web.get(f"/entries/{made_from_it}").text
    assert "What the depositors did not say" in page and "<li>an abstract</li>" in page
    assert "nothing says it" not in page and "entry.yaml." not in page


def test_of_many_files_the_folders_are_shown_first(web, made_from_it):
    page = web.get(f"/entries/{made_from_it}").text
    assert f'href="/files/{made_from_it}/1/parts/"' in page and "60 files" in _words(page) and "parts/inner/3.txt" not in page


def test_the_images_of_an_old_version_are_those_of_that_version(web, served):
    page = web.get(f"/entries/{served.revised}/images?version=1").text
    assert f"/images/{served.revised}.1.1" in page and f"/images/{served.revised}.2.1" not in page
    assert web.get(f"/entries/{served.public}/images?kind=map").text.count('class="card"') == 1


def _snippet(page, name):
    found = re.search(rf'<pre aria-label="{re.escape(name)}"><code>(.*?)</code>', page, re.DOTALL)
    return html.unescape(found[1])


def _run(snippet):
    values: dict = {}
    exec(snippet, values)
    return values


def test_the_snippets_of_a_page_do_what_they_say(server, served):
    page = httpx.get(f"{server}/entries/{served.public}").text.split('id="open"')[1]
    image = next(i for i in httpx.get(f"{server}/api/v1/images?entry={served.public}").json()["items"] if i["kind"] == "map")
    deposited = np.load(io.BytesIO(httpx.get(f"{server}{image['links']['crop']}").content))
    ours = _run(_snippet(page, "Python"))
    assert np.array_equal(ours["section"], deposited[8])
    ours["archive"].close()
    assert np.array_equal(_run(_snippet(page, "Python, without our package"))["image"][:], deposited)
    reading, showing = _snippet(page, "napari").replace(", napari", "").split("viewer =")
    assert _run(reading)["pyramid"][0].shape == deposited.shape and "scale=[0.2, 0.2, 0.2]" in showing
    source = _snippet(page, "neuroglancer").removeprefix("zarr3://")
    assert httpx.get(f"{source}/zarr.json", headers={"origin": "https://example.org"}).headers["access-control-allow-origin"] == "*"
    address = re.match(r"open (\S+)\n", _snippet(page, "ChimeraX"))[1]
    assert httpx.get(address).content[208:211] == b"MAP" and address.endswith(".mrc")


def test_the_snippet_of_a_block_does_what_it_says(server, served):
    images = httpx.get(f"{server}/api/v1/images?entry={served.public}").json()["items"]
    tomo = next(i["id"] for i in images if i["path"] == "tomo.mrc")
    page = httpx.get(f"{server}/crops/{tomo}/z=2:6,y=3:9,x=0:56", headers={"accept": "text/html"}).text
    ours = _run(_snippet(page, "Python"))
    assert np.array_equal(ours["block"], served.array[2:6, 3:9]) and "@misc{" in page
    ours["archive"].close()
