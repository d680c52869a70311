"""Listings of files, folders and images, in pieces, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from micrographia.catalogue import Catalogue, writing
from micrographia.errors import InvalidInputError
from micrographia.ids import EntryId, ImageId
from micrographia.model.records import FileRecord
from micrographia.testing.entries import make_draft, make_entry, make_file, make_image

PATHS = ["z.map", "movies/2.tiff", "movies/10.tiff", "movies/raw/a/deep.tiff", "movies-old/1.tiff", "Übersicht/ä.mrc", "a b/%_[x].txt"]


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    images = [make_image(1, kind="micrograph"), make_image(2), make_image(3, kind="micrograph")]
    catalogue.put_version(make_entry(), files=[make_file(p, 2**40 + i) for i, p in enumerate(PATHS)], images=images)
    return catalogue


def test_a_file_comes_back_as_it_was(filled: Catalogue) -> None:
    for i, path in enumerate(PATHS):
        assert filled.file("MG-10001", 1, path) == make_file(path, 2**40 + i)
    for path in ("", "movies", "movies/", "/z.map", "movies/3.tiff", "z.map/", "Z.map"):
        assert filled.file("MG-10001", 1, path) is None
    assert filled.file("MG-10001", 2, "z.map") is filled.file("MG-10002", 1, "z.map") is None


def test_files_come_by_folder_and_name_in_pieces(filled: Catalogue) -> None:
    expected = sorted(PATHS, key=lambda p: (p.rpartition("/")[0].encode(), p.rpartition("/")[2].encode()))
    found: list[str] = []
    while piece := filled.files("MG-10001", 1, after=found[-1] if found else "", limit=2):
        found += [f.path for f in piece]
    assert found == expected
    assert filled.files("MG-10001", 7) == []


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*", PATHS),
        ("*.tiff", PATHS[1:5]),
        ("**/*.tiff", PATHS[1:5]),
        ("movies/*", PATHS[1:4]),
        ("movies/**/*.tiff", PATHS[1:4]),
        ("movies/?.tiff", [PATHS[1]]),
        ("**/z.map", ["z.map"]),
        ("z.map", ["z.map"]),
        ("deep.tiff", []),
        ("*/[0-9].tiff", [PATHS[1], PATHS[4]]),
        ("*%_*", [PATHS[6]]),
        ("*[x].txt", []),
        ("[", []),
        ("*ä.mrc", [PATHS[5]]),
        ("*" * 60 + "q", []),
    ],
)
def test_files_are_chosen_by_a_pattern(filled: Catalogue, glob: str, expected: list[str]) -> None:
    assert sorted(f.path for f in filled.files("MG-10001", 1, glob=glob)) == sorted(expected)


def test_a_pattern_is_served_in_pieces_too(filled: Catalogue) -> None:
    first = filled.files("MG-10001", 1, glob="*.tiff", limit=3)
    rest = filled.files("MG-10001", 1, glob="*.tiff", limit=3, after=first[-1].path)
    assert len(first) == 3 and len(rest) == 1


def test_a_folder_lists_its_folders_with_sums_and_its_files(filled: Catalogue) -> None:
    top = filled.folder("MG-10001", 1)
    assert top is not None and top.next is None
    assert (top.folder.path, top.folder.file_count, top.folder.size_bytes) == ("", 7, 7 * 2**40 + 21)
    assert [(f.path, f.file_count) for f in top.folders] == [("a b", 1), ("movies", 3), ("movies-old", 1), ("Übersicht", 1)]
    assert [f.path for f in top.files] == ["z.map"]
    movies = filled.folder("MG-10001", 1, "movies/")
    assert movies is not None and movies.folder.size_bytes == 3 * 2**40 + 6
    assert [(f.path, f.name) for f in movies.folders] == [("movies/raw", "raw")]
    assert [f.path for f in movies.files] == ["movies/10.tiff", "movies/2.tiff"]
    assert filled.folder("MG-10001", 1, "movi") is filled.folder("MG-10001", 1, "z.map") is filled.folder("MG-10001", 2) is None


def test_a_folder_is_listed_in_pieces(filled: Catalogue) -> None:
    for limit in (1, 2, 3, 4, 5, 6):
        names: list[str] = []
        after: str | None = ""
        while after is not None:
            page = filled.folder("MG-10001", 1, after=after, limit=limit)
            assert page is not None and len(page.folders) + len(page.files) <= limit
            names += [f.name for f in page.folders] + [f.path for f in page.files]
            after = page.next
        assert names == ["a b", "movies", "movies-old", "Übersicht", "z.map"]


def test_a_version_without_files_has_an_empty_top(catalogue: Catalogue) -> None:
    catalogue.put_draft(make_draft())
    top = catalogue.folder("MG-10001", 1)
    assert top is not None and (top.folder.file_count, top.folders, top.files) == (0, (), ())


def test_an_image_comes_back_as_it_was(filled: Catalogue) -> None:
    row = filled.image(ImageId.parse("MG-10001.1.2"))
    assert row is not None and row.record == make_image(2)
    assert filled.image(ImageId.parse("MG-10001.1.4")) is filled.image(ImageId.parse("MG-10001.2.1")) is None


def test_images_of_an_entry_come_in_order_and_in_pieces(filled: Catalogue) -> None:
    page = filled.images("MG-10001", limit=2)
    assert page.total == 3 and [i.id.number for i in page.items] == [1, 2] and page.next == ImageId(EntryId("MG-10001"), 1, 2)
    rest = filled.images("MG-10001", 1, after=page.next, limit=2)
    assert rest.total == 3 and [i.id.number for i in rest.items] == [3] and rest.next is None
    micrographs = filled.images("MG-10001", kind="micrograph", limit=1)
    assert micrographs.total == 2 and [i.id.number for i in micrographs.items] == [1]
    assert filled.images("MG-10009").total == filled.images("MG-10001", 2).total == 0


def test_images_of_all_public_entries_come_in_order_and_in_pieces(filled: Catalogue) -> None:
    filled.put_version(make_entry("MG-10002"), files=(), images=[make_image(1)])
    filled.put_version(make_entry("MG-10002", 2), files=(), images=[make_image(1), make_image(2)])
    filled.put_draft(make_draft("MG-10003"), (), [make_image(1)])
    found: list[str] = []
    after: ImageId | None = None
    while True:
        page = filled.images(after=after, limit=2)
        assert page.total == 5
        found += [str(i.id) for i in page.items]
        after = page.next
        if after is None:
            break
    assert found == ["MG-10001.1.1", "MG-10001.1.2", "MG-10001.1.3", "MG-10002.2.1", "MG-10002.2.2"]
    assert filled.images(kind="micrograph").total == 2


def test_a_long_listing_is_written_in_many_transactions_and_seen_at_once(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_PIECE", 7)
    catalogue.put_version(make_entry(), files=[make_file("old")], images=())

    def files() -> Iterator[FileRecord]:
        for i in range(40):
            yield make_file(f"f{i:02}/x")
            assert [f.path for f in catalogue.files("MG-10001", 1)] == ["old"]

    catalogue.put_version(make_entry(), files=files(), images=[make_image(i) for i in range(1, 31)])
    assert len(catalogue.files("MG-10001", 1)) == 40 and catalogue.images("MG-10001").total == 30
    with catalogue.read() as connection:
        assert writing.unused_listings(connection) == []


def test_a_writer_that_dies_leaves_the_old_listing_and_the_next_one_cleans_up(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_PIECE", 7)
    catalogue.put_version(make_entry(), files=[make_file("old")], images=())

    def files() -> Iterator[FileRecord]:
        yield from (make_file(f"f{i}") for i in range(20))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.put_version(make_entry(), files=files(), images=())
    assert [f.path for f in catalogue.files("MG-10001", 1)] == ["old"]
    with catalogue.read() as connection:
        assert len(writing.unused_listings(connection)) == 1
    catalogue.put_version(make_entry(), files=[make_file("new")], images=())
    assert [f.path for f in catalogue.files("MG-10001", 1)] == ["new"]
    with catalogue.read() as connection:
        assert writing.unused_listings(connection) == []


def test_hostile_paths_find_nothing_or_are_refused(filled: Catalogue) -> None:
    for path in ("a\0b", "\udcff", "'; --", "%", "../z.map"):
        for question in (lambda p: filled.file("MG-10001", 1, p), lambda p: filled.folder("MG-10001", 1, p)):
            try:
                assert question(path) is None
            except InvalidInputError:
                assert path in ("a\0b", "\udcff")
    with pytest.raises(InvalidInputError):
        filled.version("MG-10001", 10**30)
