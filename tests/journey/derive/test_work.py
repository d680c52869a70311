"""Curators see what is still to be made and what failed, and have it tried again; nobody else does."""

import re
from http.cookies import SimpleCookie

import pytest

from micrographia.archive.accounts import add_account, create_token
from micrographia.catalogue import Outcome
from micrographia.derive import work
from micrographia.derive.keeper import LEASE
from micrographia.derive.making import derive
from micrographia.derive.product import MAKING
from micrographia.derive.products import FOR_VIEWERS, RECIPES
from micrographia.errors import InvalidInputError, NotPermittedError
from micrographia.ids import ImageId
from micrographia.model.people import ANYONE, Scope, Standing

PASSWORD = "ut tensio sic vis"


def token_of(archive, standing, *scopes):
    account = add_account(archive, name="Grew, Nehemiah", email=f"{standing}@royal.example", password=PASSWORD, standing=standing)
    return {"authorization": f"Bearer {create_token(archive, account, scopes=frozenset(scopes), days=1)[0]}"}


@pytest.fixture
def curator(archive):
    return token_of(archive, Standing.CURATOR, Scope.CURATE)


def test_the_backlog_is_what_is_missing(archive, settings, released):
    before = work.work(archive, FOR_VIEWERS).as_json()
    assert {p["name"]: p["pending"] for p in before["products"]} == {"thumbnail": 3, "pyramid": 2, "sections": 3}
    assert before["keeper"] is None and before["failures"] == {"total": 0, "items": []}
    lease = archive.catalogue.derived.take_lease(LEASE, seconds=60)
    (settings.derived / MAKING / str(lease.fence) / "pyramid-0123").mkdir(parents=True)
    now = work.work(archive, FOR_VIEWERS)
    assert now.keeper.fence == lease.fence and 0 < now.keeper.lease_seconds <= 60
    assert {p.name: p.in_work for p in now.products} == {"thumbnail": 0, "pyramid": 1, "sections": 0}
    archive.catalogue.derived.give_lease_back(lease)
    derive(archive, FOR_VIEWERS)
    assert [(p.done, p.pending, p.in_work) for p in work.work(archive, FOR_VIEWERS).products] == [(3, 0, 0), (2, 0, 0), (3, 0, 0)]


def test_of_very_many_images_all_are_counted(archive, released, monkeypatch):
    monkeypatch.setattr(work, "_COUNTED", 2)
    assert [(p.pending, p.is_estimate) for p in work.work(archive, FOR_VIEWERS).products] == [(3, True)] * 3


def test_one_failure_is_tried_again_and_the_others_stay(archive, released, images):
    ids = [ImageId.parse(i["id"]) for i in images.values()]
    failed = [Outcome(i, p, RECIPES[p], "failed", 3, "torn") for i in ids for p in ("thumbnail", "sections")]
    archive.catalogue.derived.record(None, failed)
    change = archive.catalogue.derived.change()
    assert work.retry(archive, FOR_VIEWERS, image=str(ids[0]), product="thumbnail") == 1
    assert archive.catalogue.derived.change() != change  # keepers look at once
    assert {(f.image, f.product) for f in work.work(archive, FOR_VIEWERS).failures} == {(str(f.image), f.product) for f in failed[1:]}
    assert work.retry(archive, FOR_VIEWERS, product="sections") == 3
    assert work.retry(archive, FOR_VIEWERS) == 2
    assert work.retry(archive, FOR_VIEWERS) == 0
    with pytest.raises(InvalidInputError, match="no product"):
        work.retry(archive, FOR_VIEWERS, product="poems")
    assert derive(archive, FOR_VIEWERS).made == 8


def test_failures_are_listed_and_tried_again_by_curators(web, archive, broken, curator):
    derive(archive, FOR_VIEWERS)
    found = web("/api/v1/work", headers=curator).json()
    (failure,) = found["failures"]["items"]
    assert (failure["image"], failure["path"], failure["product"], failure["tries"]) == (broken["id"], "zipped.tif", "thumbnail", 3)
    assert "cannot be decoded" in failure["message"]
    asked = {"image": broken["id"], "product": "thumbnail"}
    assert web("/api/v1/work/retry", "POST", headers=curator, json=asked).json() == {"retried": 1}
    assert web("/api/v1/work/retry", "POST", headers=curator).json() == {"retried": 0}
    assert web("/api/v1/work", headers=curator).json()["products"][0]["pending"] == 1


@pytest.mark.parametrize("path", ["/api/v1/work", "/admin/work"])
def test_nobody_else_sees_it(web, archive, released, path):
    assert web(path).status_code == 401
    assert web(path, headers=token_of(archive, Standing.MEMBER, Scope.DEPOSIT)).status_code == 403
    assert web("/api/v1/work/retry", "POST").status_code == 401
    with pytest.raises(NotPermittedError):
        work.retry(archive.called_by(ANYONE), FOR_VIEWERS)


def test_a_button_tries_one_again(web, archive, broken):
    derive(archive, FOR_VIEWERS)
    add_account(archive, name="Hooke, Robert", email="hooke@royal.example", password=PASSWORD, standing=Standing.ADMIN)
    own = {"origin": "http://archive.example", "sec-fetch-site": "same-origin"}
    signed_in = web("/sign-in", "POST", data={"email": "hooke@royal.example", "password": PASSWORD}, headers=own)
    cookies = SimpleCookie(signed_in.headers["set-cookie"])
    own["cookie"] = "; ".join(f"{name}={kept.value}" for name, kept in cookies.items())
    page = web("/admin/work", headers=own).text
    assert "Try all 1 again" in page and "zipped.tif" in page and "cannot be decoded" in page
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.rpartition('action="/admin/work/retry"')[2]))
    assert set(fields) >= {"csrf_token", "image", "product"}
    assert web("/admin/work/retry", "POST", data=fields | {"csrf_token": "f" * 64}, headers=own).status_code == 403
    answer = web("/admin/work/retry", "POST", data=fields, headers=own)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/work?again=1")
    page = web("/admin/work?again=1", headers=own).text
    assert "1 product is tried again" in page and "every file could be read" in page
