"""The catalogue: a SQL database from which every question about entries, files and images is answered; it can always be rebuilt."""

from micrographia.catalogue.catalogue import Catalogue
from micrographia.catalogue.changes import changed_files
from micrographia.catalogue.derived import Derived, DerivedState, Holder, Lease, LostLeaseError, Outcome, Progress, is_dead, this_process
from micrographia.catalogue.rows import EntryRow, FolderPage, FolderRow, ImagePage, ImageRow, ProcessLink, Statistics, VersionRow
from micrographia.catalogue.search import FacetCount, Histogram, SearchItem, SearchPage, SearchQuery
from micrographia.catalogue.writing import content_digest

__all__ = [
    "Catalogue",
    "Derived",
    "DerivedState",
    "EntryRow",
    "FacetCount",
    "FolderPage",
    "FolderRow",
    "Histogram",
    "Holder",
    "ImagePage",
    "ImageRow",
    "Lease",
    "LostLeaseError",
    "Outcome",
    "ProcessLink",
    "Progress",
    "SearchItem",
    "SearchPage",
    "SearchQuery",
    "Statistics",
    "VersionRow",
    "changed_files",
    "content_digest",
    "is_dead",
    "this_process",
]
