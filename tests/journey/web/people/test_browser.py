"""Signing in and out in a real browser, by keyboard alone, on a desktop and on a phone."""

import shutil
import signal

import httpx
import pytest

from micrographia.archive.accounts import add_account

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PASSWORD = "ut tensio sic vis"


@pytest.fixture(scope="module")
def server(archive, start):
    add_account(archive, name="Hooke, Robert", email="hooke@royal.example", password=PASSWORD)
    process = start(archive.settings.home)
    yield process.url
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(params=[(1280, 900), (375, 740)], ids=["desktop", "phone"])
def page(browser, request):
    context = browser.new_context(viewport={"width": request.param[0], "height": request.param[1]})
    opened = context.new_page()
    opened.complaints = []
    opened.on("console", lambda m: opened.complaints.append(m.text) if m.type in ("error", "warning") else None)
    opened.on("pageerror", lambda e: opened.complaints.append(str(e)))
    yield opened
    context.close()


def sign_in(page, server):
    page.goto(f"{server}/about")
    page.get_by_role("link", name="Sign in").press("Enter")
    page.wait_for_url("**/sign-in?next=/about")
    assert page.evaluate("document.activeElement.name") == "email"
    page.keyboard.type("hooke@royal.example")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server}/about")


def test_one_signs_in_and_out_by_keyboard(page, server):
    sign_in(page, server)
    menu = page.locator("details.menu")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="My entries").wait_for()
    page.keyboard.press("Escape")
    assert not menu.evaluate("menu => menu.open")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").press("Enter")
    page.wait_for_url(f"{server}/")
    page.get_by_role("link", name="Sign in").wait_for()
    assert page.context.cookies() == [] and page.complaints == []


def test_pages_of_an_account_fit_the_screen_and_nobody_complains(page, server):
    sign_in(page, server)
    for path in ("/account", "/deposits"):
        page.goto(server + path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        unnamed = "[...document.querySelectorAll('main input:not([type=hidden], [hidden]), main select')].filter(i => !i.labels.length)"
        assert page.evaluate(f"{unnamed}.length") == 0
    assert page.complaints == []


def test_a_token_is_made_and_revoked_in_the_browser(page, server):
    sign_in(page, server)
    page.goto(f"{server}/account")
    page.get_by_label("A new token for").fill("Cock's microscope")
    page.get_by_role("button", name="Make the token").click()
    token = page.locator("[data-copy] code").inner_text()
    bearer = {"authorization": f"Bearer {token}"}
    assert httpx.get(f"{server}/api/v1/account", headers=bearer).json()["scopes"] == ["deposit"]
    page.get_by_role("button", name="Revoke the token Cock's microscope").first.click()
    page.wait_for_url("**/account?done=token#tokens")
    assert httpx.get(f"{server}/api/v1/account", headers=bearer).status_code == 401
    assert page.complaints == []


def test_a_proxy_that_does_tls_makes_the_cookie_secure(server):
    forwarded = {"x-forwarded-proto": "https", "host": "archive.example", "origin": "https://archive.example"}
    data = {"email": "hooke@royal.example", "password": PASSWORD}
    cookie = httpx.post(f"{server}/sign-in", data=data, headers=forwarded).headers["set-cookie"]
    assert cookie.startswith("__Host-micrographia=") and "Secure" in cookie
