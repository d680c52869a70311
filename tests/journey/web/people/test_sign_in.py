"""Signing in and out by password: sessions, their cookie, what other sites cannot do with it."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher

from micrographia.archive import accounts, sessions
from micrographia.archive.accounts import add_account, create_token, hasher
from micrographia.catalogue import accounts as rows
from micrographia.errors import NotPermittedError, TooManyAttemptsError
from micrographia.model.people import Scope
from micrographia.web.sessions import own_path

PASSWORD = "ut tensio sic vis"
URL = "http://archive.example"


def test_one_signs_in_and_out(browser, hooke):
    assert browser.get("/sign-in").status_code == 200
    answer = browser.sign_in(hooke.email.upper())
    assert (answer.status_code, answer.headers["location"]) == (303, "/deposits")
    page = browser.get("/about")
    assert "Sign out" in page.text and "Hooke, Robert" in page.text
    assert page.headers["cache-control"] == "private, no-store"
    kept = dict(browser.cookies)
    assert browser.post("/sign-out", data={"csrf_token": browser.token()}).status_code == 303
    assert browser.cookies == {} and "Sign out" not in browser.get("/about").text
    browser.cookies = kept
    assert "Sign out" not in browser.get("/about").text


def test_the_cookie_is_kept_from_scripts_and_other_sites(browser, browser_of, hooke):
    plain = browser.sign_in(hooke.email).headers["set-cookie"].lower()
    assert plain.startswith("micrographia=") and "httponly" in plain and "samesite=lax" in plain and "secure" not in plain
    secure = browser_of("https://archive.example").sign_in(hooke.email).headers["set-cookie"].lower()
    assert secure.startswith("__host-micrographia=") and "; secure" in secure and "path=/" in secure and "domain" not in secure


def test_only_digests_are_kept(browser, archive, hooke):
    browser.sign_in(hooke.email)
    (secret,) = browser.cookies.values()
    assert len(secret) >= 43
    database = b"".join(p.read_bytes() for p in archive.settings.home.glob("catalogue.sqlite*"))
    assert secret.encode() not in database and PASSWORD.encode() not in database
    assert accounts.key_digest(secret).encode() in database and b"$argon2id$" in database


def test_a_planted_session_is_worth_nothing(browser_of, archive, hooke):
    """Fixation: each sign-in makes a new secret, and ends what the browser had before."""
    attacker, victim = browser_of(), browser_of()
    grew = add_account(archive, name="Grew, Nehemiah", email=f"grew.{hooke.email}", password=PASSWORD)
    attacker.sign_in(grew.email)
    planted = dict(attacker.cookies)
    victim.cookies = dict(planted)
    assert victim.sign_in(hooke.email).status_code == 403
    victim.sign_in(hooke.email, data={"csrf_token": victim.token()})
    assert victim.cookies != planted
    assert "Sign out" not in attacker.get("/about").text
    victim.cookies = {"micrographia": "chosen-by-the-attacker"}
    victim.sign_in(hooke.email)
    assert victim.cookies["micrographia"] != "chosen-by-the-attacker"


def test_a_session_ends_after_a_quiet_day_and_after_two_weeks_anyway(archive, hooke):
    secret = sessions.begin_session(archive, hooke)
    began = datetime.fromisoformat(archive.now())

    def at(when):
        return sessions.find_session(replace(archive, now=lambda: (began + when).strftime("%Y-%m-%dT%H:%M:%SZ")), secret)

    assert at(timedelta(hours=23)) is not None
    assert at(timedelta(hours=46)) is not None
    assert at(timedelta(hours=71)) is None
    secret = sessions.begin_session(archive, hooke)
    for hours in range(1, 14 * 24, 12):
        assert at(timedelta(hours=hours)) is not None
    assert at(timedelta(days=14, minutes=5)) is None


def test_signing_out_everywhere_ends_all_sessions(browser_of, hooke):
    here, there = browser_of(), browser_of()
    here.sign_in(hooke.email)
    there.sign_in(hooke.email)
    assert here.post("/sign-out", data={"csrf_token": here.token(), "everywhere": "1"}).status_code == 303
    assert "Sign out" not in there.get("/about").text


def test_closing_an_account_ends_its_sessions(browser, archive, hooke):
    browser.sign_in(hooke.email)
    with archive.catalogue.write() as connection:
        rows.change_account(connection, hooke.id, is_active=False)
    assert "Sign out" not in browser.get("/about").text
    assert browser.sign_in(hooke.email).status_code == 401


def test_wrong_and_unknown_are_told_alike(browser, archive, hooke):
    passwordless = add_account(archive, name="Boyle", email=f"boyle.{hooke.email}", orcid="")
    answers = [
        browser.sign_in(email, password)
        for email, password in (
            (hooke.email, "wrong"),
            (f"nobody.{hooke.email}", PASSWORD),
            (passwordless.email, PASSWORD),
            (hooke.email, ""),
        )
    ]
    assert {a.status_code for a in answers} == {401}
    assert all("E-mail address or password is wrong." in a.text and PASSWORD not in a.text for a in answers)


def test_a_password_costs_whoever_guesses_it_what_is_recommended():
    """RFC 9106, section 4: three passes over 64 MiB in four lanes, where 2 GiB are too much."""
    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism, hasher.type.name) == (3, 64 * 1024, 4, "ID")


def test_the_same_work_is_done_for_an_unknown_account(archive, hooke, monkeypatch):
    verified = []
    hasher = PasswordHasher(time_cost=1, memory_cost=64)

    class Watched:
        hash = staticmethod(hasher.hash)

        def verify(self, digest, password):
            verified.append(digest[:10])
            return hasher.verify(digest, password)

    monkeypatch.setattr(sessions, "hasher", Watched())
    for email in (hooke.email, f"nobody.{hooke.email}", ""):
        with pytest.raises(NotPermittedError):
            sessions.sign_in(archive, email, "wrong password here", address="192.0.2.99")
    assert verified == ["$argon2id$"] * 3


def test_a_digest_of_older_parameters_is_renewed(archive, hooke):
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with archive.catalogue.write() as connection:
        rows.change_account(connection, hooke.id, password=weak)
    sessions.sign_in(archive, hooke.email, PASSWORD)
    renewed = accounts.find_account(archive, hooke.email).password
    assert renewed != weak and not accounts.hasher.check_needs_rehash(renewed)
    sessions.sign_in(archive, hooke.email, PASSWORD)
    assert accounts.find_account(archive, hooke.email).password == renewed


def at(archive, start, seconds):
    return replace(archive, now=lambda: (start + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_guessing_at_one_account_takes_longer_and_longer(archive, hooke):
    start = datetime.fromisoformat(archive.now())
    tried, refused = 0, 0
    for second in range(120):
        try:
            sessions.sign_in(at(archive, start, second), hooke.email, "wrong", address=f"198.51.100.{second}")
        except NotPermittedError:
            tried += 1
        except TooManyAttemptsError as error:
            refused += 1
            assert 0 < error.wait_s <= 300
    assert tried <= 13 and refused >= 100
    with pytest.raises(TooManyAttemptsError):
        sessions.sign_in(at(archive, start, 120), hooke.email, PASSWORD, address="203.0.113.1")
    assert sessions.sign_in(at(archive, start, 500), hooke.email, PASSWORD, address="203.0.113.1")
    with pytest.raises(NotPermittedError):  # success begins the count anew
        sessions.sign_in(at(archive, start, 501), hooke.email, "wrong", address="203.0.113.1")


@pytest.mark.parametrize("address", ["203.0.113.77", "2001:db8:1:2:{}::1"])
def test_guessing_from_one_network_takes_longer_and_longer_whatever_the_account(archive, hooke, address):
    start, tried = datetime.fromisoformat(archive.now()), 0
    add = add_account(archive, name="Moth", email=f"moth.{len(address)}.{hooke.email}", password=PASSWORD)
    for second in range(60):
        try:
            sessions.sign_in(at(archive, start, 0), f"{second}.{hooke.email}", "wrong", address=address.format(second))
        except NotPermittedError:
            tried += 1
        except TooManyAttemptsError:
            continue
        if second % 5 == 0:  # an account of one's own gives no free guesses
            sessions.sign_in(at(archive, start, 0), add.email, PASSWORD, address=address.format(second))
    assert 29 <= tried <= 31


def test_many_guesses_at_once_are_counted_one_by_one(archive, hooke):
    from concurrent.futures import ThreadPoolExecutor

    def guess(_):
        try:
            sessions.sign_in(archive, hooke.email, "wrong", address="198.51.100.250")
        except (NotPermittedError, TooManyAttemptsError) as error:
            return type(error)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(guess, range(16)))
    assert told.count(NotPermittedError) <= 8


def test_who_guesses_too_often_is_told_when_to_come_back(browser, hooke):
    for _ in range(25):  # on a slow machine the first waits, of a second or two, are over before the next attempt
        answer = browser.sign_in(hooke.email, "wrong", address="198.51.100.251")
        if answer.status_code == 429:
            break
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
    assert "Try again in" in answer.text


FOREIGN = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "%2f%2fevil.example",
    "/%2fevil.example",
    "/%252fevil.example",
    "/%5cevil.example",
    "/%255Cevil.example",
    "/\tevil.example",
    "/\n/evil.example",
    " //evil.example",
    "/ /evil.example",
    "evil.example",
    "",
    "@evil.example",
    "/" * 3000,
]


@pytest.mark.parametrize("wanted", FOREIGN)
def test_signing_in_leads_to_no_other_site(browser, hooke, wanted):
    assert browser.sign_in(hooke.email, data={"next": wanted}).headers["location"] == "/deposits"
    assert browser.get("/sign-in", params={"next": wanted}).headers["location"] == "/deposits"


@pytest.mark.parametrize("wanted", ["/entries/MG-10001", "/entries?q=%C3%A5+%5C&sort=title", "/files/MG-10001/1/%C3%85.txt", "/#a"])
def test_signing_in_leads_back_to_where_one_was(wanted):
    assert own_path(wanted, "/no") == wanted


OWN, OTHER = {"origin": URL, "sec-fetch-site": "same-origin"}, {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MATRIX = [  # headers, content type, token in: nothing, form, header, another session's; whether it passes
    (OWN, FORM, "form", True),
    (OWN, FORM, "header", True),
    (OWN, FORM, "", False),
    (OWN, FORM, "other", False),
    (OWN, "text/plain", "", False),
    (OWN, "multipart/form-data; boundary=x", "", False),
    (OWN, JSON, "", True),
    (OWN, "", "", True),
    ({}, FORM, "form", True),
    ({}, FORM, "", False),
    ({}, JSON, "", False),
    ({}, "", "", False),
    ({}, JSON, "header", True),
    ({"origin": URL}, JSON, "", True),
    ({"origin": URL + ":80"}, JSON, "", True),
    ({"sec-fetch-site": "same-origin"}, JSON, "", True),
    (OTHER, FORM, "form", False),
    (OTHER, JSON, "header", False),
    ({"origin": "null"}, JSON, "header", False),
    ({"origin": "https://archive.example"}, JSON, "", False),
    ({"origin": "http://archive.example.evil.example"}, JSON, "", False),
    ({"sec-fetch-site": "same-site", "origin": "http://other.archive.example"}, FORM, "form", False),
    ({"sec-fetch-site": "none"}, JSON, "", False),
]


@pytest.mark.parametrize(("headers", "kind", "where", "passes"), MATRIX)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/sign-out", "/api/v1/no-such-thing"])
def test_only_our_own_pages_change_things_with_a_cookie(headers, kind, where, passes, method, path, signed_in):
    browser, other = signed_in
    token = {"form": browser.known, "header": browser.known, "other": other.known}.get(where, "")
    headers = headers | ({"content-type": kind} if kind else {}) | ({"x-csrf-token": token} if where == "header" else {})
    body = f"a=1&csrf_token={token}".encode() if where in ("form", "other") else b"--x--\r\n" if "multipart" in kind else b""
    kept = dict(browser.cookies)
    answer = browser.request(method, path, headers=headers, content=body)
    if answer.status_code == 303:  # it was signed out
        browser.cookies = kept
        browser.sign_in(browser.email)
        browser.known = browser.token()
    assert (answer.status_code == 403) is not passes, answer.text


@pytest.fixture(scope="module")
def signed_in(browser_of, archive):
    browsers = []
    for name in ("matrix", "other"):
        account = add_account(archive, name="Hooke, Robert", email=f"{name}@royal.example", password=PASSWORD)
        browser = browser_of()
        browser.email = account.email
        browser.sign_in(account.email)
        browser.known = browser.token()
        browsers.append(browser)
    return browsers


def test_no_other_site_signs_somebody_in(browser, hooke):
    assert browser.sign_in(hooke.email, headers=OTHER).status_code == 403
    assert browser.sign_in(hooke.email, site="same-site").status_code == 403
    assert browser.cookies == {}


def test_a_token_needs_no_form_and_no_cookie_helps_it(browser, archive, hooke):
    secret, _ = create_token(archive, hooke, scopes=frozenset({Scope.DEPOSIT}), days=1)
    bearer = {"authorization": f"Bearer {secret}"}
    assert browser.request("POST", "/api/v1/no-such-thing", headers=bearer | OTHER).status_code == 404
    browser.sign_in(hooke.email)
    assert browser.request("POST", "/api/v1/no-such-thing", headers=bearer | OTHER).status_code == 404
    assert browser.request("GET", "/about", headers={"authorization": "Bearer mg_wrong"}).status_code == 401


def test_no_other_site_reads_what_is_somebodys(browser, hooke):
    public = browser.get("/api/v1/entries", headers=OTHER)
    assert public.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in public.headers
    browser.sign_in(hooke.email)
    for path in ("/api/v1/entries", "/about", "/api/v1/entries/MG-99999"):
        private = browser.get(path, headers=OTHER)
        assert "access-control-allow-origin" not in private.headers
        assert private.headers["cross-origin-resource-policy"] == "same-origin"
        assert private.headers["cache-control"] == "private, no-store"


def test_no_secret_reaches_the_log_the_pages_or_a_representation(browser, archive, hooke, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = "a wrong but private password"
    browser.sign_in(hooke.email, wrong)
    page = browser.sign_in(hooke.email)
    token, _ = create_token(archive, hooke, scopes=frozenset({Scope.DEPOSIT}), days=1)
    (secret,) = browser.cookies.values()
    pages = [page.text, browser.get("/about").text, browser.get("/no/such/page").text]
    pages += [browser.get("/about", headers={"authorization": f"Bearer {token}x"}).text]
    account = accounts.find_account(archive, hooke.email)
    for kept in (wrong, PASSWORD, secret, token, account.password):
        assert not any(kept in text for text in (caplog.text, *pages, repr(account), str(browser.get("/about").url)))


def test_a_form_that_is_too_large_is_refused(browser, hooke):
    assert browser.sign_in(hooke.email, "x" * 100_000).status_code == 422
