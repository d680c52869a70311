"""Where things lie in an OCFL 1.1 storage root (Oxford Common File Layout), as pure names; reads and writes nothing.

The root uses extension 0003 (hashed n-tuple trees with the object's identifier as last folder) with sha256, tuples of 3 and 2 of them:
``MG-10001`` lies in ``<3 hex digits>/<3 hex digits>/MG-10001``.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from micrographia.errors import InvalidInputError
from micrographia.ids import EntryId
from micrographia.model.records import RESERVED_FILES

ROOT_NAMASTE = "0=ocfl_1.1"
OBJECT_NAMASTE = "0=ocfl_object_1.1"
INVENTORY_TYPE = "https://ocfl.io/1.1/spec/#inventory"
INVENTORY = "inventory.json"
DIGEST_ALGORITHM = "sha256"
SIDECAR = f"{INVENTORY}.{DIGEST_ALGORITHM}"
LAYOUT_FILE = "ocfl_layout.json"
LAYOUT = "0003-hash-and-id-n-tuple-storage-layout"
LAYOUT_CONFIG = {"extensionName": LAYOUT, "digestAlgorithm": DIGEST_ALGORITHM, "tupleSize": 3, "numberOfTuples": 2}
LAYOUT_DESCRIPTION = "Hashed truncated n-tuple trees with object ID encapsulating directory: <3 hex digits>/<3 hex digits>/<accession>"
EVENTS_FILE = "logs/events.jsonl"
# folders of ours under the root's extensions/, where the specification leaves the content to us
STAGING = "extensions/micrographia-staging"
TOMBSTONES = "extensions/micrographia-tombstones"

# POSIX NAME_MAX; and an S3 key holds 1,024 bytes, of which we keep some for the prefix, the object's path and vN/content/
NAME_BYTES = 255
PATH_BYTES = 900

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.+-]*)*", re.ASCII)
_VERSION = re.compile(r"v([1-9][0-9]*)")
_CONTENT = re.compile(r"v([1-9][0-9]*)/content/(.+)", re.DOTALL)


@lru_cache(maxsize=65536)
def object_path(accession: str) -> str:
    """Return the folder of an entry inside the storage root: ``ab1/2c3/MG-10001``."""
    accession = EntryId.parse(accession)
    digest = hashlib.sha256(accession.encode()).hexdigest()
    return f"{digest[:3]}/{digest[3:6]}/{accession}"


def version_folder(version: int) -> str:
    """Return the name of a version's folder: ``v1``."""
    return f"v{version}"


def version_number(folder: str) -> int | None:
    """Return the number of a version folder, None when the name is not one of those."""
    match = _VERSION.fullmatch(folder)
    return int(match[1]) if match else None


def content_path(version: int, path: str) -> str:
    """Return where a file that came with `version` lies inside its object: ``v1/content/map.mrc``."""
    return f"v{version}/content/{path}"


def split_content_path(content: str) -> tuple[int, str]:
    """Return (version, path) of a content path that is safe to use; InvalidInputError otherwise."""
    match = _CONTENT.fullmatch(content)
    if match is None or any(part in ("", ".", "..") for part in match[2].split("/")) or "\0" in content:
        raise InvalidInputError(f"{content[:200]!r} is not a content path; expected one like v1/content/map.mrc.")
    return int(match[1]), match[2]


def safe_path(path: str) -> str:
    """Return the path under which an entry keeps a file (relative, Unicode NFC); InvalidInputError when it cannot be kept."""
    if len(path) <= NAME_BYTES and _PLAIN.fullmatch(path) and path.casefold() not in RESERVED_FILES:  # nearly all of a million
        return path

    def refuse(why: str) -> InvalidInputError:
        return InvalidInputError(f"{path[:200]!r} cannot be the path of a file in an entry: {why}.")

    for character in path:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise refuse(f"it holds the character {ord(character):#06x}, which names of files must not; rename the file")
    path = unicodedata.normalize("NFC", path)
    if path.startswith("/"):
        raise refuse("it is absolute; a path inside the entry is expected")
    names = path.split("/")
    if any(name in ("", ".", "..") for name in names):
        raise refuse("it has an empty name, . or .. in it")
    if any(len(name.encode()) > NAME_BYTES for name in names):
        raise refuse(f"a name in it is longer than {NAME_BYTES} bytes")
    if len(path.encode()) > PATH_BYTES:
        raise refuse(f"it is longer than {PATH_BYTES} bytes")
    if path.casefold() in RESERVED_FILES:
        raise refuse("the archive writes a file of that name itself; rename it or put it into a folder")
    return path
