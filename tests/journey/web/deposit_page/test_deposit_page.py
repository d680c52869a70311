"""The deposit page where something goes wrong, or two are at it."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

expect.set_options(timeout=60_000)  # a loaded machine is slow now and then


@pytest.fixture
def draft(visitor, address, people, folder):
    """A window in which a folder was just dropped."""
    page = visitor(address, people.depositor)
    page.goto("/deposit")
    page.set_input_files("#choose-folder", folder)
    page.wait_for_url("**/deposit/MG-*")
    expect(page.locator("#checking")).to_contain_text("to correct")
    return page


def title(page):
    return page.locator("[data-path=title] input")


def test_who_is_not_signed_in_signs_in_and_comes_back(visitor, address, people):
    page = visitor(address)
    page.goto("/deposit")
    page.get_by_label("E-mail").fill(people.depositor)
    page.get_by_label("Password").fill("ut tensio sic vis")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/deposit")
    expect(page.get_by_text("Drop a folder here")).to_be_visible()


def test_two_tabs_that_change_the_same_are_asked_which_to_keep(draft):
    other = draft.context.new_page()
    other.goto(draft.url)
    title(other).fill("Of cork, in another tab")
    expect(other.locator("#saved")).to_have_text("Saved")
    draft.locator("[data-path=abstract] textarea").fill("What nobody else changed is saved at once.")
    expect(draft.locator("#saved")).to_have_text("Saved")
    title(other).fill("Of cork, changed again")
    expect(other.locator("#saved")).to_have_text("Saved")
    title(draft).fill("Of cork, in this tab")
    expect(draft.locator("#clash")).to_contain_text("Of cork")
    draft.get_by_role("button", name="Keep what I wrote").click()
    expect(draft.locator("#saved")).to_have_text("Saved")
    other.reload()
    expect(title(other)).to_have_value("Of cork, in this tab")
    expect(other.locator("[data-path=abstract] textarea")).to_have_value("What nobody else changed is saved at once.")


def test_who_is_signed_out_meanwhile_loses_nothing(draft, people):
    kept = draft.context.cookies()
    draft.context.clear_cookies()
    title(draft).fill("Of cork, written after the session ended")
    expect(draft.locator("#trouble")).to_contain_text("You are not signed in any more")
    assert draft.get_by_role("link", name="Sign in again").get_attribute("href").startswith("/sign-in?next=%2Fdeposit%2FMG-")
    draft.context.add_cookies(kept)
    draft.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(draft.locator("#saved")).to_have_text("Saved")
    expect(draft.locator("#trouble")).to_be_hidden()


def test_mistakes_of_an_entry_yaml_are_listed_with_their_lines_and_its_files_arrive(draft, tmp_path):
    (tmp_path / "entry.yaml").write_text("title: Of cork\nauthors:\n  - nome: Hooke\n")
    (tmp_path / "more.txt").write_text("More of it.\n")
    draft.set_input_files("#choose-files", [tmp_path / "entry.yaml", tmp_path / "more.txt"])
    expect(draft.locator("#sheet-mistakes")).to_contain_text("line 3")
    expect(draft.locator("#file-rows")).to_contain_text("more.txt")
    (tmp_path / "entry.yaml").write_text("title: Of cork\nauthors:\n  - name: Hooke, Robert\n")
    draft.set_input_files("#choose-files", tmp_path / "entry.yaml")
    expect(title(draft)).to_have_value("Of cork")
    expect(draft.locator("#sheet-trouble")).to_be_hidden()


def test_a_corrected_file_of_the_same_length_is_sent_again(draft, tmp_path):
    files = f"/api/v1/drafts/{draft.url.rpartition('/')[2]}/files"
    before = {f["path"]: f["sha256"] for f in draft.request.get(files).json()}
    (tmp_path / "notes.txt").write_text("Of the schematisme or texture of CORK.\n")
    draft.set_input_files("#choose-files", tmp_path / "notes.txt")
    expect(draft.locator("#upload-words")).to_have_text("All 3 files arrived.")
    draft.wait_for_timeout(1000)
    after = {f["path"]: f["sha256"] for f in draft.request.get(files).json()}
    assert after["notes.txt"] != before["notes.txt"] and after["cork.mrc"] == before["cork.mrc"]


def test_an_orcid_is_checked_while_one_types(draft):
    orcid = draft.locator('[data-path="authors.0.orcid"] input')
    orcid.fill("0000-0002-1825-0098")
    expect(draft.locator('[data-path="authors.0.orcid"]')).to_contain_text("checksum does not fit")
    orcid.fill("https://orcid.org/0000-0002-1694-233X")
    expect(orcid).to_have_value("0000-0002-1694-233X")
    expect(draft.locator('[data-path="authors.0.orcid"]')).not_to_contain_text("checksum")


def test_the_keyboard_alone_reaches_a_finding_its_field_and_submit(draft):
    jump = draft.locator("#findings button", has_text="Title")
    jump.focus()
    draft.keyboard.press("Enter")
    expect(title(draft)).to_be_focused()
    draft.keyboard.type("Of cork")
    expect(draft.locator("#saved")).to_have_text("Saved")
    expect(draft.locator("#checking")).to_contain_text("Ready to submit")
    expect(title(draft)).to_have_value("Of cork")
    draft.locator("#submit").focus()
    draft.keyboard.press("Enter")
    expect(draft.locator("#done")).to_be_focused()
