"""Environments of the peers' own, made where they are not there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).parent / ".peers"


def peer_python(name: str, packages: Sequence[str], *, imports: str) -> Path | None:
    """Return the interpreter of an environment with `packages`, made where it is not there.

    None, and that is said, where what it should import is not there in the end.
    """
    python = _HERE / name / "bin" / "python"
    if not python.exists():
        uv = next((u for u in (shutil.which("uv"), ".uv/bin/uv") if u and Path(u).exists()), None)
        made = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
        filled = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
        subprocess.run([*made, str(_HERE / name)], check=False)
        subprocess.run([*filled, "--quiet", *packages], check=False)
    # some write logs into the folder where they run
    if not python.exists() or subprocess.run([python, "-c", f"import {imports}"], check=False, capture_output=True, cwd=_HERE).returncode:
        print(f"{name} could not be installed: this peer is skipped", file=sys.stderr)
        return None
    return python
