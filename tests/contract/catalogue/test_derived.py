"""What is to be derived is the difference between the images and what is recorded; one holder of the lease records."""

import socket
import subprocess

import pytest

from micrographia.catalogue import Catalogue, LostLeaseError, Outcome
from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State
from micrographia.testing.entries import make_draft, make_entry, make_file, make_image

ENTRY = EntryId("MG-10001")


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    catalogue.put_version(make_entry(), State.RELEASED, [make_file("map.mrc")], [make_image(n) for n in (1, 2, 3)])
    catalogue.put_draft(make_draft("MG-10002"), [make_file("map.mrc")], [make_image(1)])
    return catalogue


def unmade(catalogue, *, recipe=1):
    return [(record.number, tries) for record, tries in catalogue.derived.unmade(ENTRY, 1, "thumbnail", recipe)[0]]


def outcome(number, state, tries=1):
    return Outcome(ImageId(ENTRY, 1, number), "thumbnail", 1, state, tries, "why\0 not" if state != "done" else "")


def test_only_accepted_and_public_versions_are_derived(filled):
    assert filled.derived.unfinished_versions("thumbnail", 1) == [(ENTRY, 1)]
    for state in (State.SUBMITTED, State.ACCEPTED, State.HELD):
        filled.set_state("MG-10002", 1, state)
        expected = [(ENTRY, 1)] if state is State.SUBMITTED else [(ENTRY, 1), ("MG-10002", 1)]
        assert filled.derived.unfinished_versions("thumbnail", 1) == expected
    filled.set_state("MG-10002", 1, State.DRAFT)
    filled.set_state(ENTRY, None, State.WITHDRAWN)
    assert filled.derived.unfinished_versions("thumbnail", 1) == []


def test_what_is_done_or_failed_is_not_made_again(filled):
    derived = filled.derived
    lease = derived.take_lease("keeper", seconds=60)
    derived.record(lease, [outcome(1, "done"), outcome(2, "trying"), outcome(3, "failed", 3)])
    assert unmade(filled) == [(2, 1)]
    assert unmade(filled, recipe=2) == [(1, 0), (2, 0), (3, 0)]
    derived.record(lease, [outcome(2, "done", 2)])
    derived.finish_version(lease, ENTRY, 1, "thumbnail", 1)
    assert derived.unfinished_versions("thumbnail", 1) == []
    assert derived.unfinished_versions("thumbnail", 2) == [(ENTRY, 1)]
    assert derived.counts({"thumbnail": 1}) == {"done": 2, "failed": 1}
    ids = [ImageId(ENTRY, 1, n) for n in (1, 2, 3, 4)]
    assert [s.get("thumbnail") for s in derived.states(ids, {"thumbnail": 1}).values()] == ["done", "done", "failed", None]
    assert [(f.image.number, f.tries) for f in derived.failures()] == [(3, 3)]
    assert derived.retry() == 1
    assert unmade(filled) == [(3, 0)] and derived.unfinished_versions("thumbnail", 1) == [(ENTRY, 1)]
    filled.clear_entries()
    assert derived.counts({"thumbnail": 1}) == {"done": 0, "failed": 0}


def test_the_latest_public_images_of_a_kind_come_with_what_became_of_a_product(filled):
    derived = filled.derived
    derived.record(None, [outcome(1, "done"), outcome(2, "failed", 3)])
    kind = make_image(1).kind

    def listed(recipe=1, kind=kind):
        return [tuple(row) for row in derived.latest_images(kind, "thumbnail", recipe)]

    assert listed() == [(10001, 1, 1, "done"), (10001, 1, 2, "failed"), (10001, 1, 3, "")]
    assert {row[3] for row in listed(recipe=2)} == {""}
    assert listed(kind="mask") == []
    filled.put_version(make_entry(version=2), State.RELEASED, [make_file("map.mrc")], [make_image(1)])
    assert listed() == [(10001, 2, 1, "")]
    filled.set_state(ENTRY, None, State.WITHDRAWN)
    assert listed() == []


def test_a_lease_has_one_holder_until_it_ends(filled):
    derived = filled.derived
    first = derived.take_lease("keeper", seconds=60)
    assert derived.take_lease("keeper", seconds=60) is None
    derived.renew_lease(first, seconds=-1)
    second = derived.take_lease("keeper", seconds=60)
    assert second.fence > first.fence
    for late in (lambda: derived.record(first, [outcome(1, "done")]), lambda: derived.renew_lease(first, seconds=60)):
        with pytest.raises(LostLeaseError):
            late()
    derived.give_lease_back(first)  # not its own any more: nothing happens
    assert derived.take_lease("keeper", seconds=60) is None
    derived.give_lease_back(second)
    assert derived.take_lease("keeper", seconds=60) is not None
    assert unmade(filled) == [(1, 0), (2, 0), (3, 0)]


def test_the_lease_of_a_dead_process_is_free(filled, monkeypatch):
    gone = subprocess.Popen(["true"])
    gone.wait()
    with monkeypatch.context() as during:
        during.setattr("micrographia.catalogue.derived.this_process", lambda: f"{socket.gethostname()}:{gone.pid}")
        assert filled.derived.take_lease("keeper", seconds=3600)
    assert filled.derived.take_lease("keeper", seconds=60)
