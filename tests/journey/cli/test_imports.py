"""What a person waits for before anything happens: imports stay light."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "scipy", "obstore", "tifffile", "h5py", "zarr", "imagecodecs", "PIL"}


def loaded_by(code: str) -> set[str]:
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import micrographia",
        "import micrographia.client",
        "import micrographia\nmicrographia.open('http://127.0.0.1:9')",
        "import micrographia.cli.application",
    ],
)
def test_no_heavy_package_is_loaded(code: str) -> None:
    assert not loaded_by(code) & HEAVY


def test_the_command_line_does_not_even_load_numpy_to_show_its_help() -> None:
    assert not loaded_by("import micrographia.cli.application") & {"numpy", "httpx", "pydantic", "rich", "yaml"}


@pytest.mark.parametrize(("code", "limit_s"), [("import micrographia", 0.3), ("from micrographia.cli import main; main()", 0.4)])
def test_it_starts_at_once(code: str, limit_s: float) -> None:
    def processor_seconds() -> float:  # a machine that is busy with others says nothing about us
        before = os.times()
        subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(processor_seconds() for _ in range(3)) < limit_s


WITHOUT_SERVER = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sqlalchemy", "alembic", "obstore", "fastapi", "starlette", "uvicorn", "jinja2", "PIL", "isal"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from micrographia.cli import main
main()
"""


def without_server(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WITHOUT_SERVER, *map(str, words)], capture_output=True, text=True, check=False)


def test_describe_and_check_need_only_what_a_depositor_installs(folder: Path) -> None:
    assert without_server("describe", folder).returncode == 0
    assert without_server("check", folder).returncode in (0, 3)
    assert without_server("schema").returncode == 0


def test_what_keeps_an_archive_says_what_to_install(folder: Path, tmp_path: Path) -> None:
    refused = without_server("deposit", folder, "--home", tmp_path / "archive", "--title", "Cork", "--author", "Hooke, Robert")
    assert refused.returncode == 10
    assert "pip install 'micrographia[server]'" in refused.stderr and "Traceback" not in refused.stderr
