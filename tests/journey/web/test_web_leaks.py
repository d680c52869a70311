"""No route says anything of what is not public: generated from the application's own table of routes."""

import pytest
from starlette.routing import Route

from micrographia.archive.accounts import add_account, create_token
from micrographia.model.people import Scope, Standing

# what is for people: pages show whoever has not signed in how to
FOR_PEOPLE = {
    "/deposit",
    "/deposits",
    "/curation",
    "/account",
    "/people",
    "/admin/work",
    "/api/v1/work",
    "/api/v1/drafts",
    "/api/v1/curation/queue",
    "/api/v1/account",
    "/api/v1/account/entries",
    "/sign-in/orcid/back",
}


def every_path(app, accession, version):
    """Every route with every parameter filled in for one entry."""
    described = app.application.openapi()["paths"]
    for template in {r.path for r in app.application.router.routes if isinstance(r, Route)} | set(described):
        if "{" not in template:
            continue
        for path in ("a.mrc", "secret.txt", "manifest.jsonl", "entry.json", ""):
            filled = template
            for name, value in {
                "{accession}": accession,
                "{version:int}": version,
                "{path:path}": path,
                "{identifier}": f"{accession}.{version}.1",
                "{region}/{size}/{rotation}/{quality}.{file_format}": "full/max/0/default.png",
                "{ranges}": "z=0:1",
                "{image_id}": f"{accession}.{version}.1",
                "{name}": f"{accession}.{version}.1",
                "{number:int}": "1",
                "{picture}": "section-z",
            }.items():
                filled = filled.replace(name, str(value))
            yield filled


def listed(app):
    described = app.application.openapi()["paths"]
    routes = {r.path for r in app.application.router.routes if isinstance(r, Route) and "GET" in (r.methods or ())}
    return sorted(p for p in routes | {p for p, operations in described.items() if "get" in operations} if "{" not in p)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", [1, 2])
def test_a_draft_is_nowhere(web, app, served, method, version):
    paths = set(every_path(app, served.draft, version))
    assert len(paths) > 15
    for path in paths - {"/sitemap-1.xml"}:
        answer = web.request(method, path)
        # the others are answered of any accession, also of one that there is not
        assert answer.status_code in (401, 404, 405, 412), path
        assert answer.status_code == 404 or web.request(method, path.replace(served.draft, "MG-99999")).status_code == answer.status_code
        assert served.secret not in answer.text and "MG-" not in answer.headers.get("etag", "")


def test_no_list_names_a_draft_or_what_was_withdrawn(web, app, served):
    traced = f"/api/v1/trace?a={served.public}&b={served.public}"  # has no answer without two maps
    for path in [
        *(traced if p == "/api/v1/trace" else p for p in listed(app)),
        "/sitemap-1.xml",
        "/api/v1/entries?q=spring",
        f"/entries?q={served.draft}",
    ]:
        answer = web.get(path)
        assert answer.status_code == (404 if path == "/sign-in/orcid" else 401 if path in FOR_PEOPLE else 200), path
        assert served.secret not in answer.text, path
        for hidden in (served.withdrawn, served.draft):
            assert f"/{hidden}" not in answer.text, path


def test_a_withdrawn_entry_answers_with_its_tombstone_alone(web, app, served):
    for path in set(every_path(app, served.withdrawn, 1)) - {"/sitemap-1.xml"}:
        answer = web.get(path)
        assert answer.status_code in (401, 404, 405, 410), path
        assert b"MAP " not in answer.content and served.secret not in answer.text


def test_a_draft_of_a_new_version_is_not_seen(web, app, served, tmp_path):
    from micrographia.archive.revise import revise_from_folder

    (tmp_path / "next").mkdir()
    (tmp_path / "next/secret.txt").write_text(served.secret)
    revise_from_folder(served.archive, served.public, tmp_path / "next", change_note=served.secret, until="draft")
    for path in set(every_path(app, served.public, 2)):
        answer = web.get(path)
        assert served.secret not in answer.text, path
        assert "/files/" not in path or answer.status_code in (404, 405, 307), path


def test_a_withdrawal_is_noticed_at_once(web, served, tmp_path):
    from micrographia.archive.deposit import deposit_folder
    from micrographia.archive.withdraw import withdraw_entry
    from micrographia.examine import Given

    (tmp_path / "in").mkdir()
    (tmp_path / "in/soon.txt").write_text("soon gone")
    accession = deposit_folder(
        served.archive, tmp_path / "in", given=Given(title="Soon gone", authors=("Hooke, Robert",)), until="released"
    ).accession
    assert web.get(f"/files/{accession}/1/soon.txt").text == "soon gone"
    withdraw_entry(served.archive, accession, reason="A test of forgetting")
    assert web.get(f"/files/{accession}/1/soon.txt").status_code == 410


def test_the_page_of_an_entry_before_release_says_who_sees_it(web, served):
    account = add_account(served.archive, name="Wilkins, John", email="wilkins@royal.example", standing=Standing.CURATOR)
    secret, _ = create_token(served.archive, account, scopes=frozenset({Scope.CURATE}), days=1)
    page = web.get(f"/entries/{served.draft}", headers={"authorization": f"Bearer {secret}"})
    assert page.status_code == 200
    assert served.secret in page.text
    assert "Only its people" in page.text
    assert 'name="robots" content="noindex' in page.text
    assert "ld+json" not in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert web.get(f"/entries/{served.draft}").status_code == 404
