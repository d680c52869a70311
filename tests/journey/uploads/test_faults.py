"""Uploads while the server is killed at random moments, and on a disk that is full."""

import hashlib
import os
import random
import resource
import subprocess
import threading
from urllib.parse import urlsplit

import httpx
import pytest

CORK = hashlib.shake_256(b"cork").digest(12 << 20)
CHUNK = 1 << 20
# more of them: KILLS=200
KILLS = int(os.environ.get("KILLS", "3"))


@pytest.mark.slow
def test_no_acknowledged_byte_is_lost_whenever_the_server_is_killed(depositor, monkeypatch):
    server = depositor.server
    monkeypatch.setitem(server.environment, "TEST_PORT", str(urlsplit(server.url).port))
    random.seed(1665)
    acknowledged = kills = lost = sent_again = files = 0
    url = ""
    while kills < KILLS or url:
        if not url:
            files += 1
            path = f"{files}.raw"
            url, acknowledged = depositor.create(len(CORK), path).headers["Location"], 0
        killer = threading.Timer(random.uniform(0.0, 0.25), server.process.kill) if kills < KILLS else None
        if killer:
            killer.start()
        try:
            while acknowledged < len(CORK):
                answer = depositor.patch(url, acknowledged, CORK[acknowledged : acknowledged + CHUNK])
                assert answer.status_code == 204, answer.text
                acknowledged = int(answer.headers["Upload-Offset"])
        except httpx.TransportError:
            pass
        if killer:
            killer.join()
            server.process.wait()
            server.process.stdout.close()
            server.start()
            kills += 1
            here = depositor.offset(url)
            lost += max(0, acknowledged - here)
            sent_again = max(sent_again, acknowledged + CHUNK - here)
            acknowledged = here
        if acknowledged == len(CORK):
            file = depositor.whole(path)
            assert (file["state"], file["sha256"]) == ("whole", hashlib.sha256(CORK).hexdigest()), file
            url = ""
    print(f"{kills} kills, {files} files of {len(CORK)} bytes: {lost} acknowledged bytes lost, at most {sent_again} sent again")
    assert lost == 0 and sent_again <= CHUNK
    left = [p.name for p in (depositor.content("x").parents[2] / "uploads").iterdir() if p.suffix != ".json"]
    assert left == [], "bytes were left behind"


def test_a_full_disk_is_told_and_the_upload_goes_on_once_there_is_room(depositor, monkeypatch):
    """A limit of the length of files stands for the disk: the system answers a write in the same way."""
    server = depositor.server
    limit = 4 << 20

    def limited(*args, **more):
        return started(*args, **more, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))

    started = subprocess.Popen
    server.stop()
    with monkeypatch.context() as during:
        during.setattr(subprocess, "Popen", limited)
        server.start()
    url = depositor.create(len(CORK), "cork.raw").headers["Location"]
    refused = depositor.patch(url, 0, CORK)
    assert refused.status_code == 503 and "Make room" in refused.json()["message"]
    here = depositor.offset(url)
    assert here == limit
    assert depositor.patch(url, here, CORK[here:]).status_code == 503
    server.stop()
    server.start()
    assert depositor.offset(url) == limit
    assert depositor.patch(url, limit, CORK[limit:]).status_code == 204
    assert depositor.whole("cork.raw")["sha256"] == hashlib.sha256(CORK).hexdigest()
