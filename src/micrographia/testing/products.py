"""Products whose making goes wrong in every way, where a worker process can import them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from micrographia.derive.product import Job, Product
from micrographia.model.records import ImageRecord


def _always(_: ImageRecord) -> bool:
    return True


def _write(job: Job, folder: Path) -> None:
    (folder / "whole").write_text(job.record.path)


def _die_of_some(job: Job, folder: Path) -> None:
    (folder / "half").write_text("half")
    if job.record.path == "small.mrc":
        os.kill(os.getpid(), signal.SIGKILL)
    if job.record.path == "other.mrc":
        raise ValueError("a file that no reader expected")


GOOD = Product("good", 1, _always, _write)
POISONED = Product("good", 1, _always, _die_of_some)
