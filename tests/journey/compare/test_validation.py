"""The report of a map in a real archive: made like its pictures, read by API and page, and known to its people alone before release."""

import asyncio
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import httpx
import mrcfile
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import micrographia
from micrographia.archive.curate import accept_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.lookup import list_images
from micrographia.archive.release import release_entry
from micrographia.assembly import open_archive
from micrographia.catalogue import Outcome
from micrographia.compare.validation.product import VALIDATION
from micrographia.derive.making import derive
from micrographia.derive.product import product_folder
from micrographia.derive.products import FOR_VIEWERS
from micrographia.errors import NotFoundError
from micrographia.settings import Settings
from micrographia.testing.assemblies import symmetric
from micrographia.testing.map_pairs import render
from micrographia.web.app import create_app

VOXEL_A = 4.0
SIDE = 40
SHEET = {
    "schema": "micrographia/entry/1",
    "title": "Of the schematisme or texture of a ring",
    "authors": [{"name": "Hooke, Robert"}],
    "acquisitions": [{"id": "scope", "experiment": "single-particle", "microscope": {"name": "Cock's", "voltage_kv": 300}}],
    "maps": [
        {
            "id": "whole",
            "title": "The whole ring",
            "file": "map.mrc",
            "half_maps": ["half1.mrc", "half2.mrc"],
            "mask": "mask.mrc",
            "fsc": "fsc.xml",
            "models": ["model.pdb", "mirrored.pdb"],
            "symmetry": "C3",
            "resolution_a": 9.0,
            "contour_level": 0.3,
        },
        {"id": "brick", "file": "brick.mrc"},
    ],
}


def write(path, values):
    with mrcfile.new(path) as file:
        file.set_data(values.astype(np.float32))
        file.voxel_size = VOXEL_A
        file.set_volume()


def write_model(path, positions_xyz_a):
    """A model of one atom for each position."""
    line = "ATOM  {0:5d}  CA  ALA A{0:4d}    {1:8.3f}{2:8.3f}{3:8.3f}  1.00 60.00           C\n"
    path.write_text("".join(line.format(i, *xyz) for i, xyz in enumerate(positions_xyz_a, 1)) + "END\n")


@pytest.fixture(scope="module")
def rings(tmp_path_factory):
    """An archive with a released map whose half maps have white noise, and one that is accepted; the signal, and a client's door."""
    where = tmp_path_factory.mktemp("validation")
    rng = np.random.default_rng(1665)
    blobs = symmetric("C4", 7).blobs
    signal = render(blobs, rng, side=SIDE, box_a=VOXEL_A * SIDE, resolution_a=9.0).values
    signal = signal / signal.max()
    halves = [signal + 0.12 * rng.standard_normal(signal.shape) for _ in range(2)]
    folder = where / "ring"
    folder.mkdir()
    for name, values in (("half1", halves[0]), ("half2", halves[1]), ("map", sum(halves) / 2), ("brick", np.indices((16,) * 3)[0] > 7)):
        write(folder / f"{name}.mrc", values)
    write(folder / "mask.mrc", np.clip(2 * gaussian_filter((gaussian_filter(signal, 2) > 0.03).astype(float), 2), 0, 1))
    middle = VOXEL_A * (SIDE // 2)
    write_model(folder / "model.pdb", middle + blobs.positions_xyz_a)
    write_model(folder / "mirrored.pdb", middle + blobs.positions_xyz_a * [1, 1, -1])
    points = "".join(f"<coordinate><x>{f / 160:.5f}</x><y>{1 - f / 20:.3f}</y></coordinate>" for f in range(20))
    (folder / "fsc.xml").write_text(f'<fsc title="Of the ring">{points}</fsc>')
    (folder / "entry.yaml").write_text(json.dumps(SHEET))
    archive = open_archive(Settings(home=where / "archive", workers=2))
    released = deposit_folder(archive, folder, until="released").accession
    held = deposit_folder(archive, folder, until="submitted").accession
    accept_entry(archive, held)
    app = create_app(archive)

    def web(path):
        async def answer():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://archive.example") as client:
                return await client.get(path, headers={"accept": "application/json" if "/api/" in path else "text/html"})

        return asyncio.run(answer())

    before = {kind: web(f"{kind}/entries/{released}/validation") for kind in ("", "/api/v1")}
    assert derive(archive, (*FOR_VIEWERS, VALIDATION), wait=True).failed == 0
    yield SimpleNamespace(archive=archive, web=web, released=released, held=held, before=before, app=app)
    app.application.state.site.close()
    archive.catalogue.close()


@pytest.fixture(scope="module")
def report(rings):
    return rings.web(f"/api/v1/entries/{rings.released}/validation").json()


def test_the_report_says_what_was_put_into_the_map(report, rings):
    assert (report["accession"], report["id"], report["maps"], report["missing"]) == (rings.released, "whole", ["whole", "brick"], {})
    assert report["symmetry"]["group"] == "C4"
    assert report["fsc"]["mask"]["path"] == "mask.mrc" and report["fsc"]["half_maps"] == ["half1.mrc", "half2.mrc"]
    # between the 9 Å to which the signal is drawn and where the noise, white and an eighth of its highest density, buries it
    assert 9.0 < report["fsc"]["phase_randomised"]["resolution_a"]["0.143"] < 14.0
    assert report["fsc"]["resolution_a"]["0.143"] > report["fsc"]["masked"]["resolution_a"]["0.143"]
    assert report["half_map_agreement"] > 0.99
    assert report["deposited_fsc"]["kind"] == "Of the ring" and report["deposited_fsc"]["resolution_a"] == pytest.approx(
        160 / 17.14, abs=0.01
    )
    counts, contour = report["density_histogram"]["count"], report["volume_estimate"]["contour"]
    assert sum(counts) == SIDE**3
    assert contour["level"] == 0.3 and contour["is_declared"] and contour["volume_nm3"] > 0
    assert report["raps"]["spatial_frequency_per_a"][-1] == pytest.approx(1 / (2 * VOXEL_A))


def test_what_is_declared_otherwise_is_found(report):
    (finding,) = [f for f in report["findings"] if f["rule"] == "validation.symmetry_declared"]
    assert (finding["severity"], finding["path"], finding["expected"]) == ("warning", "map.mrc", "C3") and "C4" in finding["found"]


def test_models_are_held_against_the_map(report):
    right, mirrored = report["models"]
    # the last shells hold noise; above them the atoms lie where the density is
    assert right["masked"]["resolution_a"]["0.5"] < 14 and "superposition" not in right
    assert mirrored["superposition"]["mirrored"] and mirrored["superposition"]["confidence"] > 0.8
    (finding,) = [f for f in report["findings"] if f["rule"].startswith("validation.model")]
    assert (finding["rule"], finding["path"]) == ("validation.model_hand", "mirrored.pdb")


def test_a_file_that_is_no_density_has_a_report_that_says_so(rings):
    report = rings.web(f"/api/v1/entries/{rings.released}/validation?map=brick").json()
    assert report["fsc"] is report["symmetry"] is report["raps"] is None
    assert report["missing"]["fsc"] == "No half maps were deposited." and "looks like a mask" in report["missing"]["symmetry"]
    assert "looks like a mask" in rings.web(f"/entries/{rings.released}/validation?map=brick").text


@pytest.mark.parametrize("path", ["MG-99999/validation", "{}/validation?map=none", "{}/validation?version=2"])
def test_what_is_not_there_is_not_found(rings, path):
    for root in ("/entries/", "/api/v1/entries/"):
        assert rings.web(root + path.format(rings.released)).status_code == 404, root


def test_before_it_is_made_the_page_says_so_and_the_api_finds_none(rings):
    assert rings.before["/api/v1"].status_code == 404 and "still being made" in rings.before["/api/v1"].json()["message"]
    assert rings.before[""].status_code == 200 and "still being made" in rings.before[""].text


def test_the_page_shows_plots_pictures_and_findings(rings, report):
    text = rings.web(f"/entries/{rings.released}/validation").text
    assert text.count('class="chart"') == 5 and "Fourier shell correlation of the half maps" in text
    assert "Worth a second look" in text and "The declared symmetry is not that of the map." in text
    pictures = re.findall(r'<img src="([^"]+)"', text)
    assert len(pictures) == 3 + 3 + 3 + 1
    for link in pictures:
        assert rings.web(link.replace("&amp;", "&")).status_code == 200, link
    index = report["slices"]["largest_variance"]["z"]
    assert f"z {index + 1} of {SIDE}" in text
    assert f'href="/entries/{rings.released}/validation?map=whole"' in rings.web(f"/entries/{rings.released}").text


def test_before_release_it_is_known_to_nobody_else_and_then_it_is_there(rings):
    for path in ("/entries/{}/validation", "/api/v1/entries/{}/validation"):
        answers = [rings.web(path.format(accession)) for accession in (rings.held, "MG-99999")]
        assert [a.status_code for a in answers] == [404, 404]
        assert answers[0].text.replace(rings.held, "") == answers[1].text.replace("MG-99999", "")
    release_entry(rings.archive, rings.held)
    assert rings.web(f"/api/v1/entries/{rings.held}/validation").json()["symmetry"]["group"] == "C4"


@pytest.fixture
def failed(rings):
    """The brick of the released entry, as if no report of it could be made."""
    image = next(row.id for row in list_images(rings.archive, rings.released)[1] if row.record.path == "brick.mrc")
    path = product_folder(rings.archive.settings.derived, VALIDATION, image) / "report.json"
    kept = path.read_bytes()
    path.unlink()
    outcome = Outcome(image, "validation", VALIDATION.recipe, "failed", 3, "It took too long.")
    rings.archive.catalogue.derived.record(None, [outcome])
    yield image
    path.write_bytes(kept)
    rings.archive.catalogue.derived.record(None, [replace(outcome, state="done")])


def test_a_report_that_failed_spoils_no_picture(rings, failed):
    answer = rings.web(f"/api/v1/entries/{rings.released}/validation?map=brick")
    assert answer.status_code == 404 and "It took too long." in answer.json()["message"]
    assert "could not be made" not in rings.web(f"/images/{failed}").text
    assert "pictures prepared" not in rings.web(f"/entries/{rings.released}").text


def test_a_folder_says_where_reports_are(rings):
    entry = micrographia.open(str(rings.archive.settings.home))[rings.released]
    with pytest.raises(NotFoundError, match="Ask the archive's server"):
        entry.validation()
