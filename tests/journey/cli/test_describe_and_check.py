from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from micrographia.describe import load_sheet


def test_describe_drafts_a_sheet_that_reads_back(run: Callable[..., Any], folder: Path) -> None:
    said = run("describe", "cork").stdout
    assert "cork/entry.yaml was drafted from 2 files." in said and "title" in said
    loaded = load_sheet(folder / "entry.yaml")
    assert not loaded.findings
    assert "title" in loaded.blanks
    assert [m.file for m in loaded.sheet.maps] == ["map.mrc"]


def test_describe_renews_its_own_draft_and_never_a_person_s(run: Callable[..., Any], run_json: Callable[..., Any], folder: Path) -> None:
    sheet = folder / "entry.yaml"
    assert run_json("describe", "cork")["written"]
    (folder / "more.txt").write_text("more")
    assert run_json("describe", "cork")["files"] == 3
    edited = sheet.read_text().replace("notes.txt", "other.txt").replace("CC0-1.0", "CC-BY-4.0")
    sheet.write_text(edited)
    refused = run("describe", "cork", exit_code=8)
    assert "--diff" in refused.stderr and "--force" in refused.stderr
    assert sheet.read_text() == edited
    assert "-licence: CC-BY-4.0" in run("describe", "cork", "--diff").stdout
    assert sheet.read_text() == edited
    run("describe", "cork", "--force")
    assert "CC-BY-4.0" not in sheet.read_text()


def test_describe_writes_no_sheet_through_a_link(run: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (folder / "entry.yaml").symlink_to(tmp_path / "victim")
    run("describe", "cork", exit_code=8)
    run("describe", "cork", "--force")
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (folder / "entry.yaml").is_symlink()


def test_check_needs_neither_sheet_nor_archive(run_json: Callable[..., Any], folder: Path, tmp_path: Path) -> None:
    report = run_json("check", "cork")
    assert report["errors"] == 0
    assert set(report) == {"errors", "warnings", "notes", "findings"}
    assert "sheet.absent" in {f["rule"] for f in report["findings"]}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cork"]


def test_check_of_a_bad_folder_names_each_file_and_exits_with_3(
    run: Callable[..., Any], run_json: Callable[..., Any], folder: Path
) -> None:
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, 20_000, 20_000, 100, 2)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    header[208:216] = b"MAP \x44\x44\0\0"
    (folder / "lying.mrc").write_bytes(bytes(header))
    (folder / "outside.mrc").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.tif")
    (folder / "red\x1b[31m.mrc").write_bytes(b"")
    report = run_json("check", "cork", exit_code=3)
    named = {f["path"] for f in report["findings"] if f["severity"] == "error"}
    assert {"lying.mrc", "outside.mrc", "pipe.tif"} <= named
    assert report["errors"] == sum(f["severity"] == "error" for f in report["findings"])
    assert all(set(f) == {"rule", "severity", "path", "message", "found", "expected", "hint"} for f in report["findings"])
    said = run("check", "cork", exit_code=3).stdout
    assert "lying.mrc" in said and "\x1b" not in said


def test_a_sheet_with_mistakes_is_told_all_at_once(run_json: Callable[..., Any], folder: Path) -> None:
    (folder / "entry.yaml").write_text(
        "title: Cork\nlicense: CC0-1.0\nauthors: [{name: 'Hooke, Robert', orcid: 1234}]\nmaps: [{id: m, file: gone.mrc}]\n"
    )
    report = run_json("check", "cork", exit_code=3)
    errors = " ".join(f"{f['path']} {f['message']}" for f in report["findings"] if f["severity"] == "error")
    assert "license" in errors and "orcid" in errors and "gone.mrc" in errors


def test_quick_looks_at_no_pixel(run_json: Callable[..., Any], folder: Path) -> None:
    data = bytearray((folder / "map.mrc").read_bytes())
    data[1024:] = struct.pack("<f", float("nan")) * ((len(data) - 1024) // 4)
    (folder / "map.mrc").write_bytes(data)
    rules = [
        {f["rule"] for f in run_json("check", "cork", *quick, exit_code=code)["findings"]} for quick, code in ((["--quick"], 0), ([], 3))
    ]
    assert rules[1] - rules[0]


def test_the_schema_is_a_json_schema(run_json: Callable[..., Any]) -> None:
    schema = run_json("schema")
    assert schema["$id"] == "micrographia/entry/1" and "title" in schema["properties"]


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    program = f"{sys.executable} -c 'from micrographia.cli import main; main()' schema"
    done = subprocess.run(["bash", "-c", f"{program} | head -c 10; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr and done.returncode in (0, 1)
