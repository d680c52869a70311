"""What differs in how two maps were made, as the web tells it."""

import itertools

import pytest

from micrographia.model.lifecycle import State
from micrographia.testing.entries import make_entry

NUMBERS = itertools.count(77001)
"""An accession that was purged is never given again."""


@pytest.fixture(scope="module")
def twin(served):
    """An entry of the same map as that of `served`, refined in D7 by another version, of particles alone."""
    process = {"id": "p1", "kind": "3D refinement", "software": {"name": "RELION", "version": "4.0"}, "inputs": ["p"], "outputs": ["m"]}
    sheet = {
        "title": "Twin of <b>cork</b>",
        "image_sets": [{"id": "p", "kind": "particles", "files": "p.mrcs"}],
        "maps": [{"id": "m", "file": "m.mrc", "resolution_a": 4}],
        "processes": [{**process, "parameters": {"<i>tau</i>": 2}}],
    }
    accession = f"MG-{next(NUMBERS)}"
    served.archive.catalogue.put_version(make_entry(accession, **sheet))
    yield accession
    served.archive.catalogue.set_state(accession, None, State.PURGED)


@pytest.fixture(scope="module")
def chain(served):
    """An entry with movies, and one that made a map of them by two steps of which the first deposited nothing."""
    raw, made = (f"MG-{next(NUMBERS)}" for _ in range(2))
    movies = {"title": "Movies", "image_sets": [{"id": "movies", "kind": "movies", "files": "*.tif"}]}
    steps = [
        {"id": "extract", "kind": "particle extraction", "inputs": [f"{raw}/movies"]},
        {
            "id": "refine",
            "kind": "3D refinement",
            "software": {"name": "RELION", "version": "5.0"},
            "inputs": ["extract"],
            "outputs": ["m"],
        },
    ]
    again = {"title": "Again", "maps": [{"id": "m", "file": "m.mrc", "resolution_a": 3.1}], "processes": steps}
    for accession, sheet in ((raw, movies), (made, again)):
        served.archive.catalogue.put_version(make_entry(accession, **sheet))
    yield raw, made
    for accession in (raw, made):
        served.archive.catalogue.set_state(accession, None, State.PURGED)


def test_the_api_names_one_row_a_field(web, served, twin):
    said = web.get(f"/api/v1/trace?a={served.public}&b={twin}").json()
    rows = {row["field"]: (row["a"], row["b"], row["step"]) for row in said["differences"]}
    assert rows["version"] == ("5.0", "4.0", "3D refinement")
    assert rows["<i>tau</i>"] == (None, 2, "3D refinement")
    assert "resolution_a" not in rows
    assert [raw["kind"] for raw in said["raw"]["b"]] == ["particles"]
    assert "No raw data archived" in said["unarchived"]["b"]


def test_the_page_says_the_same_and_escapes_it(web, served, twin):
    text = web.get(f"/compare/trace?a={served.public}&b={twin}").text
    assert "No raw data archived" in text
    assert "&lt;i&gt;tau&lt;/i&gt;" in text and "<i>tau" not in text
    assert f'href="/entries/{served.public}?version=1#thing-tomo"' in text
    assert f'href="/entries/{twin}/raw-data"' in text
    assert f'href="/entries/{served.public}/raw-data"' in text  # a tomogram is made from tilts that are not there


def test_the_page_without_maps_is_a_form_and_what_is_no_map_is_said(web, served):
    assert web.get("/compare/trace").status_code == 200
    wrong = web.get(f"/compare/trace?a=EMD-1832&b={served.public}")
    assert wrong.status_code == 422 and "is not an accession" in wrong.text
    assert web.get(f"/api/v1/trace?a={served.public}").status_code == 422
    assert web.get(f"/api/v1/trace?a={served.public}&b=MG-99999").status_code == 404
    assert web.get(f"/api/v1/trace?a={served.public}&b={served.withdrawn}").status_code == 410


def test_private_entries_are_traced_for_nobody_else(web, served):
    private, none = (web.get(f"/compare/trace?a={served.public}&b={b}") for b in (served.draft, "MG-99999"))
    assert private.status_code == none.status_code == 404
    assert private.text.replace(served.draft, "MG-99999") == none.text


def test_the_entry_of_the_raw_data_shows_what_was_made_of_them(web, served, chain):
    raw, again = chain
    said = web.get(f"/api/v1/entries/{raw}/reprocessings").json()
    assert [(item["accession"], item["resolution_a"], item["steps"]) for item in said["items"]] == [
        (again, 3.1, ["particle extraction", "3D refinement"])
    ]
    text = web.get(f"/entries/{raw}").text
    assert "Made from the same raw data" in text and f"{again}/m" in text and "3.1 Å" in text
    assert "Made from the same raw data" not in web.get(f"/entries/{again}").text
    assert web.get("/api/v1/entries/MG-99999/reprocessings").status_code == 404


def test_a_step_that_names_another_step_is_drawn_behind_it(web, chain):
    drawn = web.get(f"/entries/{chain[1]}").text.partition("<svg width")[2].partition("</svg>")[0]
    assert "not in this entry" not in drawn
    assert drawn.count('<path d="M') == 4  # the head of the arrow, movies to extraction to refinement to map


def test_the_page_of_a_map_says_that_no_raw_data_are_archived(web, served, twin, chain):
    text = web.get(f"/entries/{twin}").text
    assert "No raw data archived" in text and f'href="/entries/{twin}/raw-data"' in text
    assert "No raw data archived" not in web.get(f"/entries/{chain[1]}").text
