"""Two servers on one home: nothing is done twice, and what one is told the other knows."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from micrographia.archive.accounts import create_token, find_account, revoke_token
from micrographia.archive.audit import audit
from micrographia.model.people import Scope
from micrographia.testing.object_store_contract import assert_valid
from micrographia.testing.server_process import ServerProcess


def ask(url, method, path, headers, **more):
    return httpx.request(method, url + path, headers=headers, timeout=90, **more)


def test_two_servers_share_one_archive(open_place, density):
    place = open_place(MICROGRAPHIA_KEEPER="on")
    other = ServerProcess(place.home, MICROGRAPHIA_KEEPER="on")
    urls = (place.server.url, other.url)
    archive = place.archive()
    try:
        accessions = []
        for number in range(2):
            accession = place.begin(f"Cork {number}")
            place.put(accession, "cork.mrc", density + bytes([number]))
            accessions.append(accession)

        def at_both(who, path, **body):
            with ThreadPoolExecutor(4) as pool:
                return sorted(pool.map(lambda n: ask(urls[n % 2], "POST", path, place.headers[who], json=body).status_code, range(4)))

        for accession in accessions:  # each verb is asked for four times at once, and done once
            assert at_both("owner", f"/api/v1/drafts/{accession}/submit") == [200, 409, 409, 409]
            assert at_both("curator", f"/api/v1/entries/{accession}/accept") == [200, 409, 409, 409]
            assert at_both("owner", f"/api/v1/entries/{accession}/release") == [200, 409, 409, 409]
            for url in urls:
                assert ask(url, "GET", f"/files/{accession}/1/cork.mrc", {}).status_code == 200
            verbs = [event.verb for event in archive.store.events(accession)]
            assert [verbs.count(verb) for verb in ("submit", "accept", "release")] == [1, 1, 1]
        withdraw = f"/api/v1/entries/{accessions[0]}/withdraw"
        assert ask(urls[1], "POST", withdraw, place.headers["curator"], json={"reason": "The glass was stained"}).status_code == 200
        assert within_a_second(lambda: ask(urls[0], "GET", f"/api/v1/entries/{accessions[0]}", {}).status_code == 410)

        account = find_account(archive, "owner@royal.example")
        secret, token = create_token(archive, account, scopes=frozenset({Scope.DEPOSIT}), days=1)
        headers = {"Authorization": f"Bearer {secret}"}
        draft = f"/api/v1/drafts/{place.begin('Pith')}"
        assert [ask(url, "GET", draft, headers).status_code for url in urls] == [200, 200]
        revoke_token(archive, account.id, token.id)
        assert within_a_second(lambda: [ask(url, "GET", draft, headers).status_code for url in urls] == [401, 401])
        assert list(audit(archive)) == []
        assert_valid(archive.store, place.home / "store")
    finally:
        other.stop()
        archive.catalogue.close()


def within_a_second(is_so):
    until = time.monotonic() + 1
    while not (so := is_so()) and time.monotonic() < until:
        time.sleep(0.05)
    return so or is_so()
