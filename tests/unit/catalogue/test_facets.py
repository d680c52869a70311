"""What an entry is found by."""

from __future__ import annotations

from typing import Any

from micrographia.catalogue.facets import FACETS, cover_image, entry_columns, entry_texts
from micrographia.catalogue.fulltext import _lexemes
from micrographia.testing.entries import make_entry

_COUNTS = {"file_count": 1, "size_bytes": 2, "image_count": 3, "images_by_kind": {}}


def test_every_facet_is_there_even_when_an_entry_has_nothing_of_it() -> None:
    columns = entry_columns(make_entry(), **_COUNTS)
    assert list(columns["facets"]) == list(FACETS)
    assert columns["facets"]["organism"] == [] and columns["resolution_a"] is None
    assert columns["facets"]["author"] == ["Hooke, Robert", "Hooke, Robert"]


def test_a_protein_named_twice_counts_once() -> None:
    molecules = [{"name": "uS3", "uniprot": "P0A7V3"}, {"name": "S3", "uniprot": "P0A7V3"}, {"name": "unknown"}]
    columns = entry_columns(make_entry(specimens=[{"id": "s", "molecules": molecules}]), **_COUNTS)
    assert columns["facets"]["protein"] == ["P0A7V3", "uS3", "unknown", "unknown"]


def test_half_maps_need_two() -> None:
    columns = entry_columns(make_entry(maps=[{"id": "m", "file": "m.mrc", "half_maps": ["h.mrc"]}]), **_COUNTS)
    assert columns["facets"]["has"] == ["map", "map"]


def test_a_map_stands_for_an_entry_before_other_images() -> None:
    assert cover_image({"mask": 1, "micrograph": 4, "map": 9}) == 9
    assert cover_image({"mask": 7, "half map": 3}) == 3
    assert cover_image({}) == 0


def test_the_index_stays_small_whatever_an_entry_holds() -> None:
    record = make_entry(title="word " * 5_000, abstract="deed " * 15_000)
    texts = entry_texts(record, (f"micrograph_{i}.mrc" for i in range(100_000)))
    assert len(texts.primary) <= 1_000 and len(texts.other) <= 11_000 and len(texts.secondary) <= 4_000
    assert len("".join(_lexemes(texts))) < 1_000_000  # PostgreSQL refuses more


def test_the_finest_stated_voxel_size_counts() -> None:
    sheet: dict[str, Any] = {
        "image_sets": [{"id": "a", "kind": "volume EM", "files": ["a.tif"], "voxel_size_nm": [5, 0.4, 0.4]}],
        "maps": [{"id": "m", "file": "m.mrc", "voxel_size_a": 6.5}],
    }
    assert entry_columns(make_entry(**sheet), **_COUNTS)["voxel_size_a"] == 4.0
    assert entry_columns(make_entry(), **_COUNTS)["voxel_size_a"] is None
