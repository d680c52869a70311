import json
from dataclasses import replace

import pytest

from micrographia.archive.lookup import find_entry, find_image
from micrographia.assembly import open_archive
from micrographia.compare.reprocessings import reprocessings, reprocessings_document
from micrographia.compare.validation.product import REPORT, VALIDATION
from micrographia.derive.product import product_folder
from micrographia.model.image import VoxelSize
from micrographia.model.lifecycle import State
from micrographia.model.people import ANYONE, OPERATOR
from micrographia.model.records import ImageRecord
from micrographia.settings import Settings
from micrographia.testing.entries import make_draft, make_entry

MOVIES = {"id": "movies", "kind": "movies", "files": "*.tif"}
PARTICLES = {"id": "particles", "kind": "particles", "files": "p.mrcs"}
MAP = {"id": "final", "file": "map.mrc", "resolution_a": 3.5, "particles": 1000}


def step(name, kind, inputs, outputs, version="4.0"):
    return {"id": name, "kind": kind, "software": {"name": "RELION", "version": version}, "inputs": inputs, "outputs": outputs}


@pytest.fixture
def world(tmp_path):
    """MG-10001 has movies, MG-10002 particles of them, MG-10003 a map of these; MG-10004 says that it reprocesses MG-10001."""
    archive = open_archive(Settings(home=tmp_path, workers=1)).called_by(ANYONE)
    put = archive.catalogue.put_version
    put(make_entry("MG-10001", image_sets=[MOVIES], maps=[MAP], processes=[step("r", "3D refinement", ["movies"], ["final"])]))
    extract = step("e", "particle extraction", ["MG-10001/movies"], ["particles"])
    put(make_entry("MG-10002", image_sets=[PARTICLES], processes=[extract]))
    refine = step("r", "3D refinement", ["MG-10002/particles"], ["final"], "5.0")
    voxel = VoxelSize(1, 1, 1)
    image = ImageRecord(
        number=1, path="map.mrc", format="mrc", kind="map", role="final", axes="zyx", shape=(8, 8, 8), dtype="f4", voxel_size=voxel
    )
    put(make_entry("MG-10003", maps=[{**MAP, "symmetry": "D2"}], processes=[refine]), images=[image])
    put(make_entry("MG-10004", maps=[MAP], related=[{"to": "MG-10001", "relation": "reprocesses"}]))
    yield archive
    archive.catalogue.close()


def names(archive, accession="MG-10001"):
    return [row.chain.name for row in reprocessings(archive, find_entry(archive, accession))]


def test_all_that_was_made_from_the_same_movies_is_found_through_other_entries(world):
    assert names(world) == ["MG-10001/final", "MG-10004/final", "MG-10003/final"]
    assert names(world, "MG-10002") == ["MG-10003/final"]
    assert names(world, "MG-10003") == ["MG-10003/final"]


def test_a_row_says_with_what_it_was_made(world):
    document = reprocessings_document(reprocessings(world, find_entry(world, "MG-10001")))
    assert document["total"] == 3
    row = document["items"][2]
    assert row["software"] == ["RELION 4.0", "RELION 5.0"]
    assert row["steps"] == ["particle extraction", "3D refinement"]
    assert (row["particles"], row["symmetry"], row["resolution_a"]) == (1000, "D2", 3.5)
    assert (row["image"], row["image_sets"]) == ("MG-10003.1.1", ["movies"])
    assert row["links"]["trace"] == "/api/v1/trace?a=MG-10001%2Ffinal&b=MG-10003%2Ffinal"
    assert "trace" not in document["items"][0]["links"]


def test_an_entry_that_only_refers_to_another_is_none(world):
    world.catalogue.put_version(make_entry("MG-10005", maps=[MAP], related=[{"to": "MG-10001", "relation": "refers to"}]))
    reference = step("r", "3D refinement", ["particles", "MG-10001/final"], ["final"])
    world.catalogue.put_version(make_entry("MG-10006", image_sets=[PARTICLES], maps=[MAP], processes=[reference]))
    assert not {"MG-10005/final", "MG-10006/final"} & set(names(world))


def test_private_and_withdrawn_entries_are_in_no_table(world):
    sheet = {"maps": [MAP], "processes": [step("r", "3D refinement", ["MG-10001/movies"], ["final"])]}
    world.catalogue.put_draft(make_draft("MG-10007", state=State.HELD, **sheet))
    assert "MG-10007/final" not in names(world)
    assert "MG-10007/final" not in names(replace(world, caller=OPERATOR))
    world.catalogue.put_version(make_entry("MG-10007", **sheet))
    assert "MG-10007/final" in names(world)
    world.catalogue.set_state("MG-10007", None, State.WITHDRAWN, {"reason": "elder pith"})
    assert "MG-10007/final" not in names(world)
    world.catalogue.set_state("MG-10002", None, State.WITHDRAWN, {"reason": "elder pith"})
    assert names(world) == ["MG-10001/final", "MG-10004/final"]


def test_entries_that_reprocess_one_another_in_a_circle_end(world):
    related = [{"to": "MG-10004", "relation": "reprocesses"}]
    world.catalogue.put_version(make_entry("MG-10001", 2, image_sets=[MOVIES], maps=[MAP], related=related))
    assert names(world) == ["MG-10001/final", "MG-10004/final", "MG-10003/final"]


def test_a_row_brings_the_curve_of_its_half_maps_best_corrected_first(world):
    image = find_image(world, "MG-10003.1.1")
    folder = product_folder(world.settings.derived.absolute(), VALIDATION, image.id)
    folder.mkdir(parents=True)
    frequency, crossing = [0.0, 0.1, 0.2], {"resolution_a": {"0.143": 6.5}}
    masked = {"correlation": [1, 0.8, 0.3], **crossing}
    whole = {"spatial_frequency_per_a": frequency, "correlation": [1, 0.7, 0.1], "resolution_a": {"0.143": 7.0}}
    deposited = {"spatial_frequency_per_a": frequency, "correlation": [1, 1, 1]}

    def row(**report):
        (folder / REPORT).write_text(json.dumps({"fsc": None, "deposited_fsc": deposited, **report}))
        return reprocessings(world, find_entry(world, "MG-10003"))[0].as_json()

    found = row(fsc={**whole, "masked": masked, "phase_randomised": None})
    assert (found["fsc"]["correlation"], found["fsc_0143_a"]) == ([1, 0.8, 0.3], 6.5)
    found = row(fsc={**whole, "masked": masked, "phase_randomised": {"correlation": [1, 0.75, 0.2], "resolution_a": {"0.143": 6.8}}})
    assert (found["fsc"]["correlation"], found["fsc_0143_a"]) == ([1, 0.75, 0.2], 6.8)
    found = row(fsc={**whole, "masked": None, "phase_randomised": None})
    assert (found["fsc"]["correlation"], found["fsc_0143_a"]) == ([1, 0.7, 0.1], 7.0)
    found = row()
    assert (found["fsc"]["correlation"], found["fsc_0143_a"]) == ([1, 1, 1], None)
    (folder / REPORT).unlink()
    found = reprocessings(world, find_entry(world, "MG-10003"))[0].as_json()
    assert (found["fsc"], found["fsc_0143_a"]) == (None, None)
