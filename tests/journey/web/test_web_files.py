import base64
import hashlib
import io
import json
import zipfile

import pytest


def address(served, path):
    return f"/files/{served.public}/1/{path}"


def test_a_file_comes_back_byte_for_byte_with_its_digest(web, served):
    data = (served.folder / "tomo.mrc").read_bytes()
    answer = web.get(address(served, "tomo.mrc"))
    digest = hashlib.sha256(data)
    assert answer.status_code == 200 and answer.content == data
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-disposition"] == 'attachment; filename="tomo.mrc"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(("asked", "first", "last"), [("bytes=100-299", 100, 299), ("bytes=-50", -50, None), ("bytes=5-", 5, None)])
def test_ranges(web, served, asked, first, last):
    data = (served.folder / "tomo.mrc").read_bytes()
    answer = web.get(address(served, "tomo.mrc"), headers={"Range": asked})
    part = data[first:] if last is None else data[first : last + 1]
    start = first % len(data)
    assert answer.status_code == 206 and answer.content == part
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/{len(data)}"


def test_a_range_beyond_the_end(web, served):
    answer = web.get(address(served, "tomo.mrc"), headers={"Range": "bytes=1000000000000000-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{(served.folder / 'tomo.mrc').stat().st_size}"


def test_several_ranges_come_as_parts(web, served):
    data = (served.folder / "tomo.mrc").read_bytes()
    answer = web.get(address(served, "tomo.mrc"), headers={"Range": "bytes=0-9,100-109"})
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    assert answer.status_code == 206 and len(answer.content) == int(answer.headers["content-length"])
    parts = answer.content.split(b"--" + boundary)
    assert [p.partition(b"\r\n\r\n")[2][:-2] for p in parts[1:-1]] == [data[0:10], data[100:110]]


def test_conditions(web, served):
    whole = web.get(address(served, "notes.txt"))
    tag, modified = whole.headers["etag"], whole.headers["last-modified"]
    again = web.get(address(served, "notes.txt"), headers={"If-None-Match": tag})
    assert again.status_code == 304 and not again.content and again.headers["etag"] == tag
    assert web.get(address(served, "notes.txt"), headers={"If-Modified-Since": modified}).status_code == 304
    assert web.get(address(served, "notes.txt"), headers={"If-Match": '"other"'}).status_code == 412
    assert web.get(address(served, "notes.txt"), headers={"Range": "bytes=0-1", "If-Range": tag}).status_code == 206
    assert web.get(address(served, "notes.txt"), headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_head_says_what_get_would(web, served):
    head, get = web.head(address(served, "tomo.mrc")), web.get(address(served, "tomo.mrc"))
    assert head.status_code == 200 and not head.content
    assert {k: v for k, v in head.headers.items() if k != "date"} == {k: v for k, v in get.headers.items() if k != "date"}


def test_what_a_browser_might_run_is_sent_as_bytes(web, served):
    answer = web.get(address(served, "evil.html"))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_names_of_any_characters(web, served):
    link = next(f["links"]["file"] for f in web.get(f"/api/v1/entries/{served.public}/files").json()["items"] if "Å" in f["path"])
    answer = web.get(link)
    assert answer.text == "a name of its own\n"
    assert "filename*=UTF-8''%C3%85%20b%3Bc.txt" in answer.headers["content-disposition"]


@pytest.mark.parametrize("path", ["nothing.mrc", "..%2f..%2f0=ocfl_1.1", "notes.txt%00", "entry.json", "images.jsonl", "/etc/passwd"])
def test_no_other_path_leads_anywhere(web, served, path):
    assert web.get(address(served, path)).status_code == 404


def test_folders_with_and_without_a_slash(web, served):
    for path in ("", "many", "many/", "maps"):
        page = web.get(address(served, path))
        assert page.status_code == 200 and page.headers["content-type"].startswith("text/html"), path
    assert f'href="/files/{served.public}/1/many/3.txt"' in web.get(address(served, "many")).text
    assert web.get(f"/files/{served.public}/1").status_code == 200


def test_the_manifest_lists_every_file(web, served):
    answer = web.get(address(served, "manifest.jsonl"))
    lines = {line["path"]: line for line in map(json.loads, answer.text.splitlines())}
    assert lines["notes.txt"]["sha256"] == hashlib.sha256((served.folder / "notes.txt").read_bytes()).hexdigest()
    assert lines["tomo.mrc"]["size_bytes"] == (served.folder / "tomo.mrc").stat().st_size
    assert web.get(address(served, "manifest.jsonl"), headers={"Range": "bytes=0-9"}).content == answer.content[:10]


def test_a_zip_of_everything_and_of_some(web, served):
    everything = zipfile.ZipFile(io.BytesIO(web.get(f"/files/{served.public}/1.zip").content))
    assert everything.testzip() is None
    assert everything.read(f"{served.public}-v1/tomo.mrc") == (served.folder / "tomo.mrc").read_bytes()
    some = zipfile.ZipFile(io.BytesIO(web.get(f"/files/{served.public}/1.zip", params={"path": "many/*"}).content))
    assert sorted(some.namelist()) == [f"{served.public}-v1/many/{i}.txt" for i in range(7)]
    assert web.get(f"/files/{served.public}/1.zip", params={"path": "*.none"}).status_code == 404


def test_other_programs_read_the_zip(web, served, tmp_path):
    import shutil
    import subprocess

    if shutil.which("unzip") is None:
        pytest.skip("unzip is not installed")
    (tmp_path / "a.zip").write_bytes(web.get(f"/files/{served.public}/1.zip").content)
    assert subprocess.run(["unzip", "-tq", tmp_path / "a.zip"], check=False, capture_output=True).returncode == 0


def test_an_old_version_keeps_its_files_and_the_new_one_shares_them(web, served):
    assert web.get(f"/files/{served.revised}/1/new.txt").status_code == 404
    assert web.get(f"/files/{served.revised}/2/new.txt").text == "A second thought.\n"
    assert web.get(f"/files/{served.revised}/2/a.mrc").content == web.get(f"/files/{served.revised}/1/a.mrc").content
    assert web.get(f"/files/{served.revised}/3/a.mrc").status_code == 404


def test_behind_nginx_the_proxy_sends_the_file(served, client_of):
    from dataclasses import replace

    from micrographia.web.app import create_app

    archive = replace(served.archive, settings=replace(served.archive.settings, x_accel_prefix="/store"))
    made = create_app(archive)
    answer = client_of(made).get(address(served, "notes.txt"))
    made.application.state.site.close()
    assert answer.headers["x-accel-redirect"].startswith("/store/") and answer.headers["x-accel-redirect"].endswith("/v1/content/notes.txt")
    assert not answer.content and answer.headers["etag"]
