import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.errors import GoneError, MicrographiaError, NotPermittedError
from micrographia.web.pages.citing import bibtex, dataset_json_ld, resolve
from micrographia.web.pages.provenance import provenance_graph
from micrographia.web.pages.wording import bytes_words, scale_bar, shape_words, short_number, voxel_words
from micrographia.web.status_codes import STATUS_CODES, status_of
from micrographia.web.stream.files import content_disposition

NASTY = "</script><script>alert(1)</script> \"' & <b>"


def entry(**more):
    return {
        "accession": "MG-10001",
        "version": 1,
        "latest_version": 1,
        "title": "Cork",
        "authors": [{"name": "Hooke, Robert", "orcid": None, "affiliation": ""}],
        "abstract": "",
        "released": "1665-01-01T00:00:00Z",
        "created": "1665-01-01T00:00:00Z",
        "licence": {"id": "CC0-1.0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"},
        "keywords": [],
        "experiments": [],
        "organisms": [],
        "publications": [],
        "related": [],
        "funding": [],
        "image_sets": [],
        "maps": [],
        "annotations": [],
        "screens": [],
        "processes": [],
        "file_count": 1,
        "size_bytes": 10,
        "citation": "Hooke",
        "links": {"page": "/entries/MG-10001", "zip": "/files/MG-10001/1.zip", "manifest": "/files/MG-10001/1/manifest.jsonl"},
    } | more


def every_error(kind=MicrographiaError):
    for child in kind.__subclasses__():
        if child.__module__.startswith("micrographia."):
            yield child
            yield from every_error(child)


def test_every_failure_has_a_status():
    for kind in every_error():
        assert any(k in STATUS_CODES for k in kind.__mro__), kind


def test_what_is_not_permitted_is_refused_and_what_is_gone_is_gone():
    assert status_of(NotPermittedError("held")) == 403
    assert status_of(GoneError("gone")) == 410


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (1_234_567, "1.23 MB"), (999_600, "1 MB"), (3 * 10**15, "3 PB")]
)
def test_sizes(size, words):
    assert bytes_words(size) == words


@pytest.mark.parametrize(
    ("value", "words"), [(None, ""), (0.02134, "0.02134"), (-3, "−3"), (12800, "12\u2009800"), (float("nan"), "not a number")]
)
def test_numbers(value, words):
    assert short_number(value) == words


def test_voxel_sizes_that_differ_are_all_shown():
    assert voxel_words({"z": 30, "y": 6, "x": 6, "unit": "nanometer"}) == "30 × 6 × 6 nm (z × y × x)"
    assert voxel_words({"z": 1.05, "y": 1.05, "x": 1.05, "unit": "angstrom"}) == "1.05 Å"


def test_a_tilt_series_counts_tilts():
    assert shape_words({"axes": "zyx", "shape": [41, 1024, 1024], "is_stack": True, "kind": "tilt series"}) == "41 tilts of 1024 × 1024"


@given(st.floats(16, 1e5), st.floats(1e-3, 1e5), st.sampled_from(["angstrom", "nanometer", "micrometer"]))
def test_a_scale_bar_is_round_and_fits(extent, step, unit):
    length, words = scale_bar(extent, step, unit)
    assert 0.07 * extent < length < 0.26 * extent
    assert re.fullmatch(r"[125](\.0)?0*(\.\d+)? (Å|nm|µm|mm)|0\.0*[125] (Å|nm|µm|mm)|[125]e[+-]\d+ (Å|nm|µm|mm)", words), words


def test_nothing_in_json_ld_ends_its_script():
    text = dataset_json_ld(entry(title=NASTY, abstract=NASTY, keywords=[NASTY, "\u2028"]), "http://a.example", "Micrographia", None)
    assert "<" not in text and ">" not in text and "\u2028" not in text
    assert json.loads(text)["name"] == NASTY


def test_bibtex_escapes_what_tex_would_obey():
    text = bibtex(entry(title=r"50 % of \input{x} & co_1"), "http://a.example/entries/MG-10001")
    assert r"50 \% of \textbackslash{}input\{x\} \& co\_1" in text and text.startswith("@misc{MG-10001.v1,")


@pytest.mark.parametrize(
    ("identifier", "start"),
    [
        ("EMD-1832", "https://www.ebi.ac.uk/emdb/"),
        ("MG-10002", "/entries/MG-10002"),
        ("10.1000/xyz", "https://doi.org/10.1000/xyz"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("EMD-1\njavascript:", ""),
    ],
)
def test_only_known_identifiers_become_links(identifier, start):
    link = resolve(identifier)
    assert link.startswith(start) and bool(link) == bool(start)


def test_the_drawing_escapes_what_people_wrote():
    graph = provenance_graph(
        entry(
            image_sets=[{"id": "movies", "kind": "movies", "title": NASTY}],
            maps=[{"id": "m", "file": "m.mrc", "resolution_a": 3.2}],
            processes=[
                {
                    "id": NASTY,
                    "kind": NASTY,
                    "software": {"name": NASTY},
                    "inputs": ["movies", "MG-10009/x"],
                    "outputs": ["m"],
                    "parameters": {"a": [1, True]},
                }
            ],
        )
    )
    assert "<script" not in graph.svg and "<b>" not in graph.svg and "/entries/MG-10009#thing-x" in graph.svg
    assert graph.steps[0].facts == (("a", "1, yes"),)


def test_provenance_that_runs_in_a_circle_is_drawn_all_the_same():
    graph = provenance_graph(
        entry(
            image_sets=[{"id": "a"}, {"id": "b"}],
            processes=[
                {"id": "p", "kind": "x", "inputs": ["a"], "outputs": ["b"]},
                {"id": "q", "kind": "y", "inputs": ["b"], "outputs": ["a"]},
            ],
        )
    )
    assert graph.svg.count("<rect") == 4


@pytest.mark.parametrize("name", ['a"b.mrc', "Ångström.map", "a\r\nSet-Cookie: x", "半.mrc", "a;b.mrc", "100%.mrc"])
def test_no_name_breaks_the_header(name):
    header = content_disposition(name)
    assert header.isascii() and header.isprintable() and header.startswith("attachment; filename=") and "filename*=UTF-8''" in header


def test_a_plain_name_stays_plain():
    assert content_disposition("map.mrc") == 'attachment; filename="map.mrc"'
