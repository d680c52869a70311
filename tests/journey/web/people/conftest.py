"""An archive with people, and browsers that keep cookies."""

import asyncio
import itertools
import re
from http.cookies import SimpleCookie

import httpx
import pytest
from argon2 import PasswordHasher

from micrographia.archive import accounts, sessions
from micrographia.archive.accounts import add_account
from micrographia.assembly import open_archive
from micrographia.settings import Settings
from micrographia.web.app import create_app

PASSWORD = "ut tensio sic vis"
URL = "http://archive.example"
NUMBERS = itertools.count()


class Browser:
    """Keeps cookies, sends what a browser sends, follows no redirects."""

    def __init__(self, app, url=URL):
        self.app, self.url, self.cookies = app, url, {}

    def request(self, method, path, *, address="192.0.2.1", headers=(), **more):
        async def ask():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 1))
            cookie = {"cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
            async with httpx.AsyncClient(transport=transport, base_url=self.url) as client:
                return await client.request(method, path, headers={"accept": "text/html", **cookie, **dict(headers)}, **more)

        answer = asyncio.run(ask())
        for name, kept in SimpleCookie(answer.headers.get("set-cookie", "")).items():
            self.cookies = {k: v for k, v in self.cookies.items() if k != name} | ({name: kept.value} if kept.value else {})
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, *, site="same-origin", **more):
        headers = {"origin": self.url, "sec-fetch-site": site} | dict(more.pop("headers", {}))
        return self.request("POST", path, headers=headers, **more)

    def sign_in(self, email, password=PASSWORD, **more):
        data = {"email": email, "password": password, **more.pop("data", {})}
        return self.post("/sign-in", data=data, **more)

    def token(self):
        return re.search(r'name="csrf_token" value="(\w+)"', self.get("/about").text)[1]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch):
    """The same digests at a thousandth of the work: these tests count guesses, they do not make them costly."""
    quick = PasswordHasher(time_cost=1, memory_cost=128, parallelism=1)
    for room in (accounts, sessions):
        monkeypatch.setattr(room, "hasher", quick)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    opened = open_archive(Settings(home=tmp_path_factory.mktemp("people"), workers=1, keeper="off"))
    yield opened
    opened.catalogue.close()


@pytest.fixture(scope="module")
def app(archive):
    made = create_app(archive)
    yield made
    made.application.state.site.close()


@pytest.fixture
def hooke(archive):
    """A person of this test's own, so that tests may come in any order."""
    email = f"hooke.{next(NUMBERS)}@royal.example"
    return add_account(archive, name="Hooke, Robert", email=email, password=PASSWORD)


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture(scope="module")
def browser_of(app):
    return lambda url=URL: Browser(app, url)


@pytest.fixture(scope="session")
def browser_class():
    return Browser
