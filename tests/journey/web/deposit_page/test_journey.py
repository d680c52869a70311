"""From a folder to a citable entry without a command line: a depositor, a curator, a reviewer and a stranger, each in a browser."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

expect.set_options(timeout=60_000)  # a loaded machine is slow now and then

TITLE = "Tilt series of a lamella"
CRYOCAT = Path(__file__).resolve().parents[5] / "shared/data/gpl/cryocat"


@pytest.fixture
def tilt_series(folder, tmp_path):
    """A real tilt series where this machine has one; and a file that takes a while to send."""
    made = tmp_path / "series"
    shutil.copytree(CRYOCAT if CRYOCAT.is_dir() else folder, made)
    with (made / "raw.dat").open("wb") as file:
        file.truncate(40_000_000)
    return made


def test_a_tilt_series_is_deposited_curated_reviewed_and_released_in_browsers(each_address, visitor, people, tilt_series):
    depositor = visitor(each_address, people.depositor)
    depositor.get_by_role("link", name="New deposit").click()
    accession = upload_with_cuts(depositor, tilt_series)
    describe_and_submit(depositor)

    curator = visitor(each_address, people.curator)
    return_with_comments(curator, accession, people)
    correct(depositor, accession)
    accept(curator, accession)

    review(depositor, visitor(each_address), visitor(each_address), accession)
    depositor.goto(f"/manage/{accession}")
    depositor.get_by_role("button", name="Release now").click()
    expect(depositor.locator(".work-head .chip")).to_have_text("Released")
    anyone = visitor(each_address)
    anyone.goto(f"/entries/{accession}")
    expect(anyone.locator("h1")).to_have_text(TITLE)
    expect(anyone.locator("main")).to_contain_text("Hooke, Robert")
    check_citation(anyone, accession)


def upload_with_cuts(page, folder):
    """The network fails in the middle, then the page is left in the middle."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 4_000_000}
    session.send("Network.emulateNetworkConditions", slow)
    page.set_input_files("#choose-folder", folder)
    page.wait_for_url("**/deposit/MG-*")
    expect(page.locator("#upload-words")).to_contain_text(" left")
    page.context.set_offline(True)
    page.wait_for_timeout(1200)
    page.context.set_offline(False)
    session.send("Network.emulateNetworkConditions", slow)
    half = bytes_done(page)
    page.wait_for_function("before => parseFloat(document.querySelector('#upload-bar').value) > before", arg=half)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("#cut")).to_contain_text("here in part")
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method in ("POST", "PATCH") and "/uploads" in request.url else None)
    session.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    page.set_input_files("#choose-folder", folder)
    expect(page.locator("#upload-words")).to_have_text(re.compile("All .* arrived"))
    assert [request.method for request in sent if request.method == "POST"] == []  # the file that was cut goes on; no other is sent
    expect(page.locator("#cut")).to_be_hidden()
    return page.url.rpartition("/")[2]


def bytes_done(page):
    return page.evaluate("document.querySelector('#upload-bar').value")


def describe_and_submit(page):
    expect(page.locator("#checking")).to_contain_text("to correct")
    page.get_by_role("button", name="Submit", exact=True).press("Enter")  # what a report draws anew may move it under a pointer
    title = page.get_by_label("Title", exact=False).first
    expect(title).to_be_focused()
    expect(page.locator("[data-path=title] .field-finding.error")).to_contain_text("no title")
    title.fill(TITLE)
    page.get_by_label("Abstract").fill("A lamella, tilted.")
    organism = page.locator('[data-path="biosamples.0.organism.name"] input')
    organism.press_sequentially("Saccharomyces cere", delay=30)
    expect(page.locator('[data-path="biosamples.0.organism.name"] option')).not_to_have_count(0)
    organism.fill("Saccharomyces cerevisiae")
    expect(page.locator('[data-path="biosamples.0.organism.ncbi_taxonomy"] input')).to_have_value(re.compile(r"\d+"))
    expect(page.locator("#saved")).to_have_text("Saved")
    page.reload()
    expect(page.get_by_label("Title", exact=False).first).to_have_value(TITLE)
    expect(page.locator("#checking")).to_contain_text("Ready to submit")
    page.get_by_label("When the paper is out").check()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("#done")).to_contain_text("A curator looks at it next")


def return_with_comments(page, accession, people):
    page.goto("/curation")
    page.locator("li", has_text=accession).get_by_role("button", name="Take it on").click()
    expect(page.locator("li", has_text=accession)).to_contain_text(people.curator)
    page.get_by_role("link", name=TITLE).click()
    page.get_by_placeholder("Comment on this").first.fill("Please say this.")
    page.get_by_label("What to correct").fill("Which cells are these?")
    page.get_by_role("button", name="Return with these comments").click()
    expect(page.locator(".work-head .chip")).to_have_text("Draft")


def correct(page, accession):
    page.goto(f"/deposit/{accession}")
    notice = page.locator("section.notice")
    expect(notice).to_contain_text("Which cells are these?")
    expect(notice).to_contain_text("Please say this.")
    expect(page.locator("#description")).to_be_visible()
    page.get_by_label("Abstract").fill("A lamella of yeast, tilted.")
    expect(page.locator("#saved")).to_have_text("Saved")
    expect(page.get_by_label("When the paper is out")).to_be_checked()  # as it was wished before
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("#done")).to_contain_text("A curator looks at it next")
    page.get_by_role("link", name="See where it stands").click()
    page.get_by_label("Say something").fill("Yeast.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".conversation").first).to_contain_text("Yeast.")


def accept(page, accession):
    page.goto(f"/manage/{accession}")
    change = page.locator(".diff tr", has_text="abstract")
    expect(change.locator(".old")).to_have_text("A lamella, tilted.")
    expect(change.locator(".new")).to_have_text("A lamella of yeast, tilted.")
    expect(page.locator(".conversation").first).to_contain_text("Yeast.")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator(".work-head .chip")).to_have_text("On hold")


def review(owner, reviewer, stranger, accession):
    owner.goto(f"/manage/{accession}")
    owner.get_by_label("Hide the authors").check()
    owner.get_by_role("button", name="Make a link").click()
    link = owner.get_by_label("Reviewer link", exact=True).text_content().strip()
    reviewer.goto(link)
    expect(reviewer.locator("h1")).to_have_text(TITLE)
    assert "Hooke" not in reviewer.content()
    picture = reviewer.request.get(reviewer.locator("a[href*='/images/']").first.get_attribute("href"))
    assert picture.status == 200 and "Hooke" not in picture.text()
    for path in (f"/entries/{accession}", f"/manage/{accession}", f"/files/{accession}/1/"):
        assert stranger.goto(path).status in (401, 404) and TITLE not in stranger.content()
    assert reviewer.goto(f"/manage/{accession}").status in (401, 404)
    owner.goto(f"/manage/{accession}")
    owner.get_by_role("button", name="Revoke").click()
    expect(owner.get_by_role("button", name="Revoke")).to_have_count(0)
    assert reviewer.goto(link).status == 404
    assert reviewer.goto(f"/entries/{accession}").status == 404


def check_citation(page, accession):
    """What DataCite is told is what its schema allows."""
    told = page.request.get(f"/api/v1/entries/{accession}/datacite.json")
    assert told.status == 200
    schema45 = pytest.importorskip("datacite.schema45")
    assert schema45.validate(told.json())
