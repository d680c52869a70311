"""Ranges of a search, and what is found taken away: tables, manifests, files."""

import csv
import hashlib
import io
import json
import re

import pytest
from typer.testing import CliRunner

from micrographia.cli.application import application
from micrographia.errors import InvalidInputError, MicrographiaError
from micrographia.web.api.exporting import neutral


def test_ranges_leave_what_lies_in_them(web, served):
    def found(**query):
        return [i["accession"] for i in web.get("/api/v1/search", params=query).json()["items"]]

    assert found(resolution_max=4) == [served.public]
    assert set(found(voxel_size_max=2)) == set(found(voxel_size_min=2, voxel_size_max=2.5)) == {served.public, served.revised}
    assert found(voxel_size_max=1.9) == found(resolution_max=3.9) == found(voxel_size_min=2.1) == []
    assert web.get("/api/v1/search", params={"voxel_size_min": "nan"}).status_code == 422


def test_a_manifest_names_exactly_the_files_found(web, served):
    answer = web.get("/api/v1/search/files", params={"q": "cork", "path": "*.mrc"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/jsonl"
    assert {(line["accession"], line["version"], line["path"]) for line in lines} == {
        (served.public, 1, "tomo.mrc"),
        (served.public, 1, "maps/map.mrc"),
    }
    for line in lines:
        content = web.get(line["link"].removeprefix("http://archive.example")).content
        assert len(content) == line["size_bytes"] and hashlib.sha256(content).hexdigest() == line["sha256"]


def test_a_manifest_of_everything_names_the_latest_versions(web, served):
    lines = [json.loads(line) for line in web.get("/api/v1/search/files").text.splitlines()]
    public = {(i["accession"], i["version"]) for i in web.get("/api/v1/search").json()["items"]}  # other tests release more
    assert {(line["accession"], line["version"]) for line in lines} == public >= {(served.public, 1), (served.revised, 2)}
    assert len(lines) == len({(line["accession"], line["path"]) for line in lines}) > 13
    assert web.get("/api/v1/search/files", params={"q": "nothingofthekind"}).text == ""


def test_what_was_found_as_csv_and_json(web, served):
    rows = list(csv.DictReader(io.StringIO(web.get("/api/v1/search/export", params={"q": "cork"}).text)))
    assert [(r["accession"], r["title"], r["organisms"], r["resolution_a"]) for r in rows] == [
        (served.public, served.hostile, "Quercus suber", "4.0")
    ]
    items = web.get("/api/v1/search/export", params={"format": "json"}).json()
    assert items == web.get("/api/v1/search").json()["items"]
    assert web.get("/api/v1/search/export", params={"format": "json", "q": "nothingofthekind"}).json() == []


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(text):
    assert neutral(text) == f"'{text}" and neutral([text, "b"]).startswith("'")


@pytest.mark.parametrize(
    "path", ["files?path=a%00b", "files?bogus=1", "export?format=exe", "export?sort=bogus", "files?size_min=-1", "files?page=0"]
)
def test_questions_that_make_no_sense_are_refused_before_anything_is_sent(web, path):
    answer = web.get(f"/api/v1/search/{path}")
    assert answer.status_code == 422 and len(answer.json()["message"]) > 15


def test_the_page_keeps_ranges_and_offers_what_is_found(web, served):
    page = web.get("/entries", params={"q": "cork", "resolution_max": "4", "view": "table"})
    assert page.status_code == 200 and "hits-table" in page.text and served.public in page.text
    assert 'name="resolution_max" value="4"' in page.text and "Resolution up to" in page.text
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/api/v1/search/[^"]+)"', page.text)]
    assert len(links) == 3
    for link in links:
        answer = web.get(link)
        assert answer.status_code == 200 and served.public in answer.text and served.revised not in answer.text
    assert "http://archive.example/entries?q=cork&amp;resolution_max=4&amp;view=table" in page.text
    assert "hits-table" not in web.get("/entries").text and web.get("/entries", params={"view": "table", "q": "no such"}).status_code == 200


@pytest.fixture
def manifest(web, server, tmp_path):
    text = web.get("/api/v1/search/files", params={"path": "*.mrc"}).text.replace("http://archive.example", server)
    (tmp_path / "manifest.jsonl").write_text(text)
    return tmp_path / "manifest.jsonl"


@pytest.mark.parametrize("way", ["link", "server", "home"])
def test_get_fetches_what_a_manifest_names(manifest, served, server, tmp_path, monkeypatch, way):
    monkeypatch.delenv("MICROGRAPHIA_HOME", raising=False)
    home = str(served.archive.settings.home)
    where = {"link": [], "server": ["--server", server], "home": ["--home", home]}[way]
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    for _ in range(2):  # the second time nothing is fetched again
        result = CliRunner().invoke(application, ["get", "--manifest", str(manifest), "-o", str(tmp_path / "out"), "--json", *where])
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["file_count"] == len(lines) >= 3  # other tests release more
    for line in lines:
        data = (tmp_path / "out" / line["accession"] / line["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == line["sha256"]


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../../evil"},
        {"path": "/etc/passwd"},
        {"sha256": "0"},
        {"accession": "../x"},
        {"version": "1"},
        {"size_bytes": -1},
        {"version": 7},
        {"sha256": "0" * 64},
    ],
)
def test_get_refuses_manifests_that_lie(manifest, tmp_path, change):
    line = json.loads(manifest.read_text().splitlines()[0]) | change
    manifest.write_text(json.dumps(line) + "\n")
    result = CliRunner().invoke(application, ["get", "--manifest", str(manifest), "-o", str(tmp_path / "out")])
    assert isinstance(result.exception, MicrographiaError)
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p != manifest and p.stat().st_size]


@pytest.mark.parametrize("words", [[], ["MG-10001", "--manifest", "m.jsonl"], ["--manifest", "absent.jsonl"]])
def test_get_says_what_it_needs(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert isinstance(CliRunner().invoke(application, ["get", *words]).exception, InvalidInputError)
