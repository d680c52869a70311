"""kill -9 at any moment of a deposit: afterwards the entry is wholly there or wholly not, and the same command completes it."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from micrographia.archive.audit import audit
from micrographia.archive.lookup import iterate_files
from micrographia.assembly import open_archive

COMMAND = [sys.executable, "-m", "micrographia"]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_deposit_is_completed_by_the_same_command(folder, settings, seed):
    rng = np.random.default_rng(seed)
    for n in range(3):
        rng.integers(0, 255, 12 << 20, dtype=np.uint8).tofile(folder / f"camera_{n}.raw")
    arguments = [
        *COMMAND,
        "deposit",
        str(folder),
        "--home",
        str(settings.home),
        "--release",
        "--title",
        "Killed",
        "--author",
        "Hooke, Robert",
        "--json",
    ]
    whole = time.monotonic()
    reference = subprocess.run([*arguments[:-4], "Timed", *arguments[-3:]], capture_output=True, text=True, check=True)
    whole = time.monotonic() - whole
    moments = random.Random(seed)
    for _ in range(5):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(moments.uniform(0.1, whole))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = json.loads(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)
    archive = open_archive(settings)
    try:
        files = list(iterate_files(archive, done["accession"], 1))
        assert {f.path for f in files} == {p.name for p in folder.iterdir()}
        for file in files:
            assert (
                hashlib.sha256(archive.store.source(done["accession"], file.content_path).read(0, file.size_bytes)).hexdigest()
                == file.sha256
            )
        assert list(audit(archive)) == []
        assert list(archive.drafts.accessions()) == []
        assert json.loads(reference.stdout)["accession"] in list(archive.store.accessions())
    finally:
        archive.catalogue.close()
