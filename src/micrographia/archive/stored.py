"""Where the bytes of a file or folder of an entry lie, in a form that crosses process borders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from micrographia.formats.source import ByteSource, ByteTree, MappingTree
from micrographia.model import ocfl
from micrographia.store import Drafts, Store


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """A file, or a folder that is one image; some of its bytes may lie in the store and others in a draft."""

    store: str
    """Location of the store."""
    drafts: str
    """Location of the drafts; empty when none lie there."""
    draft_version: int
    """The version whose own files lie there."""
    accession: str
    name: str
    content: str | Mapping[str, str]
    """Content path of the file; of a folder path inside the folder → content path."""

    def open(self) -> ByteSource | ByteTree:
        """Return the bytes for reading."""
        if isinstance(self.content, str):
            return self._source(self.content)
        return MappingTree(self.name, {path: partial(self._source, content) for path, content in self.content.items()})

    def _source(self, content_path: str) -> ByteSource:
        is_draft = bool(self.drafts) and ocfl.split_content_path(content_path)[0] == self.draft_version
        return _opened(self.drafts if is_draft else self.store, is_draft).source(self.accession, content_path)


@lru_cache(maxsize=4)
def _opened(location: str, is_draft: bool) -> Store | Drafts:
    return Drafts.open(location) if is_draft else Store.open(location, create=False)
