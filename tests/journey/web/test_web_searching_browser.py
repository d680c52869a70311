"""Results while one types, in a real browser."""

import shutil

import pytest

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def page(server):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        browser.close()


def test_results_come_while_one_types(page, server, served):
    page.goto(f"{server}/entries")
    page.evaluate("window.mark = 'the same page'")
    before = page.evaluate("history.length")
    page.locator("#q").press_sequentially("querc", delay=20)
    page.locator("h1", has_text="1 entry for “querc”").wait_for()
    assert page.url.endswith("/entries?q=querc") and page.locator(".hit").count() == 1
    assert page.locator("#said").text_content() == "1 entry for “querc”"
    assert page.evaluate("document.activeElement.id") == "q" and page.title().startswith("querc")
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    page.locator("h1", has_text="entries").wait_for()
    assert page.locator("#q").input_value() == "" and page.url.endswith("/entries")
    assert page.evaluate("window.mark") == "the same page"


def test_filters_ranges_and_views_change_the_results_in_place(page, server, served):
    page.goto(f"{server}/entries")
    page.evaluate("window.mark = 'the same page'")
    page.get_by_role("link", name="Quercus suber").first.click()
    page.get_by_role("link", name="Clear all").wait_for()
    assert "organism=Quercus+suber" in page.url
    page.get_by_label("Resolution up to, Å").press_sequentially("3.9", delay=10)
    page.locator("h1", has_text="0 entries").wait_for()
    assert page.evaluate("document.activeElement.id") == "resolution-max" and "resolution_max=3.9" in page.url
    page.get_by_label("Resolution up to, Å").fill("x")
    page.locator("[role=status]", has_text="expected a number").wait_for()
    page.get_by_label("Resolution up to, Å").fill("")
    page.locator("h1", has_text="1 entry").wait_for()
    page.get_by_role("link", name="Images 3").click()
    page.locator("h1", has_text="3 images of 1 entry").wait_for()
    assert page.locator(".wall li").count() == 3 and page.evaluate("window.mark") == "the same page"
    assert page.get_by_role("button", name="Copy").count() > 0


SLOW = """(() => {
  const quick = window.fetch;
  window.late = 0;
  window.fetch = async (address, options) => {
    if (!address.includes("springs")) return quick(address, options);
    await new Promise((done) => setTimeout(done, 900));
    const answer = await quick(address);
    window.late += 1;
    return answer;
  };
})()"""


def test_an_answer_that_comes_too_late_is_not_shown(page, server, served):
    page.goto(f"{server}/entries")
    page.evaluate(SLOW)
    page.locator("#q").fill("springs")
    page.wait_for_timeout(400)
    page.locator("#q").fill("quercus")
    page.locator("h1", has_text="1 entry for “quercus”").wait_for()
    page.wait_for_timeout(2_500)
    assert page.evaluate("window.late") == 1
    assert page.locator("h1").text_content() == "1 entry for “quercus”" and page.url.endswith("q=quercus")
