"""What should exist and does not is made, once, whatever dies meanwhile."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import mrcfile
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from micrographia.archive.curate import accept_entry, return_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.drafting import discard_draft
from micrographia.archive.lookup import list_images, stored_image
from micrographia.archive.rebuild import rebuild
from micrographia.archive.withdraw import purge_entry
from micrographia.catalogue import Outcome
from micrographia.derive.checkpoint import NAME as CHECKPOINT
from micrographia.derive.executors import DaskExecutor, LocalExecutor
from micrographia.derive.keeper import Keeper
from micrographia.derive.making import derive
from micrographia.derive.product import MAKING, RESUMABLE, Job, being_made, job_of, run_job
from micrographia.derive.products import FOR_VIEWERS, PYRAMID, THUMBNAIL
from micrographia.errors import UnavailableError
from micrographia.testing.examples import HOOKE
from micrographia.testing.products import GOOD, POISONED, discarded_meanwhile, killed_always, killed_at_first, killed_half_way

RECIPES = {p.name: p.recipe for p in FOR_VIEWERS}
COMMAND = [sys.executable, "-m", "micrographia"]


def everything(home):
    """Every derived file with the time at which it was written."""
    root = home / "derived"
    return {str(p.relative_to(root)): p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file()}


def test_the_pictures_of_an_accepted_entry_are_made_and_go_with_its_draft(archive, folder, settings):
    accession = deposit_folder(archive, folder, given=HOOKE, until="submitted").accession
    assert derive(archive, FOR_VIEWERS).made == 0
    accept_entry(archive, accession)
    assert derive(archive, FOR_VIEWERS).made > 0
    assert list(settings.derived.glob(f"*/{accession}/1/*"))
    return_entry(archive, accession, comment="Name the lens.")
    discard_draft(archive, accession)
    assert not list(settings.derived.glob(f"*/{accession}/1/*"))


def test_what_nothing_decodes_is_released_with_a_warning_and_without_pictures(archive, folder):
    path = folder / "logluv.tif"
    tifffile.imwrite(path, np.zeros((40, 50), np.uint8), compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as tif:
        tif.pages.first.tags["Compression"].overwrite(34676)
    done = deposit_folder(archive, folder, given=HOOKE, until="released")
    assert ("tiff.compression", "warning") in {(f.rule, f.severity) for f in done.report.findings}
    assert {image.record.path for image in list_images(archive, done.accession)[1]} == {"long.mrc", "small.mrc", "other.mrc"}
    assert derive(archive, FOR_VIEWERS).failed == 0


def test_everything_is_made_once(archive, settings, released):
    first = derive(archive, FOR_VIEWERS)
    assert (first.made, first.failed, first.pending) == (3 + 2 + 3, 0, 0)
    files = everything(settings.home)
    again = derive(archive, FOR_VIEWERS, wait=True)
    assert (again.made, again.failed, again.pending) == (0, 0, 0)
    assert everything(settings.home) == files
    assert list((settings.derived / MAKING).iterdir()) == []
    states = archive.catalogue.derived.states([i.id for i in list_images(archive, released)[1]], RECIPES)
    assert all(state == "done" for products in states.values() for state in products.values())


def test_levels_are_read_by_zarr(archive, settings, released):
    derive(archive, FOR_VIEWERS)
    image = next(i for i in list_images(archive, released)[1] if i.record.path == "long.mrc")
    folder = settings.derived / PYRAMID.folder / released / "1" / str(image.id.number)
    level = np.asarray(zarr.open_array(str(folder / "1"), mode="r"))
    assert level.shape == (10, 150, 12)


def test_what_was_deleted_is_made_again(archive, settings, released):
    derive(archive, FOR_VIEWERS)
    shutil.rmtree(settings.derived / PYRAMID.folder / released / "1")
    assert derive(archive, FOR_VIEWERS).made == 2
    shutil.rmtree(settings.derived)
    assert derive(archive, FOR_VIEWERS).made == 8


def test_a_rebuilt_catalogue_knows_what_was_made(archive, released):
    derive(archive, FOR_VIEWERS)
    rebuild(archive)
    done = derive(archive, FOR_VIEWERS)
    assert (done.made, done.pending) == (0, 0)
    assert archive.catalogue.derived.counts(RECIPES)["done"] == 8


def test_a_purged_entry_leaves_nothing(archive, settings, released):
    derive(archive, FOR_VIEWERS)
    purge_entry(archive, released, reason="the law asks")
    derive(archive, FOR_VIEWERS)
    assert everything(settings.home) == {}


@pytest.fixture
def executor(settings):
    opened = LocalExecutor(settings)
    yield opened
    opened.close()


def test_a_poisoned_file_fails_after_three_tries_and_blocks_no_other(archive, released, executor):
    keeper = Keeper(archive, executor, (POISONED,))
    assert keeper.make_all()
    assert (keeper.made, keeper.pending()) == (1, 0)
    failures = archive.catalogue.derived.failures()
    assert [f.tries for f in failures] == [3, 3]
    assert {f.message for f in failures} == {
        "The program that reads such files died of this one.",
        "ValueError: a file that no reader expected",
    }
    assert keeper.make_all() and keeper.made == 1  # nothing is tried for ever
    archive.catalogue.derived.retry()
    mended = Keeper(archive, executor, (GOOD,))
    assert mended.make_all() and mended.made == 2
    assert archive.catalogue.derived.failures() == []


def test_a_new_recipe_is_made_anew_and_the_old_files_go(archive, settings, released, executor):
    Keeper(archive, executor, (GOOD,)).make_all()
    keeper = Keeper(archive, executor, (replace(GOOD, recipe=2),))
    assert keeper.make_all() and keeper.made == 3
    assert {p.name for p in settings.derived.iterdir()} == {MAKING, "good-2"}


def test_one_keeper_works_at_a_time(archive, released, executor):
    lease = archive.catalogue.derived.take_lease("keeper", seconds=60)
    keeper = Keeper(archive, executor, (GOOD,))
    assert keeper.make_all() is False and keeper.made == 0
    archive.catalogue.derived.give_lease_back(lease)
    assert keeper.make_all() is True


def test_a_killed_run_is_completed_by_the_next(archive, settings, folder):
    for n in range(6):
        shutil.copy(folder / "long.mrc", folder / f"copy{n}.mrc")
    deposit_folder(archive, folder, given=HOOKE, until="released")
    seen = {}
    for moment in (0.9, 1.3, 1.7):
        process = subprocess.Popen([*COMMAND, "derive", "--home", str(settings.home)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        whole = {p: t for p, t in everything(settings.home).items() if not p.startswith(MAKING)}
        assert all(whole.get(p) == t for p, t in seen.items())  # nothing is made twice
        seen = whole
    said = json.loads(
        subprocess.run([*COMMAND, "derive", "--home", str(settings.home), "--wait", "--json"], capture_output=True, check=True).stdout
    )
    assert (said["failed"], said["pending"]) == (0, 0)
    files = everything(settings.home)
    assert all(files.get(p) == t for p, t in seen.items())
    assert list((settings.derived / MAKING).iterdir()) == []
    assert archive.catalogue.derived.counts(RECIPES) == {"done": 9 * 2 + 8, "failed": 0}


def test_outcomes_are_kept_for_the_keeper_alone(archive, released):
    derived = archive.catalogue.derived
    image = list_images(archive, released)[1][0].id
    old = derived.take_lease("keeper", seconds=-1)
    new = derived.take_lease("keeper", seconds=60)
    assert new.fence == old.fence + 1
    with pytest.raises(Exception, match="Another process is the keeper now"):
        derived.record(old, [Outcome(image, "good", 1, "done")])
    assert derived.done(image.accession, 1, "good", 1) == set()


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_makes_the_same_though_a_worker_is_killed(archive, released):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50) as cluster:
        executor = DaskExecutor(cluster.scheduler_address)
        try:
            keeper = Keeper(archive, executor, FOR_VIEWERS)
            pids = list(executor._client.run(os.getpid).values())
            os.kill(pids[0], signal.SIGKILL)
            assert keeper.make_all()
            assert (keeper.made, keeper.pending()) == (8, 0)
        finally:
            executor.close()


def test_a_worker_that_is_killed_is_not_held_against_the_file(archive, released, executor):
    keeper = Keeper(archive, executor, (replace(GOOD, make=killed_at_first),))
    assert keeper.make_all()
    assert (keeper.made, archive.catalogue.derived.failures()) == (3, [])


def test_a_file_that_has_every_worker_killed_fails_in_the_end(archive, released, executor):
    keeper = Keeper(archive, executor, (replace(GOOD, make=killed_always),))
    assert keeper.make_all()
    assert [f.tries for f in archive.catalogue.derived.failures()] == [3]


def test_a_job_whose_keeper_was_followed_leaves_nothing(archive, settings, released):
    """It goes on writing where its folder was, and finishes, but what it made lacks what was discarded."""
    image = list_images(archive, released)[1][0]
    job = Job(replace(GOOD, make=discarded_meanwhile), image.id, stored_image(archive, image), settings.derived, "7")
    (settings.derived / MAKING / "7").mkdir(parents=True)
    with pytest.raises(UnavailableError, match="followed by another"):
        run_job(job)
    assert everything(settings.home) == {}


def test_what_a_dead_server_was_making_on_demand_is_cleared(archive, settings, released):
    with subprocess.Popen(["true"]) as gone:
        pass
    mine, dead, elsewhere = (f"demand-{socket.gethostname()}:{os.getpid()}", f"demand-{socket.gethostname()}:{gone.pid}", "demand-far:1")
    for name in (mine, dead, elsewhere):
        (settings.derived / MAKING / name / "half").mkdir(parents=True)
    derive(archive, FOR_VIEWERS)
    assert {p.name for p in (settings.derived / MAKING).iterdir()} == {mine, elsewhere}


def test_a_map_is_shown_by_its_surface_at_the_recommended_level(archive, settings, tmp_path):
    """Two balls, one of which the depositor's level leaves out."""
    folder = tmp_path / "map"
    folder.mkdir()
    axes = np.meshgrid(*[np.linspace(-1, 1, 48, dtype=np.float32)] * 3, indexing="ij")
    faint, strong = (np.sqrt(sum(a**2 for a in axes[:2]) + (axes[2] - x) ** 2) < 0.3 for x in (-0.5, 0.5))
    with mrcfile.new(folder / "balls.mrc") as file:
        file.set_data((faint * 1.0 + strong * 4.0).astype(np.float32))
        file.voxel_size = 2.0
        file.set_volume()
    given = {"schema": "micrographia/entry/1", "title": "Balls", "authors": [{"name": "Hooke, Robert"}]}
    sheet = given | {"maps": [{"id": "balls", "file": "balls.mrc", "contour_level": 0.5}]}
    shown = []
    for level in (0.5, 2.0):
        sheet["maps"][0]["contour_level"] = level
        (folder / "entry.yaml").write_text(json.dumps(sheet))
        entry = deposit_folder(archive, folder, until="released").accession
        assert derive(archive, FOR_VIEWERS).failed == 0
        picture = Image.open(settings.derived / THUMBNAIL.folder / entry / "1" / "1" / "small.webp").convert("L")
        shown.append(np.asarray(picture) > 40)
        (folder / "balls.mrc").touch()
    widths = [np.ptp(np.nonzero(s)[1]) / np.ptp(np.nonzero(s)[0]) for s in shown]
    assert widths[0] > 1.5
    assert widths[1] == pytest.approx(1, abs=0.1)


def test_what_a_killed_worker_wrote_down_is_gone_on_with(archive, settings, released, executor):
    keeper = Keeper(archive, executor, (replace(GOOD, make=killed_half_way),))
    assert keeper.make_all() and keeper.made == 3
    made = list((settings.derived / GOOD.folder / released / "1").iterdir())
    assert len(made) == 3 and all({p.name for p in m.iterdir()} == {"half", "whole"} for m in made)
    assert list((settings.derived / MAKING).iterdir()) == []


def test_what_a_killed_server_left_half_made_is_gone_on_with(archive, settings, released, executor):
    product = replace(GOOD, make=killed_half_way)
    lease = archive.catalogue.derived.take_lease("keeper", seconds=0)
    jobs = [job_of(archive, product, image, str(lease.fence)) for image in list_images(archive, released)[1]]
    for number, job in enumerate(jobs):
        left = settings.derived / MAKING / str(lease.fence) / (RESUMABLE * (number > 0) + f"{being_made(job)}-{number}")
        left.mkdir(parents=True)
        (left / "half").write_text(f"of the one before {number}")
        (left / CHECKPOINT).touch()
    keeper = Keeper(archive, executor, (product,))
    assert keeper.make_all() and keeper.made == 3
    halves = [p.read_text() for p in (settings.derived / GOOD.folder / released / "1").glob("*/half")]
    assert sorted(halves) == [f"of the one before {n}" for n in range(3)]
    assert list((settings.derived / MAKING).iterdir()) == []
