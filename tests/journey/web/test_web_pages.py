import json
import re
from html.parser import HTMLParser

import pytest


class Page(HTMLParser):
    """What matters of a page: its links, its pictures, whether tags are balanced."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "image", "rect", "circle", "path"})

    def __init__(self, text):
        super().__init__()
        self.links, self.images, self.inline, self.open, self.problems = [], [], [], [], []
        self.feed(text)
        self.close()
        self.problems += [f"never closed: {t}" for t in self.open]

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "href" in given:
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)
        self.inline += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> after {self.open[-3:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass


PAGES = [
    "/",
    "/entries",
    "/entries?q=cork",
    "/entries?q=nothingatall",
    "/entries/{public}",
    "/entries/{public}/images",
    "/entries/{revised}",
    "/entries/{revised}?version=1",
]
PAGES += [
    "/images/{public}.1.1",
    "/images/{public}.1.2",
    "/images/{public}.1.3",
    "/files/{public}/1/",
    "/files/{public}/1/many",
    "/about",
    "/api",
    "/compare/trace",
    "/compare/trace?a={public}&b={revised}",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_and_quiet(web, served, path):
    answer = web.get(path.format(public=served.public, revised=served.revised))
    page = Page(answer.text)
    assert answer.status_code == 200 and page.problems == [] and page.inline == []
    assert all(i.get("alt") for i in page.images)
    assert (
        "<img src=x" not in answer.text
        and "<b>cells" not in answer.text
        and served.secret not in answer.text
        and "royal.example" not in answer.text
    )
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/", "/entries", "/entries/{public}", "/images/{public}.1.1", "/files/{public}/1/", "/entries/{revised}?version=1"]
)
def test_every_link_leads_somewhere(web, served, path):
    page = Page(web.get(path.format(public=served.public, revised=served.revised)).text)
    for link in {x.partition("#")[0] for x in page.links} | {i["src"] for i in page.images}:
        if link.startswith("/"):
            answer = web.get(link)
            assert answer.status_code == 200 or answer.headers.get("location", "").startswith("/sign-in?"), link


def test_home_shows_figures_and_entries(web, served):
    text = web.get("/").text
    assert f"/entries/{served.public}" in text and f"/thumbnails/{served.public}.1." in text


def test_an_empty_result_helps(web):
    text = web.get("/entries?q=nothingatall").text
    assert "Nothing matches" in text and "see all entries" in text.lower()


def test_facets_narrow_down_and_widen_again(web, served):
    page = web.get("/entries?organism=Quercus+suber").text
    assert f"/entries/{served.public}" in page and f"/entries/{served.revised}" not in page
    assert 'aria-current="true"' in page and "Clear all" in page


def test_an_entry_carries_json_ld(web, served):
    text = web.get(f"/entries/{served.public}").text
    document = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)[1])
    assert (
        document["@type"] == "Dataset"
        and document["name"] == served.hostile
        and document["license"].startswith("https://creativecommons.org")
    )
    assert document["creator"][0]["familyName"] == "Hooke"


def test_an_entry_shows_how_it_was_made_and_how_to_take_it(web, served):
    text = web.get(f"/entries/{served.public}").text
    for words in (
        "3D refinement",
        "RELION 5.0",
        "Quercus suber",
        "300 kV",
        "4 Å",
        "@misc{",
        f"micrographia get {served.public}",
        "curl -OJ",
        "sha",
    ):
        assert words in text, words


def test_an_old_version_points_to_the_latest(web, served):
    assert "Version 2</a> is the latest" in web.get(f"/entries/{served.revised}?version=1").text
    assert "A second thought" in web.get(f"/entries/{served.revised}").text


def test_a_withdrawn_entry_leaves_a_tombstone(web, served):
    page = web.get(f"/entries/{served.withdrawn}", headers={"Accept": "text/html"})
    assert page.status_code == 410 and "The orbit was wrong" in page.text and "Comets, withdrawn" in page.text
    document = web.get(f"/api/v1/entries/{served.withdrawn}")
    assert document.status_code == 410 and document.json()["tombstone"]["reason"] == "The orbit was wrong"
    assert web.get(f"/files/{served.withdrawn}/1/a.mrc").status_code == 410


def test_there_is_a_page_for_what_is_not_there(web):
    page = web.get("/entries/MG-99999", headers={"Accept": "text/html"})
    assert page.status_code == 404 and "Nothing is here" in page.text and Page(page.text).problems == []


def test_the_viewer_steps_without_scripts(web, served):
    text = web.get(f"/images/{served.public}.1.2?axis=y&index=3").text + web.get(f"/images/{served.public}.1.1?axis=y&index=3").text
    assert "axis=y&amp;index=3" in text and '<option value="y" selected' in text


def test_crawlers_find_their_way(web, served):
    assert "Sitemap: http://archive.example/sitemap.xml" in web.get("/robots.txt").text
    assert "http://archive.example/sitemap-1.xml" in web.get("/sitemap.xml").text
    listed = web.get("/sitemap-1.xml").text
    assert f"http://archive.example/entries/{served.public}<" in listed and served.draft not in listed and served.withdrawn not in listed
    assert web.get("/sitemap-2.xml").status_code == 404
