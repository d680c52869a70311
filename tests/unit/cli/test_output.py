from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from micrographia.cli import output
from micrographia.cli.findings import findings_table, summary
from micrographia.errors import InvalidInputError
from micrographia.model.finding import Finding, Report

REPORT = Report.of(
    [
        Finding("mrc.size", "error", "a/lying.mrc", "The header asks for more than the file holds.", "5 kB", "16 TB", "Copy it again."),
        Finding("mrc.voxel_size", "warning", "b.mrc", "The voxel size is 0.", "0 Å"),
        Finding("file.name", "error", "x\x1b[31m\x07.mrc", "The name holds control characters.", hint="Rename it."),
    ]
)


@pytest.fixture(autouse=True)
def _no_json() -> Iterator[None]:
    output.ask_json(False)
    yield
    output.ask_json(False)


def test_findings_are_grouped_by_severity_with_found_expected_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(findings_table(REPORT))
    said = capsys.readouterr().out
    assert said.index("2 errors") < said.index("a/lying.mrc") < said.index("1 warning") < said.index("b.mrc")
    flat = " ".join(said.split())
    assert "Found 5 kB, expected 16 TB." in flat
    assert "→ Copy it again." in flat
    assert "[mrc.size]" in flat
    assert summary(REPORT) == "2 errors, 1 warning, 0 notes"


def test_no_name_drives_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(findings_table(REPORT), "\x1b]0;title\x07", "[red]no markup[/red]", "\u202e.mrc", "caf\udce9")
    said = capsys.readouterr().out
    assert "\x1b" not in said and "\x07" not in said and "\u202e" not in said
    assert "\\x1b[31m\\x07" in said
    assert "[red]no markup[/red]" in said


def test_many_findings_are_cut_with_a_word_about_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(findings_table(Report.of(Finding("mrc.size", "note", f"{n}.mrc", "m") for n in range(250))))
    said = " ".join(capsys.readouterr().out.split())
    assert "250 notes" in said and "… and 246 more of mrc.size" in said and "and 226 more; --json lists all" in said


def test_with_json_stdout_is_one_document_and_the_rest_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.ask_json(True)
    output.say("for people")
    output.answer({"name": "caf\udce9 Å"}, "not for json")
    said = capsys.readouterr()
    assert json.loads(said.out) == {"name": "caf\udce9 Å"}
    assert said.err == "for people\n"


def test_a_failure_is_told_with_its_findings(capsys: pytest.CaptureFixture[str]) -> None:
    error = InvalidInputError("The folder has 2 errors.", [f.as_json() for f in REPORT.findings])
    output.say_failure(error)
    said = capsys.readouterr()
    assert said.out == ""
    assert "a/lying.mrc" in said.err and said.err.endswith("error: The folder has 2 errors.\n")
    output.ask_json(True)
    output.say_failure(error)
    assert json.loads(capsys.readouterr().out)["findings"] == [f.as_json() for f in REPORT.findings]


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (123_456, "123 kB"), (5.2e15, "5.2 PB")]
)
def test_sizes_are_told_as_people_read_them(number: float, text: str) -> None:
    assert output.size(number) == text


def test_progress_says_nothing_where_no_person_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("reading", unit="bytes", total=10) as advance:
        advance(5)
    assert capsys.readouterr() == ("", "")
