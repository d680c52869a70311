"""Search: words, facets, ranges, order, pages; the same answers from both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micrographia.catalogue import Catalogue, SearchPage, SearchQuery
from micrographia.catalogue.facets import FACETS
from micrographia.errors import InvalidInputError
from micrographia.testing.entries import make_entry, make_file, make_image
from micrographia.testing.postgres_server import PostgresServer

RIBOSOME: dict[str, Any] = {
    "title": "70S ribosomes with a tRNA in the P site",
    "abstract": "Raw movies, particles and the reconstruction by cryo-EM.",
    "keywords": ["translation"],
    "related": [{"to": "EMD-1832", "relation": "supplements"}, {"to": "EMPIAR-10076"}],
    "biosamples": [{"id": "e", "organism": {"name": "Escherichia coli"}}],
    "specimens": [
        {
            "id": "r",
            "molecules": [
                {"name": "uS3", "uniprot": "P0A7V3", "mutation": "K45E"},
                {"name": "erythromycin", "kind": "ligand", "ccd": "ERY", "inchikey": "ULGZDMOVFRHVEP-RWJQBGPGSA-N"},
            ],
            "models": ["PDB-4V4Q"],
        }
    ],
    "acquisitions": [{"id": "k", "experiment": "single-particle", "microscope": {"name": "Titan Krios"}, "software": {"name": "EPU"}}],
    "image_sets": [{"id": "movies", "kind": "movies", "files": "movies/*"}],
    "maps": [
        {"id": "m", "file": "a.mrc", "half_maps": ["b.mrc", "c.mrc"], "resolution_a": 3.2},
        {"id": "n", "file": "d.mrc", "resolution_a": 8.0},
    ],
    "processes": [{"id": "p", "kind": "3D refinement", "software": {"name": "RELION"}, "inputs": ["movies"], "outputs": ["m"]}],
}
TOMOGRAM: dict[str, Any] = {
    "title": "Ribosome picks in a tomogram of a minicell",
    "licence": "CC-BY-4.0",
    "authors": [{"name": "Müller, Änne"}],
    "biosamples": [{"id": "e", "organism": {"name": "Escherichia coli"}}],
    "acquisitions": [{"id": "t", "experiment": "electron tomography"}],
    "image_sets": [{"id": "t", "kind": "tomogram", "files": "t.mrc"}],
    "annotations": [{"id": "p", "kind": "points", "files": "p.star"}, {"id": "s", "kind": "segmentation", "files": "s.mrc"}],
}
CORTEX: dict[str, Any] = {
    "title": "A block of cortex",
    "abstract": "No ribosome can be seen here.",
    "biosamples": [{"id": "m", "organism": {"name": "Mus musculus"}}],
    "acquisitions": [{"id": "f", "experiment": "FIB-SEM"}],
    "image_sets": [{"id": "v", "kind": "volume EM", "files": "block.tif"}],
    "screens": [{"id": "s", "plates": "plates/*"}],
}


def fill(catalogue: Catalogue) -> None:
    for number, (sheet, year) in enumerate([(RIBOSOME, 2024), (TOMOGRAM, 2025), (CORTEX, 2026)], 10_001):
        files = [make_file(f"data/part_{number}_{i}.mrc", 1000 * (10_004 - number)) for i in range(2)]
        record = make_entry(f"MG-{number}", released_at=f"{year}-05-01T00:00:00Z", **sheet)
        catalogue.put_version(record, files=files, images=[make_image(1, kind="mask"), make_image(2)])


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    fill(catalogue)
    return catalogue


def _numbers(page: SearchPage) -> list[int]:
    return [i.accession.number - 10_000 for i in page.items]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("", [3, 2, 1]),
        ("*", [3, 2, 1]),
        ("ribosome", [2, 1, 3]),  # title newest first, then abstract
        ("RIBOSOMES", [2, 1, 3]),
        ("ribosome tomogram", [2]),
        ('"tRNA in the P"', [1]),
        ('"P in the tRNA"', []),
        ("ribo*", [2, 1, 3]),
        ('"picks in a tomo"*', [2]),
        ("ribo", []),
        ("MG-10002", [2]),
        ("mg10002", [2]),
        ("EMD-1832", [1]),
        ("emd1832", [1]),
        ("EMPIAR-10076", [1]),
        ("PDB-4V4Q", [1]),
        ("4v4q", [1]),
        ("P0A7V3", [1]),
        ("ERY", [1]),
        ("ULGZDMOVFRHVEP-RWJQBGPGSA-N", [1]),
        ("K45E", [1]),
        ("cryo-EM", [1]),
        ("cryoEM", [1]),
        ("escherichia", [2, 1]),
        ("muller anne", [2]),
        ("Müller", [2]),
        ("part_10003_1.mrc", [3]),
        ("electron tomography", [2]),
        ("???", []),
        ("the nonexistent", []),
    ],
)
def test_words_find_entries(filled: Catalogue, q: str, expected: list[int]) -> None:
    page = filled.search(SearchQuery(q))
    assert (_numbers(page), page.total) == (expected, len(expected))


def test_what_stands_in_another_entry_ranks_behind_its_own_accession(filled: Catalogue) -> None:
    filled.put_version(make_entry("MG-10009", related=[{"to": "MG-10001"}]), files=(), images=())
    assert _numbers(filled.search(SearchQuery("MG-10001"))) == [1, 9]


def test_a_result_shows_what_a_list_needs(filled: Catalogue) -> None:
    (item,) = filled.search(SearchQuery("MG-10001")).items
    assert item.title == RIBOSOME["title"] and item.authors == ("Hooke, Robert",) and item.experiments == ("single-particle",)
    assert (item.resolution_a, item.file_count, item.size_bytes, item.image_count) == (3.2, 2, 6000, 2)
    assert str(item.cover) == "MG-10001.1.2" and item.categories == ("movies", "map") and item.organisms == ("Escherichia coli",)


def test_facets_count_the_whole_hit_set(filled: Catalogue) -> None:
    facets = filled.search(SearchQuery("ribosome", per_page=1)).facets
    assert list(facets) == list(FACETS)
    counted = {name: {v.value: v.count for v in values} for name, values in facets.items()}
    assert counted["organism"] == {"Escherichia coli": 2, "Mus musculus": 1}
    assert counted["modality"] == {"single-particle": 1, "electron tomography": 1, "FIB-SEM": 1}
    assert counted["has"] == {"raw": 2, "map": 1, "half_maps": 1, "segmentation": 1, "picks": 1, "screen": 1}
    assert counted["year"] == {"2024": 1, "2025": 1, "2026": 1}
    assert counted["software"] == {"EPU": 1, "RELION": 1} and counted["method"] == {"3D refinement": 1}
    (protein,) = facets["protein"]
    assert (protein.value, protein.label) == ("P0A7V3", "uS3")
    assert facets["ligand"][0].value == "ERY"
    assert filled.search(SearchQuery(facet_values=0)).facets == {}


def test_a_chosen_value_narrows_the_hits_and_the_other_facets_but_not_its_own(filled: Catalogue) -> None:
    page = filled.search(SearchQuery(facets={"organism": ("Escherichia coli",)}))
    assert page.total == 2
    assert [(v.value, v.count, v.selected) for v in page.facets["organism"]] == [("Escherichia coli", 2, True), ("Mus musculus", 1, False)]
    assert [v.value for v in page.facets["modality"]] == ["electron tomography", "single-particle"]
    both = filled.search(SearchQuery(facets={"organism": ("Escherichia coli", "Mus musculus"), "has": ("raw",)}))
    assert both.total == 2
    assert filled.search(SearchQuery(facets={"organism": ("Nobody",)})).total == 0


def test_ranges_narrow_the_hits(filled: Catalogue) -> None:
    assert _numbers(filled.search(SearchQuery(resolution_max_a=3.2))) == [1]
    assert _numbers(filled.search(SearchQuery(resolution_min_a=3.3))) == []
    assert _numbers(filled.search(SearchQuery(size_min_bytes=4000, size_max_bytes=5000))) == [2]


def test_results_come_in_the_order_that_was_asked_for(filled: Catalogue) -> None:
    orders = {"released": [3, 2, 1], "size": [1, 2, 3], "resolution": [1, 3, 2], "title": [1, 3, 2], "relevance": [2, 1, 3]}
    for sort, expected in orders.items():
        assert _numbers(filled.search(SearchQuery("ribosome", sort=sort))) == expected, sort


def test_pages_follow_each_other(filled: Catalogue) -> None:
    pages = [_numbers(filled.search(SearchQuery(page=n, per_page=2))) for n in (1, 2, 3)]
    assert pages == [[3, 2], [1], []]


@pytest.mark.parametrize(
    "query", [SearchQuery(sort="x"), SearchQuery(page=0), SearchQuery(per_page=10_000), SearchQuery(facets={"x": ("y",)})]
)
def test_an_impossible_question_is_refused(catalogue: Catalogue, query: SearchQuery) -> None:
    with pytest.raises(InvalidInputError, match="expected"):
        catalogue.search(query)


def test_figures_of_the_archive(filled: Catalogue) -> None:
    figures = filled.statistics()
    assert (figures.entries, figures.images, figures.files, figures.size_bytes) == (3, 6, 6, 12_000)
    assert figures.by_experiment == {"FIB-SEM": 1, "electron tomography": 1, "single-particle": 1}


@pytest.fixture(scope="module")
def sqlite_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    folder: Path = tmp_path_factory.mktemp("search")
    with Catalogue.open(f"sqlite:///{folder / 'c.sqlite'}") as catalogue:
        fill(catalogue)
        yield catalogue


@pytest.fixture(scope="module")
def postgres_one(postgres: PostgresServer) -> Iterator[Catalogue]:
    with Catalogue.open(postgres.new_database()) as catalogue:
        fill(catalogue)
        yield catalogue


_PIECES = st.sampled_from(
    [
        "ribosome",
        "tomo*",
        '"picks in a"',
        '"',
        "*",
        "-",
        "EMD-1832",
        "Müller",
        "NEAR(",
        "{a}:",
        "'",
        "cryo-em",
        "\\",
        ":A",
        "&",
        "in",
        "s",
        "1*",
    ]
)
_QUESTIONS = st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=4).map(" ".join), st.lists(_PIECES, max_size=4).map("".join))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=_QUESTIONS)
def test_no_question_is_an_error(sqlite_one: Catalogue, q: str) -> None:
    assert sqlite_one.search(SearchQuery(q)).total <= 3


@pytest.mark.postgres
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=_QUESTIONS, sort=st.sampled_from(["relevance", "title"]))
def test_both_databases_answer_the_same(sqlite_one: Catalogue, postgres_one: Catalogue, q: str, sort: str) -> None:
    query = SearchQuery(q, sort=sort)
    assert sqlite_one.search(query) == postgres_one.search(query)
