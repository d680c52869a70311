"""Sixteen people deposit side by side through a real server: nobody gets another's accession, nobody hears of a lock."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from micrographia.archive.audit import audit


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request, open_place):
    if request.param == "sqlite":
        return open_place()
    return open_place(MICROGRAPHIA_DATABASE_URL=request.getfixturevalue("postgres").new_database())


def test_many_deposit_at_once_from_creation_to_release(place, density, count, capsys):
    depositors = 16 if count >= 16 else 6
    waits = []

    def done(answer, status):
        assert answer.status_code == status, answer.text[:400]
        return answer

    def deposit(number):
        accession = place.begin(f"Cork {number}")
        for page in range(3):
            done(place.put(accession, f"page_{page}.txt", f"{number} {page}".encode() * 50), 201)
        done(place.put(accession, "cork.mrc", density + bytes([number])), 201)
        done(place.ask("owner", "PATCH", f"/api/v1/drafts/{accession}", json={"abstract": f"Piece {number}"}), 200)
        began = time.monotonic()
        while (submitted := place.post("owner", f"/api/v1/drafts/{accession}/submit")).status_code == 503:
            assert "still looking at its files" in submitted.json()["message"], submitted.text
        waits.append(time.monotonic() - began)
        done(submitted, 200)
        done(place.post("curator", f"/api/v1/entries/{accession}/accept"), 200)
        done(place.post("owner", f"/api/v1/entries/{accession}/release"), 200)
        return accession

    began = time.monotonic()
    with ThreadPoolExecutor(depositors) as pool:
        accessions = list(pool.map(deposit, range(depositors)))
    with capsys.disabled():
        figures = {"depositors": depositors, "seconds": round(time.monotonic() - began, 1), "longest_submit_s": round(max(waits), 1)}
        print(f"\n{json.dumps(figures)}")
    assert len(set(accessions)) == depositors
    assert place.get("anonymous", "/api/v1/entries").json()["total"] == depositors
    archive = place.archive()
    assert list(audit(archive)) == []
    archive.catalogue.close()
