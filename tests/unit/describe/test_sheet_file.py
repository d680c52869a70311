from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.describe import load_sheet
from micrographia.model.sheet import Sheet


def found(text):
    return {f.path.removeprefix("entry.yaml:"): f for f in load_sheet(text).findings}


def test_a_whole_sheet_is_read_without_findings():
    loaded = load_sheet(
        """
schema: micrographia/entry/1
title: 70S ribosome
authors: [{name: "Hooke, Robert", orcid: 0000-0002-1825-0097}]
image_sets: [{id: movies, kind: movies, files: movies/*.tiff, voxel_size_nm: [30, 6, 6]}]
"""
    )
    assert loaded.findings == () and loaded.blanks == ()
    assert loaded.sheet.image_sets[0].voxel_size_nm == (30, 6, 6)


def test_everything_that_is_wrong_is_said_at_once_and_the_rest_is_kept():
    loaded = load_sheet(
        """
titel: x
authors:
  - {name: "Hooke, Robert", orcid: 0000-0002-1825-0098}
  - {name: [1]}
acquisitions:
  - id: a
    voltage_kV: 300
    microscope: {voltage_kv: 300 kV}
image_sets:
  - {id: m, kind: movie, files: a.mrc, pixel_size_a: -1, voxel_size_a: [1, 2]}
  - {kind: movies}
  - {id: o, kind: movies, files: [a.mrc]}
maps: nothing
"""
    )
    wrong = {f.path.removeprefix("entry.yaml:"): f for f in loaded.findings}
    assert set(wrong) == {
        "titel",
        "authors[0].orcid",
        "authors[1].name",
        "acquisitions[0].voltage_kV",
        "acquisitions[0].microscope.voltage_kv",
        "image_sets[0].kind",
        "image_sets[0].pixel_size_a",
        "image_sets[0].voxel_size_a",
        "image_sets[1].id",
        "image_sets[1].files",
        "maps",
    }
    assert "did you mean `title`" in wrong["titel"].message
    assert "`microscope.voltage_kv`" in wrong["acquisitions[0].voltage_kV"].message
    assert "did you mean `movies`" in wrong["image_sets[0].kind"].message
    assert "line 11" in wrong["image_sets[0].pixel_size_a"].found
    assert all(f.severity == "error" and f.expected for f in loaded.findings)
    assert [s.id for s in loaded.sheet.image_sets] == ["m", "o"]
    assert [a.name for a in loaded.sheet.authors] == ["Hooke, Robert"]


@pytest.mark.parametrize(
    ("key", "meant"), [("voltage_kV", "voltage_kv"), ("Cs_mm", "cs_mm"), ("voltage", "voltage_kv"), ("amp_contrast", "amplitude_contrast")]
)
def test_an_unknown_key_gets_a_suggestion(key, meant):
    finding = found(f"acquisitions: [{{id: a, microscope: {{{key}: 1}}}}]")[f"acquisitions[0].microscope.{key}"]
    assert finding.message == f"unknown key `{key}`; did you mean `{meant}`?"


def test_blanks_are_listed_and_left_out():
    loaded = load_sheet(
        'title: "?"\nabstract: ""\nauthors: [{name: "«?»", orcid: "?"}]\n'
        'maps: [{id: m, file: m.map, contour_level: "?"}]\nkeywords: ["?", a]'
    )
    assert set(loaded.blanks) == {"title", "abstract", "authors[0].name", "authors[0].orcid", "maps[0].contour_level", "keywords[0]"}
    assert loaded.findings == ()
    assert loaded.sheet == Sheet.model_validate({"maps": [{"id": "m", "file": "m.map"}], "keywords": ["a"]})


def test_places_count_items_as_they_are_written_even_after_blanks():
    assert "authors[2].orcid" in found('authors: [{name: "?"}, {name: A}, {name: B, orcid: "1"}]')


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x",
        "<<: {title: x}",
        "title: !!python/object:os.system x",
        "[1",
        "",
        "[]",
        "just words",
        "{" * 100,
        "a: [" * 5000,
        "\x00",
        b"\xff\xfe",
        "a: 1\n---\nb: 2",
        "? [a]\n: 1",
        b" " * ((16 << 20) + 1),
    ],
)
def test_what_is_no_sheet_becomes_one_finding(text):
    loaded = load_sheet(text)
    assert [f.rule for f in loaded.findings] == ["sheet.unreadable"]
    assert loaded.sheet == Sheet()


def test_a_key_that_stands_twice_is_an_error():
    for text in ("title: a\ntitle: b", '{"title": "a", "title": "b"}'):
        assert [f.rule for f in load_sheet(text).findings] == ["sheet.repeated_key"]
        assert load_sheet(text).sheet.title == "a"


def test_words_stay_words():
    sheet = load_sheet("title: no\nabstract: 12:30\nfunding: [{funder: NO, grant: 00123}]\nacquisitions: [{id: a, date: 2024-01-31}]").sheet
    assert (sheet.title, sheet.abstract) == ("no", "12:30")
    assert (sheet.funding[0].funder, sheet.funding[0].grant, sheet.acquisitions[0].date) == ("NO", "00123", "2024-01-31")


def test_json_and_a_file_are_read_too(tmp_path: Path):
    (tmp_path / "entry.yaml").write_text('{"title":\t"x", "authors": [{"name": "Hooke, Robert"}]}')
    loaded = load_sheet(tmp_path / "entry.yaml")
    assert (loaded.sheet.title, loaded.sheet.authors[0].name, loaded.findings) == ("x", "Hooke, Robert", ())
    assert load_sheet(tmp_path / "absent.yaml").findings[0].rule == "sheet.unreadable"


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_KEYS = st.sampled_from([*Sheet.model_fields, "schema", "id", "files", "kind", "name", "voxel_size_a", "defocus_um", "x"])
_TREES = st.recursive(_SCALARS, lambda t: st.lists(t, max_size=3) | st.dictionaries(_KEYS, t, max_size=4), max_leaves=12)


@given(st.dictionaries(_KEYS, _TREES, max_size=5))
def test_whatever_is_written_a_sheet_results(tree):
    import json

    loaded = load_sheet(json.dumps(tree))
    assert isinstance(loaded.sheet, Sheet)
    assert len({(f.path, f.rule) for f in loaded.findings}) == len(loaded.findings)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    assert isinstance(load_sheet(text).sheet, Sheet)


@pytest.mark.parametrize("colour", ["30E060", "123456", "00FF00", "1E5000"])
def test_words_that_look_like_numbers_stay_as_they_are_written_where_text_is_asked_for(colour):
    loaded = load_sheet(f"title: 1.10\nacquisitions: [{{id: a, microscope: {{cs_mm: 2.70}}, channels: [{{name: 5, colour: {colour}}}]}}]")
    assert loaded.findings == ()
    (acquisition,) = loaded.sheet.acquisitions
    assert (loaded.sheet.title, acquisition.channels[0].colour, acquisition.microscope.cs_mm) == ("1.10", colour, 2.7)
    assert type(acquisition.microscope.cs_mm) is float
