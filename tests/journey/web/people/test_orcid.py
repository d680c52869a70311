"""Signing in with ORCID, against a provider of our own on a real socket."""

import base64
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from micrographia.archive.accounts import add_account, change_account, find_account
from micrographia.assembly import open_archive
from micrographia.settings import Settings
from micrographia.web.app import create_app

HOOKE = "0000-0002-1825-0097"
CLIENT, SECRET = "APP-MICROGRAPHIA", "a client secret that nobody sees"
KEY, OTHER_KEY = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})


class Provider:
    """What ORCID does: authorise, tell, sign; refuses wrong clients, redirects and verifiers."""

    def __init__(self):
        self.codes, self.person, self.claims, self.header, self.key, self.token = {}, HOOKE, {}, {"alg": "RS256", "kid": "1"}, KEY, None
        self.url, self.iss = "", None
        routes = [
            Route("/.well-known/openid-configuration", self.describe),
            Route("/oauth/authorize", self.authorize),
            Route("/oauth/token", self.tell, methods=["POST"]),
            Route("/oauth/jwks", self.keys),
        ]
        self.app = Starlette(routes=routes)

    def describe(self, request: Request):
        parts = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return JSONResponse({"issuer": self.iss or self.url, **{name: f"{self.url}/oauth/{path}" for name, path in parts.items()}})

    def authorize(self, request: Request):
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code" and asked["scope"] == "openid"
        assert asked["redirect_uri"] == "http://archive.example/sign-in/orcid/back" and asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)

    async def tell(self, request: Request):
        form = await request.form()
        asked = self.codes.pop(form.get("code"), None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        is_client = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if asked is None or not is_client or digest != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant", "secret": SECRET}, 400)
        now = int(time.time())
        claims = {"iss": self.url, "sub": self.person, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": asked["nonce"]}
        claims |= {"given_name": "Robert", "family_name": "Hooke"} | self.claims
        token = self.token or jwt.encode(self.header, {k: v for k, v in claims.items() if v is not None}, self.key)
        return JSONResponse({"access_token": "a", "token_type": "bearer", "id_token": token, "orcid": "0000-0001-2345-6789"})

    def keys(self, request: Request):
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})


@pytest.fixture(scope="module")
def running():
    provider = Provider()
    server = uvicorn.Server(uvicorn.Config(provider.app, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    provider.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield provider
    server.should_exit = True
    thread.join()


@pytest.fixture
def provider(running):
    kept = {name: getattr(running, name) for name in ("person", "claims", "header", "key", "token", "iss")}
    yield running
    for name, value in kept.items():
        setattr(running, name, value)


@pytest.fixture
def archive(provider, tmp_path):
    settings = Settings(home=tmp_path / "archive", workers=1, url="http://archive.example")
    opened = open_archive(replace(settings, orcid_client_id=CLIENT, orcid_client_secret=SECRET, orcid_url=provider.url))
    yield opened
    opened.catalogue.close()


@pytest.fixture
def app(archive):
    made = create_app(archive)
    yield made
    made.application.state.site.close()


@pytest.fixture
def browser(app, browser_class):
    return browser_class(app)


def to_provider(browser, path="/sign-in/orcid?next=/entries"):
    left = browser.get(path)
    assert left.status_code == 303 and left.headers["cache-control"].endswith("no-store")
    back = httpx.get(left.headers["location"]).headers["location"]
    return back.removeprefix("http://archive.example")


def test_the_first_sign_in_makes_a_member(browser, archive):
    assert "/sign-in/orcid?next=/entries" in browser.get("/sign-in?next=/entries").text
    answer = browser.get(to_provider(browser))
    assert (answer.status_code, answer.headers["location"]) == (303, "/entries")
    account = find_account(archive, HOOKE)
    assert (account.name, account.orcid, account.email, account.standing) == ("Hooke, Robert", HOOKE, "", "member")
    assert HOOKE in browser.get("/account").text
    assert set(browser.cookies) == {"micrographia"}


def test_who_comes_again_is_the_same_person(browser, archive, browser_class):
    account = add_account(archive, name="R. Hooke", email="hooke@royal.example", orcid=HOOKE)
    assert browser.get(to_provider(browser)).status_code == 303
    assert "hooke@royal.example" in browser.get("/account").text
    change_account(archive, account.id, is_active=False)
    again = browser_class(browser.app)
    assert again.get(to_provider(again)).status_code == 401


def test_only_the_invited_where_that_is_set(archive, browser_class):
    app = create_app(replace(archive, settings=replace(archive.settings, orcid_accounts="invited")))
    browser = browser_class(app)
    refused = browser.get(to_provider(browser))
    assert refused.status_code == 401 and "Ask the archive for an invitation" in refused.text and "code=" not in refused.text
    add_account(archive, name="Hooke", orcid=HOOKE)
    assert browser.get(to_provider(browser)).status_code == 303
    app.application.state.site.close()


def test_somebody_signed_in_links_their_orcid(browser, archive):
    account = add_account(archive, name="Hooke", email="hooke@royal.example", password="ut tensio sic vis")
    browser.sign_in(account.email)
    before = dict(browser.cookies)
    assert browser.get(to_provider(browser, "/sign-in/orcid?link=1")).headers["location"] == "/account"
    assert find_account(archive, HOOKE).id == account.id and browser.cookies == before


def test_an_orcid_of_another_account_is_not_linked(browser, archive):
    add_account(archive, name="The other Hooke", orcid=HOOKE)
    account = add_account(archive, name="Hooke", email="hooke@royal.example", password="ut tensio sic vis")
    browser.sign_in(account.email)
    assert browser.get(to_provider(browser, "/sign-in/orcid?link=1")).status_code == 409
    assert find_account(archive, account.email).orcid == ""


def test_a_link_begun_by_one_is_not_ended_by_another(app, archive, browser_class):
    for name in ("hooke", "newton"):
        add_account(archive, name=name, email=f"{name}@royal.example", password="ut tensio sic vis")
    browser = browser_class(app)
    browser.sign_in("hooke@royal.example")
    back = to_provider(browser, "/sign-in/orcid?link=1")
    browser.post("/sign-out", data={"csrf_token": browser.token()})
    browser.sign_in("newton@royal.example")
    assert browser.get(back).status_code == 403
    assert not any(find_account(archive, f"{name}@royal.example").orcid for name in ("hooke", "newton"))


def test_the_way_back_is_of_one_browser_and_works_once(app, browser, browser_class):
    back = to_provider(browser)
    victim = browser_class(app)
    assert victim.get(back).status_code == 401, "signing somebody in as the attacker"
    to_provider(victim)
    assert victim.get(back).status_code == 401, "with a sign-in of their own under way"
    kept = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    browser.cookies = kept
    assert browser.get(back).status_code == 401


@pytest.mark.parametrize(
    "change", [("state=", "state=x"), ("code=", "code=x"), ("code=", "cod="), ("code=", "iss=https://evil.example&code=")]
)
def test_a_changed_way_back_is_refused(browser, change):
    assert browser.get(to_provider(browser).replace(*change)).status_code == 401
    assert "micrographia" not in browser.cookies


BELIEVED = {
    "nonce of another": {"claims": {"nonce": "x"}},
    "no nonce": {"claims": {"nonce": None}},
    "another issuer": {"claims": {"iss": "https://orcid.example"}},
    "another audience": {"claims": {"aud": "APP-OTHER"}},
    "another party": {"claims": {"aud": [CLIENT, "APP-OTHER"], "azp": "APP-OTHER"}},
    "expired": {"claims": {"exp": 1_000_000_000}},
    "no end": {"claims": {"exp": None}},
    "of the future": {"claims": {"iat": 32_000_000_000, "nbf": 32_000_000_000}},
    "another access token": {"claims": {"at_hash": "x"}},
    "no person": {"claims": {"sub": None}},
    "no ORCID iD": {"claims": {"sub": "hooke"}},
    "a wrong checksum": {"claims": {"sub": "0000-0002-1825-0098"}},
    "another key": {"key": OTHER_KEY},
    "no signature": {"token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIwMDAwLTAwMDItMTgyNS0wMDk3In0."},
    "nonsense": {"token": "nonsense"},
}


@pytest.mark.parametrize("wrong", BELIEVED)
def test_an_id_token_is_believed_only_when_all_of_it_is_right(browser, provider, archive, wrong):
    for name, value in BELIEVED[wrong].items():
        setattr(provider, name, value)
    refused = browser.get(to_provider(browser))
    assert refused.status_code == 401 and "micrographia" not in browser.cookies
    with pytest.raises(Exception, match="no account"):
        find_account(archive, HOOKE)


def test_a_public_key_signs_nothing_as_a_shared_secret(browser, provider):
    """Confusion of algorithms: HS256 with the public key as its secret."""
    now = int(time.time())
    claims = {"iss": provider.url, "sub": HOOKE, "aud": CLIENT, "iat": now, "exp": now + 600}
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in ({"alg": "HS256", "kid": "1"}, claims)]
    digest = hmac.digest(KEY.as_pem(private=False), b".".join(parts), "sha256")
    provider.token = b".".join([*parts, base64.urlsafe_b64encode(digest).rstrip(b"=")]).decode()
    assert browser.get(to_provider(browser)).status_code == 401


def test_a_provider_of_another_name_is_not_used(browser, provider):
    provider.iss = "https://evil.example"
    assert browser.get("/sign-in/orcid").status_code == 503


def test_orcid_refuses_or_is_away(app, browser, archive, browser_class):
    to_provider(browser)
    assert browser.get("/sign-in/orcid/back?error=access_denied&state=x").status_code == 401
    away = create_app(replace(archive, settings=replace(archive.settings, orcid_url="http://127.0.0.1:9")))
    assert browser_class(away).get("/sign-in/orcid").status_code == 503
    away.application.state.site.close()


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_orcid_leads_to_no_other_site(browser, wanted):
    assert browser.get(to_provider(browser, f"/sign-in/orcid?next={quote(wanted)}")).headers["location"] == "/deposits"


def test_no_secret_is_logged_or_shown(browser, archive, caplog):
    caplog.set_level(logging.INFO)
    back = to_provider(browser)
    code = parse_qs(urlsplit(back).query)["code"][0]
    refused = browser.get(back.replace("code=", "code=x"))
    assert SECRET not in caplog.text + refused.text + repr(archive.settings) and code not in refused.text


def test_without_orcid_there_is_no_button(archive, browser_class):
    app = create_app(replace(archive, settings=replace(archive.settings, orcid_client_id="")))
    browser = browser_class(app)
    assert "ORCID" not in browser.get("/sign-in").text and browser.get("/sign-in/orcid").status_code == 404
    app.application.state.site.close()
