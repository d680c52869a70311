"""An entry of a million files: release it, list one of its folders, find one file's link, release a second version, audit it."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from micrographia.catalogue import Catalogue
from micrographia.model.lifecycle import State
from micrographia.model.records import DraftRecord, EntryRecord, FileRecord
from micrographia.model.sheet import Sheet
from micrographia.store import Drafts, Store

FILES = 1_000_000
IN_A_FOLDER = 1_000
ACCESSION = "MG-10001"
AT = "2026-01-01T00:00:00Z"


def main(arguments: list[str] | None = None) -> None:
    """Print the figures of one run; the measured part is a process of its own, so that its memory can be told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        print(json.dumps(measure(options.measure, options.files)))
        return
    with tempfile.TemporaryDirectory(prefix="bench-inventory-") as folder:
        home = Path(folder)
        prepare(home, options.files)
        command = [sys.executable, "-m", "bench.inventory", "--files", str(options.files), "--measure", str(home)]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        figures["limit: sha256sum of the same files, s"] = sha256sum(home / "store")
    rows = {
        "release, s": "≤ 60",
        "  of it store, s": "",
        "  of it catalogue, s": "",
        "peak memory of release, MiB": "≤ 1024",
        "folder page of 1,000 files, ms": "≤ 50",
        "one file's link, ms": "≤ 5",
        "release of a version that changes one file, s": "≤ 60",
        "inventory, MB": "",
        "audit, s": "",
        "limit: sha256sum of the same files, s": "",
    }
    print(f"entry of {options.files:,} files")
    for name, target in rows.items():
        print(f"  {name:<50}{figures[name]:>10.2f}   {target}")


def prepare(home: Path, count: int) -> None:
    """Make a draft of `count` small files, as an ingest leaves it."""
    drafts = Drafts.open(str(home / "drafts"))
    drafts.create(DraftRecord(accession=ACCESSION, version=1, created_at=AT, sheet=Sheet(title="Very many files")))
    drafts.write_files(ACCESSION, new_files(home / "drafts" / ACCESSION, 1, count))


def new_files(draft: Path, version: int, count: int) -> Iterator[FileRecord]:
    """Write files and yield their records."""
    for number in range(count):
        path = f"particles/micrograph_{number // IN_A_FOLDER:05d}/particle_stack_{number:08d}.mrcs"
        content = f"v{version}/content/{path}"
        data = f"{version} {number}".encode()
        if number % IN_A_FOLDER == 0:
            (draft / content).parent.mkdir(parents=True)
        (draft / content).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        yield FileRecord(
            path=path, size_bytes=len(data), sha256=digest, media_type="image/x-mrc", content_path=content, format="MRC", role="particles"
        )


def measure(home: Path, count: int) -> dict[str, float]:
    """Return the figures."""
    store, drafts = Store.open(str(home / "store")), Drafts.open(str(home / "drafts"))
    catalogue = Catalogue.open(f"sqlite:///{home / 'catalogue.sqlite'}")
    figures: dict[str, float] = {}
    stored, listed = release(store, drafts, catalogue, 1, count)
    figures["release, s"], figures["  of it store, s"], figures["  of it catalogue, s"] = stored + listed, stored, listed
    figures["peak memory of release, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    middle = count // 2
    folder = f"particles/micrograph_{middle // IN_A_FOLDER:05d}"
    figures["folder page of 1,000 files, ms"] = milliseconds(lambda: catalogue.folder(ACCESSION, 1, folder))
    figures["one file's link, ms"] = milliseconds(lambda: catalogue.file(ACCESSION, 1, f"{folder}/particle_stack_{middle:08d}.mrcs"))
    drafts.create(DraftRecord(accession=ACCESSION, version=2, created_at=AT, sheet=Sheet(title="Very many files")))
    changed = list(new_files(home / "drafts" / ACCESSION, 2, 1))
    drafts.write_files(ACCESSION, (*changed, *(f for f in store.files(ACCESSION, 1) if f.path != changed[0].path)))
    figures["release of a version that changes one file, s"] = sum(release(store, drafts, catalogue, 2, count))
    figures["inventory, MB"] = next((home / "store").glob("*/*/*/inventory.json")).stat().st_size / 1e6
    start = time.perf_counter()
    damage = list(store.audit())
    figures["audit, s"] = time.perf_counter() - start
    assert not damage, damage[:3]
    return figures


def release(store: Store, drafts: Drafts, catalogue: Catalogue, version: int, count: int) -> tuple[float, float]:
    """Return the seconds of the store and those of the catalogue."""
    entry = EntryRecord(
        accession=ACCESSION,
        version=version,
        created_at=AT,
        released_at=AT,
        file_count=count,
        size_bytes=0,
        image_count=0,
        sheet=Sheet(title="Very many files"),
    )
    sources: dict[str, Any] = {"files": lambda: drafts.files(ACCESSION), "images": lambda: drafts.images(ACCESSION)}
    start = time.perf_counter()
    store.publish(drafts, ACCESSION, version, entry=entry, message="bench", user="", **sources)
    stored = time.perf_counter()
    catalogue.put_version(entry, State.RELEASED, store.files(ACCESSION, version), store.images(ACCESSION, version))
    listed = time.perf_counter()
    drafts.delete(ACCESSION)
    return stored - start, listed - stored


def milliseconds(ask: Callable[[], object], times: int = 15) -> float:
    """Return the median time of a question."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        assert ask() is not None
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def sha256sum(folder: Path) -> float:
    """Return the seconds that coreutils take for the same files, on as many processors."""
    start = time.perf_counter()
    command = f"find {folder} -type f -print0 | xargs -0 -P {os.cpu_count()} -n 1000 sha256sum > /dev/null"
    subprocess.run(["sh", "-c", command], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
