"""From a folder to a published entry and back, by commands alone."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GIVEN = ("--title", "Schematisme of cork", "--author", "Hooke, Robert", "--author", "Leeuwenhoek, Antoni van")
HOME = ("--home", "archive")


def test_a_deposit_says_its_accession_its_page_and_how_to_cite_it(run: Callable[..., Any], folder: Path) -> None:
    said = run("deposit", "cork", *HOME, "--release", *GIVEN).stdout
    assert "MG-10001 version 1 is released: 2 files" in said
    assert "/entries/MG-10001" in said
    assert re.search(r"Cite it: Hooke, Robert; Leeuwenhoek, Antoni van \(\d{4}\)\. Schematisme of cork\. .*MG-10001", said)


def test_the_life_of_an_entry(run: Callable[..., Any], run_json: Callable[..., Any], folder: Path) -> None:
    draft = run_json("deposit", "cork", *HOME, *GIVEN)
    assert (draft["accession"], draft["version"], draft["status"]) == ("MG-10001", 1, "DRAFT")
    assert run_json("show", "MG-10001", *HOME)["state"] == "DRAFT"
    assert "WrongStateError" in run("release", "MG-10001", *HOME, "--json", exit_code=8).stdout
    assert run_json("submit", "MG-10001", *HOME)["status"] == "SUBMITTED"
    assert run_json("return", "MG-10001", *HOME, "--comment", "Which cork?")["status"] == "DRAFT"
    run("submit", "MG-10001", *HOME)
    assert run_json("accept", "MG-10001", *HOME)["status"] == "ACCEPTED"
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    assert run_json("hold", "MG-10001", *HOME, "--until", day)["hold_until"] == day
    assert run_json("search", "cork", *HOME) == {"total": 0, "items": []}
    assert run_json("release", "MG-10001", *HOME)["status"] == "RELEASED"
    assert run_json("show", "MG-10001", *HOME)["status"] == "RELEASED"
    assert [i["accession"] for i in run_json("search", "cork", *HOME)["items"]] == ["MG-10001"]
    assert run_json("search", "", *HOME, "--filter", "has=segmentation")["total"] == 0

    (folder / "notes.txt").write_text("Corrected.")
    second = run_json("revise", "MG-10001", "cork", *HOME, "--note", "Corrected the notes.", "--release")
    assert (second["version"], second["status"]) == (2, "RELEASED")
    other = run_json("deposit", folder, *HOME, "--release", "--title", "Cork again", "--author", "Hooke, Robert")
    assert other["accession"] == "MG-10002"
    assert run_json("obsolete", "MG-10001", *HOME, "--by", "MG-10002")["superseded_by"] == "MG-10002"
    assert run_json("withdraw", "MG-10001", *HOME, "--reason", "It was elder pith.")["status"] == "WITHDRAWN"
    gone = run_json("show", "MG-10001", *HOME, exit_code=6)
    assert gone["error"] == "GoneError" and gone["tombstone"]["reason"] == "It was elder pith."
    run("get", "MG-10001", *HOME, exit_code=6)
    run("purge", "MG-10002", *HOME, "--reason", "The law asked.", exit_code=1)  # nobody there to say yes
    assert run_json("purge", "MG-10002", *HOME, "--reason", "The law asked.", "--yes")["status"] == "PURGED"
    assert run_json("search", "", *HOME)["total"] == 0
    run("audit", *HOME)


def test_get_brings_what_a_glob_names_and_nothing_twice(
    run: Callable[..., Any], run_json: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    run("deposit", "cork", *HOME, "--release", *GIVEN)
    got = run_json("get", "MG-10001", *HOME, "--path", "*.mrc", "-o", "out")
    assert got["files"] == ["map.mrc"] and got["folder"] == "out"
    assert (tmp_path / "out/map.mrc").read_bytes() == (folder / "map.mrc").read_bytes()
    before = (tmp_path / "out/map.mrc").stat()
    run("get", "MG-10001", *HOME, "-o", "out")
    assert (tmp_path / "out/map.mrc").stat().st_mtime_ns == before.st_mtime_ns
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"map.mrc", "notes.txt"}
    assert "'*.czi'" in run("get", "MG-10001", *HOME, "--path", "*.czi", exit_code=5).stderr
    run("get", "MG-10001", *HOME)
    assert (tmp_path / "MG-10001/map.mrc").is_file()


def test_the_folder_of_the_archive_may_come_from_the_environment(run: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    run("deposit", "cork", "--release", *GIVEN, MICROGRAPHIA_HOME=str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere/store/0=ocfl_1.1").is_file()
    run("deposit", "cork", "--release", *GIVEN)
    assert (tmp_path / "micrographia-archive/store/0=ocfl_1.1").is_file()


def test_a_refused_deposit_tells_all_findings_and_keeps_nothing(
    run: Callable[..., Any], run_json: Callable[..., Any], folder: Path
) -> None:
    (folder / "empty.mrc").write_bytes(b"")
    refused = run("deposit", "cork", *HOME, "--release", exit_code=3)
    assert "empty.mrc" in refused.stderr and "title" in refused.stderr and refused.stdout == ""
    document = run_json("deposit", "cork", *HOME, "--release", exit_code=3)
    assert document["error"] == "InvalidInputError" and {"empty.mrc"} <= {f["path"] for f in document["findings"]}
    assert run_json("search", "", *HOME)["total"] == 0


def test_audit_names_the_damage_and_a_replica_mends_it(
    run: Callable[..., Any], run_json: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    import shutil

    run("deposit", "cork", *HOME, "--release", *GIVEN)
    assert run_json("audit", *HOME) == {"damaged": 0, "repaired": 0, "damages": []}
    shutil.copytree(tmp_path / "archive/store", tmp_path / "replica")
    (victim,) = (tmp_path / "archive/store").rglob("map.mrc")
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes()[:-1] + b"\x7f")
    found = run("audit", *HOME, exit_code=4)
    assert "map.mrc changed" in found.stdout and "--from" in found.stderr
    assert run_json("audit", *HOME, exit_code=4)["damages"][0]["path"] == "v1/content/map.mrc"
    assert run_json("audit", *HOME, "--from", "replica")["repaired"] == 1
    assert run_json("audit", *HOME)["damaged"] == 0


def test_rebuild_brings_the_catalogue_back(run: Callable[..., Any], run_json: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    run("deposit", "cork", *HOME, "--release", *GIVEN)
    before = run_json("search", "cork", *HOME)
    for file in (tmp_path / "archive").glob("catalogue.sqlite*"):
        file.unlink()
    assert run_json("rebuild", *HOME)["entries"] == 1
    assert run_json("search", "cork", *HOME) == before


@pytest.mark.parametrize(
    "words", [("show", "MG-10001"), ("search", "x"), ("get", "MG-10001"), ("audit",), ("rebuild",), ("release", "MG-10001")]
)
def test_where_there_is_no_archive_none_is_made(run: Callable[..., Any], tmp_path: Path, words: tuple[str, ...]) -> None:
    run(*words, "--home", "nowhere", exit_code=5)
    assert list(tmp_path.iterdir()) == []


def test_mistakes_are_told_in_a_sentence(run: Callable[..., Any], folder: Path) -> None:
    assert "not a folder" in run("deposit", "nowhere", *HOME, exit_code=3).stderr
    assert "Only one of" in run("deposit", "cork", *HOME, "--link", "--move", exit_code=3).stderr
    assert "lies inside" in run("deposit", ".", *HOME, exit_code=3).stderr
    assert "FACET=VALUE" in run("search", "x", "--filter", "has", exit_code=3).stderr
    assert "not an accession" in run("get", "EMD-1832", "--server", "127.0.0.1:9", exit_code=3).stderr
    assert "either remote or a folder" in run("show", "MG-10001", "--server", "http://h", *HOME, exit_code=3).stderr
    run("describe", exit_code=2)


def test_a_served_archive_answers_the_same_and_stops_cleanly(
    run: Callable[..., Any], run_json: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    run("deposit", "cork", *HOME, "--release", *GIVEN)
    program = [sys.executable, "-c", "from micrographia.cli import main; main()", "serve", *HOME, "--port", "0"]
    with subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None and server.stderr is not None
            url = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
            assert url
            at = ("--server", url[0])
            assert run_json("show", "MG-10001", *at)["title"] == "Schematisme of cork"
            assert [i["accession"] for i in run_json("search", "cork", *at)["items"]] == ["MG-10001"]
            run("get", "MG-10001", *at, "-o", "out")
            assert (tmp_path / "out/map.mrc").read_bytes() == (folder / "map.mrc").read_bytes()
            assert run_json("show", "MG-10099", *at, exit_code=5)["error"] == "NotFoundError"
            port = url[0].rpartition(":")[2]
            assert "taken" in run("serve", *HOME, "--port", port, exit_code=10).stderr
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
        assert "Traceback" not in server.stderr.read()
    assert "cannot be reached" in run("show", "MG-10001", *at, exit_code=10).stderr


def test_ctrl_c_ends_a_command_without_a_traceback(folder: Path, tmp_path: Path) -> None:
    with (folder / "big.raw").open("wb") as big:
        big.truncate(2 << 30)
    program = [sys.executable, "-c", "from micrographia.cli import main; main()", "check", "cork"]
    with subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        time.sleep(1.2)
        command.send_signal(signal.SIGINT)
        _, error = command.communicate(timeout=20)
    assert command.returncode in (0, 130)
    assert "Traceback" not in error
