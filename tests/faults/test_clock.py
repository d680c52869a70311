"""Holds end by the day of UTC, whatever zone the machine is in and however its clock jumps."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from micrographia.archive.archive import utc_now
from micrographia.archive.curate import accept_entry, hold_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.release import release_due
from micrographia.archive.submit import submit_entry
from micrographia.assembly import open_archive
from micrographia.model.lifecycle import State
from micrographia.settings import Settings
from micrographia.testing.examples import HOOKE


@pytest.fixture
def held(tmp_path):
    """Give an archive and an entry that is held until 2027-01-01."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/notes.txt").write_text("Of cork")
    opened = open_archive(Settings(home=tmp_path / "archive", workers=1))
    archive = replace(opened, now=lambda: "2026-12-01T12:00:00Z")
    accession = deposit_folder(archive, tmp_path / "in", given=HOOKE).accession
    submit_entry(archive, accession)
    accept_entry(archive, accession)
    hold_entry(archive, accession, until="2026-12-31T23:30:00-05:00")
    yield archive, accession
    opened.catalogue.close()


def test_a_moment_elsewhere_counts_as_its_day_of_utc(held):
    archive, accession = held
    assert archive.drafts.record(accession).hold_until == "2027-01-01"


@pytest.mark.parametrize(
    ("clock", "is_due"),
    [
        (("2026-12-31T23:59:59Z",), False),
        (("2027-01-01T00:00:00Z",), True),
        (("2027-03-01T00:00:00Z",), True),  # nothing ran on the day itself
        (("2026-11-01T00:00:00Z", "2026-12-31T00:00:00Z"), False),
        (("2026-12-31T23:59:59Z", "2026-12-31T22:00:00Z", "2027-01-01T00:00:01Z"), True),
    ],
)
def test_a_hold_ends_with_its_day(held, clock, is_due):
    archive, accession = held
    released = [release_due(replace(archive, now=lambda at=at: at)) for at in clock]
    assert released[-1] == ([accession] if is_due else [])
    assert not any(released[:-1])


def test_what_was_released_stays_so_when_the_clock_is_put_back(held):
    archive, accession = held
    assert release_due(replace(archive, now=lambda: "2027-01-01T00:00:00Z")) == [accession]
    assert release_due(archive) == []
    assert archive.catalogue.entry(accession).state is State.RELEASED


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_zone_of_the_machine_changes_nothing(zone):
    before = utc_now()
    program = "from micrographia.archive.archive import utc_now; print(utc_now())"
    said = subprocess.run([sys.executable, "-c", program], env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=True)
    assert before <= said.stdout.strip() <= utc_now()
