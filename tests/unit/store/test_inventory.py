from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.errors import IntegrityError, InvalidInputError
from micrographia.store.bucket import blocks_of, lines
from micrographia.store.inventory import Ledger, head_of, manifest, write_inventory

Version = dict[str, bytes]  # path → bytes

# few names and few contents, so that versions share, change, drop and repeat them
VERSIONS = st.lists(st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from([b"1", b"2", b"3"])), min_size=1, max_size=4)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def inventory_of(rows: Iterable[tuple[str, str, str, int]], version: int = 1, previous: Iterable[bytes] | None = None) -> bytes:
    with Ledger() as ledger:
        ledger.add(rows)
        ledger.check_paths()
        return b"".join(
            write_inventory(
                ledger, accession="MG-10001", version=version, created="2026-01-01T00:00:00Z", message="«m»", user="", previous=previous
            )
        )


def expected(versions: list[Version]) -> tuple[dict[str, Any], list[list[tuple[str, str, str, int]]]]:
    """The inventory as a person would write it, and the rows of each version: a file that did not change keeps its place."""
    whole: dict[str, Any] = {
        "id": "MG-10001",
        "type": "https://ocfl.io/1.1/spec/#inventory",
        "digestAlgorithm": "sha256",
        "head": f"v{len(versions)}",
        "contentDirectory": "content",
        "manifest": {},
        "versions": {},
    }
    rows, place, before = [], {}, {}
    for number, version in enumerate(versions, 1):
        state: dict[str, list[str]] = {}
        row = []
        for path, data in sorted(version.items()):
            state.setdefault(sha256(data), []).append(path)
            if before.get(path) != data:
                place[path] = f"v{number}/content/{path}"
                whole["manifest"].setdefault(sha256(data), []).append(place[path])
            row.append((path, sha256(data), place[path], len(data)))
        before = version
        rows.append(row)
        about = {"created": "2026-01-01T00:00:00Z", "message": "«m»", "user": {"name": "Operator of the archive"}}
        whole["versions"][f"v{number}"] = {**about, "state": state}
    return whole, rows


@given(VERSIONS, st.booleans())
def test_each_version_adds_to_the_inventory_before_it(versions: list[Version], foreign: bool) -> None:
    whole, rows = expected(versions)
    text: bytes | None = None
    for number, row in enumerate(rows, 1):
        if text is not None and foreign:  # as another program writes it
            text = json.dumps(json.loads(text), indent=2, sort_keys=True).encode()
        text = inventory_of(row, number, None if text is None else lines([text], last=True))
    assert text is not None
    found = json.loads(text)
    for block in (found, whole):
        block["manifest"] = {digest: sorted(paths) for digest, paths in block["manifest"].items()}
    assert found == whole
    assert dict(manifest(lines([text]))).keys() == whole["manifest"].keys()
    assert head_of(text[:4096]) == len(versions)


def test_two_files_of_one_path_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="same path"):
        inventory_of([("a", sha256(b""), "v1/content/a", 0)] * 2)


def test_a_file_cannot_be_the_folder_of_another() -> None:
    rows = [(path, sha256(b""), f"v1/content/{path}", 0) for path in ("a/b/c", "a!", "a.x/y", "a/b")]
    with pytest.raises(InvalidInputError, match=r"'a/b'.*'a/b/c'"):
        inventory_of(rows)
    inventory_of(rows[:3])


def test_bytes_that_no_version_holds_are_refused() -> None:
    first = inventory_of([("a", sha256(b"1"), "v1/content/a", 1)])
    for wrong in (("a", sha256(b"1"), "v1/content/b", 1), ("a", sha256(b"2"), "v1/content/a", 1)):
        with pytest.raises(IntegrityError, match="no earlier version holds"):
            inventory_of([wrong], 2, lines([first]))


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"id":"MG-10001","head":"v1"}\n', b"\xff\n\xff\n"])
def test_nonsense_is_called_so(text: bytes) -> None:
    with pytest.raises(IntegrityError, match="inventory"):
        list(manifest(lines([text])))


@given(st.lists(st.binary(max_size=6)), st.integers(1, 8))
def test_blocks_and_lines_keep_every_byte(parts: list[bytes], size: int) -> None:
    whole = b"".join(parts)
    assert b"".join(blocks_of(parts, size)) == whole
    assert list(lines(parts)) == whole.split(b"\n")[:-1]
