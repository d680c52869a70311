"""The same answers, whichever way an archive is reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from micrographia.cli.application import application
from micrographia.client import Archive
from micrographia.errors import GoneError, InvalidInputError, NotFoundError, UnavailableError
from micrographia.model.image import VoxelSize


def oracle(path: Path) -> np.ndarray[Any, Any]:
    array = mrcfile.read(path) if path.suffix == ".mrc" else tifffile.imread(path)
    return array.astype(array.dtype.newbyteorder("="))


def test_an_entry_says_what_it_is(archive: Archive) -> None:
    entry = archive["MG-10001"]
    assert entry.title == "Schematisme of cork"
    assert entry.authors == ["Hooke, Robert", "Leeuwenhoek, Antoni van"]
    assert entry.licence == "CC0-1.0"
    assert entry.version == 2 and entry.versions == [1, 2]
    assert entry.citation.startswith("Hooke, Robert; Leeuwenhoek, Antoni van (")
    assert "MG-10001, version 2" in entry.citation
    assert entry.metadata["status"] == "RELEASED" and entry.metadata["change_note"] == "Corrected the notes."
    assert repr(entry) == "<Entry MG-10001 version 2: Schematisme of cork>"


def test_every_way_tells_the_same(archive: Archive, home: Path) -> None:
    import micrographia

    with micrographia.open(str(home)) as reference:
        entry, expected = archive["MG-10001"], reference["MG-10001"]
        assert {**entry.metadata, "derived": {}} == {**expected.metadata, "derived": {}}
        assert [f.sha256 for f in entry.files] == [f.sha256 for f in expected.files]
        assert [{**i.metadata, "derived": {}} for i in entry.images] == [{**i.metadata, "derived": {}} for i in expected.images]


def test_how_maps_were_made_is_told_by_a_server(archive: Archive) -> None:
    if "://" not in archive.location:
        with pytest.raises(UnavailableError, match="a question to a server"):
            archive.trace("MG-10001", "MG-10001")
        return
    told = archive.trace("MG-10001", "MG-10001")
    assert told["differences"] == []
    typed = CliRunner().invoke(application, ["trace", "MG-10001", "MG-10001", "--server", archive.location, "--json"])
    assert json.loads(typed.stdout) == told
    with pytest.raises(NotFoundError):
        archive.trace("MG-10001", "MG-99999")


def test_an_older_version_is_still_there(archive: Archive, tmp_path: Path) -> None:
    first, second = archive["MG-10001"].at(1), archive.entry("MG-10001", 2)
    assert first.version == 1
    assert first.files["notes.txt"].sha256 != second.files["notes.txt"].sha256
    assert first.files["map.mrc"].sha256 == second.files["map.mrc"].sha256
    first.download("notes.txt", to=tmp_path, progress=False)
    assert "schematisme" in (tmp_path / "notes.txt").read_text()
    with pytest.raises(NotFoundError, match="no version 3"):
        first.at(3)


def test_files_are_a_sequence_and_a_lookup(archive: Archive) -> None:
    files = archive["MG-10001"].files
    assert {f.path for f in files} == {"map.mrc", "big_endian.mrc", "sub dir/deflated é#.tif", "notes.txt", "empty.dat"}
    assert len(files) == 5
    assert files["empty.dat"].size_bytes == 0
    assert [f.path for f in files.glob("*.tif")] == ["sub dir/deflated é#.tif"]
    assert files["map.mrc"].format.startswith("mrc") or files["map.mrc"].format
    assert files["sub dir/deflated é#.tif"].url.endswith("/files/MG-10001/2/sub%20dir/deflated%20%C3%A9%23.tif")


def test_images_say_what_they_are(archive: Archive) -> None:
    images = archive["MG-10001"].images
    image = images["map.mrc"]
    assert image.axes == "zyx" and image.shape == (20, 24, 28) and image.ndim == 3
    assert image.dtype == np.dtype("float32") and image.dtype.isnative
    assert image.voxel_size == VoxelSize(1.5, 1.5, 1.5, "angstrom")
    assert image.id.startswith("MG-10001.2.") and archive.image(image.id).path == "map.mrc"
    assert image.nbytes == 20 * 24 * 28 * 4 and image.size == 20 * 24 * 28 and len(image) == 20
    assert image.statistics is not None
    assert image.url.endswith(f"/images/{image.id}")
    assert len(images) == 3 and images[-1].id.endswith(".3")


INDICES = [np.s_[...], np.s_[2], np.s_[-1, 1:4, :], np.s_[1, 2, 3], np.s_[::2, ::-3], np.s_[..., 4], np.s_[:, 5:2], np.s_[0:1, 2:, :-1]]


@pytest.mark.parametrize("name", ["map.mrc", "big_endian.mrc", "sub dir/deflated é#.tif"])
def test_any_slice_is_what_numpy_makes_of_the_file(archive: Archive, sources: Path, name: str) -> None:
    image, expected = archive["MG-10001"].images[name], oracle(sources / name)
    for index in INDICES:
        got = image[index]
        assert got.dtype == expected.dtype and got.dtype.isnative
        np.testing.assert_array_equal(got, expected[index])
    np.testing.assert_array_equal(np.asarray(image), expected)
    np.testing.assert_array_equal(np.concatenate([b.reshape(-1) for b in image.blocks(1000)]), expected.reshape(-1))
    assert [section.shape for section in image] == [expected.shape[1:]] * len(expected)


def test_an_index_out_of_the_image_is_an_error_in_words(archive: Archive) -> None:
    with pytest.raises(InvalidInputError, match="Axis 0"):
        archive["MG-10001"].images["map.mrc"][20]


def test_everything_comes_back_byte_for_byte(archive: Archive, sources: Path, tmp_path: Path) -> None:
    paths = archive["MG-10001"].download(to=tmp_path / "all", progress=False)
    got = {str(p.relative_to(tmp_path / "all")): p.read_bytes() for p in paths}
    assert got == {str(p.relative_to(sources)): p.read_bytes() for p in sources.rglob("*") if p.is_file()}


def test_globs_choose_files_and_a_glob_for_nothing_is_said(archive: Archive, tmp_path: Path) -> None:
    entry = archive["MG-10001"]
    assert {p.name for p in entry.download(["*.mrc", "empty.dat"], to=tmp_path, progress=False)} == {
        "map.mrc",
        "big_endian.mrc",
        "empty.dat",
    }
    with pytest.raises(NotFoundError, match=r"matches '\*\.czi'"):
        entry.download(["*.mrc", "*.czi"], to=tmp_path, progress=False)


def test_search_finds_words_and_nothing_private_or_withdrawn(archive: Archive) -> None:
    assert [e.accession for e in archive.search("cork schematisme")] == ["MG-10001"]
    assert {e.accession for e in archive.search()} == {"MG-10001", "MG-10002"}
    assert [e.title for e in archive.search("Louse")] == []
    assert [e.title for e in archive.search("Gnat")] == []
    assert [e.accession for e in archive.search("hooke", licence="CC0-1.0")][-1:] == ["MG-10002"]
    assert list(archive.search("hooke", licence=["CC-BY-4.0"])) == []
    with pytest.raises(InvalidInputError):
        list(archive.search("", colour="green"))


def test_an_obsolete_entry_says_what_replaces_it(archive: Archive) -> None:
    entry = archive["MG-10002"]
    assert (entry.metadata["status"], entry.metadata["superseded_by"]) == ("OBSOLETE", "MG-10001")


@pytest.mark.parametrize("accession", ["MG-10003", "MG-10005"])
def test_a_withdrawn_entry_answers_with_its_tombstone(archive: Archive, accession: str) -> None:
    with pytest.raises(GoneError) as gone:
        archive[accession]
    assert gone.value.tombstone["reason"]
    with pytest.raises(GoneError):
        archive.image(f"{accession}.1.1")


@pytest.mark.parametrize("accession", ["MG-10004", "MG-99999"])
def test_a_draft_is_as_unknown_as_what_never_was(archive: Archive, accession: str) -> None:
    with pytest.raises(NotFoundError):
        archive[accession]


@pytest.mark.parametrize("text", ["", "10001", "MG-1", "../MG-10001", "MG-10001/..", "EMD-1832"])
def test_what_is_no_accession_is_said(archive: Archive, text: str) -> None:
    with pytest.raises(InvalidInputError, match="not an accession"):
        archive[text]


def test_an_image_that_is_not_there_is_not_found(archive: Archive) -> None:
    with pytest.raises(NotFoundError):
        archive.image("MG-10001.2.99")
    with pytest.raises(InvalidInputError):
        archive.image("MG-10001")
