"""kill -9 at random moments while several people deposit, curate, release, revise and withdraw, and while the keeper works.

After every restart nothing is there by half, nothing that was acknowledged is gone, nothing is left behind, and the catalogue says what
store and drafts say. Everybody goes on with what they were at, by the same requests.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from micrographia.archive.audit import audit
from micrographia.archive.withdraw import ENTRY_VERBS
from micrographia.model.lifecycle import State
from micrographia.store import Drafts, Store
from micrographia.testing.object_store_contract import assert_valid

PIECE = 1 << 18
SETTLES_WITHIN_S = 30
KINDS = ("small file", "piece", "submit", "submit", "accept", "hold", "release", "release", "new version", "withdraw", "create")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class OverError(Exception):
    """The test is over."""


@dataclass
class Told:
    """What one entry's people were told was done, each as soon as they were told."""

    files: dict[int, dict[str, str]] = field(default_factory=dict)
    """Version → path → digest of what was acknowledged whole."""
    offsets: dict[str, int] = field(default_factory=dict)
    released: int = 0
    is_withdrawn: bool = False
    tried_release: int = 0
    tried_withdrawal: bool = False


@dataclass
class World:
    place: object
    density: bytes
    running: threading.Event = field(default_factory=threading.Event)
    """Whether somebody answers; nobody asks while all is looked at."""
    target: str = ""
    begun: threading.Event = field(default_factory=threading.Event)
    """Whether a request of the name `target` is on its way."""
    ended: threading.Event = field(default_factory=threading.Event)
    asking: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    entries: dict[str, Told] = field(default_factory=dict)
    lost_bytes: int = 0
    failures: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    interrupted: dict[str, int] = field(default_factory=dict)

    def ask(self, name, send, *, good, known=()):
        """Send a request until it is answered with a good status; whatever comes meanwhile is how a client meets a killed server."""
        while True:
            while not self.running.wait(0.2):
                if self.ended.is_set():
                    raise OverError
            if self.ended.is_set():
                raise OverError
            with self.lock:
                if not self.running.is_set():
                    continue
                self.asking += 1
                if name == self.target:
                    self.begun.set()
            try:
                answer = send()
            except httpx.HTTPError:
                with self.lock:
                    self.interrupted[name] = self.interrupted.get(name, 0) + 1
                time.sleep(0.05)
                continue
            finally:
                with self.lock:
                    self.asking -= 1
            if answer.status_code == 503:
                time.sleep(0.1)
                continue
            if answer.status_code in good:
                with self.lock:
                    self.done[name] = self.done.get(name, 0) + 1
                return answer
            if answer.status_code in known:
                return answer
            raise AssertionError(f"{name}: {answer.status_code} {answer.text[:400]}")


def live(world, rng):
    """Deposit entries, one after the other, until the test is over."""
    try:
        while True:
            live_once(world, rng)
    except OverError:
        return
    except Exception as error:  # noqa: BLE001  told at the end of the test
        world.failures.append(f"{type(error).__name__}: {error}")
        world.ended.set()


def live_once(world, rng):
    place = world.place
    sheet = {"title": f"Cork {rng.random()}", "authors": [{"name": "Hooke, Robert"}]}
    accession = world.ask("create", lambda: place.post("owner", "/api/v1/drafts", **sheet), good=(201,)).json()["accession"]
    told = world.entries[accession] = Told()
    for version in (1, 2):
        if version == 2:
            world.ask(
                "new version",
                lambda: place.post("owner", f"/api/v1/entries/{accession}/versions", note="More light"),
                good=(201,),
                known=(409,),  # it was made, and the answer was lost
            )
        files = dict(told.files.get(version - 1, {}))
        told.files[version] = files
        for path, data in (
            (f"cork_{version}.mrc", world.density + rng.randbytes(4)),
            (f"notes/{version}.txt", rng.randbytes(3000)),
            (f"raw/{version}.raw", rng.randbytes(5 * PIECE + 17)),
        ):
            send(world, accession, told, path, data)
            files[path] = sha256(data)
        verb(world, accession, "submit", f"/api/v1/drafts/{accession}/submit", "owner")
        verb(world, accession, "accept", f"/api/v1/entries/{accession}/accept", "curator")
        if rng.random() < 0.3:
            world.ask(
                "hold",
                lambda: place.post("owner", f"/api/v1/entries/{accession}/hold", until="publication"),
                good=(200,),
            )
        told.tried_release = version
        verb(world, accession, "release", f"/api/v1/entries/{accession}/release", "owner")
        told.released = version
    if rng.random() < 0.5:
        told.tried_withdrawal = True
        world.ask(
            "withdraw",
            lambda: place.post("curator", f"/api/v1/entries/{accession}/withdraw", reason="The glass was stained"),
            good=(200,),
            known=(409, 410),
        )
        told.is_withdrawn = True


def verb(world, accession, name, path, who):
    """Do a verb; where the answer was lost, doing it again says in which state the entry is."""
    answer = world.ask(name, lambda: world.place.post(who, path), good=(200,), known=(409,))
    if answer.status_code == 409:
        after = {"submit": "SUBMITTED", "accept": "ACCEPTED", "release": "RELEASED"}[name]
        assert answer.json()["status"] == after, f"{accession}: {name} is answered {answer.text}"


def send(world, accession, told, path, data):
    """Send a file: a short one at once, a long one in pieces, each going on from what the server says it has."""
    place, base = world.place, f"/api/v1/drafts/{accession}/uploads"
    if len(data) < PIECE:
        world.ask("small file", lambda: place.put(accession, path, data), good=(201,))
        return
    from base64 import b64encode

    named = f"path {b64encode(path.encode()).decode()},sha256 {b64encode(sha256(data).encode()).decode()}"
    began = world.ask(
        "begin upload", lambda: place.tus("POST", base, Upload_Length=str(len(data)), Upload_Metadata=named, Content_Type=""), good=(201,)
    )
    where, offset = began.headers["location"], 0
    while offset < len(data):
        piece = data[offset : offset + PIECE]
        answer = world.ask("piece", lambda o=offset, p=piece: place.tus("PATCH", where, p, Upload_Offset=str(o)), good=(204,), known=(409,))
        if answer.status_code == 204:
            offset = int(answer.headers["upload-offset"])
        else:  # it came, whole or in part, and the answer was lost
            now = int(world.ask("offset", lambda: place.tus("HEAD", where), good=(200,)).headers["upload-offset"])
            world.lost_bytes += max(0, told.offsets.get(where, 0) - now)
            assert now >= told.offsets.get(where, 0), f"{accession}: {path} had {told.offsets[where]} acknowledged bytes, {now} are here"
            offset = now
        told.offsets[where] = offset
    until = time.monotonic() + 4 * SETTLES_WITHIN_S
    while True:
        files = world.ask("files", lambda: place.get("owner", f"/api/v1/drafts/{accession}/files"), good=(200,)).json()
        found = next((file for file in files if file["path"] == path), {"state": "gone"})
        if found["state"] == "whole":
            assert found["sha256"] == sha256(data)
            return
        assert found["state"] == "verifying" and time.monotonic() < until, f"{accession}: {path} is {found}"
        time.sleep(0.1)


# --- what is wrong, looked at while a fresh server runs and nobody asks it anything


def half_published(world):
    """Yield what is neither wholly public nor wholly private, or is not what its people were told."""
    place, store = world.place, Store.open(str(world.place.home / "store"), create=False)
    for accession, told in list(world.entries.items())[-12:]:  # those before are finished, and were looked at
        said = place.get("anonymous", f"/api/v1/entries/{accession}")
        wanted = {410} if told.is_withdrawn else {200} if told.released else {200, 404} if told.tried_release else {404}
        if told.tried_withdrawal:
            wanted.add(410)
        if said.status_code not in wanted:
            yield f"{accession} answers {said.status_code}; {sorted(wanted)} was told"
        for version in (1, 2):
            is_there = store.versions(accession) >= version
            if told.released >= version and not is_there:
                yield f"{accession} v{version} was released and is not in the store"
            if told.tried_release < version and is_there:
                yield f"{accession} v{version} is in the store, and nobody released it"
            if said.status_code == 410:
                continue
            for path, digest in told.files.get(version, {}).items():
                got = place.get("anonymous", f"/files/{accession}/{version}/{path}")
                if got.status_code != (200 if is_there else 404):
                    yield f"/files/{accession}/{version}/{path} answers {got.status_code}, in the store: {is_there}"
                elif is_there and sha256(got.content) != digest:
                    yield f"/files/{accession}/{version}/{path} has other bytes"


def lost(world):
    """Yield what was acknowledged and is neither in a draft nor in the store."""
    drafts = Drafts.open(str(world.place.home / "drafts"))
    for accession, told in list(world.entries.items()):
        if told.tried_release >= max(told.files, default=0):
            continue
        version = max(told.files)
        there = {file.path: file for file in drafts.files(accession)}
        for path, digest in told.files[version].items():
            if path not in there:
                yield f"{accession} v{version}: {path} is gone"
                continue
            content = there[path].content_path
            place = drafts.local_path(accession, content) if content.startswith(f"v{version}/") else None
            if there[path].sha256 != digest or (place is not None and sha256(place.read_bytes()) != digest):
                yield f"{accession} v{version}: {path} has other bytes"


def orphans(home):
    """Yield what a killed process left that belongs to nothing."""
    staging = home / "store/extensions/micrographia-staging"
    for folder in (staging, home / "drafts/.deleted", home / "drafts/.dossiers/incoming", *home.glob("drafts/MG-*/incoming")):
        yield from (str(path.relative_to(home)) for path in folder.rglob("*") if path.is_file())
    for folder in home.glob("drafts/MG-*"):
        if not (folder / "draft.json").exists():
            yield f"{folder.name} has no record and holds {sorted(p.name for p in folder.iterdir())}"
        for spool in folder.glob("uploads/*"):
            record = spool.with_suffix(".json")
            if spool.suffix != ".json" and (not record.exists() or "digest" in json.loads(record.read_text())):
                yield f"{spool.relative_to(home)} belongs to no upload"
    making = [path for path in (home / "derived/.making").glob("*") if path.is_dir()]
    if len(making) > 1:
        yield f"half made products: {sorted(path.name for path in making)}"


def disagreements(archive):
    """Yield where the catalogue does not say what drafts and store say."""
    drafts, store, catalogue = archive.drafts, archive.store, archive.catalogue
    rows = {row.accession: row for row in catalogue.drafts()}
    there = set()
    for accession in drafts.accessions():
        there.add(accession)
        record = drafts.record(accession)
        if catalogue.draft_document(accession) != record:
            yield f"{accession}: the catalogue has another draft than its record"
        for link in drafts.dossier(accession).people:
            if link not in catalogue.members(accession):
                yield f"{accession}: {link.email} is not known as one of its people"
    yield from (f"{accession} is a draft in the catalogue alone" for accession in rows if accession not in there)
    for accession in store.accessions():
        versions = store.versions(accession)
        row = catalogue.entry(accession)
        if row is None or row.latest_version != versions:
            yield f"{accession} has {versions} versions, and {row and row.latest_version} in the catalogue"
            continue
        events = store.events(accession)
        state = next((e.state for e in reversed(events) if e.verb in ENTRY_VERBS and e.state), State.RELEASED)
        if row.state is not state:
            yield f"{accession} is {state}, and {row.state} in the catalogue"
        if len({event.model_dump_json() for event in events}) != len(events):
            yield f"{accession}: events stand twice in its log"


def processes_of(server_pid):
    """Yield the processes of the session that a server began."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(process.name)) == server_pid:
                yield f"process {process.name} outlived its server"


def settled(*looks):
    """Return what is wrong, once it no longer changes for the better: what a restart mends, it may mend behind."""
    until = time.monotonic() + SETTLES_WITHIN_S
    while True:
        wrong = [found for look in looks for found in look()]
        if not wrong or time.monotonic() > until:
            return wrong
        time.sleep(0.3)


def kill_at_a_random_moment(world, rng):
    """Kill the server while it is at something of a random kind, at any time between what is being done for it."""
    world.begun.clear()
    world.target = rng.choice(KINDS)
    world.begun.wait(rng.uniform(0.5, 4))
    time.sleep(rng.uniform(0, 0.2) if rng.random() < 0.9 else rng.uniform(0, 2))
    world.running.clear()
    world.place.server.kill()


def test_whoever_is_killed_at_whatever_moment_nothing_is_lost_or_half_done(open_place, density, count, capsys):
    place = open_place(MICROGRAPHIA_KEEPER="on")
    world = World(place, density)
    archive = place.archive()
    rng = random.Random(int(os.environ.get("FAULTS_SEED", "1665")))
    threads = [threading.Thread(target=live, args=(world, random.Random(rng.random()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    wrong, kills, restart_s = [], 0, 0.0
    world.running.set()
    try:
        while kills < count and not world.ended.is_set() and not wrong:
            kill_at_a_random_moment(world, rng)
            kills += 1
            while world.asking:
                time.sleep(0.01)
            left = settled(lambda: processes_of(place.server.pid))
            began = time.monotonic()
            place.server.start()
            restart_s += time.monotonic() - began
            wrong = left + settled(
                lambda: half_published(world), lambda: lost(world), lambda: orphans(place.home), lambda: disagreements(archive)
            )
            world.running.set()
            if kills % 10 == 0:
                with capsys.disabled():
                    print(f"\n{kills} kills, {sum(told.released for told in world.entries.values())} releases", flush=True)
        if not world.ended.is_set() and not wrong:
            time.sleep(1)
    finally:
        world.ended.set()
        for thread in threads:
            thread.join()
    figures = {
        "kills": kills,
        "lost_acknowledged_bytes": world.lost_bytes,
        "wrong_after_a_restart": len(wrong),
        "entries": len(world.entries),
        "released_versions": sum(told.released for told in world.entries.values()),
        "withdrawn": sum(told.is_withdrawn for told in world.entries.values()),
        "answered": world.done,
        "cut_off": world.interrupted,
        "mean_restart_s": round(restart_s / max(kills, 1), 2),
    }
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")
    assert not wrong, "\n".join(wrong)
    assert not world.failures, "\n".join(world.failures)
    assert list(audit(archive)) == []
    if next(archive.store.accessions(), None):
        assert_valid(archive.store, place.home / "store")
    archive.catalogue.close()
