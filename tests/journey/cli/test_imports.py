"""What a person waits for before anything happens: imports stay light."""

from __future__ import annotations

import json
import subprocess
import sys
import time

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
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, check=True)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < limit_s
