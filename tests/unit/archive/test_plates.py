from types import SimpleNamespace

import pytest

from micrographia.archive.plate_library import read_library
from micrographia.archive.plates import Window, parse_well, plates_of, row_name, well_name
from micrographia.catalogue import ImagePage, ImageRow
from micrographia.ids import EntryId, ImageId
from micrographia.model.image import Statistics
from micrographia.model.lifecycle import State
from micrographia.model.records import ImageRecord
from micrographia.model.sheet import Sheet

ENTRY = EntryId("MG-10001")


def plates(paths, *, shapes=None, axes="yx", statistics=None, **screen):
    """Plates of images with these names."""
    rows = []
    for n, path in enumerate(paths, start=1):
        shape = (shapes or {}).get(path, (4,) * len(axes))
        record = ImageRecord(
            number=n,
            path=path,
            format="tiff",
            kind="field",
            axes=axes,
            shape=shape,
            dtype="uint16",
            statistics=(statistics or {}).get(path),
        )
        rows.append(ImageRow(ImageId(ENTRY, 1, n), State.RELEASED, record))

    def images(*_, after=None, limit, **__):
        found = [r for r in rows if after is None or r.id > after]
        return ImagePage(len(rows), tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)

    sheet = Sheet.model_validate({"title": "Cork", "screens": [{"id": "cork", "plates": ["**"], **screen}]})
    archive = SimpleNamespace(catalogue=SimpleNamespace(images=images))
    return plates_of(archive, SimpleNamespace(sheet=sheet, accession=str(ENTRY), version=1))


NAMES = r"(?P<row>[A-Z]+)(?P<column>\d+)_f(?P<field>\d+)_(?P<channel>\w+)\.tif"


@pytest.mark.parametrize(("text", "place"), [("A1", (0, 0)), ("h12", (7, 11)), ("B-03", (1, 2)), ("AF48", (31, 47)), (" C 4 ", (2, 3))])
def test_wells_have_names(text, place):
    assert parse_well(text) == place
    assert parse_well(well_name(*place)) == place


@pytest.mark.parametrize("text", ["", "A", "1", "A0", "1A", "A1B", "A999", "ZZ1", "²1", "A²"])
def test_what_is_no_well(text):
    assert parse_well(text) is None


def test_rows_go_on_after_z():
    assert [row_name(n) for n in (0, 25, 26, 31, 51, 52)] == ["A", "Z", "AA", "AF", "AZ", "BA"]


def test_channels_of_a_field_are_put_together_and_fields_count_as_people_do():
    paths = [f"p/{well}_f{field}_{channel}.tif" for well in ("A1", "C2") for field in (10, 2) for channel in ("red", "blue")]
    (plate,) = plates(paths, pattern=NAMES, channels=[{"name": "red"}, {"name": "blue"}])
    assert (plate.name, plate.axes, plate.lengths, plate.channels) == ("p", "c", (2,), ("red", "blue"))
    assert (plate.rows, plate.columns) == (3, 2) and list(plate.wells) == [(0, 0), (2, 1)]
    two, ten = plate.wells[0, 0]
    assert two.images == {(0,): 3, (1,): 4} and ten.images == {(0,): 1, (1,): 2}


def test_what_cannot_be_put_together_is_a_field_of_its_own():
    paths = ["p/A1_f1_a.tif", "p/A1_f1_b.tif", "q/A1_f1_a.tif"]
    first, _ = plates(paths, pattern=NAMES, shapes={"p/A1_f1_b.tif": (4, 5)})
    assert [dict(f.images) for f in first.wells[0, 0]] == [{(0,): 1}, {(1,): 2}]
    (whole,) = plates(["p/A1_f1_a.tif", "p/A1_f1_b.tif"], pattern=NAMES, axes="cyx")
    assert whole.axes == "" and [dict(f.images) for f in whole.wells[0, 0]] == [{(): 1}, {(): 2}]
    (large,) = plates(["p/A1_f1_a.tif"], pattern=NAMES, geometry={"rows": 8, "columns": 12})
    assert (large.rows, large.columns) == (8, 12)


def test_plates_are_named_by_the_pattern_or_by_what_tells_their_folders_apart():
    assert [p.title for p in plates(["a/A1_f1_x.tif"], pattern=NAMES)] == ["a"]
    assert [p.title for p in plates(["A1_f1_x.tif"], pattern=NAMES)] == ["cork"]
    assert [p.title for p in plates(["d/one/img/A1_f1_x.tif", "d/two/img/A1_f1_x.tif"], pattern=NAMES)] == ["one", "two"]
    named = plates(["d/P1_A1_f1_x.tif", "d/P2_A1_f1_x.tif"], pattern=r"(?P<plate>P\d)_" + NAMES)
    assert [(p.title, p.name) for p in named] == [("P1", "P1"), ("P2", "P2")]
    same = plates(["a b/A1_f1_x.tif", "a_b/A1_f1_x.tif"], pattern=NAMES)
    assert [p.name for p in same] == ["a-b", "a-b--2"]


def test_the_grey_levels_of_a_channel_are_those_of_the_whole_plate():
    paths = [f"p/A{n}_f1_x.tif" for n in range(1, 21)]
    known = {path: Statistics(n, 1000 + n, 0, 1, low=10.0, high=100.0 * n) for n, path in enumerate(paths)}
    (plate,) = plates(paths, pattern=NAMES, statistics=known)
    (window,) = plate.windows
    assert (window.least, window.most, window.black) == (0, 1019, 10) and 1600 < window.white < 1900
    assert plates(paths[:1], pattern=NAMES)[0].windows == (Window(0.0, 1.0, 0.0, 1.0),)


@pytest.mark.parametrize("pattern", ["", "(", r"(?P<row>[A-Z]+)"])
def test_without_a_pattern_that_tells_wells_there_are_no_plates(pattern):
    assert plates(["p/A1_f1_x.tif"], pattern=pattern) == ()


def test_names_that_tell_no_well_are_left_out():
    assert plates(["p/notes.tif", "p/A999_f1_x.tif", "p/ZZZ1_f1_x.tif"], pattern=NAMES) == ()


def test_a_library_tells_what_wells_got():
    text = "Plate\tWell\tGene Symbol\tTerm Source 1 REF\nP1\tA01\tNCOA1\tNCBI\nP2\tA1\tPSAP\t\nP1\tB2\t\t\n"
    assert read_library(text, {"p1"}) == {(0, 0): (("Gene Symbol", "NCOA1"),), (1, 1): ()}
    assert read_library(text, {"p2"}) == {(0, 0): (("Gene Symbol", "PSAP"),)}
    assert read_library(text, {"p3"}) == {}
    assert read_library("ImageNumber,Column,Row,Dose\n1,01,A,0.5\n", set()) == {(0, 0): (("ImageNumber", "1"), ("Dose", "0.5"))}


@pytest.mark.parametrize(
    "text", ["", "\n", "a,b\n1,2\n", "Well\n", "Well,\x00\nA1,\x00\n", "Row,Column\n,\n²,²\n", 'Well,x\nA1,"' + "x" * 200_000]
)
def test_tables_that_tell_nothing_are_no_libraries(text):
    assert read_library(text, set()) in ({}, {(0, 0): ()}, {(0, 0): (("\x00", "\x00"),)})
