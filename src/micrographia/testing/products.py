"""Products whose making goes wrong in every way, where a worker process can import them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from micrographia.derive.checkpoint import NAME as CHECKPOINT
from micrographia.derive.product import Job, Product, discard
from micrographia.model.records import ImageRecord


def _always(_: ImageRecord) -> bool:
    return True


def _write(job: Job, folder: Path) -> None:
    (folder / "whole").write_text(job.record.path)


def _die_of_some(job: Job, folder: Path) -> None:
    (folder / "half").write_text("half")
    if job.record.path == "small.mrc":
        os.kill(os.getpid(), signal.SIGSEGV)
    if job.record.path == "other.mrc":
        raise ValueError("a file that no reader expected")


def _have_it_killed() -> None:
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at_first(job: Job, folder: Path) -> None:
    """Have the worker killed twice, then write."""
    kills = [job.root / f"killed-{n}-{job.image}" for n in (1, 2)]
    for mark in kills:
        if not mark.exists():
            mark.touch()
            _have_it_killed()
    _write(job, folder)


def killed_always(job: Job, folder: Path) -> None:
    """Have the worker of one file killed, as a system does to programs that take too much memory."""
    if job.record.path == "small.mrc":
        _have_it_killed()
    _write(job, folder)


def killed_half_way(job: Job, folder: Path) -> None:
    """Have the worker killed after it wrote down how far it was, then go on from there."""
    if not (folder / CHECKPOINT).exists():
        (folder / "half").write_text(folder.name)
        (folder / CHECKPOINT).touch()
        _have_it_killed()
    (folder / CHECKPOINT).unlink()
    _write(job, folder)


def discarded_meanwhile(job: Job, folder: Path) -> None:
    """Write half, have the folder discarded as by a new keeper, and write the other half where it was."""
    (folder / "half").write_text("half")
    discard(folder.parent)
    folder.mkdir(parents=True)
    (folder / "other half").write_text("half")


GOOD = Product("good", 1, _always, _write)
POISONED = Product("good", 1, _always, _die_of_some)
