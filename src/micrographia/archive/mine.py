"""The entries of whoever asks: drafts and released ones on which they have a role."""

from __future__ import annotations

from dataclasses import dataclass

from micrographia.archive.archive import Archive
from micrographia.catalogue import VersionRow
from micrographia.ids import EntryId
from micrographia.model.lifecycle import State
from micrographia.model.people import Role


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry as one of its people has it in mind."""

    accession: EntryId
    role: Role
    state: State
    """Of the draft where there is one, else of the entry."""
    draft: VersionRow | None
    released: VersionRow | None
    """The latest released version."""

    @property
    def row(self) -> VersionRow:
        """What is being worked on: the draft, else the latest release."""
        row = self.draft or self.released
        assert row is not None
        return row


def own_entries(archive: Archive) -> list[OwnEntry]:
    """Return the entries of the caller, newest first."""
    caller, found = archive.caller, []
    for accession, role in archive.catalogue.entries_of(email=caller.email, orcid=caller.orcid):
        entry, versions = archive.catalogue.entry(accession), archive.catalogue.versions(accession)
        if entry is None or not versions:  # discarded just now
            continue
        draft = next((v for v in versions if v.state.is_before_release), None)
        released = next((v for v in reversed(versions) if v.released_at), None)
        found.append(OwnEntry(accession, role, draft.state if draft else entry.state, draft, released))
    return found
