"""Markup, scripts and addresses of scripts in every text of the sheet, and file names of any kind: nothing of them runs or splits."""

import asyncio
import csv
import io
import json
import re
import shutil
import threading
import time
import zipfile
from types import SimpleNamespace
from urllib.parse import quote, unquote

import httpx
import pytest
import uvicorn

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.describe import load_sheet_values
from micrographia.model.sheet import sheet_json_schema
from micrographia.settings import Settings
from micrographia.testing.mrc_files import mrc_bytes
from micrographia.web.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MARKUP = "\"'><script>ran()</script><img src=x onerror=ran()>{{7*7}}</title></script><svg onload=ran()> javascript:ran()"
SCRIPT = "javascript:ran()//https://x.example"
NAMES = [
    "=cmd|calc!A1.txt",
    "a\"b';c.txt",
    "<img src=x onerror=ran()>.txt",
    "übe r%0d%0aX-Evil: 1.txt",
    "%2e%2e%2fup.txt",
    "x" * 240 + ".txt",
]
# what the sheet itself ties to other parts or to files
TIED = {"schema", "id", "of", "file", "files", "half_maps", "mask", "masks", "additional", "fsc", "biosample", "specimen", "acquisition"}
TIED |= {"inputs", "outputs", "plates", "pattern", "library", "features", "image_set", "metadata", "models", "gain_reference", "screens"}
TIED |= {"dark_reference", "other_files"}


def filled(schema, text, definitions, at=""):
    """A value of a schema with `text` wherever it takes text."""
    if "$ref" in schema:
        return filled(definitions[schema["$ref"].rpartition("/")[2]], text, definitions, at)
    if "anyOf" in schema:
        return filled(schema["anyOf"][0], text, definitions, at)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object" and "properties" in schema:
        made = {name: filled(part, text, definitions, name) for name, part in schema["properties"].items() if name not in TIED}
        return {name: value for name, value in made.items() if value is not None}
    if schema.get("type") == "object":
        return {text[:60]: text}
    if schema.get("type") == "array":
        return (
            []
            if at in TIED or schema.get("items", {}).get("type") == "number"
            else [filled(schema.get("items", {}), text, definitions, at)]
        )
    return text if schema.get("type") == "string" else None


def hostile_sheet(text, loads):
    """A sheet with `text` in every field in which the archive takes it."""
    schema = sheet_json_schema()
    sheet = {"schema": "micrographia/entry/1", "title": text, "authors": [{"name": text}], "other_files": ["*"]}
    sheet["maps"] = [{"id": "m", "file": "map.mrc"}]
    taken = set()

    def offer(where, name, value):
        before = where.get(name)
        where[name] = value
        if loads(sheet):
            taken.add(name)
        elif before is None:
            del where[name]
        else:
            where[name] = before

    for name, part in schema["properties"].items():
        if name in TIED or name == "title":
            continue
        if part.get("type") == "array" and "$ref" in part.get("items", {}):
            definition = schema["$defs"][part["items"]["$ref"].rpartition("/")[2]]
            required = set(definition.get("required", ()))
            item = sheet.setdefault(name, [{}])[0]
            for inner in sorted(definition["properties"], key=lambda key: key not in required):
                if inner in ("id",):
                    item.setdefault("id", f"{name}1")
                elif inner not in TIED:
                    value = filled(definition["properties"][inner], text, schema["$defs"], inner)
                    if inner in required:
                        item[inner] = value
                    elif value is not None:
                        offer(item, inner, value)
            if not loads(sheet):
                del sheet[name]
        elif (value := filled(part, text, schema["$defs"], name)) is not None:
            offer(sheet, name, value)
    return sheet, taken


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    def loads(sheet):
        return not any(f.severity == "error" for f in load_sheet_values(json.loads(json.dumps(sheet))).findings)

    where = tmp_path_factory.mktemp("markup")
    archive = open_archive(Settings(home=where / "archive", workers=1, keeper="off"))
    found = SimpleNamespace(archive=archive, app=create_app(archive), entries=[], taken=set(), home=where / "archive", folder=where)
    for number, text in enumerate((MARKUP, SCRIPT)):
        sheet, taken = hostile_sheet(text, loads)
        found.taken |= taken
        folder = where / f"in{number}"
        folder.mkdir()
        (folder / "map.mrc").write_bytes(mrc_bytes(bytes(range(64)), nx=4, ny=4, nz=4, mode=0))
        for name in NAMES:
            (folder / name).write_text(name)
        (folder / "entry.yaml").write_text(json.dumps(sheet))
        found.entries.append(deposit_folder(archive, folder, until="released").accession)
    yield found
    found.app.application.state.site.close()
    archive.catalogue.close()


def get(hostile, path):
    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(hostile.app), base_url="http://archive.example") as client:
            return await client.get(path)

    return asyncio.run(ask())


def pages(hostile):
    for accession in hostile.entries:
        yield from (f"/entries/{accession}", f"/entries/{accession}/images", f"/images/{accession}.1.1", f"/files/{accession}/1/")
        yield from (f"/crops/{accession}.1.1/z=0:1,y=0:1,x=0:1", f"/deposit/{accession}")
    yield from ("/", "/entries", "/entries?view=table", "/entries?q=%3Cscript%3Eran()%3C/script%3E", "/entries?of=images")
    yield "/sign-in?next=javascript:ran()"


def test_the_sheet_is_full_of_markup(hostile):
    assert {"abstract", "keywords", "affiliation", "grant", "licence", "doi", "relation", "microscope", "parameters"} <= hostile.taken


def test_no_page_holds_markup_of_a_sheet_or_links_to_a_script(hostile):
    for path in pages(hostile):
        answer = get(hostile, path)
        assert answer.status_code in (200, 401), path
        for found in ("<script>ran", "<img src=x", "<svg onload", ">49<"):
            assert found not in answer.text, (path, found)
        assert not re.search(r'(?:href|src|action)\s*=\s*["\']?\s*(?:javascript|data:text|vbscript)', answer.text, re.IGNORECASE), path


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_nothing_runs_in_a_browser(hostile, served_at):
    from playwright.sync_api import sync_playwright

    complaints = []
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser:
        page = browser.new_page()
        page.add_init_script("window.ran = () => { window.hasRun = true }")
        page.on("dialog", lambda dialog: complaints.append(dialog.message) or dialog.dismiss())
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        for path in pages(hostile):
            page.goto(served_at + path)
            assert page.evaluate("window.hasRun") is None, path
            schemes = page.evaluate("[...document.querySelectorAll('a[href], area[href]')].map(a => a.protocol)")
            assert not {"javascript:", "data:", "vbscript:"} & set(schemes), path
    assert complaints == []


@pytest.fixture(scope="module")
def served_at(hostile):
    server = uvicorn.Server(uvicorn.Config(hostile.app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def test_a_file_name_splits_no_header(hostile):
    accession = hostile.entries[0]
    listed = get(hostile, f"/api/v1/entries/{accession}/files").json()["items"]
    assert {item["path"] for item in listed} >= set(NAMES)
    for item in listed:
        answer = get(hostile, f"/files/{accession}/1/{quote(item['path'])}")
        assert answer.status_code == 200, item["path"]
        said = answer.headers["content-disposition"]
        assert said.startswith("attachment; filename=") and said.isascii() and said.isprintable()
        assert "x-evil" not in answer.headers
        encoded = said.partition("filename*=UTF-8''")[2]
        assert (unquote(encoded) if encoded else said.partition('"')[2].rstrip('"')) == item["path"].rpartition("/")[2]


def test_our_zip_leads_nowhere_outside(hostile, tmp_path):
    accession = hostile.entries[0]
    with zipfile.ZipFile(io.BytesIO(get(hostile, f"/files/{accession}/1.zip").content)) as archive:
        for name in archive.namelist():
            assert name.startswith(f"{accession}-v1/") and "\\" not in name and not {"..", ".", ""} & set(name.split("/")), name
            assert (archive.getinfo(name).external_attr >> 16) & 0o170000 == 0o100000  # a plain file, no link
        archive.extractall(tmp_path / "out")
    assert {p.name for p in tmp_path.iterdir()} == {"out"}


def test_no_table_of_ours_holds_a_formula(hostile):
    cells = [cell for row in csv.reader(io.StringIO(get(hostile, "/api/v1/search/export").text)) for cell in row]
    assert len(cells) > 30
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
