"""The results page: images, tables, opened facets, feeds."""

import json
from xml.etree import ElementTree

import pytest

ATOM = "{http://www.w3.org/2005/Atom}"


def test_single_images_are_found_as_json(web, served):
    first = web.get("/api/v1/search", params={"of": "images", "q": "cork", "per_page": 2}).json()
    assert first["total"] == 3 and first["entries"] == 1 and len(first["items"]) == 2
    second = web.get(first["next"]).json()
    items = first["items"] + second["items"]
    assert [i["id"] for i in items] == [f"{served.public}.1.{n}" for n in (1, 2, 3)] and second["next"] is None
    assert items[0]["title"] == served.hostile and items[0]["links"]["thumbnail"] and items[0]["voxel_size"]["unit"] == "angstrom"
    kinds = {v["value"]: v["count"] for v in first["facets"]["kind"]}
    assert sum(kinds.values()) == 3 and kinds["map"] == 1
    maps = web.get("/api/v1/search", params={"of": "images", "q": "cork", "kind": "map"}).json()
    assert [i["kind"] for i in maps["items"]] == ["map"] and maps["total"] == 1


def test_a_manifest_of_images_names_the_files_that_hold_them(web, served):
    def paths(**asked):
        return [json.loads(line)["path"] for line in web.get("/api/v1/search/files", params={"q": "cork", **asked}).text.splitlines()]

    assert paths(of="images", kind="map") == ["maps/map.mrc"]
    assert set(paths(of="images")) == {"maps/map.mrc", "tomo.mrc", "picture.tif"}


NUMBERS = ["size_min=1e400", "size_min=5XB", "resolution_min=nan", "resolution_max=inf", "voxel_size_min=-1", "resolution_min=1_0"]


@pytest.mark.parametrize("query", ["of=files", "kind=map&nothing=1", "per_page=0", "page=1e3", "page=٣", "page=" + "9" * 5000, *NUMBERS])
@pytest.mark.parametrize("path", ["/api/v1/search", "/entries", "/entries.atom"])
def test_a_question_that_makes_no_sense_is_refused_in_a_sentence(web, path, query):
    answer = web.get(f"{path}?{query}", headers={"accept": "application/json"})
    assert answer.status_code == 422 and len(answer.json()["message"]) > 15


def test_sizes_are_given_with_units(web, served):
    assert web.get("/api/v1/search?size_max=1kB").json()["total"] == 0
    assert web.get("/api/v1/search?size_min=1%20kB&size_max=900GB&q=cork").json()["total"] == 1


def test_the_page_shows_images_a_table_and_what_they_weigh(web, served):
    images = web.get("/entries?of=images&kind=map").text
    assert f"/images/{served.public}.1.2" in images or f"/images/{served.public}.1.1" in images
    assert "images of" in images or "image of" in images
    table = web.get("/entries?view=table&sort=-size").text
    assert 'aria-sort="ascending"' in table and "2 Å" in table and "sort=size" in table
    assert "/api/v1/search/files" in table and "micrographia get --manifest" in table


def test_a_word_that_is_only_begun_finds_what_begins_so(web, served):
    page = web.get("/entries?q=quer").text
    assert f"/entries/{served.public}" in page and "whole word" in page and "q=quer%2A" in page
    assert web.get("/api/v1/search?q=quer").json()["total"] == 0


def test_a_slip_is_met_with_a_suggestion(web):
    assert 'Did you mean <a href="/entries?q=quercus+suber">quercus suber</a>?' in web.get("/entries?q=qeurcus+suber").text


def test_filters_that_leave_nothing_are_named(web):
    page = web.get("/entries?organism=Quercus+suber&resolution_max=1&size_min=1").text
    assert "1 entry without" in page and "Resolution up to: 1 Å</a>" in page and 'without <a href="/entries?resolution_max' not in page


def test_a_facet_opens_and_is_searched(web):
    page = web.get("/entries?opened=organism&part=querc").text
    assert 'id="part-organism"' in page and ">Quercus suber<" in page
    assert web.get("/entries?opened=organism&part=zzz").status_code == 200


def test_a_question_has_a_feed(web, served):
    answer = web.get("/entries.atom?q=cork")
    feed = ElementTree.fromstring(answer.text)
    assert answer.headers["content-type"] == "application/atom+xml"
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.find(f"{ATOM}id").text == f"http://archive.example/entries/{served.public}"
    assert entry.find(f"{ATOM}title").text == served.hostile and served.secret not in answer.text
    assert "/entries.atom?q=cork" in web.get("/entries?q=cork").text


def test_releases_have_feeds_as_xml_and_json(web, served):
    atom = [e.findtext(f"{ATOM}id") for e in ElementTree.fromstring(web.get("/feed.atom").text).findall(f"{ATOM}entry")]
    answer = web.get("/feed.json")
    feed = answer.json()
    assert answer.headers["content-type"] == "application/feed+json" and feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in feed["items"]] == atom and atom
    assert served.hostile in [item["title"] for item in feed["items"]]
    assert all(i["date_published"].endswith("Z") for i in feed["items"])
