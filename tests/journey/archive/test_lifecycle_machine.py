"""Whatever verbs are tried in whatever order, nobody reads what is not released."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from micrographia.archive.curate import accept_entry, hold_entry, return_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.lookup import find_entry, find_file
from micrographia.archive.release import release_entry
from micrographia.archive.submit import submit_entry
from micrographia.archive.withdraw import withdraw_entry
from micrographia.assembly import open_archive
from micrographia.errors import GoneError, NotFoundError, WrongStateError
from micrographia.model.lifecycle import State, next_state
from micrographia.model.people import ANYONE
from micrographia.settings import Settings
from micrographia.testing.examples import HOOKE

VERBS = {
    "submit": lambda archive, accession: submit_entry(archive, accession),
    "accept": lambda archive, accession: accept_entry(archive, accession),
    "return": lambda archive, accession: return_entry(archive, accession, comment="More light"),
    "hold": lambda archive, accession: hold_entry(archive, accession, until="2026-12-31"),
    "release": lambda archive, accession: release_entry(archive, accession),
    "withdraw": lambda archive, accession: withdraw_entry(archive, accession, reason="Wrong"),
}


class Lifecycle(RuleBasedStateMachine):
    @initialize()
    def deposit(self):
        self.folder = tempfile.TemporaryDirectory()
        base = Path(self.folder.name)
        (base / "in").mkdir()
        (base / "in" / "notes.txt").write_text("secret until released")
        self.archive = open_archive(Settings(home=base / "archive", workers=1))
        object.__setattr__(self.archive, "now", lambda: "2026-06-01T12:00:00Z")
        self.accession = deposit_folder(self.archive, base / "in", given=HOOKE).accession
        self.state = State.DRAFT

    @rule(verb=st.sampled_from(sorted(VERBS)))
    def act(self, verb):
        try:
            expected = next_state(verb, self.state, accession=self.accession)
        except WrongStateError:
            with pytest.raises((WrongStateError, NotFoundError)):
                VERBS[verb](self.archive, self.accession)
            return
        VERBS[verb](self.archive, self.accession)
        self.state = expected

    @invariant()
    def only_what_is_released_is_read(self):
        if not hasattr(self, "archive"):
            return
        if self.state is State.RELEASED:
            assert find_entry(self.archive, self.accession).record.sheet.title == HOOKE.title
            assert find_file(self.archive, self.accession, 1, "notes.txt")
            return
        expected = GoneError if self.state is State.WITHDRAWN else NotFoundError
        anyone = self.archive.called_by(ANYONE)
        for question in (lambda: find_entry(anyone, self.accession), lambda: find_file(anyone, self.accession, 1, "notes.txt")):
            with pytest.raises(expected):
                question()

    def teardown(self):
        if hasattr(self, "archive"):
            self.archive.catalogue.close()
            self.folder.cleanup()


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(max_examples=6, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck))
