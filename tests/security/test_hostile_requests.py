"""Requests that no honest client sends: each is refused in a sentence, and the server never fails."""

import re

import pytest
from sqlalchemy import text

from micrographia.errors import UnavailableError

from .test_matrix import TUS, filled

NASTY = [
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd",
    "..%5c..%5cwindows",
    "%00",
    "a%0d%0aSet-Cookie:%20x=y",
    "MG-10001%0a",
    "MG-10001%20",
    "mg-10001",
    "MG-%EF%BC%91%EF%BC%90%EF%BC%90%EF%BC%90%EF%BC%91",  # full-width digits
    "MG-1000%D9%A1",
    "%EF%BC%AD%EF%BC%A7-10001",
    "MG-010001",
    "%ff%fe",
    "%ed%a0%80",  # half of a surrogate pair
    "9" * 5000,
    "-1",
    "%F0%9F%A6%A0",
    "{{7*7}}",
    "' OR 1=1 --",
    "<script>",
]
DEEP = b'{"title": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
STRANGE = [
    DEEP,
    b'{"title": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
    b'{"title": "\\ud800", "comment": "\\ud800", "text": "\\ud800", "email": "a@\\ud800.example", "role": "viewer", "note": "\\udfff"}',
    b'{"title": "a\\u0000b", "comment": "\\u0000", "text": "\\u0000", "name": "\\u0000", "note": "\\u0000", "reason": "\\u0000"}',
    b'{"title": NaN, "maps": [{"contour_level": Infinity}]}',
    b'{"maps": [{"id": "m", "file": "a.mrc", "contour_level": NaN, "resolution_a": 1e400}]}',
    b'{"title": 1' + b"0" * 6000 + b"}",
    b'{"publications": [{"year": 1e300}], "authors": {"a": 1}}',
    b'{"email": ["a"], "role": {}, "until": 5, "comment": [], "hide_authors": "yes"}',
    b'{"until": "9999-99-99", "comment": "x"}',
    b'{"until": "9999-12-31T23:59:59+14:00", "with": "\\ud800"}',
    b'{"superseded_by": "\\ud800", "reason": "x"}',
    b'{"findings": [{"rule": {}, "path": [], "comment": null}], "comment": "x"}',
    b'{"__proto__": {"x": 1}, "constructor": 1}',
    b"\xff\xfe{\x00}\x00",
    b"[]",
    b'"text"',
    b"{",
    b"",
]


@pytest.fixture(scope="module")
def own(world):
    """A draft of the owner, to do anything with."""
    answer = world.request("owner", "POST", "/api/v1/drafts", json={"title": "Cork", "authors": [{"name": "Hooke, Robert"}]})
    return answer.json()["accession"]


def of_the_api(world, *methods):
    return [(m, p) for m, p in world.routes if m in methods and p.startswith("/api/v1/")]


@pytest.mark.parametrize("body", STRANGE, ids=lambda body: body[:24].decode("latin-1"))
def test_strange_json_is_refused_and_breaks_nothing(world, own, body):
    for method, template in of_the_api(world, "POST", "PATCH", "DELETE"):
        if method == "DELETE" and template.endswith("/drafts/{accession}"):
            continue
        for who in ("owner", "curator"):
            headers = {"content-type": "application/json", **(TUS if "/uploads" in template else {})}
            for address in filled(template, own, 1, "zq"):
                answer = world.request(who, method, address, content=body, headers=headers)
                assert answer.status_code < 500, (method, address, answer.text[:300])
    assert world.get("owner", f"/api/v1/drafts/{own}").status_code == 200
    assert world.get("owner", f"/entries/{own}").status_code == 200
    assert world.get("owner", f"/manage/{own}").status_code == 200


@pytest.mark.parametrize("value", NASTY)
def test_no_parameter_of_a_path_leads_anywhere_else(world, value):
    for method, template in world.routes:
        if "{" not in template or method not in ("GET", "POST", "DELETE"):
            continue
        for name in re.findall(r"\{[^}]*\}", template):
            known = next(iter(filled(template, world.entries["released"], 1, "openreleased")))
            plain = template
            for part, filling in zip(re.findall(r"\{[^}]*\}", template), _fillings(template, known), strict=True):
                plain = plain.replace(part, value if part == name else filling, 1)
            for who in ("anyone", "stranger"):
                answer = world.request(who, method, plain, **({"json": {}} if method == "POST" else {}))
                assert answer.status_code < 500, (method, plain, answer.text[:200])
                assert "root:" not in answer.text
                assert "set-cookie" not in answer.headers, plain
                assert "zq" not in answer.text.replace("{{zq}}", ""), plain


def _fillings(template, address):
    pattern = re.escape(template)
    for part in re.findall(r"\{[^}]*\}", template):
        pattern = pattern.replace(re.escape(part), "(.*)" if ":path" in part else "([^/]*?)", 1)
    return re.fullmatch(pattern, address).groups()


def test_every_answer_carries_the_headers_that_keep_browsers_safe(world):
    accession = world.entries["released"]
    for method, template in world.routes:
        if method not in ("GET", "POST"):
            continue
        for address in list(filled(template, accession, 1, "openreleased"))[:2] if "{" in template else [template]:
            answer = world.request("anyone", method, address)
            policy = answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff", address
            assert answer.headers["x-frame-options"] == "DENY", address
            assert answer.headers["referrer-policy"], address
            assert answer.headers["cross-origin-opener-policy"] == "same-origin", address
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, address
            assert "unsafe-inline" not in policy and "'unsafe-eval'" not in policy, address
            assert "server" not in answer.headers, address


def test_browsers_are_told_to_come_by_tls_where_they_did_once(world):
    assert "strict-transport-security" not in world.get("anyone", "/").headers
    secure = world.get("anyone", "https://archive.example/")
    assert int(re.search(r"max-age=(\d+)", secure.headers["strict-transport-security"])[1]) >= 31_536_000


def test_no_body_is_gathered_without_a_bound(world, own):
    sent = 0

    async def endless():
        nonlocal sent
        for _ in range(48):
            sent += 1 << 20
            yield b" " * (1 << 20)

    for method, template in [*of_the_api(world, "POST", "PATCH"), ("POST", "/sign-in"), ("POST", f"/manage/{own}/share")]:
        if template.endswith(("/uploads", "/uploads/{upload}")):
            continue
        for address in list(filled(template, own, 1, "zq"))[:1] if "{" in template else [template]:
            sent = 0
            answer = world.request("owner", method, address, content=endless(), headers={"content-type": "application/json"})
            assert answer.status_code < 500, address
            assert sent <= 18 << 20, (address, sent)


def test_what_went_wrong_in_the_database_tells_no_secret(world):
    with pytest.raises(UnavailableError) as told, world.archive.catalogue.read() as connection:
        connection.execute(text("select * from nothing where secret = :secret"), {"secret": "mg_hunter2"})
    assert "hunter2" not in f"{told.value} {told.value.__cause__}"
