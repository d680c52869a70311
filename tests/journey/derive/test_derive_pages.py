"""What pages and the API say of products while they are made, when they are there, and where they cannot be made."""

from micrographia.catalogue import Outcome
from micrographia.derive.making import derive
from micrographia.derive.products import FOR_VIEWERS, RECIPES
from micrographia.derive.sections import PICTURES
from micrographia.ids import ImageId


def test_projections_and_sections_are_shown_once_they_are_made(web, archive, images):
    volume = images["long.mrc"]
    assert web(f"/previews/{volume['id']}/section-z.webp").status_code == 404
    assert "From all sides" not in web(volume["links"]["page"]).text
    derive(archive, FOR_VIEWERS)
    page = web(volume["links"]["page"]).text
    for picture in PICTURES:
        address = f"/previews/{volume['id']}/{picture}.webp"
        assert address in page
        answer = web(address)
        assert answer.headers["content-type"] == "image/webp" and answer.content[:4] == b"RIFF"
    assert web(f"/previews/{volume['id']}/section-t.webp").status_code == 404


def test_an_entry_says_how_many_of_its_pictures_are_prepared(web, archive, released, images):
    entry = f"/entries/{released}"
    assert web(f"/api/v1{entry}/progress").json() == {"total": 3, "prepared": 0, "failed": 0, "finished": False}
    page = web(entry).text
    assert "0 of 3 pictures prepared" in page and "/static/progress.js" in page
    web(images["small.mrc"]["links"]["thumbnail"])
    assert web(f"/api/v1{entry}/progress?version=1").json()["prepared"] == 1
    derive(archive, FOR_VIEWERS)
    assert web(f"/api/v1{entry}/progress").json() == {"total": 3, "finished": True}
    page = web(entry).text
    assert "pictures prepared" not in page and "/static/progress.js" not in page


def test_an_image_that_cannot_be_read_says_so_in_place_of_the_viewer(web, archive, broken):
    done = derive(archive, FOR_VIEWERS)
    assert done.failed == 1 and done.pending == 0
    failure = archive.catalogue.derived.failures()[0]
    assert (str(failure.image), failure.product, failure.tries) == (broken["id"], "thumbnail", 3)
    page = web(broken["links"]["page"]).text
    assert "No picture can be shown." in page and "gave up" in page and "data-viewer=" not in page
    assert f'<a href="{broken["links"]["file"]}">download it</a>' in page
    assert web(broken["links"]["thumbnail"]).status_code == 404
    entry = web(f"/entries/{broken['entry']}").text
    assert f"/thumbnails/{broken['id']}" not in entry and broken["links"]["page"] in entry
    assert web(broken["links"]["file"]).status_code == 200
    assert web(f"/api/v1/images/{broken['id']}").json()["derived"]["thumbnail"] == "failed"


def test_a_picture_that_somebody_asks_for_is_tried_three_times(web, archive, broken):
    for tries in (1, 2, 3, 3):
        assert web(broken["links"]["thumbnail"]).status_code == 404
        assert archive.catalogue.derived.outcomes(ImageId.parse(broken["id"]), RECIPES)["thumbnail"].tries == tries
    assert [f.tries for f in archive.catalogue.derived.failures()] == [3]


def test_an_image_that_can_be_read_in_part_shows_the_view_and_says_what_is_missing(web, archive, images):
    image = images["long.mrc"]
    reason = "It took more than the 2048 MiB of memory that one task may take."
    archive.catalogue.derived.record(None, [Outcome(ImageId.parse(image["id"]), "sections", RECIPES["sections"], "failed", 3, reason)])
    page = web(image["links"]["page"]).text
    assert "data-viewer=" in page and reason in page.partition("</details>")[2]
