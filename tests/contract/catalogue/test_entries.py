"""Entries, versions, drafts, states, events: what goes in comes out, on both databases."""

from __future__ import annotations

import pytest

from micrographia.catalogue import Catalogue, SearchQuery, content_digest
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.model.finding import Finding
from micrographia.model.lifecycle import State
from micrographia.model.records import Event
from micrographia.testing.entries import make_draft, make_entry, make_file, make_image


def _event(verb: str, at: str = "2026-01-01T00:00:00Z") -> Event:
    return Event(at=at, verb=verb, version=1)


def test_accessions_begin_at_10001_and_are_never_given_twice(catalogue: Catalogue) -> None:
    assert [catalogue.reserve_accession() for _ in range(3)] == ["MG-10001", "MG-10002", "MG-10003"]
    catalogue.reserve_at_least(10_010)
    catalogue.reserve_at_least(10_005)
    assert catalogue.reserve_accession() == "MG-10011"
    catalogue.clear_entries()
    assert catalogue.reserve_accession() == "MG-10012"


def test_a_draft_comes_back_as_it_was_and_is_not_found_by_search(catalogue: Catalogue) -> None:
    draft = make_draft(title="Secret ferritin")
    catalogue.put_draft(draft, [make_file("a.mrc")], [make_image(path="a.mrc")])
    assert catalogue.draft_document("MG-10001") == draft
    assert catalogue.entry_document("MG-10001", 1) is None
    entry = catalogue.entry("MG-10001")
    assert entry is not None and (entry.state, entry.latest_version) == (State.DRAFT, 0)
    assert [v.file_count for v in catalogue.drafts()] == [1]
    assert catalogue.search(SearchQuery("ferritin")).total == catalogue.search(SearchQuery()).total == catalogue.images().total == 0
    assert catalogue.statistics().entries == 0
    assert catalogue.find_content(content_digest([make_file("a.mrc")])) == []


def test_a_draft_written_again_without_files_keeps_them(catalogue: Catalogue) -> None:
    catalogue.put_draft(make_draft(), [make_file("a.mrc")], [make_image()])
    catalogue.put_draft(make_draft(state=State.SUBMITTED, title="Better"))
    (version,) = catalogue.versions("MG-10001")
    assert (version.state, version.title, version.file_count, version.image_count) == (State.SUBMITTED, "Better", 1, 1)
    assert catalogue.drafts(State.DRAFT) == [] and catalogue.drafts(State.SUBMITTED) == [version]


def test_a_release_takes_the_files_of_its_draft(catalogue: Catalogue) -> None:
    catalogue.put_draft(make_draft(), [make_file("a.mrc")], [make_image()])
    record = make_entry()
    catalogue.put_version(record)
    assert catalogue.draft_document("MG-10001") is None and catalogue.drafts() == []
    assert catalogue.entry_document("MG-10001", 1) == record
    assert [f.path for f in catalogue.files("MG-10001", 1)] == ["a.mrc"]
    (item,) = catalogue.search(SearchQuery()).items
    assert (item.file_count, str(item.cover)) == (1, "MG-10001.1.1")


def test_writing_a_version_again_changes_nothing(catalogue: Catalogue) -> None:
    files, images = [make_file("a.mrc"), make_file("b/c.mrc")], [make_image()]
    for _ in range(2):
        catalogue.put_version(make_entry(), files=files, images=images)
    assert len(catalogue.versions("MG-10001")) == 1
    assert catalogue.files("MG-10001", 1) == files
    assert catalogue.search(SearchQuery("flea")).total == 1
    assert catalogue.statistics().files == 2


def test_a_new_version_takes_the_place_of_the_old_one_in_searches_only(catalogue: Catalogue) -> None:
    catalogue.put_version(make_entry(title="First ferritin"), files=[make_file("a.mrc")], images=())
    catalogue.put_draft(make_draft(version=2, title="Second apoferritin"))
    assert catalogue.search(SearchQuery("first")).total == 1
    catalogue.put_version(make_entry(version=2, released_at="2026-02-02T00:00:00Z", title="Second apoferritin"), files=(), images=())
    assert catalogue.search(SearchQuery("first")).total == 0
    assert [i.version for i in catalogue.search(SearchQuery("second")).items] == [2]
    entry = catalogue.entry("MG-10001")
    assert entry is not None and (entry.latest_version, entry.released_at) == (2, "2026-01-02T00:00:00Z")
    assert [f.path for f in catalogue.files("MG-10001", 1)] == ["a.mrc"]
    latest = catalogue.latest_released("MG-10001")
    assert latest is not None and latest.version == 2


def test_versions_may_come_in_any_order(catalogue: Catalogue) -> None:
    catalogue.put_version(make_entry(version=2, released_at="2026-02-02T00:00:00Z", title="Second"), files=(), images=())
    catalogue.put_version(make_entry(version=1, title="First"), files=(), images=())
    assert [i.title for i in catalogue.search(SearchQuery()).items] == ["Second"]
    entry = catalogue.entry("MG-10001")
    assert entry is not None and (entry.latest_version, entry.released_at) == (2, "2026-01-02T00:00:00Z")


def test_an_obsolete_entry_is_found_behind_all_others_and_names_its_successor(catalogue: Catalogue) -> None:
    catalogue.put_version(make_entry("MG-10001", title="Ferritin"), files=(), images=())
    catalogue.put_version(make_entry("MG-10002", abstract="Ferritin", title="Other"), files=(), images=())
    catalogue.set_state("MG-10001", None, State.OBSOLETE, {"superseded_by": "MG-10002"})
    page = catalogue.search(SearchQuery("ferritin"))
    assert [(i.accession, i.state) for i in page.items] == [("MG-10002", State.RELEASED), ("MG-10001", State.OBSOLETE)]
    entry = catalogue.entry("MG-10001")
    assert entry is not None and entry.superseded_by == "MG-10002"


def test_a_withdrawn_entry_is_found_no_more_but_still_known(catalogue: Catalogue) -> None:
    catalogue.put_version(make_entry(title="Ferritin"), files=[make_file("a.mrc")], images=[make_image()])
    assert catalogue.search(SearchQuery("ferritin")).total == 1
    catalogue.set_state("MG-10001", None, State.WITHDRAWN, {"reason": "A mistake"})
    assert catalogue.search(SearchQuery("ferritin")).total == catalogue.search(SearchQuery()).total == 0
    assert catalogue.images().total == catalogue.statistics().entries == 0
    assert catalogue.find_content(content_digest([make_file("a.mrc")])) == []
    entry = catalogue.entry("MG-10001")
    assert entry is not None and entry.state is State.WITHDRAWN and entry.detail == {"reason": "A mistake"}
    assert [v.state for v in catalogue.versions("MG-10001")] == [State.WITHDRAWN]


def test_a_withdrawn_entry_that_is_written_again_stays_withdrawn(catalogue: Catalogue) -> None:
    catalogue.put_version(make_entry(title="Ferritin"), files=(), images=())
    catalogue.set_state("MG-10001", None, State.WITHDRAWN)
    catalogue.put_version(make_entry(title="Ferritin"), files=(), images=())
    assert catalogue.search(SearchQuery()).total == 0
    assert [v.state for v in catalogue.versions("MG-10001")] == [State.WITHDRAWN]


def test_a_withdrawn_entry_is_not_found_while_it_is_rebuilt(catalogue: Catalogue) -> None:
    catalogue.put_version(make_entry(), State.WITHDRAWN, files=(), images=())
    entry = catalogue.entry("MG-10001")
    assert entry is not None and entry.state is State.WITHDRAWN
    assert catalogue.search(SearchQuery()).total == 0


def test_of_a_purged_entry_only_the_tombstone_stays(catalogue: Catalogue) -> None:
    catalogue.put_version(make_entry(title="Ferritin"), files=[make_file("a.mrc")], images=[make_image()])
    catalogue.set_state("MG-10001", None, State.PURGED, {"reason": "A court order"})
    purged = catalogue.entry("MG-10001")
    assert purged is not None and purged.state is State.PURGED and purged.detail == {"reason": "A court order"}
    assert catalogue.versions("MG-10001") == [] and catalogue.file("MG-10001", 1, "a.mrc") is None
    catalogue.clear_entries()
    catalogue.set_state("MG-10001", None, State.PURGED, {"reason": "A court order"})
    assert catalogue.entry("MG-10001") == purged


def test_the_state_of_a_draft_can_be_set(catalogue: Catalogue) -> None:
    catalogue.put_draft(make_draft())
    catalogue.set_state("MG-10001", 1, State.SUBMITTED)
    draft, entry = catalogue.draft_document("MG-10001"), catalogue.entry("MG-10001")
    assert draft is not None and entry is not None and draft.state is entry.state is State.SUBMITTED
    with pytest.raises(NotFoundError, match="no draft of version 2"):
        catalogue.set_state("MG-10001", 2, State.SUBMITTED)
    with pytest.raises(NotFoundError, match="no entry MG-10002"):
        catalogue.set_state("MG-10002", None, State.WITHDRAWN)


def test_a_deleted_draft_leaves_nothing_but_released_versions(catalogue: Catalogue) -> None:
    catalogue.put_draft(make_draft("MG-10001"), [make_file("a")], ())
    catalogue.add_event("MG-10001", _event("create"))
    catalogue.delete_draft("MG-10001")
    assert catalogue.entry("MG-10001") is None and catalogue.versions("MG-10001") == [] and catalogue.events("MG-10001") == []
    catalogue.put_version(make_entry("MG-10002"), files=(), images=())
    catalogue.put_draft(make_draft("MG-10002", 2))
    catalogue.delete_draft("MG-10002")
    assert [v.version for v in catalogue.versions("MG-10002")] == [1]


def test_the_same_event_is_kept_once_and_events_come_in_order(catalogue: Catalogue) -> None:
    catalogue.add_events("MG-10001", [_event("submit", "2026-01-03T00:00:00Z"), _event("create"), _event("create")])
    catalogue.add_event("MG-10001", _event("create"))
    assert [e.verb for e in catalogue.events("MG-10001")] == ["create", "submit"]
    catalogue.put_draft(make_draft().model_copy(update={"events": (_event("create"), _event("edit", "2026-01-02T00:00:00Z"))}))
    assert [e.verb for e in catalogue.events("MG-10001")] == ["create", "edit", "submit"]


def test_the_same_files_are_known_again(catalogue: Catalogue) -> None:
    files = [make_file("a.mrc"), make_file("b.mrc")]
    catalogue.put_version(make_entry(), files=files, images=())
    assert [v.accession for v in catalogue.find_content(content_digest(files))] == ["MG-10001"]
    assert catalogue.find_content(content_digest(files[:1])) == []


def test_findings_with_names_of_hostile_files_are_kept(catalogue: Catalogue) -> None:
    finding = Finding("file.name", "error", "a\0b.mrc", "The name holds a zero character.", found="\0")
    draft = make_draft().model_copy(update={"findings": (finding,)})
    catalogue.put_draft(draft)
    assert catalogue.draft_document("MG-10001") == draft


def test_processes_of_other_entries_that_used_an_entry_are_named(catalogue: Catalogue) -> None:
    process = {"id": "p", "kind": "3D refinement", "inputs": ["MG-10001/movies", "own"], "outputs": ["map"]}
    catalogue.put_version(make_entry("MG-10001", processes=[process | {"inputs": ["movies"]}]), files=(), images=())
    related = [{"to": "MG-10001", "relation": "reprocesses", "image_set": "movies"}]
    catalogue.put_version(make_entry("MG-10002", processes=[process], related=related), files=(), images=())
    catalogue.put_draft(make_draft("MG-10003", processes=[process]))
    links = [(u.accession, u.process, u.kind, u.item) for u in catalogue.used_by("MG-10001")]
    assert links == [("MG-10002", "p", "3D refinement", "movies"), ("MG-10002", "", "reprocesses", "movies")]
    assert catalogue.used_by("MG-10001", "maps") == []
    catalogue.set_state("MG-10002", None, State.WITHDRAWN)
    assert catalogue.used_by("MG-10001") == []


def test_unknown_things_are_nothing_and_nonsense_is_refused(catalogue: Catalogue) -> None:
    assert catalogue.entry("MG-99999") is None and catalogue.version("MG-99999", 1) is None
    assert catalogue.versions("MG-99999") == [] and catalogue.latest_released("MG-99999") is None
    assert catalogue.entry_document("MG-99999", 1) is None and catalogue.draft_document("MG-99999") is None
    with pytest.raises(InvalidInputError, match="not an accession"):
        catalogue.entry("MG-1'; DROP TABLE entries")


def test_everything_about_entries_can_be_cleared(catalogue: Catalogue) -> None:
    catalogue.put_version(make_entry(), files=[make_file("a")], images=[make_image()])
    catalogue.add_event("MG-10001", _event("create"))
    assert catalogue.search(SearchQuery()).total == 1
    catalogue.clear_entries()
    assert catalogue.entry("MG-10001") is None and catalogue.events("MG-10001") == []
    assert catalogue.search(SearchQuery()).total == catalogue.search(SearchQuery("flea")).total == 0
    catalogue.put_version(make_entry(), files=(), images=())
    assert catalogue.search(SearchQuery("flea")).total == 1
