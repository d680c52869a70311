"""Uploads by tus 1.0.0: whole, in pieces, cut, taken back, refused."""

import base64
import concurrent.futures
import hashlib
import io

import pytest
from tusclient.client import TusClient

CORK = hashlib.shake_256(b"cork").digest(9 << 20)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_an_unmodified_client_uploads_in_pieces(depositor):
    client = TusClient(depositor.endpoint, headers=depositor.headers)
    client.uploader(file_stream=io.BytesIO(CORK), chunk_size=2 << 20, metadata={"path": "raw/cork.raw", "sha256": sha256(CORK)}).upload()
    assert depositor.files()["raw/cork.raw"] == {
        "path": "raw/cork.raw",
        "size_bytes": len(CORK),
        "sha256": sha256(CORK),
        "state": "whole",
        "offset": len(CORK),
    }
    assert depositor.content("raw/cork.raw").read_bytes() == CORK


def test_a_file_that_comes_with_its_creation_is_whole_at_once(depositor):
    body = {"headers": {"Content-Type": "application/offset+octet-stream"}, "content": b"a pore"}
    answer = depositor.create(6, "pore.txt", **body)
    assert (answer.status_code, answer.headers["Upload-Offset"], answer.headers["Tus-Resumable"]) == (201, "6", "1.0.0")
    assert answer.headers["Location"].startswith(f"/api/v1/drafts/{depositor.accession}/uploads/")
    assert depositor.content("pore.txt").read_bytes() == b"a pore"
    assert depositor.files()["pore.txt"]["state"] == "whole"


def test_an_empty_file_is_a_file(depositor):
    assert depositor.create(0, "empty.txt").status_code == 201
    assert depositor.files()["empty.txt"]["sha256"] == sha256(b"")


def test_an_upload_goes_on_where_it_was_left(depositor):
    url = depositor.create(len(CORK), "cork.raw").headers["Location"]
    assert depositor.offset(url) == 0
    assert depositor.patch(url, 0, CORK[:5_000_000]).headers["Upload-Offset"] == "5000000"
    assert depositor.files()["cork.raw"]["state"] == "uploading"
    assert depositor.patch(url, 4_000_000, CORK[4_000_000:]).status_code == 409
    assert depositor.patch(url, 5_000_001, CORK[5_000_001:]).status_code == 409
    last = depositor.patch(url, 5_000_000, CORK[5_000_000:])
    assert last.status_code == 204
    assert last.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(hashlib.sha256(CORK).digest()).decode()}:"
    assert depositor.offset(url) == len(CORK)
    assert depositor.content("cork.raw").read_bytes() == CORK


def test_a_killed_server_keeps_what_it_acknowledged_and_verifies_it_later(depositor):
    url = depositor.create(len(CORK), "cork.raw", metadata={"sha256": sha256(CORK)}).headers["Location"]
    depositor.patch(url, 0, CORK[:6_000_000])
    depositor.server.kill()
    depositor.server.start()
    assert depositor.offset(url) == 6_000_000
    assert depositor.patch(url, 6_000_000, CORK[6_000_000:]).status_code == 204
    assert depositor.whole("cork.raw")["state"] == "whole"
    assert depositor.content("cork.raw").read_bytes() == CORK


def test_bytes_that_were_cut_off_are_kept_and_go_on(depositor):
    """The connection dies in the middle of a body."""
    import socket
    import time
    from urllib.parse import urlsplit

    url = depositor.create(len(CORK), "cork.raw").headers["Location"]
    for sent in (0, 3_000_000, int(len(CORK) * 0.9925)):
        here = depositor.offset(url)
        assert here <= sent
        parts = urlsplit(depositor.server.url)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(
                f"PATCH {url} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {depositor.token}\r\n"
                "Tus-Resumable: 1.0.0\r\n"
                f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: {here}\r\n"
                f"Content-Length: {len(CORK) - here}\r\n\r\n".encode()
            )
            connection.sendall(CORK[here:sent])
        until = time.monotonic() + 10
        while depositor.offset(url) < sent - (1 << 20) and time.monotonic() < until:
            time.sleep(0.05)
        assert sent - (1 << 20) <= depositor.offset(url) <= sent
    time.sleep(0.2)
    here = depositor.offset(url)
    assert depositor.patch(url, here, CORK[here:]).status_code == 204
    assert depositor.whole("cork.raw")["sha256"] == sha256(CORK)


def test_of_two_requests_to_one_upload_one_wins(depositor):
    url = depositor.create(len(CORK), "cork.raw").headers["Location"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: depositor.patch(url, 0, CORK).status_code, range(2)))
    assert answers.count(204) == 1 and set(answers) <= {204, 409, 423}, answers
    assert depositor.content("cork.raw").read_bytes() == CORK


def test_many_files_arrive_side_by_side(depositor):
    def send(number):
        data = CORK[number * 1000 : number * 1000 + 900]
        body = {"headers": {"Content-Type": "application/offset+octet-stream"}, "content": data}
        return depositor.create(len(data), f"many/{number}.raw", **body).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(60))) == {201}
    files = depositor.files()
    assert len(files) == 60
    assert all(files[f"many/{n}.raw"]["sha256"] == sha256(CORK[n * 1000 : n * 1000 + 900]) for n in range(60))


def test_a_chunk_with_a_wrong_checksum_is_not_kept(depositor):
    url = depositor.create(len(CORK), "cork.raw").headers["Location"]

    def checksum(algorithm, data):
        return {"Upload-Checksum": f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"}

    assert depositor.patch(url, 0, CORK[:3_000_000], **checksum("sha1", CORK[:3_000_000])).status_code == 204
    refused = depositor.patch(url, 3_000_000, CORK[3_000_000:6_000_000], **checksum("sha256", b"other"))
    assert refused.status_code == 460 and "checksum" in refused.json()["message"]
    assert depositor.offset(url) == 3_000_000
    assert depositor.patch(url, 3_000_000, CORK[3_000_000:], **checksum("sha256", CORK[3_000_000:])).status_code == 204
    assert depositor.whole("cork.raw")["sha256"] == sha256(CORK)
    assert depositor.patch(url, 0, b"", **{"Upload-Checksum": "crc32 AAAA"}).status_code == 400


def test_a_file_of_another_digest_than_was_said_fails_and_may_be_sent_again(depositor):
    url = depositor.create(4, "note.txt", metadata={"sha256": sha256(b"cork")}).headers["Location"]
    refused = depositor.patch(url, 0, b"oak!")
    assert refused.status_code == 460
    assert depositor.files()["note.txt"]["state"] == "failed"
    assert sha256(b"cork") in depositor.files()["note.txt"]["message"]
    assert depositor.ask("HEAD", url).status_code == 410
    again = depositor.create(4, "note.txt", metadata={"sha256": sha256(b"cork")}).headers["Location"]
    assert depositor.patch(again, 0, b"cork").status_code == 204
    assert depositor.files()["note.txt"]["state"] == "whole"


def test_an_upload_is_taken_back(depositor):
    url = depositor.create(100, "cork.raw").headers["Location"]
    depositor.patch(url, 0, CORK[:50])
    assert depositor.ask("DELETE", url).status_code == 204
    assert depositor.ask("HEAD", url).status_code == 404
    assert depositor.files() == {}


def test_a_file_is_taken_out(depositor):
    body = {"headers": {"Content-Type": "application/offset+octet-stream"}, "content": b"a pore"}
    depositor.create(6, "pores/Å b.txt", **body)
    depositor.create(6, "half.txt")
    assert depositor.ask("DELETE", f"{depositor.base}/files/pores/Å b.txt").status_code == 204
    assert depositor.ask("DELETE", f"{depositor.base}/files/half.txt").status_code == 204
    assert depositor.ask("DELETE", f"{depositor.base}/files/none.txt").status_code == 404
    assert depositor.files() == {}
    assert not depositor.content("pores/Å b.txt").exists()


def test_known_bytes_are_not_sent_twice(depositor, stranger):
    body = {"headers": {"Content-Type": "application/offset+octet-stream"}, "content": b"a pore"}
    depositor.create(6, "pore.txt", **body)
    asked = {"path": "again.txt", "sha256": sha256(b"a pore"), "size_bytes": 6}
    assert depositor.ask("POST", f"{depositor.base}/files", json=asked).json()["state"] == "whole"
    assert depositor.content("again.txt").read_bytes() == b"a pore"
    assert depositor.ask("POST", f"{depositor.base}/files", json={**asked, "sha256": sha256(b"other")}).status_code == 404
    assert depositor.ask("POST", f"{depositor.base}/files", json={"path": "x"}).status_code == 422
    assert stranger.ask("POST", f"{depositor.base}/files", json=asked).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "../../evil",
        "/etc/passwd",
        "a/../b",
        "a//b",
        "a\r\nSet-Cookie: x",
        "a\0b",
        "entry.json",
        "entry.yaml",
        "a\u202eb",
        "x" * 300,
        "d/" * 70 + "f",
    ],
)
def test_hostile_paths_are_refused_in_a_sentence(depositor, path):
    answer = depositor.create(4, path)
    assert answer.status_code == 422 and len(answer.json()["message"]) > 20
    assert "set-cookie" not in answer.headers


def test_a_file_cannot_be_the_folder_of_another(depositor):
    body = {"headers": {"Content-Type": "application/offset+octet-stream"}, "content": b"a pore"}
    assert depositor.create(6, "a", **body).status_code == 201
    assert depositor.create(6, "a/b", **body).status_code == 422
    assert depositor.create(6, "c/d", **body).status_code == 201
    assert depositor.create(6, "c", **body).status_code == 422


def test_what_the_protocol_refuses(depositor, stranger):
    url = depositor.create(100, "cork.raw").headers["Location"]
    octets = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    for status, method, where, headers, content in (
        (412, "PATCH", url, {**octets, "Tus-Resumable": "0.2.2"}, b"x"),
        (415, "PATCH", url, {**octets, "Content-Type": "text/plain"}, b"x"),
        (400, "PATCH", url, {**octets, "Upload-Offset": "-1"}, b"x"),
        (400, "PATCH", url, {"Content-Type": octets["Content-Type"]}, b"x"),
        (413, "PATCH", url, octets, b"x" * 101),
        (404, "PATCH", url[:-1] + "x", octets, b"x"),
        (400, "POST", depositor.endpoint, {"Upload-Length": "4"}, b""),
        (400, "POST", depositor.endpoint, {"Upload-Length": "4", "Upload-Metadata": "path ***"}, b""),
        (400, "POST", depositor.endpoint, {"Upload-Metadata": "path eA=="}, b""),
        (422, "POST", depositor.endpoint, {"Upload-Length": "4", "Upload-Metadata": "path eA==,sha256 eA=="}, b""),
    ):
        answer = depositor.ask(method, where, headers=headers, content=content)
        assert answer.status_code == status, (method, headers, answer.status_code, answer.text)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert depositor.ask("OPTIONS", depositor.endpoint).headers["Tus-Extension"].startswith("creation,")
    for method, where in (("HEAD", url), ("PATCH", url), ("DELETE", url), ("POST", depositor.endpoint), ("GET", f"{depositor.base}/files")):
        more = {"Upload-Length": "4", "Upload-Metadata": "path eA==", **octets}
        assert stranger.ask(method, where, headers=more).status_code == 404
    assert depositor.offset(url) == 0


def test_a_draft_with_half_a_file_is_not_submitted(depositor):
    url = depositor.create(100, "cork.raw").headers["Location"]
    refused = depositor.ask("POST", f"{depositor.base}/submit")
    assert refused.status_code == 422 and "cork.raw" in refused.text
    depositor.ask("DELETE", url)
    depositor.create(6, "pore.txt", headers={"Content-Type": "application/offset+octet-stream"}, content=b"a pore")
    assert depositor.ask("POST", f"{depositor.base}/submit").json()["status"] == "SUBMITTED"
    assert depositor.create(6, "late.txt").status_code == 409
