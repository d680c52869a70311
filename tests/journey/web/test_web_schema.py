"""A stranger who has nothing but the OpenAPI description finds no question that the server cannot bear."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("schemathesis")


def test_made_up_questions_get_documented_answers(server):
    if not PROGRAM.exists():
        pytest.skip("schemathesis is not installed")
    command = [PROGRAM, "run", f"{server}/api/v1/openapi.json", "--checks", "not_a_server_error,status_code_conformance"]
    done = subprocess.run([*command, "--max-examples", "4", "--phases", "coverage,fuzzing"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
