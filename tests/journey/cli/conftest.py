"""The command as a stranger types it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest

from micrographia.cli import main


@dataclass(frozen=True)
class Said:
    """What a command printed."""

    stdout: str
    stderr: str


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run `micrographia WORDS…` in the test's folder; the exit code is asserted. In this process: nobody waits for imports."""
    for name in [n for n in os.environ if n.startswith("MICROGRAPHIA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def typed(*words: object, exit_code: int = 0, **environment: str) -> Said:
        capsys.readouterr()
        with monkeypatch.context() as during, pytest.raises(SystemExit) as left:
            during.setattr("sys.argv", ["micrographia", *map(str, words)])
            for name, value in environment.items():
                during.setenv(name, value)
            main()
        said = Said(*capsys.readouterr())
        assert (left.value.code or 0) == exit_code, f"{words}: exit {left.value.code}\n{said.stdout[-2000:]}\n{said.stderr[-2000:]}"
        assert "Traceback" not in said.stderr
        return said

    return typed


@pytest.fixture
def run_json(run: Callable[..., Said]) -> Callable[..., Any]:
    """Run a command with --json and return the one document on its stdout."""
    return lambda *words, **how: json.loads(run(*words, "--json", **how).stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small map and a text."""
    where = tmp_path / "cork"
    where.mkdir()
    with mrcfile.new(where / "map.mrc") as file:
        file.set_data(np.random.default_rng(1665).normal(size=(12, 14, 16)).astype("f4"))
        file.voxel_size = 1.5
        file.set_volume()
    (where / "notes.txt").write_text("Of the schematisme or texture of cork.\n")
    return where
