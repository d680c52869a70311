"""Comparisons that somebody asked for lie in folders: whole or not at all, for a day, worked on by one at a time."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from micrographia.compare.requests import Question, Requests, Side
from micrographia.compare.showing import write_small_copy
from micrographia.errors import NotFoundError
from micrographia.imaging.density import DensityMap

NOW = "2026-11-21T12:00:00Z"


def asked(home, *, at=NOW, data=b"density", name="query.mrc"):
    requests = Requests(home)
    with requests.begin() as incoming:
        path = incoming.file("a", name)
        path.write_bytes(data)
        return requests, incoming.put(Question(at, "192.0.2.1", Side(file=path.name)))


def names_below(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_what_was_asked_is_found_by_its_secret_alone(tmp_path):
    requests, secret = asked(tmp_path)
    found = requests.find(secret)
    assert found.question() == Question(NOW, "192.0.2.1", Side(file="query.mrc"))
    assert found.upload("a").read_bytes() == b"density"
    assert not any(secret in name for name in names_below(tmp_path))
    for other in ("x" * 43, secret[:-1], "../comparisons", found.folder.name):
        with pytest.raises(NotFoundError):
            requests.find(other)


def test_a_request_that_is_cut_leaves_nothing(tmp_path):
    requests = Requests(tmp_path)
    with pytest.raises(ConnectionError), requests.begin() as incoming:
        incoming.file("a", "half.mrc").write_bytes(b"half")
        raise ConnectionError
    assert names_below(tmp_path / "comparisons") == []


def test_others_of_the_machine_may_not_look(tmp_path):
    requests, secret = asked(tmp_path)
    assert (tmp_path / "comparisons").stat().st_mode & 0o77 == 0
    assert requests.find(secret).folder.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    "name", ["../../evil.mrc", "/etc/passwd", "..", "", "C:\\maps\\a.mrc", ".hidden", "a\x00b.map", "Å" * 300 + ".map.gz"]
)
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    requests, secret = asked(tmp_path, name=name)
    upload = requests.find(secret).upload("a")
    assert upload.resolve().parent == requests.find(secret).folder.resolve() / "upload" / "a"
    assert len(upload.name) <= 80
    assert name.endswith(".map.gz") <= upload.name.endswith(".map.gz")


def test_all_of_it_is_deleted_after_a_day(tmp_path):
    requests, secret = asked(tmp_path)
    requests.forget_old("2026-11-22T11:59:59Z")
    assert requests.find(secret)
    requests.forget_old("2026-11-22T12:00:00Z")
    with pytest.raises(NotFoundError):
        requests.find(secret)
    assert names_below(tmp_path / "comparisons") == []


@pytest.mark.parametrize("name", [".incoming-dead", "f" * 64])
def test_what_is_no_whole_request_is_deleted_after_a_day(tmp_path, name):
    left = tmp_path / "comparisons" / name
    left.mkdir(parents=True)
    Requests(tmp_path).forget_old(NOW)
    assert left.exists()
    yesterday = (datetime.now(UTC) - timedelta(days=1, seconds=5)).timestamp()
    os.utime(left, (yesterday, yesterday))
    Requests(tmp_path).forget_old(NOW)
    assert not left.exists()


def test_the_first_is_asked_for_first(tmp_path):
    asked(tmp_path, at="2026-11-21T12:00:02Z")
    asked(tmp_path, at="2026-11-21T12:00:01Z")
    times = [question.asked_at for _, question in Requests(tmp_path).unfinished()]
    assert times == ["2026-11-21T12:00:01Z", "2026-11-21T12:00:02Z"]


def test_one_works_on_it_at_a_time(tmp_path):
    requests, secret = asked(tmp_path)
    with requests.find(secret).hold() as first, requests.find(secret).hold() as second:
        assert (first, second) == (1, 0)
    with requests.find(secret).hold() as again:
        assert again == 2


def test_a_result_ends_it_and_what_was_sent_is_deleted(tmp_path):
    requests, secret = asked(tmp_path)
    found = requests.find(secret)
    made = found.folder / "made-1"
    made.mkdir()
    (made / "aligned.mrc").write_bytes(b"map")
    found.finish({"score": 1.0}, made)
    assert found.result() == {"score": 1.0}
    assert (found.made / "aligned.mrc").read_bytes() == b"map"
    assert found.upload("a") is None
    assert requests.unfinished() == []
    with found.hold() as tries:
        assert tries == 0


def test_progress_is_that_of_whoever_works_on_it(tmp_path):
    requests, secret = asked(tmp_path)
    found = requests.find(secret)
    assert found.progress() is None
    with found.hold():
        found.tell("Superposing", 0.4)
        assert found.progress() == {"stage": "Superposing", "done": 0.4}
    assert found.progress() is None


HOLD = """
import signal, sys
from pathlib import Path
from micrographia.compare.requests import Asked
asked = Asked(Path(sys.argv[1]))
with asked.hold():
    asked.tell("Superposing", 0.5)
    print("held", flush=True)
    signal.pause()
"""


def test_a_process_that_is_killed_leaves_it_to_the_next(tmp_path):
    requests, secret = asked(tmp_path)
    found = requests.find(secret)
    with subprocess.Popen([sys.executable, "-c", HOLD, found.folder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert found.progress() == {"stage": "Superposing", "done": 0.5}
        with found.hold() as tries:
            assert tries == 0
        process.kill()
    assert found.progress() is None
    assert [a.folder for a, _ in requests.unfinished()] == [found.folder]
    with found.hold() as tries:
        assert tries == 2


def test_what_is_deleted_while_it_is_worked_on_stays_deleted(tmp_path):
    requests, secret = asked(tmp_path)
    found = requests.find(secret)
    with found.hold():
        found.remove()
        with pytest.raises(FileNotFoundError):
            found.tell("Superposing", 0.5)
        with pytest.raises(FileNotFoundError):
            found.fail({"error": "x"})
    assert names_below(tmp_path / "comparisons") == []


def test_a_small_copy_brings_no_deleted_folder_back(tmp_path):
    density = DensityMap(np.ones((8, 8, 8), np.float32), (2.0, 2.0, 2.0))
    with pytest.raises(FileNotFoundError):
        write_small_copy(density, tmp_path / "deleted" / "made" / "a.zarr")
    assert names_below(tmp_path) == []
    told = write_small_copy(density, tmp_path / "a.zarr")
    assert (told["mean"], told["sigma"]) == (1.0, 0.0)
    assert (tmp_path / "a.zarr/0/c/0/0/0").read_bytes() == density.values.tobytes()
