"""Maps are compared over HTTP: asked for, looked after, fetched; what is sent is known to nobody but who has the address."""

import gzip
import html
import io
import json
import re
from dataclasses import replace

import mrcfile
import numpy as np
import pytest

from micrographia.compare.requests import Requests
from micrographia.formats.density import write_density
from micrographia.testing.assemblies import globular
from micrographia.testing.map_pairs import make_pair
from micrographia.testing.mrc_files import mrc_bytes
from micrographia.web.api.comparing import PRIVATE


def test_two_maps_that_are_sent_are_superposed(comparing):
    (comparing.folder / "a.mrc").write_bytes((comparing.folder / "whole/whole.mrc").read_bytes())
    asked = comparing.send(("a", "a.mrc"), ("b", "query.mrc"))
    waiting = comparing.get(asked.json()["url"]).json()
    assert (waiting["state"], waiting["result"]) == ("queued", None)
    found = comparing.answered(asked)
    assert (found["state"], found["progress"]["done"]) == ("done", 1.0)
    result = found["result"]
    degrees, away_a = comparing.pair.error_of(np.array(result["transform"]))
    assert degrees < 3
    assert away_a < 2 * comparing.pair.a.voxel_size_a[0]
    assert result["confidence"] > 0.5
    assert not result["mirrored"]
    assert result["fsc"]["resolution_a"] == result["resolution_a"]
    assert "trace" not in result


def test_a_map_that_is_sent_is_found_and_superposed(comparing):
    found = comparing.answered(comparing.send(("map", "query.mrc")))
    result = found["result"]
    assert result["similar"]
    assert result["results"][0]["accession"] == comparing.entries["whole"]
    assert {r["accession"] for r in result["results"]} <= {comparing.entries["whole"], comparing.entries["other"]}
    assert result["comparison"]["transform"] == result["results"][0]["transform"]
    degrees, away_a = comparing.pair.error_of(np.linalg.inv(result["comparison"]["transform"]))
    assert degrees < 3
    assert away_a < 2 * comparing.pair.a.voxel_size_a[0]
    page = comparing.get(found["links"]["page"])
    assert "1 similar map" in page.text
    assert "Map whole" in page.text
    assert "Map other" not in page.text
    sources = json.loads(html.unescape(re.search(r'data-descriptor="([^"]+)"', page.text)[1]))["maps"]
    assert sources[0]["zarr"] == f"{found['links']['page']}/a.zarr"
    assert sources[1]["zarr"].startswith(f"/zarr/{comparing.entries['whole']}.1.1")
    assert np.reshape(sources[1]["transform"], (4, 4)).T.tolist() == result["comparison"]["transform"]
    assert comparing.get(found["links"]["aligned"]).status_code == 200


def test_a_map_of_the_archive_meets_all_others(comparing):
    found = comparing.answered(comparing.post(json={"map": comparing.entries["held"]}, who="owner"), who="owner")
    assert found["result"]["results"][0]["accession"] == comparing.entries["whole"]
    again = comparing.answered(comparing.post(json={"a": comparing.entries["whole"]}))
    assert comparing.entries["whole"] not in [r["accession"] for r in again["result"]["results"]]


def test_what_is_like_nothing_is_said_to_be_like_nothing(comparing):
    write_density(comparing.folder / "strange.mrc", make_pair(globular(77, domains=7), 5, side=40, snr=(30.0, 40.0)).a, "strange")
    found = comparing.answered(comparing.send(("map", "strange.mrc")))
    assert not found["result"]["similar"]
    assert "comparison" not in found["result"]
    page = comparing.get(found["links"]["page"])
    assert "No similar map" in page.text
    assert comparing.entries["whole"] not in page.text


def test_a_map_with_a_wrong_voxel_size_is_offered_the_right_one(comparing):
    size_a = max(comparing.pair.b.voxel_size_a)
    found = comparing.answered(comparing.send(("map", "query.mrc"), fields=[("voxel_size_a", f"{1.6 * size_a}")]))
    assert not found["result"]["similar"]
    (note,) = found["result"]["notes"]
    offered_a = float(re.search(rf"{comparing.entries['whole']}\.1\.1 with voxels of about ([0-9.]+) Å", note)[1])
    assert offered_a == pytest.approx(size_a, rel=0.05)
    assert note in html.unescape(comparing.get(found["links"]["page"]).text)


def test_what_comes_out_can_be_fetched(comparing):
    found = comparing.answered(comparing.post(json={"a": comparing.entries["whole"], "b": f"{comparing.entries['whole']}.1.1"}))
    for name in ("aligned", "difference"):
        answer = comparing.get(found["links"][name])
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.mrc"'
        (comparing.folder / "out.mrc").write_bytes(answer.content)
        with mrcfile.open(comparing.folder / "out.mrc") as file:
            assert file.data.shape == comparing.pair.a.shape_zyx
            assert tuple(file.header.origin.tolist()) == pytest.approx(comparing.pair.a.origin_xyz_a, abs=1e-3)
            assert file.voxel_size.x == pytest.approx(comparing.pair.a.voxel_size_a[2])
    part = comparing.get(found["links"]["aligned"], headers={"range": "bytes=0-3"})
    assert (part.status_code, len(part.content)) == (206, 4)


def test_maps_of_the_archive_are_compared_with_how_they_were_made(comparing):
    found = comparing.answered(comparing.post(json={"a": comparing.entries["whole"], "b": comparing.entries["whole"]}))
    assert found["result"]["score"] > 0.99
    assert found["result"]["trace"]["differences"] == []
    assert found["result"]["difference"]["blobs"] == []


def test_maps_that_are_unlike_are_not_said_to_be_alike(comparing):
    asked = comparing.post(json={"a": comparing.entries["whole"], "b": comparing.entries["other"]})
    found = comparing.answered(asked)
    assert found["result"]["confidence"] < 0.5
    assert "aligned" not in found["links"]
    page = comparing.get(found["links"]["page"])
    assert "No convincing superposition" in page.text
    assert "data-viewer" not in page.text


def test_an_answer_is_private_and_in_no_index(comparing):
    found = comparing.answered(comparing.send(("a", "query.mrc"), ("b", "query.mrc")))
    for path in (*found["links"].values(), f"{found['links']['page']}/a.zarr/zarr.json", f"{found['links']['page']}/a.zarr/0/c/0/0/0"):
        answer = comparing.get(path)
        assert answer.status_code == 200, path
        for name, value in PRIVATE.items():
            assert answer.headers[name] == value, path
        assert "access-control-allow-origin" not in answer.headers, path
    secret = found["id"]
    for path in (
        "/",
        "/entries",
        "/api/v1/entries",
        "/api/v1/images",
        "/sitemap-1.xml",
        "/api/v1/search",
        "/entries?q=query",
        "/feed.json",
    ):
        assert secret not in comparing.get(path).text
        assert "query.mrc" not in comparing.get(path).text
    assert "query.mrc" not in str(sorted(p.name for p in comparing.archive.settings.home.joinpath("store").rglob("*")))


def test_nobody_finds_it_without_its_address(comparing):
    found = comparing.answered(comparing.send(("a", "query.mrc"), ("b", "query.mrc")))
    digest = Requests(comparing.archive.settings.home).find(found["id"]).folder.name
    for guess in ("x" * 43, found["id"][:-1] + ("A" if found["id"][-1] != "A" else "B"), digest):
        for path in (
            f"/api/v1/compare/{guess}",
            f"/compare/{guess}",
            f"/compare/{guess}/aligned.mrc",
            f"/compare/{guess}/a.zarr/zarr.json",
        ):
            assert comparing.get(path).status_code == 404, path
        assert comparing.request("DELETE", f"/api/v1/compare/{guess}").status_code == 404


@pytest.mark.parametrize(
    "name", ["request.json", "result.json", "../request.json", "a.zarr/../../request.json", "upload/a/query.mrc", "lock"]
)
def test_no_other_file_of_it_is_served(comparing, name):
    found = comparing.answered(comparing.send(("a", "query.mrc"), ("b", "query.mrc")))
    assert comparing.get(f"/compare/{found['id']}/{name}").status_code == 404
    assert comparing.get(f"/compare/{found['id']}/a.zarr/{name}").status_code == 404


def test_after_a_day_it_is_gone(comparing):
    found = comparing.answered(comparing.send(("a", "query.mrc"), ("b", "query.mrc")))
    site = comparing.app.application.state.site
    before = site.archive
    site.archive = replace(before, now=lambda: found["deleted"])
    try:
        for path in found["links"].values():
            assert comparing.get(path).status_code == 404
    finally:
        site.archive = before
    Requests(comparing.archive.settings.home).forget_old(found["deleted"])
    assert Requests(comparing.archive.settings.home).all() == []


def test_it_can_be_deleted_at_once(comparing):
    found = comparing.answered(comparing.send(("a", "query.mrc"), ("b", "query.mrc")))
    assert comparing.request("DELETE", found["links"]["self"]).status_code == 204
    assert comparing.get(found["links"]["self"]).status_code == 404
    assert comparing.get(found["links"]["page"]).status_code == 404


def test_the_page_deletes_it_too(comparing):
    asked = comparing.send(("a", "query.mrc"), ("b", "query.mrc"))
    answer = comparing.post(f"/compare/{asked.json()['id']}/delete")
    assert (answer.status_code, answer.headers["location"]) == (303, "/compare")
    assert comparing.get(asked.json()["url"]).status_code == 404


# what people may not know of


@pytest.mark.parametrize("who", ["anyone", "stranger"])
def test_strangers_compare_nothing_that_is_held(comparing, who):
    held = comparing.entries["held"]
    for reference in (held, f"{held}.1.1", f"{held}/held"):
        for body in (
            {"a": reference, "b": comparing.entries["whole"]},
            {"a": comparing.entries["whole"], "b": reference},
            {"a": reference},
        ):
            answer = comparing.post(json=body, who=who)
            none = comparing.post(json={k: v.replace(held, "MG-99999") for k, v in body.items()}, who=who)
            assert answer.status_code == 404
            assert (answer.status_code, answer.text.replace(held, "")) == (none.status_code, none.text.replace("MG-99999", ""))


def test_its_people_compare_it_and_nobody_else_sees_that(comparing):
    asked = comparing.post(json={"a": comparing.entries["held"], "b": comparing.entries["whole"]}, who="owner")
    found = comparing.answered(asked, who="owner")
    assert found["result"]["confidence"] > 0.5
    for path in found["links"].values():
        assert comparing.get(path, who="owner").status_code == 200
        for who in ("anyone", "stranger"):
            assert comparing.get(path, who=who).status_code == 404
    assert comparing.request("DELETE", found["links"]["self"]).status_code == 404
    assert comparing.request("DELETE", found["links"]["self"], who="owner").status_code == 204


# what is sent


def refused(comparing, data, name="bad.mrc"):
    (comparing.folder / name).write_bytes(data)
    found = comparing.answered(comparing.send(("a", "query.mrc"), ("b", name)))
    assert found["state"] == "failed", found
    assert found["result"] is None
    page = comparing.get(found["links"]["page"])
    assert "Nothing could be compared" in page.text
    return found["failure"]


HEADER = {"nx": 400, "ny": 400, "nz": 400}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no map at all", "bad.mrc is not an MRC file"),
        (b"", "bad.mrc"),
        (mrc_bytes(b"\0" * 64, **HEADER), "bad.mrc"),
        (mrc_bytes(b"\0" * 64, nx=2**30, ny=2**30, nz=2**30), "bad.mrc"),
        (mrc_bytes(bytes(4 * 20**3), nx=20, ny=20, nz=20), "0 everywhere"),
        (mrc_bytes(np.full(20**3, np.nan, "f4").tobytes(), nx=20, ny=20, nz=20), "NaN"),
        (mrc_bytes((np.arange(20**3) % 97 == 0).astype("f4").tobytes(), nx=20, ny=20, nz=20), "mask"),
        (
            mrc_bytes(np.random.default_rng(1).normal(size=20**3).astype("f4").tobytes(), nx=20, ny=20, nz=20, xlen=0, ylen=0, zlen=0),
            "voxel",
        ),
    ],
    ids=["text", "empty", "short", "enormous", "constant", "NaN", "mask", "no voxel size"],
)
def test_what_is_no_map_is_a_sentence(comparing, data, said):
    failure = refused(comparing, data)
    assert said in failure["message"]
    assert failure["error"] in ("InvalidInputError", "IntegrityError")
    assert str(comparing.folder) not in failure["message"]


def test_a_bomb_is_a_sentence(comparing):
    inside = mrc_bytes(nx=4000, ny=4000, nz=4000)
    bomb = io.BytesIO()
    with gzip.open(bomb, "wb") as file:
        file.write(inside)
        for _ in range(300):
            file.write(bytes(1 << 20))
    failure = refused(comparing, bomb.getvalue(), "bad.mrc.gz")
    assert failure["message"]


def test_what_is_too_large_is_refused_before_it_comes(comparing):
    site = comparing.app.application.state.site
    before = site.archive
    site.archive = replace(before, settings=replace(before.settings, compare_mib=1))
    try:
        body, sent = b"x" * (1 << 20), []

        async def stream():
            yield b'--b\r\ncontent-disposition: form-data; name="map"; filename="m.mrc"\r\n\r\n'
            for _ in range(20):
                sent.append(1)
                yield body

        kind = {"content-type": "multipart/form-data; boundary=b"}
        announced = comparing.post(content=stream(), headers={**kind, "content-length": str(20 << 20)})
        assert (announced.status_code, sent) == (413, [])
        assert "At most 1 MiB" in announced.json()["message"]
        assert comparing.post(content=stream(), headers=kind).status_code == 413
    finally:
        site.archive = before
    assert not list((comparing.archive.settings.home / "comparisons").glob(".incoming*"))


def test_a_form_that_was_cut_is_refused(comparing):
    kind = {"content-type": "multipart/form-data; boundary=b"}
    cut = b'--b\r\ncontent-disposition: form-data; name="map"; filename="m.mrc"\r\n\r\nhalf of'
    for content in (cut, b"", b"--c\r\n"):
        answer = comparing.post(content=content, headers=kind)
        assert answer.status_code == 422, content
    assert comparing.post(content=b"x", headers={"content-type": "multipart/form-data"}).status_code == 422
    assert comparing.post(files={"../evil": ("m.mrc", b"x")}).status_code == 422
    assert not list((comparing.archive.settings.home / "comparisons").glob(".incoming*"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "No map was given"),
        ({"b": "MG-10001"}, "No map was given"),
        ({"a": "MG-10001", "map": "MG-10001"}, "Several maps"),
        ({"a": "cheese", "b": "MG-10001"}, "cheese"),
        ({"a": "MG-10001", "b": "MG-10001", "voxel_size_a": "huge"}, "voxel size"),
        ({"a": "MG-10001", "b": "MG-10001", "voxel_size_a": -1}, "voxel size"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(comparing, body, said):
    answer = comparing.post(json=body)
    assert answer.status_code == 422
    assert said in answer.json()["message"]


def test_who_asks_too_much_must_wait(comparing):
    body = {"a": comparing.entries["whole"], "b": comparing.entries["whole"]}
    asked = [comparing.post(json=body) for _ in range(7)]
    assert [a.status_code for a in asked] == [202] * 6 + [429]
    assert asked[-1].headers["retry-after"] == "20"
    for answer in asked[:6]:
        comparing.request("DELETE", answer.json()["url"])
    answers = [comparing.post(json={}).status_code for _ in range(56)]
    assert answers == [422] * 54 + [429] * 2


# pages


def test_the_form_asks_and_leads_to_its_page(comparing):
    page = comparing.get("/compare")
    assert page.status_code == 200
    assert page.text.count("<form") >= 2
    answer = comparing.send(("a", "query.mrc"), fields={"b": comparing.entries["whole"]}.items(), path="/compare")
    assert answer.status_code == 303
    link = answer.headers["location"]
    waiting = comparing.get(link)
    assert "Waiting" in waiting.text
    assert 'http-equiv="refresh"' in waiting.text
    comparing.answer()
    done = comparing.get(link)
    assert "Two maps, superposed" in done.text
    assert 'data-viewer="map"' in done.text
    assert "view matrix models #2," in done.text
    assert re.search(r"Resolution at 0.143</dt><dd>[\d.]+ Å", done.text)


def test_the_form_says_what_is_wrong(comparing):
    answer = comparing.post("/compare", files={"a": ("", b""), "b": ("", b"")}, data={"a": "", "b": ""})
    assert answer.status_code == 422
    assert "No map was given" in answer.text
    assert "<form" in answer.text
