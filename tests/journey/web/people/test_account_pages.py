"""The account page, the archive's people, a forgotten password."""

import re

import pytest

from micrographia.archive.accounts import account_of_number, add_account, change_account, create_token, find_account, tokens_of
from micrographia.archive.outbox import deliver_due
from micrographia.assembly import deliverers
from micrographia.model.people import Scope, Standing

PASSWORD = "ut tensio sic vis"


def post(browser, path, **data):
    return browser.post(path, data={"csrf_token": browser.token(), **data})


@pytest.fixture
def me(browser, hooke):
    browser.sign_in(hooke.email)
    return browser


@pytest.fixture
def admin(browser, archive, hooke):
    change_account(archive, hooke.id, standing=Standing.ADMIN)
    browser.sign_in(hooke.email)
    return browser


def test_one_changes_name_and_password(me, archive, hooke):
    assert post(me, "/account", name="  Robert\tHooke ").headers["location"] == "/account?done=name"
    assert account_of_number(archive, hooke.id).name == "Robert Hooke"
    assert post(me, "/account", name="\x1b[31m").status_code == 422
    assert "present password is wrong" in post(me, "/account/password", old="wrong", password="another sentence").text
    refused = post(me, "/account/password", old=PASSWORD, password="short")
    assert refused.status_code == 422 and "12 to" in refused.text
    assert post(me, "/account/password", old=PASSWORD, password="another sentence").status_code == 303
    assert me.get("/account").status_code == 200, "this session goes on"
    assert me.sign_in(hooke.email, data={"csrf_token": me.token()}).status_code == 401


def test_a_changed_password_ends_other_sessions(me, browser_of, hooke):
    other = browser_of()
    other.sign_in(hooke.email)
    post(me, "/account/password", old=PASSWORD, password="another sentence")
    assert other.get("/account").status_code == 401


def test_the_present_password_cannot_be_guessed_without_end(me):
    told = (post(me, "/account/password", old="wrong", password="another sentence").text for _ in range(25))
    assert any("Too many attempts" in text for text in told)


def test_a_token_is_shown_once_and_revoked(me, archive, hooke):
    made = post(me, "/account/tokens", name="Cock's microscope", days="7", **{"scope-deposit": "on"})
    (secret,) = re.findall(r"mg_[\w-]{43}", made.text)
    assert made.headers["cache-control"] == "private, no-store"
    page = me.get("/account")
    assert secret not in page.text and "Cock&#39;s microscope" in page.text
    bearer = {"authorization": f"Bearer {secret}"}
    assert me.get("/api/v1/entries", headers=bearer).status_code == 200
    (token,) = tokens_of(archive, hooke.id)
    assert post(me, f"/account/tokens/{token.id}/revoke").status_code == 303
    assert me.get("/api/v1/entries", headers=bearer).status_code == 401


@pytest.mark.parametrize("asked", [{"scope-admin": "on"}, {"scope-curate": "on"}, {}, {"scope-deposit": "on", "days": "9999"}])
def test_nobody_gives_themselves_more_than_they_have(me, archive, hooke, asked):
    assert post(me, "/account/tokens", **{"name": "x", "days": "7", **asked}).status_code == 422
    assert tokens_of(archive, hooke.id) == []


def test_nobody_revokes_the_token_of_another(me, archive, hooke):
    other = add_account(archive, name="Grew", email=f"grew.{hooke.email}")
    _, token = create_token(archive, other, scopes=frozenset({Scope.DEPOSIT}), days=1)
    assert post(me, f"/account/tokens/{token.id}/revoke").status_code == 404
    assert tokens_of(archive, other.id) == [token]


def test_a_token_manages_no_account(browser, archive, hooke):
    hooke = change_account(archive, hooke.id, standing=Standing.ADMIN)
    secret, _ = create_token(archive, hooke, scopes=frozenset({Scope.ADMIN}), days=1)
    bearer = {"authorization": f"Bearer {secret}"}
    assert browser.get("/account", headers=bearer).status_code == 403
    for path in ("/account", "/account/password", "/account/tokens"):
        assert browser.request("POST", path, headers=bearer, data={"name": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/account", "/people", "/deposits"])
def test_who_has_not_signed_in_is_shown_how_to_and_comes_back(browser, hooke, path):
    page = browser.get(path)
    assert page.status_code == 401 and f'name="next" value="{path}"' in page.text
    assert browser.sign_in(hooke.email, data={"next": path}).headers["location"] == path


def test_people_are_for_admins(me, archive, hooke):
    assert me.get("/people").status_code == 403
    assert post(me, "/people", name="x", email="x@royal.example", role="admin").status_code == 403
    assert post(me, f"/people/{hooke.id}", role="admin", active="on").status_code == 403
    assert account_of_number(archive, hooke.id).standing is Standing.MEMBER


def test_an_admin_gives_roles_and_trust(admin, archive, hooke):
    other = add_account(archive, name="Grew, <b>Nehemiah</b>", email=f"grew.{hooke.email}", password=PASSWORD)
    page = admin.get("/people", params={"q": other.email})
    assert "Grew, &lt;b&gt;" in page.text and page.text.count("person-") == 1
    assert post(admin, f"/people/{other.id}", role="curator", trusted="on", active="on").status_code == 303
    changed = account_of_number(archive, other.id)
    assert (changed.standing, changed.is_trusted, changed.is_active) == (Standing.CURATOR, True, True)
    assert post(admin, f"/people/{other.id}", role="king").status_code == 422
    assert post(admin, f"/people/{other.id}", role="curator").status_code == 303
    assert not account_of_number(archive, other.id).is_active


def test_the_last_admin_stays(admin, archive, hooke):
    for account in (a for a in admins(archive) if a.id != hooke.id):
        change_account(archive, account.id, standing=Standing.MEMBER)
    refused = post(admin, f"/people/{hooke.id}", role="member", active="on")
    assert refused.status_code == 422 and "leave no admin" in refused.text
    assert admin.get("/people").status_code == 200


def admins(archive):
    from micrographia.archive.accounts import list_accounts

    return [a for a in list_accounts(archive) if a.standing is Standing.ADMIN]


def link_of(archive, email):
    deliver_due(archive, deliverers(archive.settings))
    mails = [f.read_text() for f in sorted((archive.settings.home / "outbox").glob("*.eml"))]
    mine = [m for m in mails if f"To: {email}" in m]
    return re.search(r"http://127\.0\.0\.1:8000(/new-password/[\w-]+)", mine[-1])[1] if mine else None


def test_an_invited_person_chooses_a_password_and_is_in(admin, browser_of, archive, hooke):
    email = f"grew.{hooke.email}"
    assert post(admin, "/people", name="Grew, Nehemiah", email=email, role="member").status_code == 303
    link = link_of(archive, email)
    grew = browser_of()
    assert email in grew.get(link).text
    assert grew.post(link, data={"password": "short"}).status_code == 422
    assert grew.post(link, data={"password": "anatomy of plants"}).headers["location"] == "/deposits"
    assert grew.get("/deposits").status_code == 200
    assert grew.get(link).status_code == 404
    assert browser_of().post(link, data={"password": "another sentence"}).status_code == 404


def test_a_forgotten_password_is_answered_alike_for_all(browser, archive, hooke):
    known, unknown = (browser.post("/new-password", data={"email": e}) for e in (hooke.email, f"nobody.{hooke.email}"))
    assert known.text == unknown.text and known.status_code == unknown.status_code == 200
    assert browser.post("/new-password", data={"email": "no address"}).text == known.text
    assert link_of(archive, hooke.email) and not link_of(archive, f"nobody.{hooke.email}")


def test_mails_for_a_new_password_are_limited(browser, archive, hooke):
    for _ in range(12):
        assert browser.post("/new-password", data={"email": hooke.email}).status_code == 200
    deliver_due(archive, deliverers(archive.settings))
    mails = [f for f in (archive.settings.home / "outbox").glob("*.eml") if f"To: {hooke.email}" in f.read_text()]
    assert 1 <= len(mails) <= 7


def test_the_header_of_a_request_does_not_decide_where_a_link_leads(browser, archive, hooke):
    evil = {"host": "evil.example", "origin": "http://evil.example", "x-forwarded-host": "evil.example"}
    browser.post("/new-password", data={"email": hooke.email}, headers=evil)
    assert link_of(archive, hooke.email)


def test_a_link_that_works_once_is_not_logged(browser, archive, hooke, caplog, monkeypatch):
    from micrographia.errors import UnavailableError
    from micrographia.web.pages import new_password

    def away(*_):
        raise UnavailableError("Away.")

    monkeypatch.setattr(new_password, "account_of_link", away)
    secret = "s" * 43
    assert browser.get(f"/new-password/{secret}").status_code == 503
    assert "Away" in caplog.text and secret not in caplog.text


def test_my_entries_say_where_each_stands(me, archive, hooke, tmp_path):
    from micrographia.archive.accounts import caller_of
    from micrographia.archive.deposit import deposit_folder
    from micrographia.examine import Given
    from micrographia.model.people import ALL_SCOPES

    assert "Nothing yet" in me.get("/deposits").text
    asked = archive.called_by(caller_of(find_account(archive, hooke.email), ALL_SCOPES))
    for name, until in (("cork", "draft"), ("flea", "submitted")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name + hooke.email)
        deposit_folder(asked, tmp_path / name, given=Given(title=f"Of a {name} <i>", authors=("Hooke, Robert",)), until=until)
    page = me.get("/deposits").text
    assert "Of a cork &lt;i&gt;" in page and "Complete it, then submit it." in page and "With the curators" in page
