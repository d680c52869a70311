"""A server that derives is killed, and so are its workers: everything completes, nothing is made twice, nothing is left over.

MICROGRAPHIA_TEST_VOLUME_MB sets the size of the large volume (default: small), MICROGRAPHIA_TEST_KILLS how often the server is killed.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import zarr

from micrographia.archive.deposit import deposit_folder
from micrographia.archive.lookup import list_images
from micrographia.derive.product import MAKING
from micrographia.derive.products import FOR_VIEWERS, PYRAMID
from micrographia.testing.examples import HOOKE

RECIPES = {p.name: p.recipe for p in FOR_VIEWERS}
VOLUME_MB = int(os.environ.get("MICROGRAPHIA_TEST_VOLUME_MB", "96"))
KILLS = int(os.environ.get("MICROGRAPHIA_TEST_KILLS", "4"))
PATIENCE_SECONDS = 60 + VOLUME_MB / 4
# the moments at which something dies are drawn anew each run; a failure names them
SEED = random.SystemRandom().randrange(1 << 32)


class Cluster:
    """A Dask scheduler and two workers, each a process of its own without a nanny that would start it again."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "scheduler.json"
        self._processes = [self._start("dask_scheduler", "--port", "0", "--host", "127.0.0.1")]
        while not self.file.exists():
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]
        self.workers = []
        self.complete()

    def _start(self, module, *options):
        command = [sys.executable, "-m", f"distributed.cli.{module}", *options, "--scheduler-file", str(self.file)]
        with (self.folder / f"{module}.log").open("ab") as log:
            return subprocess.Popen([*command, "--no-dashboard"], stdout=log, stderr=log)

    def complete(self):
        while len(self.workers) < 2:
            options = ("--no-nanny", "--nthreads", "1", "--local-directory", str(self.folder), "--nworkers", "1")
            self.workers.append(self._start("dask_worker", *options))

    def kill_one(self, rng):
        victim = self.workers.pop(rng.randrange(len(self.workers)))
        victim.kill()
        victim.wait()
        return True

    def close(self):
        for process in (*self.workers, *self._processes):
            process.kill()
            process.wait()


class LocalWorkers:
    """The worker processes that a server started: those that stand back for others."""

    address = ""

    def __init__(self):
        self.server = None

    def complete(self):
        pass

    def kill_one(self, rng):
        pids = [p for p in _descendants(self.server) if _niceness(p) == 10]
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(rng.choice(pids), signal.SIGKILL)
        return True

    def close(self):
        pass


def _descendants(pid):
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _descendants(int(child))


def _niceness(pid):
    with suppress(ProcessLookupError):
        return os.getpriority(os.PRIO_PROCESS, pid)
    return None


@pytest.fixture(params=["local", "dask"])
def workers(request, tmp_path):
    if request.param == "dask":
        pytest.importorskip("distributed", reason="distributed is not installed")
        (tmp_path / "cluster").mkdir()
        opened = Cluster(tmp_path / "cluster")
    else:
        opened = LocalWorkers()
    yield opened
    opened.close()


@pytest.fixture
def large(archive, tmp_path):
    """An entry with one large volume and some small images, and the large one's samples."""
    folder = tmp_path / "large"
    folder.mkdir()
    plane = 512 if VOLUME_MB < 512 else 1024
    depth = max(128, (VOLUME_MB << 20) // (plane * plane * 2))
    with mrcfile.new_mmap(folder / "large.mrc", (depth, plane, plane), mrc_mode=1) as file:
        noise = np.random.default_rng(1).integers(-900, 900, (plane, plane), np.int16)
        for z in range(depth):
            file.data[z] = np.roll(noise, 37 * z) + z
        file.voxel_size = 2.0
        file.set_volume()
        file.update_header_stats()
    for n in range(4):
        with mrcfile.new(folder / f"small{n}.mrc") as file:
            file.set_data(np.random.default_rng(n).normal(size=(24, 280, 280)).astype(np.float32))
            file.set_volume()
    accession = deposit_folder(archive, folder, given=HOOKE, until="released").accession
    shutil.rmtree(folder)
    return accession


@contextmanager
def serving(settings, scheduler, log):
    environment = os.environ | {"MICROGRAPHIA_SCHEDULER": scheduler, "MICROGRAPHIA_WORKERS": "2"}
    command = [sys.executable, "-m", "micrographia", "serve", "--home", str(settings.home), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True) as process:
        try:
            yield process, json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")["url"]
        finally:
            process.terminate()


def files_of(root):
    """Every whole derived file with its inode and the time at which it was written."""
    found = {}
    for folder in root.glob("*"):  # not there while every server was killed before it began
        if folder.name != MAKING:
            for path in folder.rglob("*"):
                if path.is_file():
                    seen = path.stat()
                    found[str(path.relative_to(root))] = (seen.st_ino, seen.st_mtime_ns)
    return found


def recorded(archive, images):
    return {(i, p) for i, states in archive.catalogue.derived.states(images, RECIPES).items() for p, s in states.items() if s == "done"}


@pytest.mark.slow
def test_a_server_and_workers_that_are_killed_lose_nothing_and_make_nothing_twice(archive, settings, large, workers, tmp_path):
    rng = random.Random(SEED)
    images = [i.id for i in list_images(archive, large)[1]]
    wanted = {(i.id, p.name) for i in list_images(archive, large)[1] for p in FOR_VIEWERS if p.applies(i.record)}
    root, seen, done, moments, began = settings.derived, {}, set(), [], time.monotonic()
    with (tmp_path / "serve.log").open("ab") as log:
        for _ in range(KILLS):
            with serving(settings, workers.address, log) as (process, url):
                workers.server = process.pid
                if rng.random() < 0.3:
                    urllib.request.urlopen(f"{url}/thumbnails/{images[0]}.webp").close()
                for victim in rng.sample(["worker", "server"], 2):
                    moments.append((victim, round(rng.uniform(0.1, 1.5 + VOLUME_MB / 400), 2)))
                    time.sleep(moments[-1][1])
                    workers.kill_one(rng) if victim == "worker" else process.kill()
            workers.complete()
            now = files_of(root)
            assert {p: now.get(p) for p in seen} == seen, f"made twice or lost; seed {SEED}: {moments}"
            assert done <= recorded(archive, images)
            seen, done = now, recorded(archive, images)
        killed = time.monotonic()
        with serving(settings, workers.address, log):
            while recorded(archive, images) != wanted:
                assert archive.catalogue.derived.counts(RECIPES)["failed"] == 0, archive.catalogue.derived.failures()
                assert time.monotonic() - killed < PATIENCE_SECONDS, (
                    f"seed {SEED}: {moments}\n{(tmp_path / 'serve.log').read_text()[-3000:]}"
                )
                time.sleep(0.2)
            ended = time.monotonic()
    now = files_of(root)
    assert {p: now.get(p) for p in seen} == seen, f"made twice or lost; seed {SEED}: {moments}"
    assert [str(p) for p in (root / MAKING).rglob("*")] == []
    assert leftovers(settings.home) == []
    assert_levels_are_whole(root, large, archive)
    print(f"\n{VOLUME_MB} MB, {moments}: {ended - began:.1f} s in all, {ended - killed:.1f} s after the last kill; {len(now)} files")


def leftovers(home):
    """Files that are neither the archive's own nor products."""
    own = {"catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"}
    return [str(p) for p in home.rglob("*") if p.is_file() and ("tmp" in p.name or ".making" in p.parts) and p.name not in own]


def assert_levels_are_whole(root, accession, archive):
    """Every chunk of the first smaller copy is there and is the mean of what was deposited."""
    image = next(i for i in list_images(archive, accession)[1] if i.record.path == "large.mrc")
    level = zarr.open_array(str(root / PYRAMID.folder / accession / "1" / str(image.id.number) / "1"), mode="r")
    deposited = mrcfile.mmap(next((archive.settings.home / "store").rglob("large.mrc")), mode="r").data
    for z in range(0, level.shape[0], 16):
        block = deposited[2 * z : 2 * z + 2].astype(np.int32)
        eight = block.reshape(len(block), level.shape[1], 2, level.shape[2], 2).sum(axis=(0, 2, 4))
        np.testing.assert_array_equal(level[z], (eight + 2 * len(block)) >> (len(block) + 1))
