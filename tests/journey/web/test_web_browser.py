"""Pages in a real browser: pictures come from the data, nothing spills over the screen, nothing is complained about."""

import io

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser


@pytest.fixture(params=[(1280, 900), (375, 740)], ids=["desktop", "phone"])
def page(browser, request):
    context = browser.new_context(viewport={"width": request.param[0], "height": request.param[1]})
    opened = context.new_page()
    opened.complaints = []
    opened.on("console", lambda m: opened.complaints.append(m.text) if m.type in ("error", "warning") and "GL" not in m.text else None)
    opened.on("pageerror", lambda e: opened.complaints.append(str(e)))
    yield opened
    context.close()


def seen(page):
    """What the viewer shows, in the size of the section."""
    box = page.locator(".stage svg image").bounding_box()
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=box, full_page=True))).convert("L"), float)


def likeness(picture, section):
    shown = np.asarray(Image.fromarray(picture.astype(np.uint8)).resize(section.shape[::-1], Image.Resampling.BOX), float)
    low, high = np.percentile(section, (0.5, 99.5))
    return np.corrcoef(shown.ravel(), np.clip(section, low, high).ravel())[0, 1]


@pytest.mark.parametrize(
    "path",
    ["/", "/entries", "/entries?q=nothingatall", "/entries/{public}", "/images/{public}.1.1", "/files/{public}/1/", "/about", "/api"],
)
def test_pages_fit_the_screen_and_nobody_complains(page, server, served, path):
    page.goto(server + path.format(public=served.public), wait_until="networkidle")
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.complaints == []


def test_the_viewer_shows_the_data_and_steps_through_it(page, server, served):
    images = page.request.get(f"{server}/api/v1/images?entry={served.public}").json()["items"]
    tomo = next(i for i in images if i["path"] == "tomo.mrc")
    page.goto(server + tomo["links"]["page"])
    if page.locator("details[data-viewer-fallback]").count():
        page.locator("[data-viewer]:not([data-viewer=slices]):is([data-state=ready], [data-state=failed])").wait_for(timeout=90_000)
        page.locator("details[data-viewer-fallback]").evaluate("details => details.open = true")
    ready = page.locator('[data-viewer="slices"][data-state="ready"]')
    ready.wait_for()
    page.locator(".scale-bar").evaluate("bar => bar.remove()")
    assert likeness(seen(page), served.array[12]) > 0.9
    page.keyboard.press("ArrowRight")
    page.get_by_text("14 of 24").wait_for()
    ready.wait_for()
    assert likeness(seen(page), served.array[13]) > 0.9 > likeness(seen(page), served.array[12])
    page.get_by_label("Across").select_option("y")
    page.get_by_text("21 of 40").wait_for()
    ready.wait_for()
    assert likeness(seen(page), served.array[:, 20]) > 0.9
    assert "axis=y" in page.url and "index=20" in page.url
    assert page.complaints == []


def test_commands_are_copied_with_a_button(browser, server, served):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{server}/entries/{served.public}")
    page.locator("#cite").get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert served.public in page.evaluate("navigator.clipboard.readText()")
    context.close()


def test_everything_is_there_without_scripts(browser, server, served):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/images/{served.public}.1.1?index=5")
    page.get_by_role("button", name="Show").click()
    assert "index=5" in page.url and page.locator(".stage svg image").count() == 1
    page.goto(f"{server}/entries?q=cork")
    page.get_by_role("link", name="onerror").click()
    assert page.url.endswith(f"/entries/{served.public}")
    context.close()
