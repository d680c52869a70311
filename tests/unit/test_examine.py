from __future__ import annotations

import os
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from micrographia import examine
from micrographia.errors import InvalidInputError
from micrographia.examine import Descriptions, Given, examine_structure, fill, read_data, read_sheet
from micrographia.formats.description import FileDescription
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout, Statistics, VoxelSize
from micrographia.model.sheet import Author, Sheet
from micrographia.settings import Settings

SETTINGS = Settings(workers=1)
HEADER = ImageHeader(
    "zyx",
    (2, 3, 4),
    "float32",
    VoxelSize(None, 1.0, 1.0),
    layout=RawLayout(1024, (48, 16, 4), "<f4"),
    header_statistics=Statistics(0, 1, 0.5, 0.1),
)


def descriptions(number: int) -> list[FileDescription]:
    remark = Finding("mrc.standard", "warning", "a", "It departs from the standard.")
    return [FileDescription(f"{n}.mrc", n, "mrc", "image/x", (HEADER,), {"n": [n]}, (remark,) * (n % 2)) for n in range(number)]


@pytest.mark.parametrize("number", [0, 1, 64, 65, 300])
def test_descriptions_come_back_as_often_as_asked(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "_IN_MEMORY_BYTES", 2000)  # the rest lies in a file
    kept = Descriptions(iter(descriptions(number)))
    assert list(kept) == list(kept) == descriptions(number)
    assert (kept.file_count, kept.size_bytes) == (number, sum(range(number)))


def test_one_reading_may_go_on_inside_another() -> None:
    kept = Descriptions(descriptions(130))
    assert sum(a.path == b.path for a in kept for b in kept) == 130


def test_members_of_a_folder_that_is_one_image_are_counted() -> None:
    zarr = FileDescription("a.zarr", 30, "ome_zarr", "", members=("a.zarr/zarr.json", "a.zarr/0/c/0"))
    assert Descriptions([zarr]).file_count == 2


def test_what_is_given_fills_and_does_not_replace() -> None:
    written = Sheet(title="Cork", authors=(Author(name="Hooke, Robert"),))
    given = Given("Flea", ("Leeuwenhoek, Antoni van",))
    assert fill(written, given) == written
    assert fill(Sheet(), given).title == "Flea"
    assert [a.name for a in fill(written, given, prefer_given=True).authors] == ["Leeuwenhoek, Antoni van"]
    assert fill(written, Given()) == written
    with pytest.raises(InvalidInputError, match="cannot be used"):
        fill(Sheet(), Given("a\x1bb"))


def test_only_a_plain_file_is_read_as_a_sheet(tmp_path: Path) -> None:
    assert read_sheet(tmp_path) == (None, ())
    (tmp_path / "secret").write_text("title: secret")
    (tmp_path / "entry.yaml").symlink_to(tmp_path / "secret")
    text, (finding,) = read_sheet(tmp_path)
    assert text is None and finding.rule == "sheet.unreadable" and "secret" not in finding.message
    (tmp_path / "entry.yaml").unlink()
    os.mkfifo(tmp_path / "entry.yaml")
    assert read_sheet(tmp_path)[0] is None
    (tmp_path / "entry.yaml").unlink()
    (tmp_path / "entry.yaml").mkdir()
    assert read_sheet(tmp_path)[1][0].severity == "error"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with mrcfile.new(tmp_path / "map.mrc") as file:
        file.set_data(np.random.default_rng(1665).normal(size=(4, 5, 6)).astype("f4"))
        file.voxel_size = 1.5
        file.set_volume()
    return tmp_path


def test_a_folder_without_a_sheet_is_not_blamed_for_it_until_it_is_deposited(folder: Path) -> None:
    assert examine_structure(folder, settings=SETTINGS).report.errors == 0
    refused = examine_structure(folder, settings=SETTINGS, deposit=True)
    assert refused.report.errors > 0
    given = Given("Cork", ("Hooke, Robert",))
    accepted = examine_structure(folder, settings=SETTINGS, given=given, deposit=True)
    assert accepted.report.errors == 0 and accepted.sheet.title == "Cork"


def test_what_was_given_is_no_blank_any_more(folder: Path) -> None:
    (folder / "entry.yaml").write_text('title: "?"\nauthors: [{name: "?", orcid: "?"}]\nabstract: "?"\nother_files: ["*"]\n')
    given = Given("Cork", ("Hooke, Robert",))
    assert examine_structure(folder, settings=SETTINGS, given=given, deposit=True).blanks == ("abstract",)


def test_the_pass_over_the_data_measures_each_file_and_reads_none_that_was_refused(folder: Path) -> None:
    (folder / "outside.mrc").symlink_to("/etc/passwd")
    found = examine_structure(folder, settings=SETTINGS)
    read: list[int] = []
    facts = read_data(found, progress=read.append)
    assert set(facts) == {"map.mrc"}
    assert sum(read) == (folder / "map.mrc").stat().st_size
    expected = mrcfile.read(folder / "map.mrc")
    (statistics,) = facts["map.mrc"].statistics
    assert statistics is not None and statistics.mean == pytest.approx(float(expected.mean()), abs=1e-6)
    assert found.judged(facts).report.errors == found.report.errors > 0


def test_what_is_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="not a folder"):
        examine_structure(tmp_path / "nowhere", settings=SETTINGS)
