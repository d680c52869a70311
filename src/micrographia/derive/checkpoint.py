"""Where a long job was when it was last written down: after a kill it goes on from there."""

from __future__ import annotations

import json
import os
import socket
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAME = ".checkpoint.npz"
_EVERY_SECONDS = 15.0
Arrays = dict[str, NDArray[Any]]


class Checkpoint:
    """The state of a job, in the folder in which it makes its product; `of` names what it is made of.

    It is trusted only on the machine that wrote it, and only until that restarts: what another machine, or one whose power failed, had in
    its memory may never have reached the disk.
    """

    def __init__(self, folder: Path, *, of: str = "", every_seconds: float = _EVERY_SECONDS) -> None:
        self._path = folder / NAME
        self._of = of
        self._every = every_seconds
        self._saved = time.monotonic()

    def is_due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() - self._saved >= self._every

    def save(self, state: dict[str, Any], arrays: Arrays) -> None:
        """Write the state down, seen as a whole or not at all."""
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, state=np.array(json.dumps({"machine": _machine(), "of": self._of, **state})), **arrays)
        beside.rename(self._path)
        self._saved = time.monotonic()

    def load(self) -> tuple[dict[str, Any], Arrays] | None:
        """Return the state that was saved; None where there is none to be trusted."""
        if not self._path.exists():
            return None
        with np.load(self._path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        state: dict[str, Any] = json.loads(str(arrays.pop("state")))
        return (state, arrays) if (state["machine"], state["of"]) == (_machine(), self._of) else None

    def remove(self) -> None:
        """Forget it: the job is done, or begins anew."""
        self._path.unlink(missing_ok=True)
        self._path.with_suffix(".new").unlink(missing_ok=True)


@cache
def _machine() -> str:
    """Return what names this machine since it started; something new each time where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = f"{os.getpid()}-{time.time_ns()}"
    return f"{socket.gethostname()} {boot}"
