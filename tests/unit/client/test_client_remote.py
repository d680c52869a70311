from __future__ import annotations

import io
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from micrographia import errors
from micrographia.client.archive import Archive
from micrographia.client.entry import Entry
from micrographia.client.image import Image
from micrographia.client.remote import RemoteTransport
from micrographia.errors import GoneError, IntegrityError, InvalidInputError, MicrographiaError, NotFoundError, UnavailableError
from micrographia.ids import EntryId

ENTRY = EntryId("MG-10001")


@pytest.fixture
def remote(server: Any) -> RemoteTransport:
    return RemoteTransport(server.url, pause_s=0)


ALL_CLASSES = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, MicrographiaError)]


@pytest.mark.parametrize("kind", ALL_CLASSES, ids=lambda k: k.__name__)
def test_the_class_that_the_server_raised_is_raised_here(kind: type[MicrographiaError], server: Any, remote: RemoteTransport) -> None:
    server.answer = server.send_json(kind("what was found and what to do").as_json(), 400)
    with pytest.raises(kind, match="what was found") as raised:
        remote.entry(ENTRY, None)
    assert type(raised.value) is kind


def test_findings_and_tombstones_come_with_their_failure(server: Any, remote: RemoteTransport) -> None:
    server.answer = server.send_json(GoneError("withdrawn", {"title": "Flea", "reason": "lent"}).as_json(), 410)
    with pytest.raises(GoneError) as gone:
        remote.entry(ENTRY, None)
    assert gone.value.tombstone == {"title": "Flea", "reason": "lent"}
    server.answer = server.send_json(InvalidInputError("no", [{"rule": "x"}]).as_json(), 422)
    with pytest.raises(InvalidInputError) as invalid:
        remote.entry(ENTRY, None)
    assert invalid.value.findings == ({"rule": "x"},)


@pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (410, GoneError), (422, InvalidInputError), (500, UnavailableError)])
def test_an_answer_without_a_class_is_classed_by_its_status(
    status: int, kind: type[MicrographiaError], server: Any, remote: RemoteTransport
) -> None:
    server.answer = lambda request: server.send(request, status, b"<html>a proxy said so</html>")
    with pytest.raises(kind):
        remote.entry(ENTRY, None)


def test_a_moment_of_unavailability_is_waited_out(server: Any, remote: RemoteTransport) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if len(server.requests) < 3:
            server.send(request, 503, b"", Retry_After="1")
        else:
            server.send_json({"title": "Flea"})(request)

    server.answer = answer
    assert remote.entry(ENTRY, None)["title"] == "Flea"


def test_a_server_that_stays_away_is_unavailable(remote: RemoteTransport, server: Any) -> None:
    server.answer = lambda request: request.connection.close()
    with pytest.raises(UnavailableError, match="cannot be reached"):
        remote.entry(ENTRY, None)
    assert len(server.requests) == 5


def test_something_else_behind_the_address_is_said(server: Any, remote: RemoteTransport) -> None:
    server.answer = lambda request: server.send(request, 200, b"<html>hello</html>")
    with pytest.raises(UnavailableError, match=r"is .* a Micrographia archive"):
        remote.entry(ENTRY, None)
    with pytest.raises(UnavailableError, match=r"is .* a Micrographia archive"):
        list(remote.files(ENTRY, 1))


@pytest.mark.parametrize("url", ["http://", "http://host/?q=1", "http://host/#x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError):
        RemoteTransport(url)


def test_pages_are_followed_on_this_server_only_and_only_as_far_as_they_are_read(server: Any, remote: RemoteTransport) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        page = int(parse_qs(urlsplit(request.path).query).get("page", ["1"])[0])
        following = f"http://inner-name:8000/api/v1/entries?q=flea&page={page + 1}" if page < 3 else None
        server.send_json({"total": 3, "next": following, "items": [{"accession": f"MG-1000{page}", "title": str(page)}]})(request)

    server.answer = answer
    found = Archive(remote).search("flea")
    assert next(found).accession == "MG-10001"
    assert len(server.requests) == 1
    assert [e.title for e in found] == ["2", "3"]


def test_a_part_is_asked_for_on_condition_that_the_file_is_the_same(server: Any, remote: RemoteTransport) -> None:
    server.answer = lambda request: server.send(request, 206, b"cdef", Content_Range="bytes 2-5/6")
    with remote.open_file(ENTRY, 1, {"path": "a b#.mrc", "sha256": "00ff"}, 2) as (start, pieces):
        assert (start, b"".join(pieces)) == (2, b"cdef")
    path, headers = server.requests[0]
    assert path == "/files/MG-10001/1/a%20b%23.mrc"
    assert (headers["Range"], headers["If-Range"]) == ("bytes=2-", '"00ff"')
    server.answer = lambda request: server.send(request, 200, b"abcdef")
    with remote.open_file(ENTRY, 1, {"path": "a", "sha256": "00ff"}, 2) as (start, pieces):
        assert (start, b"".join(pieces)) == (0, b"abcdef")


def test_a_connection_cut_within_a_file_is_unavailable(server: Any, remote: RemoteTransport) -> None:
    server.answer = lambda request: server.send(request, 200, b"abc", content_length="6")
    with remote.open_file(ENTRY, 1, {"path": "a", "sha256": ""}, 0) as (_, pieces), pytest.raises(UnavailableError):
        b"".join(pieces)


class Crops:
    """Answers crops of one array as `.npy`."""

    def __init__(self, server: Any, array: np.ndarray[Any, Any], axes: str) -> None:
        self.server, self.array, self.axes, self.asked = server, array, axes, []
        server.answer = self

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(request.path).query).items()}
        assert asked.pop("format") == "npy"
        self.asked.append(asked)
        ranges = [asked.get(axis, ":").split(":") for axis in self.axes]
        part = self.array[tuple(slice(int(a or 0), int(b) if b else None) for a, b in ranges)]
        file = io.BytesIO()
        np.save(file, part)
        self.server.send(request, 200, file.getvalue())


def image(remote: RemoteTransport, array: np.ndarray[Any, Any], axes: str) -> Image:
    document = {
        "id": "MG-10001.1.1",
        "path": "a.mrc",
        "axes": axes,
        "shape": list(array.shape),
        "dtype": array.dtype.newbyteorder("=").name,
    }
    return Image(remote, {**document, "links": {"page": "/images/MG-10001.1.1"}})


def test_a_slice_asks_for_its_own_samples_only(server: Any, remote: RemoteTransport) -> None:
    array = np.arange(6 * 7 * 8, dtype=">i2").reshape(6, 7, 8)
    crops = Crops(server, array, "zyx")
    got = image(remote, array, "zyx")[4, 2:5, :]
    assert crops.asked == [{"z": "4:5", "y": "2:5"}]
    assert got.dtype == np.dtype("int16") and got.dtype.isnative
    np.testing.assert_array_equal(got, array[4, 2:5, :])


@pytest.mark.parametrize("index", [np.s_[...], np.s_[-1], np.s_[::2, 1::3, ::-1], np.s_[..., 3], np.s_[1:1], np.s_[0, 0, 0], np.s_[5:0:-2]])
def test_any_index_gives_what_numpy_gives(index: Any, server: Any, remote: RemoteTransport) -> None:
    array = np.arange(6 * 7 * 8, dtype="f4").reshape(6, 7, 8)
    Crops(server, array, "zyx")
    got = image(remote, array, "zyx")[index]
    assert isinstance(got, np.ndarray)
    np.testing.assert_array_equal(got, array[index])


def test_a_large_image_comes_in_bounded_pieces(server: Any, remote: RemoteTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micrographia.client.remote._BLOCK_BYTES", 200)
    array = np.random.default_rng(1).integers(0, 99, (9, 10, 10), dtype="u1")
    crops = Crops(server, array, "zyx")
    np.testing.assert_array_equal(np.asarray(image(remote, array, "zyx"), "u2"), array)
    assert len(crops.asked) == 5


@pytest.mark.parametrize("body", [b"", b"\x93NUMPY\x01\x00", b"no array at all", b"\x93NUMPY\x01\x00\x10\x00{'descr': '|O',}"])
def test_an_answer_that_is_not_the_slice_is_refused(body: bytes, server: Any, remote: RemoteTransport) -> None:
    server.answer = lambda request: server.send(request, 200, body)
    with pytest.raises(IntegrityError):
        image(remote, np.zeros((4, 4), "f4"), "yx")[...]


def test_other_samples_than_were_asked_for_are_refused(server: Any, remote: RemoteTransport) -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((4, 3), "f4"))
    server.answer = lambda request: server.send(request, 200, file.getvalue())
    with pytest.raises(IntegrityError, match="other samples"):
        image(remote, np.zeros((4, 4), "f4"), "yx")[...]


def test_an_index_that_does_not_fit_asks_nothing(server: Any, remote: RemoteTransport) -> None:
    with pytest.raises(InvalidInputError):
        image(remote, np.zeros((4, 4), "f4"), "yx")[4]
    assert server.requests == []


def test_a_manifest_streams_into_files(server: Any, remote: RemoteTransport, tmp_path: Path) -> None:
    lines = [{"path": f"{n}.mrc", "size_bytes": 1, "sha256": "0" * 64} for n in range(3)]
    server.answer = lambda request: server.send(request, 200, "".join(json.dumps(line) + "\n" for line in lines).encode())
    assert list(remote.files(ENTRY, 2)) == lines
    assert server.requests[0][0] == "/files/MG-10001/2/manifest.jsonl"


def test_wide_steps_do_not_fetch_what_lies_between(server: Any, remote: RemoteTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micrographia.client.remote._BLOCK_BYTES", 200)
    array = np.random.default_rng(1).integers(0, 99, (90, 10, 10), dtype="u1")
    crops = Crops(server, array, "zyx")
    got = image(remote, array, "zyx")[::40, ::-3]
    np.testing.assert_array_equal(got, array[::40, ::-3])
    assert got.flags.writeable
    assert sorted(asked["z"] for asked in crops.asked) == ["0:1", "40:41", "80:81"]


def test_the_validation_report_of_a_map_is_asked_of_the_archive(server: Any, remote: RemoteTransport) -> None:
    server.answer = server.send_json({"fsc": None, "findings": []})
    entry = Entry(remote, ENTRY, summary={"version": 2})
    assert entry.validation() == entry.validation("focused") == {"fsc": None, "findings": []}
    asked = [path for path, _ in server.requests]
    assert asked == [f"/api/v1/entries/MG-10001/validation?version=2{more}" for more in ("", "&map=focused")]
