"""Charts are well-formed, show their numbers, stay inside their frame and escape what they are given."""

import math
import re
from xml.etree import ElementTree

import pytest

from micrographia.web.pages.plots import Curve, Line, line_chart

FREQUENCY = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25]
FALLING = [1.0, 0.98, 0.8, 0.4, 0.1, 0.02]


def chart(*curves, **more):
    given = {"title": "Correlation", "x_name": "Spatial frequency, 1/Å", "y_name": "FSC"} | more
    made = str(line_chart(curves, **given))
    return ElementTree.fromstring(made), made


def points(path):
    return [tuple(map(float, p.split())) for p in re.split("[ML]", path.get("d")) if p]


def test_a_chart_is_one_picture_with_a_name_and_its_numbers():
    figure, text = chart(Curve("masked", FREQUENCY, FALLING), Curve("unmasked", FREQUENCY, FALLING[::-1]))
    (picture,) = figure.findall(".//*[@role='img']")
    assert picture.get("aria-label") == "Correlation: masked, unmasked."
    assert [th.text for th in figure.iter("th")] == ["Spatial frequency, 1/Å", "masked", "unmasked"]
    assert [[td.text for td in row.iter("td")] for row in figure.iter("tr")][2] == ["0.05", "0.98", "0.1"]
    assert "style=" not in text  # the policy of our pages allows none


def test_curves_fill_the_frame_from_corner_to_corner():
    figure, _ = chart(Curve("masked", FREQUENCY, FALLING), y_range=(0.02, 1))
    (path,) = figure.findall(".//svg[@viewBox='0 0 1000 1000']/path")
    assert points(path)[0] == (0, 0) and points(path)[-1] == (1000, 1000)


def test_below_spatial_frequencies_stand_resolutions():
    figure, _ = chart(Curve("masked", FREQUENCY, FALLING), is_spatial_frequency=True)
    words = [t.text for t in figure.find(".//svg[@class='x-axis two']")]
    assert dict(zip(words[::2], words[1::2], strict=True)) == {"0": "∞", "0.05": "20", "0.1": "10", "0.15": "6.67", "0.2": "5", "0.25": "4"}


def test_a_line_breaks_where_there_is_no_number_and_is_cut_at_the_edge():
    figure, _ = chart(Curve("masked", FREQUENCY, [1, 0.9, math.nan, 5, -7, 0.1]), y_range=(0, 1))
    (path,) = figure.findall(".//svg[@viewBox='0 0 1000 1000']/path")
    assert path.get("d").count("M") == 2
    assert [y for _, y in points(path)] == [0, 100, 0, 1000, 900]


def test_a_logarithmic_axis_has_powers_of_ten_and_no_place_for_zero():
    figure, _ = chart(Curve("voxels", FREQUENCY, [0, 10, 1e5, 1e3, 10, 1]), is_log=True)
    assert [t.text for t in figure.find(".//svg[@class='y-axis']")] == ["10⁰", "10¹", "10²", "10³", "10⁴", "10⁵"]
    (path,) = figure.findall(".//svg[@viewBox='0 0 1000 1000']/path")
    assert points(path)[0] == (200, 800)


def test_thresholds_and_declared_values_lie_where_they_belong():
    curve = Curve("masked", FREQUENCY, FALLING)
    figure, _ = chart(curve, y_range=(0, 1), across=[Line(0.143, "0.143")], upright=[Line(0.2, "5 Å"), Line(0.9, "beyond")])
    assert figure.find(".//line[@class='across']").get("y1") == "85.70%"
    assert [line.get("x1") for line in figure.iterfind(".//line[@class='upright']")] == ["80.00%"]


def test_what_depositors_wrote_is_escaped():
    figure, text = chart(Curve("<b>mask</b>", FREQUENCY, FALLING), Curve("other", [0, 1], [1, 0]), title='"<script>')
    assert "<b>" not in text and "<script>" not in text
    assert figure.find("figcaption").text == '"<script>'


@pytest.mark.parametrize("curves", [[], [Curve("nothing", [0, 1], [math.nan, math.inf])]])
def test_without_numbers_there_is_no_chart(curves):
    assert line_chart(curves, title="t", x_name="x", y_name="y") == ""


def test_long_tables_are_thinned():
    figure, text = chart(Curve("long", list(range(500)), list(range(500))))
    assert len(figure.findall(".//tbody/tr")) == 56 and "One row in 9" in text
