"""STAR tables: the grammar, against starfile where it reads the file, and what RELION's columns mean."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import starfile
from hypothesis import given, settings
from hypothesis import strategies as st

from micrographia.formats import relion, star
from micrographia.formats.description import UnreadableError
from micrographia.formats.source import BytesSource, FileSource
from micrographia.formats.star import read_star

REAL = ("teamtomo_starfile", "gpl/relion", "gpl/pytom", "gpl/cryodrgn", "gpl/aspire", "hanjinliu_cylindra", "emdb-empiar_sfftk")


def read(text: str, columns=None):
    return read_star(BytesSource(text.encode(), "a.star"), columns)


def meaning(text: str) -> dict:
    return dict(star.inspect(BytesSource(text.encode(), "a.star"), "a.star").metadata)


def test_a_loop_gives_text_and_numbers():
    table = read("data_p\nloop_\n_rlnA #1\n_rlnB #2\n 1.5 a.mrc\n nope b.mrc\n")["p"].tables[0]
    assert table.columns == ("rlnA", "rlnB")
    assert (table.row_count, table.is_loop) == (2, True)
    assert table.text("rlnB").tolist() == ["a.mrc", "b.mrc"]
    np.testing.assert_array_equal(table.numbers("rlnA"), [1.5, np.nan])


def test_single_values_are_a_table_of_one_row():
    block = read("data_\n_a 1\n_b 'two words'\n_c\n3\n_d\n;first\nsecond\n;\n")[""]
    assert [block.value(c) for c in "abcd"] == ["1", "two words", "3", "first\nsecond"]
    assert not block.tables[0].is_loop


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("'a b' c", ["a b", "c"]),
        ('"" x', ["", "x"]),
        ("it's 5'-end", ["it's", "5'-end"]),
        ("'it's here' x", ["it's here", "x"]),
        ("a #b", ["a", "c"]),
        ("data_1.mrc loop_2", ["data_1.mrc", "loop_2"]),
    ],
)
def test_quotes_and_comments_are_read_as_the_grammar_says(row, values):
    table = read(f"data_\nloop_\n_a\n_b\n{row}\n{'c' if '#' in row else ''}\n")[""].tables[0]
    assert [table.text(c)[0] for c in "ab"] == values


def test_rows_may_span_lines_and_hold_text_fields():
    table = read("data_\nloop_\n_a\n_b\n1\n2 3\n;long\ntext\n;\n_after 5\n")[""].tables[0]
    assert table.text("a").tolist() == ["1", "3"]
    assert table.text("b").tolist() == ["2", "long\ntext"]


def test_wanted_columns_alone_are_kept():
    table = read("data_\nloop_\n_a\n_b\n1 2\n", columns=["b"])[""].tables[0]
    assert table.columns == ("a", "b")
    assert table.numbers("b").tolist() == [2.0]
    with pytest.raises(KeyError):
        table.text("a")


@pytest.mark.parametrize(
    "text",
    ["", "hello\n", "loop_\n_a\n1\n", "data_\nloop_\n_a\n_b\n1 2 3\n", "data_\n_a\n;never\nends\n", "data_\nstray\n", "data_\n\0"],
    ids=["empty", "prose", "no block", "ragged", "open text field", "stray value", "binary"],
)
def test_what_is_no_whole_star_file_is_refused_with_a_reason(text):
    with pytest.raises(UnreadableError) as failure:
        read(text)
    assert failure.value.rule == "star.unreadable"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.from_regex(r"[A-Za-z0-9.@/+-]{1,12}", fullmatch=True), min_size=3, max_size=3), max_size=30), st.randoms())
def test_any_table_comes_back_whatever_the_chunks(rows, rng: random.Random):
    text = "data_x\n\nloop_\n_a\n_b\n_c\n" + "".join(f"{' ' * rng.randrange(3)}{'  '.join(row)}\n" for row in rows) + "\n# end\n"
    whole = text.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(star, "_CHUNK_BYTES", rng.randrange(1, 60))
        table = read_star(BytesSource(whole, "a.star"))["x"].tables[0]
    assert table.row_count == len(rows)
    for i, column in enumerate("abc"):
        assert table.text(column).tolist() == [row[i] for row in rows]


def test_windows_line_ends_are_no_part_of_values():
    table = read("data_\r\nloop_\r\n_a #1\r\n_b #2\r\n1 x\r\n2 y\r\n\r\n")[""].tables[0]
    assert table.text("b").tolist() == ["x", "y"]


@pytest.mark.parametrize("folder", REAL)
def test_real_files_are_read_as_starfile_reads_them(real_data, folder):
    paths = sorted((real_data / folder).rglob("*.star"))
    assert paths
    for path in paths:
        blocks = read_star(FileSource(path))
        json.dumps(dict(star.inspect(FileSource(path), path.name).metadata), allow_nan=False)
        if path.name == "test_data3.star":  # mmCIF, which starfile does not read
            assert blocks["7YW1"].value("entry.id") == "7YW1"
            continue
        oracle = starfile.read(path, always_dict=True)
        tables = [t for b in blocks.values() for t in b.tables]
        assert len(tables) == len(oracle)
        for table, expected in zip(tables, oracle.values(), strict=True):
            assert list(table.columns) == list(expected)
            for column in table.columns:
                compare(table, column, expected[column])


def compare(table, column, expected):
    values = np.atleast_1d(np.asarray(expected))
    assert table.row_count == len(values)
    if values.dtype.kind in "iuf":
        np.testing.assert_allclose(table.numbers(column), values)
    else:
        assert table.text(column).tolist() == ["" if v is None or v != v else str(v) for v in values.tolist()]


def test_particles_tell_their_stacks_optics_and_ranges():
    said = meaning(
        "# version 50001\ndata_optics\nloop_\n_rlnOpticsGroup\n_rlnVoltage\n1 300\n\n"
        "data_particles\nloop_\n_rlnImageName\n_rlnDefocusU\n000002@a.mrcs 1e4\n000007@a.mrcs 2e4\n1@b.mrcs 3e4\n"
    )
    assert said["kind"] == "particles"
    assert said["version"] == 50001
    assert said["blocks"]["particles"] == {"columns": ["rlnImageName", "rlnDefocusU"], "row_count": 3, "is_loop": True}
    assert said["references"] == [{"block": "particles", "column": "rlnImageName", "files": {"a.mrcs": 7, "b.mrcs": 1}, "complete": True}]
    assert said["ranges"]["rlnDefocusU"] == [1e4, 3e4]
    assert said["optics"] == [{"rlnOpticsGroup": "1", "rlnVoltage": "300"}]


def test_values_that_are_no_file_names_are_no_references():
    assert "references" not in meaning("data_\nloop_\n_rlnMicrographName\n_rlnImageName\n1 None\n")


def test_a_job_tells_its_type_and_options(real_data):
    path = next((real_data / "hanjinliu_cylindra").rglob("Refine3D/*/job.star"))
    said = star.inspect(FileSource(path), "job.star").metadata
    assert said["kind"] == "job"
    assert said["job"]["type"] == "relion.refine3d.tomo"
    assert said["job"]["options"]["auto_local_sampling"] == "3.7 degrees"


def test_a_pipeline_tells_processes_nodes_and_edges(real_data):
    said = star.inspect(FileSource(real_data / "teamtomo_starfile/default_pipeline.star"), "p").metadata["pipeline"]
    assert said["processes"][0] == {"name": "Import/job001/", "alias": "Import/movies/", "type": "0", "status": "2"}
    assert (len(said["processes"]), len(said["nodes"]), len(said["inputs"]), len(said["outputs"])) == (31, 74, 48, 72)
    assert all(process.startswith(("Import", "MotionCorr")) for process, _ in said["outputs"][:2])


def test_a_tilt_series_tells_its_angles(real_data):
    path = real_data / "gpl/relion/tilt_series_metadata/tilt_series/220728_TS_01.star"
    said = star.inspect(FileSource(path), "t").metadata
    assert said["kind"] == "tilt_series"
    assert len(said["tilt_angles_deg"]) == 41
    assert said["ranges"]["rlnTomoNominalStageTiltAngle"] == [min(said["tilt_angles_deg"]), max(said["tilt_angles_deg"])]


def test_the_list_of_referenced_files_is_bounded_and_says_so(monkeypatch):
    monkeypatch.setattr(relion, "_MOST_FILES", 3)
    text = "data_\nloop_\n_rlnMicrographName\n_rlnVoltage\n" + "".join(f"m{i}.mrc 300\n" for i in range(9))
    survey = relion._Survey(most_files=3)
    star.parse(BytesSource(text.encode(), "a.star"), survey)
    (reference,) = survey.metadata()["references"]
    assert (len(reference["files"]), reference["complete"]) == (3, False)
    assert len(list(relion.referenced_files(BytesSource(text.encode(), "a.star")))) == 9
