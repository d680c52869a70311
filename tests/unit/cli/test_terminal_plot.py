from micrographia.cli.terminal_plot import curve_plot


def drawn(curves):
    plot = curve_plot([0, 1, 2], curves, y_ticks=(0, 0.5, 1), x_ticks={1: "2 Å", 2: "1 Å"}, width=20, height=5)
    return plot, plot.plain.split("\n")


def test_a_falling_line_begins_at_the_top_and_ends_at_the_bottom():
    _, lines = drawn({"unmasked": [1, 0.5, 0]})
    assert lines[0][7] != " "
    assert lines[0][-1] in " ⠁"  # only the dots of the rule
    assert lines[4][26] not in " ⡀"
    assert lines[0].startswith("     1")
    assert lines[4].startswith("     0")
    assert lines[5].split() == ["2", "Å", "1", "Å"]
    assert lines[6].strip() == "━ unmasked"


def test_values_beyond_the_axis_stay_on_its_edge_and_curves_have_colours_of_their_own():
    plot, lines = drawn({"masked": [1, 3, 1], "unmasked": [0, -2, 0]})
    assert "⠉" in lines[0]
    assert "⣀" in lines[4]
    assert {span.style for span in plot.spans} >= {"cyan", "yellow"}
