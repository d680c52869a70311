"""The plates of a screen as OME-Zarr, put together from the files of their channels, and as pages."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import ome_zarr_models.v05
import pytest
import tifffile
import zarr

from micrographia.archive.deposit import deposit_folder
from micrographia.archive.withdraw import withdraw_entry
from micrographia.assembly import open_archive
from micrographia.derive.making import derive
from micrographia.derive.products import FOR_VIEWERS
from micrographia.settings import Settings
from micrographia.web.app import create_app

SHEET = {
    "schema": "micrographia/entry/1",
    "title": "Cork in wells",
    "authors": [{"name": "Hooke, Robert"}],
    "screens": [
        {
            "id": "doses",
            "plates": ["run*/*"],
            "pattern": r"(?P<row>[A-H])(?P<column>\d\d)_f(?P<field>\d+)_(?P<channel>DNA|actin|pores)",
            "geometry": {"rows": 8, "columns": 12},
            "channels": [{"name": "DNA", "colour": "3060FF"}, {"name": "actin", "colour": "30E060"}, {"name": "pores"}],
            "library": "library.csv",
        },
        {"id": "readymade", "plates": ["plate.ome.zarr"]},
    ],
    "other_files": ["*"],
}
CHANNELS = ("DNA", "actin", "pores")
WELLS = ("B02", "B03", "H12")


def write_ome_zarr_plate(path, array):
    plate = zarr.open_group(str(path), mode="w", zarr_format=3)
    wells = [{"path": "A/1", "rowIndex": 0, "columnIndex": 0}]
    plate.attrs["ome"] = {"version": "0.5", "plate": {"rows": [{"name": "A"}], "columns": [{"name": "1"}], "wells": wells}}
    plate.create_group("A/1").attrs["ome"] = {"version": "0.5", "well": {"images": [{"path": "0"}]}}
    field = plate.create_group("A/1/0")
    field.create_array("0", data=array, chunks=(1, 16, 16), dimension_names=list("cyx"))
    axes = [{"name": "c", "type": "channel"}, {"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]}
    field.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": [dataset]}]}


@pytest.fixture(scope="module")
def screen(tmp_path_factory, start):
    rng = np.random.default_rng(1665)
    where = tmp_path_factory.mktemp("plates")
    folder = where / "in"
    truth = {}
    for run in ("run1", "run2"):
        (folder / run / "images").mkdir(parents=True)
        for well in WELLS:
            for field in (2, 10):
                for channel in CHANNELS:
                    array = rng.integers(0, 4000, (300, 280), dtype=np.uint16)
                    if (run, well, field, channel) == ("run2", "H12", 10, "pores"):
                        truth[run, well, field, channel] = np.zeros_like(array)
                        continue
                    truth[run, well, field, channel] = array
                    tifffile.imwrite(folder / run / f"images/{well}_f{field}_{channel}.tif", array)
    ready = rng.integers(0, 99, (2, 32, 40), dtype=np.uint8)
    write_ome_zarr_plate(folder / "plate.ome.zarr", ready)
    rows = ["Plate,Well,Compound,Dose,Term Source REF", "run1,B2,suberin,3,X", "run2,B02,cork oil,5,X"]
    (folder / "library.csv").write_text("\n".join(rows))
    (folder / "entry.yaml").write_text(json.dumps(SHEET))
    archive = open_archive(Settings(home=where / "archive", workers=1))
    accession = deposit_folder(archive, folder, until="released").accession
    assert derive(archive, FOR_VIEWERS).failed == 0
    process = start(where / "archive")
    yield SimpleNamespace(archive=archive, accession=accession, url=process.url, truth=truth, ready=ready)
    process.terminate()
    process.wait(20)
    process.stdout.close()
    archive.catalogue.close()


@pytest.fixture(scope="module")
def address(screen):
    return lambda name: f"{screen.url}/zarr/{screen.accession}.1.plate.{name}-r1"


def test_a_plate_leads_to_its_wells_and_fields(address, opened):
    plate = opened(address("run1"))
    model = ome_zarr_models.v05.HCS.from_zarr(plate)
    words = model.ome_attributes.plate
    assert [w.path for w in words.wells] == ["B/2", "B/3", "H/12"] and words.field_count == 2
    assert (len(words.rows), len(words.columns)) == (8, 12)
    assert [i["path"] for i in plate["H/12"].attrs["ome"]["well"]["images"]] == ["0", "1"]
    ome_zarr_models.v05.Image.from_zarr(plate["B/2/0"])


def test_a_field_has_the_samples_of_the_files_of_its_channels(screen, address, opened):
    for run in ("run1", "run2"):
        plate = opened(address(run))
        for well in WELLS:
            for n, field in enumerate((2, 10)):
                expected = np.stack([screen.truth[run, well, field, channel] for channel in CHANNELS])
                group = plate[f"{well[0]}/{int(well[1:])}/{n}"]
                assert group["0"].dtype == expected.dtype and np.array_equal(group["0"][...], expected), (run, well, field)


def test_the_levels_of_a_field_are_those_of_its_images(screen, address, opened):
    group = opened(address("run1"))["B/3/1"]
    assert [d["path"] for d in group.attrs["ome"]["multiscales"][0]["datasets"]] == ["0", "1"]
    deposited = np.stack([screen.truth["run1", "B03", 10, channel] for channel in CHANNELS]).astype(float)
    means = deposited.reshape(3, 150, 2, 140, 2).mean(axis=(2, 4))
    assert group["1"].shape == means.shape and np.abs(group["1"][...] - means).max() <= 0.5
    # a level is not offered where an image of the field has none: it would be zeros
    channels = group.attrs["ome"]["omero"]["channels"]
    assert [(c["label"], c["color"]) for c in channels] == [("DNA", "3060FF"), ("actin", "30E060"), ("pores", "FF3333")]
    other = opened(address("run1"))["H/12/0"].attrs["ome"]["omero"]["channels"]
    assert [c["window"] for c in other] == [c["window"] for c in channels]


def test_a_deposited_ome_zarr_plate_is_one_too(screen, address, opened):
    plate = opened(address("plate"))
    ome_zarr_models.v05.HCS.from_zarr(plate)
    assert np.array_equal(plate["A/1/0/0"][...], screen.ready)


def test_ome_zarr_tells_of_the_plate(address):
    program = Path(sys.executable).with_name("ome_zarr")
    said = subprocess.run([program, "info", address("run1")], capture_output=True, text=True, timeout=120, check=True).stdout
    assert "plate" in said.lower(), said


def test_the_reader_of_napari_shows_the_plate(screen, address):
    reader = pytest.importorskip("napari_ome_zarr", reason="napari-ome-zarr is not installed")
    data, _, kind = reader.napari_get_reader(address("run1"))(address("run1"))[0]
    mosaic = np.asarray(data[0] if isinstance(data, list | tuple) else data)
    assert kind == "image" and mosaic.shape[0] == 3 and screen.truth["run1", "B02", 2, "DNA"].max() <= mosaic[0].max()


def test_absent_keys_of_a_plate_are_not_found(address):
    absent = [
        "A/zarr.json",
        "B/2/2/zarr.json",
        "B/1/zarr.json",
        "B/02/zarr.json",
        "b/2/zarr.json",
        ".zattrs",
        "B/2/0/0/c/0/0",
        "B/2/0/0/c/3/0/0",
    ]
    absent += [
        "B/2/0/labels/zarr.json",
        "B/2/0/0/c/0/9/9",
        "H/12/1/0/c/9/0/0",
        "AAA/1/zarr.json",
        "B/99999999999/zarr.json",
        "B/2/0/9/zarr.json",
    ]
    with httpx.Client() as client:
        for key in absent:
            assert client.get(f"{address('run2')}/{key}").status_code == 404, key
        assert client.get(f"{address('run2')}/H/12/1/0/c/2/0/0").status_code == 404  # no file holds that channel
        for name in ("run3", "run1-r9", "x" * 300, "%00"):
            assert client.get(f"{address(name)}/zarr.json").status_code == 404, name
        assert client.get(address("run1").replace(".1.plate", ".99999999999999999999.plate") + "/zarr.json").status_code == 404
        assert client.get(address("run1") + "/B/zarr.json").json()["attributes"] == {}


def test_pages_show_every_well_and_what_it_got(screen):
    with httpx.Client(base_url=screen.url) as web:
        entry = web.get(f"/entries/{screen.accession}").text
        for name in ("run1", "run2", "plate"):
            assert f'href="/plates/{screen.accession}.1.{name}"' in entry
        page = web.get(f"/plates/{screen.accession}.1.run2?channel=2")
        assert page.status_code == 200 and "cork oil" in page.text and "suberin" not in page.text and "Term Source" not in page.text
        pictures = [part.split('"')[0] for part in page.text.split('<img src="')[1:]]
        assert len(pictures) == len(WELLS) and all("colour=30e060" in p and "min=" in p for p in pictures)
        assert web.get(pictures[0]).headers["content-type"] == "image/webp"
        well = web.get(f"/plates/{screen.accession}.1.run2/H12")
        assert well.text.count("<img src=") == 5 and "pores: no file" in well.text
        assert web.get(f"/plates/{screen.accession}.1.run2/h12").status_code == 200
        assert web.get(f"/plates/{screen.accession}.1.plate/A1").text.count("<img src=") == 2
        for wrong in (".1.run9", ".9.run1", ".1.run1/A1", ".1.run1/%3Cb%3E", ".99999999999999999999.run1"):
            assert web.get(f"/plates/{screen.accession}{wrong}").status_code == 404


def test_a_withdrawn_plate_is_gone_at_once(screen, client_of, tmp_path):
    folder = tmp_path / "in"
    (folder / "run1").mkdir(parents=True)
    for well in ("A01", "A02"):
        tifffile.imwrite(folder / f"run1/{well}_f1_DNA.tif", np.eye(8, dtype=np.uint8))
    (folder / "entry.yaml").write_text(json.dumps({**SHEET, "title": "Soon gone", "screens": [{**SHEET["screens"][0], "library": None}]}))
    draft = deposit_folder(screen.archive, folder, until="draft").accession
    app = create_app(screen.archive)
    web = client_of(app)
    paths = ["/zarr/{}.1.plate.run1-r1/zarr.json", "/zarr/{}.1.plate.run1-r1/A/1/0/0/c/0/0", "/plates/{}.1.run1", "/plates/{}.1.run1/A1"]
    try:
        assert {web.get(p.format(draft)).status_code for p in paths} == {404}
        (folder / "again.txt").write_text("The same, released.")
        public = deposit_folder(screen.archive, folder, until="released").accession
        assert {web.get(p.format(public)).status_code for p in paths} == {200}
        withdraw_entry(screen.archive, public, reason="The cork was wet")
        assert {web.get(p.format(public)).status_code for p in paths} == {410}
    finally:
        app.application.state.site.close()
