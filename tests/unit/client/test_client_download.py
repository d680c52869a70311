from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.client.download import Wanted, download_files, safe_target
from micrographia.errors import IntegrityError, InvalidInputError, MicrographiaError, UnavailableError


class Remote:
    """Files that can be opened from any byte, or break after some."""

    def __init__(self, **contents: bytes) -> None:
        self.contents = {name.replace("__", "/"): data for name, data in contents.items()}
        self.opened: list[tuple[str, int]] = []
        self.break_after: dict[str, list[int]] = {}
        self.ranges = True

    def wanted(self) -> list[Wanted]:
        return [Wanted(p, len(d), hashlib.sha256(d).hexdigest(), lambda start, p=p: self.open(p, start)) for p, d in self.contents.items()]

    @contextmanager
    def open(self, path: str, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        self.opened.append((path, start))
        start = start if self.ranges else 0
        yield start, self._pieces(path, start)

    def _pieces(self, path: str, start: int) -> Iterator[bytes]:
        breaks = self.break_after.get(path, [])
        stop = breaks.pop(0) if breaks else None
        for at in range(start, len(self.contents[path]), 1000):
            if stop is not None and at >= stop:
                raise UnavailableError("the line was cut")
            yield self.contents[path][at : at + 1000]


@pytest.fixture
def data() -> bytes:
    return bytes(range(256)) * 40


def whole(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_files_arrive_in_their_folders_and_in_order(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data, deep__er__b=b"", c=b"x")
    paths = download_files(remote.wanted(), tmp_path)
    assert [str(p.relative_to(tmp_path)) for p in paths] == ["a", "deep/er/b", "c"]
    assert whole(tmp_path) == remote.contents


def test_what_is_there_and_whole_is_not_fetched_again(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data)
    download_files(remote.wanted(), tmp_path)
    remote.opened.clear()
    download_files(remote.wanted(), tmp_path)
    assert remote.opened == []


def test_what_is_there_but_changed_is_fetched_again(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(b"!" * len(data))
    remote = Remote(a=data)
    download_files(remote.wanted(), tmp_path)
    assert whole(tmp_path) == {"a": data}


def test_a_cut_line_is_taken_up_where_it_broke(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data)
    remote.break_after["a"] = [3000, 7000]
    download_files(remote.wanted(), tmp_path)
    assert remote.opened == [("a", 0), ("a", 3000), ("a", 7000)]
    assert whole(tmp_path) == {"a": data}


def test_a_dead_line_fails_and_the_next_call_continues(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data)
    remote.break_after["a"] = [3000, 0]
    with pytest.raises(UnavailableError):
        download_files(remote.wanted(), tmp_path)
    download_files(remote.wanted(), tmp_path)
    assert remote.opened[-1] == ("a", 3000)
    assert whole(tmp_path) == {"a": data}


def test_a_server_without_ranges_starts_from_the_beginning(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data)
    remote.ranges = False
    remote.break_after["a"] = [5000]
    download_files(remote.wanted(), tmp_path)
    assert whole(tmp_path) == {"a": data}


def test_the_progress_adds_up_to_the_size_whatever_happened(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data, b=data[::-1])
    remote.break_after = {"a": [3000, 7000], "b": [1000]}
    seen: list[int] = []
    download_files(remote.wanted(), tmp_path, progress=seen.append)
    assert sum(seen) == 2 * len(data)


def test_a_wrong_part_of_an_older_attempt_is_thrown_away(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data)
    remote.break_after["a"] = [3000, 0]
    with pytest.raises(UnavailableError):
        download_files(remote.wanted(), tmp_path)
    (part,) = tmp_path.glob(".*.part")
    part.write_bytes(b"?" * 3000)
    download_files(remote.wanted(), tmp_path)
    assert whole(tmp_path) == {"a": data}


def test_a_file_that_is_not_what_the_manifest_says_is_refused_and_the_others_come(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data, b=data[::-1])
    bad, good = remote.wanted()
    lying = Wanted(bad.path, bad.size_bytes, "0" * 64, bad.open)
    with pytest.raises(IntegrityError, match=r"^a: what came has not the SHA-256"):
        download_files([lying, good], tmp_path, workers=1)
    assert whole(tmp_path) == {"b": data[::-1]}


def test_an_endless_file_is_cut_at_its_size(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data)
    (wanted,) = remote.wanted()
    with pytest.raises(IntegrityError):
        download_files([Wanted("a", 10, wanted.sha256, wanted.open)], tmp_path)
    assert whole(tmp_path) == {}


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/../../b", "", ".", "a//b", "a/./b", "a\0b", "a/"])
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidInputError):
        safe_target(tmp_path, path)


@given(st.text(max_size=40))
def test_no_path_whatever_leads_out_of_the_folder(path: str) -> None:
    root = Path("/archive/out")
    try:
        target = safe_target(root, path)
    except InvalidInputError:
        return
    assert Path(os.path.normpath(target)).is_relative_to(root)
    assert target != root


def test_a_link_in_the_folder_does_not_lead_out_of_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "to/sub").symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidInputError, match="symbolic link"):
        download_files(Remote(sub__a=data).wanted(), tmp_path / "to")
    assert whole(tmp_path / "outside") == {}


def test_two_files_of_one_path_are_refused_before_anything_is_written(tmp_path: Path, data: bytes) -> None:
    (one,) = Remote(a=data).wanted()
    (other,) = Remote(a=data[::-1]).wanted()
    with pytest.raises(InvalidInputError, match="twice"):
        download_files([one, other], tmp_path)
    assert whole(tmp_path) == {}


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(out: object, piece: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    remote = Remote(a=data)
    with monkeypatch.context() as patched, pytest.raises(UnavailableError, match="No space left"):
        patched.setattr("micrographia.client.download._write", full)
        download_files(remote.wanted(), tmp_path)
    download_files(remote.wanted(), tmp_path)
    assert whole(tmp_path) == {"a": data}


def test_a_file_where_a_folder_should_be_is_an_error_in_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "sub").write_bytes(b"")
    with pytest.raises(MicrographiaError, match="cannot be written"):
        download_files(Remote(sub__a=data).wanted(), tmp_path)


def test_an_interruption_leaves_at_once_and_keeps_the_part(tmp_path: Path, data: bytes) -> None:
    remote = Remote(a=data, b=data[::-1])

    def interrupt(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download_files(remote.wanted(), tmp_path, progress=interrupt)
    download_files(remote.wanted(), tmp_path)
    assert whole(tmp_path) == remote.contents
