"""An upload that is cut goes on where it was: what is sent again is less than one piece of what the client sends at once."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import socket
import threading
from urllib.parse import urlsplit

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

DATA = hashlib.shake_256(b"cork").digest(8 << 20)
PIECE = 1 << 20


class CutWire:
    """A wire to the server that breaks after so many bytes, once, and counts all that passed."""

    def __init__(self, url, most):
        self.server = urlsplit(url)
        self.most, self.passed, self.is_cut = most, 0, False
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listening.accept()
            except OSError:
                return
            far = socket.create_connection((self.server.hostname, self.server.port))
            threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, one, other, is_sent):
        try:
            while block := one.recv(1 << 14):
                if is_sent:
                    if not self.is_cut and self.passed + len(block) > self.most:
                        block, self.is_cut = block[: max(0, self.most - self.passed)], True
                        self.passed += len(block)
                        other.sendall(block)
                        break
                    self.passed += len(block)
                other.sendall(block)
        except OSError:
            pass
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self):
        self.listening.close()


def test_at_most_one_piece_is_sent_again(open_place, capsys):
    place = open_place()
    accession = place.begin("Cork")
    sent_again = {}
    for percent in (0, 50, 99.25, 100):
        wire = CutWire(place.server.url, 0 if percent == 0 else int(len(DATA) * percent / 100) + 4000)
        path = f"cut_at_{percent}.raw"
        client = TusClient(f"{wire.url}/api/v1/drafts/{accession}/uploads", headers=place.headers["owner"])
        stream = io.BytesIO(DATA)
        uploader = None
        address = None
        for _ in range(4):
            try:
                uploader = client.uploader(file_stream=stream, url=address, chunk_size=PIECE, metadata={"path": path})
                address = uploader.url or address
                while uploader.offset < len(DATA):
                    uploader.upload_chunk()
                    address = uploader.url
                break
            except (TusCommunicationError, OSError):
                address = uploader.url if uploader is not None and uploader.url else address
        wire.close()
        assert place.whole(accession)[path] == hashlib.sha256(DATA).hexdigest()
        sent_again[percent] = max(0, wire.passed - len(DATA))
        assert wire.is_cut or percent == 100
    with capsys.disabled():
        print(f"\n{json.dumps({'sent_again_bytes': sent_again, 'piece_bytes': PIECE})}")
    headers = 40 * 1000
    assert max(sent_again.values()) <= PIECE + headers
