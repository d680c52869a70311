import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.model.records import ImageRecord
from micrographia.web.iiif.identifier import split_identifier, view_of
from micrographia.web.iiif.parameters import MOST_PIXELS, MOST_SIDE, UnsupportedError, most, parse_region, parse_rotation, parse_size

SIDES = st.integers(1, 60_000)


def record(axes="zyx", shape=(9, 20, 30), dtype="int16", **more):
    return ImageRecord(number=1, path="a.mrc", format="mrc", kind="tomogram", axes=axes, shape=shape, dtype=dtype, **more)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("full", (0, 0, 300, 200)),
        ("square", (50, 0, 200, 200)),
        ("10,20,30,40", (10, 20, 30, 40)),
        ("290,190,30,40", (290, 190, 10, 10)),
        ("pct:50,50,50,50", (150, 100, 150, 100)),
        ("pct:41.6,7.5,40,70", (125, 15, 120, 140)),
    ],
)
def test_regions(text, expected):
    assert parse_region(text, 300, 200) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b,c,d",
        "1,2,3",
        "0,0,0,10",
        "300,0,1,1",
        "0,200,1,1",
        "pct:100,0,1,1",
        "pct:0,0,0,5",
        "-1,0,5,5",
        "FULL",
        "1,2,3,4.5",
        "pct:a",
    ],
)
def test_regions_without_a_pixel_are_refused(text):
    with pytest.raises(InvalidInputError):
        parse_region(text, 300, 200)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max", (300, 200)),
        ("150,", (150, 100)),
        (",50", (75, 50)),
        ("pct:50", (150, 100)),
        ("30,90", (30, 90)),
        ("!100,100", (100, 67)),
        ("!900,900", (300, 200)),
        ("^!600,600", (600, 400)),
        ("^600,", (600, 400)),
        ("^,400", (600, 400)),
        ("^pct:200", (600, 400)),
        ("^360,360", (360, 360)),
    ],
)
def test_sizes(text, expected):
    assert parse_size(text, 300, 200) == expected


@pytest.mark.parametrize(
    "text", ["", ",", "full", "0,0", "0,", ",0", "pct:0", "301,", ",201", "301,1", "pct:101", "^99999,", "!0,5", "1,2,3", "^", "a,b"]
)
def test_sizes_that_cannot_be_are_refused(text):
    with pytest.raises(InvalidInputError):
        parse_size(text, 300, 200)


@given(SIDES, SIDES, st.booleans())
def test_nothing_is_larger_than_the_limits(width, height, up):
    for size in (most(width, height, up=up), parse_size("^max" if up else "max", width, height)):
        assert min(size) >= 1 and max(size) <= MOST_SIDE and size[0] * size[1] <= MOST_PIXELS
        assert up or (size[0] <= width and size[1] <= height)


@given(SIDES, SIDES, st.integers(1, 3000), st.integers(1, 3000), st.booleans())
def test_confined_sizes_are_confined(width, height, w, h, up):
    size = parse_size(f"{'^' if up else ''}!{w},{h}", width, height)
    assert size[0] <= w and size[1] <= h and (up or (size[0] <= width and size[1] <= height))


@pytest.mark.parametrize(
    ("text", "expected"), [("0", (False, 0)), ("!0", (True, 0)), ("270", (False, 3)), ("360", (False, 0)), ("!180.0", (True, 2))]
)
def test_rotations(text, expected):
    assert parse_rotation(text) == expected


@pytest.mark.parametrize("text", ["13x", "-90", "361", "!", "", "1e1", "nan"])
def test_rotations_that_make_no_sense(text):
    with pytest.raises(InvalidInputError) as refused:
        parse_rotation(text)
    assert not isinstance(refused.value, UnsupportedError)


def test_other_angles_are_not_served():
    with pytest.raises(UnsupportedError, match=r"22\.5"):
        parse_rotation("22.5")


@pytest.mark.parametrize(
    ("given_", "spelled"),
    [
        ("MG-10001.1.1", "MG-10001.1.1:z=4"),
        ("MG-10001.1.1:max=10,z=3,min=0.50", "MG-10001.1.1:z=3,min=0.5,max=10"),
        ("MG-10001.1.1:y=3,colour=00FF88", "MG-10001.1.1:y=3,colour=00ff88"),
        ("MG-10001.1.1:projection=max,invert=1", "MG-10001.1.1:projection=max,invert=1"),
    ],
)
def test_identifiers_have_one_spelling(given_, spelled):
    image, options = split_identifier(given_)
    view = view_of(image, record(), options)
    assert view.identifier == spelled
    assert view_of(image, record(), split_identifier(spelled)[1]) == view


def test_a_plane_needs_no_options():
    assert view_of("MG-10001.1.1", record("yx", (20, 30)), {}).identifier == "MG-10001.1.1"


def test_colours_are_shown_together_unless_one_is_named():
    colour = record("cyx", (3, 20, 30), "uint8", channels=("red", "green", "blue"))
    assert view_of("MG-10001.1.1", colour, {}).colours == "c"
    view = view_of("MG-10001.1.1", colour, {"c": "1"})
    assert (view.colours, view.identifier, view.picked) == ("", "MG-10001.1.1:c=1", {"c": 1})


@pytest.mark.parametrize(
    "text",
    [
        "z=9",
        "z=-1",
        "z=a",
        "z=1,y=1",
        "t=0",
        "projection=sum",
        "z=1,projection=max",
        "min=nan",
        "min=5,max=4",
        "colour=red",
        "invert=2",
        "min=1e999",
    ],
)
def test_pictures_that_are_not_there(text):
    with pytest.raises(NotFoundError):
        view_of("MG-10001.1.1", record(), split_identifier(f"MG-10001.1.1:{text}")[1])


@pytest.mark.parametrize("text", ["MG-10001.1.1:", "MG-10001.1.1:z", "MG-10001.1.1:z=1,z=2", "MG-10001.1.1:q=1", "MG-10001.1.1:z=1;c=2"])
def test_texts_that_are_no_identifiers(text):
    with pytest.raises(NotFoundError):
        split_identifier(text)
