"""Whatever is asked of slices, crops, pictures, pages and lists is answered, or refused in a sentence; the server never fails."""

import json
import tracemalloc
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NUMBERS = [
    "nan",
    "-nan",
    "inf",
    "-inf",
    "1e400",
    "-1",
    "-0",
    "1e9",
    "9" * 30,
    "9" * 5000,
    "٣",
    "１",
    "1_0",
    "0x10",
    "1.5",
    " 1",
    "+1",
    "",
    "x",
]
NUMBERS += ["1e-400", "4294967296", "18446744073709551616", "\x00", "%", "🦠", "1,2", "null"]
RANGES = ["0:0", "5:2", "-1:3", "0:9999999999", ":", "::", "0:1:2", "a:b", "0:٣", "9" * 400 + ":", "0-5", "0:1,0:1", "nan:nan", "1e3:"]
REGIONS = [
    "0,0,0,0",
    "0,0,1e9,1e9",
    "-1,0,5,5",
    "0,0,5",
    "0,0,5,5,5",
    "a,b,c,d",
    "nan,0,1,1",
    "0,0,99999999999,1",
    "٣,0,1,1",
    ",,,",
    "1" * 999,
]
FIELDS = {
    "axis": ["z", "y", "x", "q", "zz", "", "Z", "\x00", "c", "٣"],
    "format": ["png", "webp", "jpg", "tiff", "npy", "mrc", "exe", "", "PNG", "\x00"],
    "region": REGIONS,
    **dict.fromkeys(("index", "level", "min", "max", "max_size", "t", "c", "bogus"), NUMBERS),
    **dict.fromkeys(("z", "y", "x"), NUMBERS + RANGES),
}
IMAGE_IDS = [
    "x",
    "MG-10001",
    "MG-1.1.1",
    "MG-10001.1",
    "MG-10001.1.0",
    "MG-10001.0.1",
    "MG-10001.1.99999",
    "MG-10001.999.1",
    "MG-99999.1.1",
]
IMAGE_IDS += [
    "MG-10001.1.1.1",
    "mg-10001.1.1",
    "MG-10001.1.٣",
    "MG-" + "9" * 400 + ".1.1",
    "%00",
    "MG-10001.1.1%00",
    "%F0%9F%A6%A0",
    "MG-10001.1.-1",
]
UNKNOWN = ["/images/{}", "/api/v1/images/{}", "/api/v1/images/{}/slice", "/api/v1/images/{}/crop", "/api/v1/images/{}/power"]
UNKNOWN += ["/thumbnails/{}.webp", "/thumbnails/{}-large.webp", "/iiif/3/{}/info.json", "/iiif/3/{}/full/max/0/default.png"]
UNKNOWN += ["/zarr/{}/zarr.json", "/crops/{}/z=0:1,y=0:1,x=0:1", "/zarr/{}-r1/zarr.json"]
ENTRIES = ["x", "MG-1", "MG-99999", "mg-10001", "MG-" + "9" * 400, "MG-1000١", "%00", "🦠", "MG-10001 "]
OF_ENTRIES = ["/entries/{}", "/entries/{}/images", "/api/v1/entries/{}", "/api/v1/entries/{}/versions", "/api/v1/entries/{}/files"]
OF_ENTRIES += ["/files/{}/1/", "/files/{}/1/a.mrc", "/files/{}", "/files/{}/1.zip", "/api/v1/images?entry={}"]


def refused(answer, *statuses):
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    said = answer.json()["message"]
    assert len(said) > 15 and said[-1] in ".:)…" and len(said) < 1500, said


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_image_that_is_not_there_is_not_found(web, path):
    for image in IMAGE_IDS:
        refused(web.get(path.format(image), headers={"accept": "application/json"}), 404)


@pytest.mark.parametrize("path", OF_ENTRIES)
def test_an_entry_that_is_not_there_is_not_found(web, path):
    for accession in ENTRIES:
        refused(web.get(path.format(accession), headers={"accept": "application/json"}), 404)


@pytest.mark.parametrize(
    "path", ["/entries/{}", "/entries/{}/images", "/api/v1/entries/{}", "/api/v1/entries/{}/files", "/api/v1/images?entry={}"]
)
@pytest.mark.parametrize("version", ["0", "-1", "99", "1e3", "٣", "9" * 30, "x"])
def test_a_version_that_is_not_there_is_refused(web, served, path, version):
    address = path.format(served.public)
    joined = "&" if "?" in address else "?"
    answer = web.get(f"{address}{joined}version={quote(version)}", headers={"accept": "application/json"})
    refused(answer, *((404,) if address.startswith("/entries") or version == "99" else (404, 422)))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("route", ["slice", "crop", "power"])
def test_one_strange_value_is_answered_or_refused(web, served, route, field):
    for number in (1, 2, 3):
        for value in FIELDS[field]:
            answer = web.get(f"/api/v1/images/{served.public}.1.{number}/{route}?{urlencode({field: value})}")
            if answer.status_code != 200:
                refused(answer, 404, 413, 422)


@pytest.mark.parametrize("field", FIELDS)
def test_a_strange_value_does_not_break_the_page_of_an_image(web, served, field):
    for value in FIELDS[field]:
        for number in (1, 2, 3):
            page = web.get(f"/images/{served.public}.1.{number}?{urlencode({field: value})}")
            assert page.status_code in (200, 422), (value, page.status_code)


ADDRESSES = [
    "z=0:1",
    "z=0:1,y=0:1",
    "z=0:1,z=0:1",
    "x=0:1,y=0:1,z=0:1",
    "z=0:9999,y=0:1,x=0:1",
    "q=0:1",
    "=",
    ",",
    "z",
    "z=٣:٤,y=0:1,x=0:1",
]


@pytest.mark.parametrize("address", [*ADDRESSES, "z=" + "9" * 400 + ":1", "%00", "z=0:1" * 80])
def test_the_address_of_a_block_that_is_not_there_is_not_found(web, served, address):
    answer = web.get(f"/crops/{served.public}.1.1/{address}", headers={"accept": "application/json"})
    if answer.status_code != 308:  # another spelling of a block that is there
        refused(answer, 404)


BODIES = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff",
    b'{"image": 3}',
    b'{"image": "x"}',
    b"[" * 9000,
    b'{"image": "MG-10001.1.1", "ranges": {"z": [0, 1e400]}}',
]
BODIES += [
    b'{"image": "MG-10001.1.1", "ranges": {"z": [NaN, 1]}}',
    b'{"image": "MG-10001.1.1", "ranges": {"z": [-1, 99999999999999999999]}}',
]
BODIES += [
    json.dumps({"image": "MG-10001.1.1", "ranges": r}).encode() for r in ({"z": "0:0"}, {"q": "0:1"}, {"z": "5:1"}, {"z": []}, {"": ""})
]
BODIES += [b'{"image": "MG-10001.1.1", "ranges": {}, "more": 1}', b'{"image": "' + b"9" * 20_000 + b'"}']


@pytest.mark.parametrize("body", BODIES)
def test_a_strange_question_for_a_block_is_refused(web, body):
    refused(web.request("POST", "/api/v1/crops", content=body), 404, 413, 422)


def test_the_same_parameter_twice_is_one_of_them_and_no_failure(web, served):
    for query in ("index=1&index=2", "axis=z&axis=y", "format=png&format=npy", "min=1&min=2&max=3&max=0", "level=0&level=99"):
        assert web.get(f"/api/v1/images/{served.public}.1.1/slice?{query}").status_code in (200, 422)


def test_what_is_refused_costs_no_memory(web, served):
    tracemalloc.start()
    for query in ("region=0,0,99999999,99999999", "max_size=16383", "index=99999999999", "level=99", "min=1e308&max=-1e308"):
        web.get(f"/api/v1/images/{served.public}.1.1/slice?{query}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20


PIECES = st.dictionaries(
    st.sampled_from(sorted(FIELDS)),
    st.one_of(st.sampled_from(NUMBERS + RANGES + REGIONS), st.integers().map(str), st.floats().map(str)),
    max_size=5,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=PIECES, number=st.integers(1, 3), route=st.sampled_from(["slice", "crop", "power"]))
def test_no_question_about_an_image_is_a_failure(web, served, query, number, route):
    answer = web.get(f"/api/v1/images/{served.public}.1.{number}/{route}?{urlencode(query)}")
    assert answer.status_code in (200, 404, 413, 422), (query, answer.text[:200])


IIIF = st.one_of(
    st.sampled_from(["full", "max", "square", "0,0,8,8", "pct:0,0,50,50", "!8,8", "^max", "0", "90", "default", "png"]),
    st.text(max_size=12),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.one_of(IIIF, st.sampled_from([*NUMBERS, *REGIONS])), min_size=4, max_size=4))
def test_no_iiif_address_is_a_failure(web, served, parts):
    region, size, rotation, quality = (quote(part[:500], safe="") for part in parts)
    answer = web.get(f"/iiif/3/{served.public}.1.3/{region}/{size}/{rotation}/{quality}.png")
    assert answer.status_code in (200, 307, 308, 400, 404, 413, 422, 501), (parts, answer.status_code)


LISTS = [
    "/entries",
    "/entries.atom",
    "/api/v1/search",
    "/api/v1/entries",
    "/api/v1/search/files",
    "/api/v1/search/export",
    "/api/v1/images",
]
LIST_FIELDS = [
    "q",
    "of",
    "sort",
    "page",
    "per_page",
    "kind",
    "organism",
    "resolution_min",
    "size_max",
    "opened",
    "part",
    "view",
    "path",
    "after",
    "entry",
]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(LISTS),
    query=st.dictionaries(st.sampled_from(LIST_FIELDS), st.one_of(st.text(max_size=20), st.sampled_from(NUMBERS)), max_size=3),
)
def test_no_question_for_a_list_is_a_failure(web, path, query):
    answer = web.get(f"{path}?{urlencode(query, errors='surrogatepass')}")
    assert answer.status_code in (200, 404, 422), (path, query, answer.text[:200])
