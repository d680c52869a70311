"""Search for single images, open facets, spreads of figures, words that were meant; the same answers from both databases."""

from __future__ import annotations

import pytest

from micrographia.catalogue import Catalogue, SearchPage, SearchQuery
from micrographia.errors import InvalidInputError
from micrographia.model.lifecycle import State
from micrographia.testing.entries import make_entry, make_image

KINDS = {10_001: ["map", "half map", "half map"], 10_002: [], 10_003: ["micrograph"] * 5 + ["map"], 10_004: ["tomogram"]}


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    for number, kinds in KINDS.items():
        record = make_entry(
            f"MG-{number}",
            released_at=f"20{number - 10_000:02}-01-01T00:00:00Z",
            title=f"Cork {number}",
            keywords=["cork", "of the oak"],
            authors=[{"name": f"Hooke, Robert {'ABCD'[number - 10_001]}"}],
            maps=[{"id": "m", "file": "m.mrc", "resolution_a": 2.0 * (number - 10_000)}] if number != 10_004 else [],
            acquisitions=[{"id": "a", "experiment": "single-particle", "pixel_size_a": 20_000 - number}],
        )
        catalogue.put_version(record, files=(), images=[make_image(i, kind=kind) for i, kind in enumerate(kinds, 1)])
    return catalogue


def _images(page: SearchPage) -> list[str]:
    return [str(image.id).removeprefix("MG-1000") for image in page.images]


def test_the_images_of_what_is_found_come_in_the_order_of_the_entries(filled: Catalogue) -> None:
    page = filled.search(SearchQuery(of_images=True, per_page=100))
    assert _images(page) == ["4.1.1", *(f"3.1.{i}" for i in range(1, 7)), "1.1.1", "1.1.2", "1.1.3"]
    assert (page.total, page.image_total) == (4, 10)
    assert {str(item.accession) for item in page.items} == {"MG-10001", "MG-10003", "MG-10004"}


@pytest.mark.parametrize("kinds", [(), ("map",), ("map", "micrograph"), ("nothing",)])
@pytest.mark.parametrize("per_page", [1, 2, 3, 7])
def test_pages_of_images_make_up_the_whole(filled: Catalogue, kinds: tuple[str, ...], per_page: int) -> None:
    asked = {"facets": {"kind": kinds}, "of_images": True, "sort": "resolution"}
    whole = filled.search(SearchQuery(**asked, per_page=100))  # type: ignore[arg-type]
    expected = [f"{n - 10_000}.1.{i}" for n in KINDS for i, kind in enumerate(KINDS[n], 1) if not kinds or kind in kinds]
    assert _images(whole) == expected and whole.image_total == len(expected)
    pages = [filled.search(SearchQuery(**asked, per_page=per_page, page=p)) for p in range(1, len(expected) // per_page + 3)]  # type: ignore[arg-type]
    assert [image for page in pages for image in _images(page)] == expected


def test_kinds_are_counted_as_entries_or_as_images(filled: Catalogue) -> None:
    def counts(**asked: object) -> dict[str, int]:
        return {v.value: v.count for v in filled.search(SearchQuery(**asked)).facets["kind"]}  # type: ignore[arg-type]

    assert counts() == {"map": 2, "half map": 1, "micrograph": 1, "tomogram": 1}
    assert counts(of_images=True) == {"micrograph": 5, "half map": 2, "map": 2, "tomogram": 1}
    assert filled.search(SearchQuery(facets={"kind": ("micrograph",)})).total == 1


def test_images_of_what_was_withdrawn_or_replaced_are_not_found(filled: Catalogue) -> None:
    filled.set_state("MG-10001", None, State.WITHDRAWN, {})
    filled.put_version(make_entry("MG-10003", 2, title="Cork again"), files=(), images=[make_image(1, kind="mask")])
    page = filled.search(SearchQuery(of_images=True))
    assert sorted(_images(page)) == ["3.2.1", "4.1.1"] and page.image_total == 2
    assert {v.value: v.count for v in page.facets["kind"]} == {"mask": 1, "tomogram": 1}


def test_an_opened_facet_shows_values_that_hold_a_part(filled: Catalogue) -> None:
    assert [v.label for v in filled.search(SearchQuery(facet_values=2)).facets["author"]] == ["Hooke, Robert A", "Hooke, Robert B"]
    assert len(filled.search(SearchQuery(facet_values=2, opened="author")).facets["author"]) == 4
    found = filled.search(SearchQuery(facet_values=2, opened="author", opened_part="robert d")).facets
    assert [(v.label, v.count) for v in found["author"]] == [("Hooke, Robert D", 1)]
    with pytest.raises(InvalidInputError, match="no facet"):
        filled.search(SearchQuery(opened="nothing"))


def test_the_spread_of_a_figure_is_that_of_what_fits_in_all_else(filled: Catalogue) -> None:
    spread = filled.search(SearchQuery(resolution_max_a=3)).histograms
    assert (spread["resolution_a"].low, spread["resolution_a"].high, sum(spread["resolution_a"].counts)) == (2, 6, 3)
    assert sum(spread["voxel_size_a"].counts) == 1 and "size_bytes" not in spread
    assert filled.search(SearchQuery(facet_values=0)).histograms == {}


def test_orders_may_be_turned_round_and_what_lacks_the_figure_comes_last(filled: Catalogue) -> None:
    def order(sort: str) -> list[int]:
        return [item.accession.number - 10_000 for item in filled.search(SearchQuery(sort=sort)).items]

    assert order("resolution") == [1, 2, 3, 4] and order("-resolution") == [3, 2, 1, 4]
    assert order("voxel_size") == [4, 3, 2, 1] and order("-voxel_size") == [1, 2, 3, 4]
    assert order("images") == [3, 1, 4, 2] and order("-images") == [2, 4, 1, 3]
    assert order("-released") == [1, 2, 3, 4] and order("-title") == [4, 3, 2, 1]
    with pytest.raises(InvalidInputError):
        order("-relevance")


@pytest.mark.parametrize(
    ("q", "meant"),
    [("corc", "cork"), ("crok robrt", "cork robert"), ("hooke robrt", "hooke robert"), ("cork", ""), ("xyzzyq", ""), ("", ""), ("co", "")],
)
def test_a_slip_is_understood(filled: Catalogue, q: str, meant: str) -> None:
    assert filled.suggestion(q) == meant


def test_a_result_tells_the_finest_voxel(filled: Catalogue) -> None:
    assert [item.voxel_size_a for item in filled.search(SearchQuery("MG-10001")).items] == [9999.0]
