from dataclasses import replace

import pytest

from micrographia.assembly import open_archive
from micrographia.compare.chains import MOST_STEPS, find_chain
from micrographia.compare.trace import trace
from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.model.image import Statistics, VoxelSize
from micrographia.model.lifecycle import State
from micrographia.model.people import ANYONE
from micrographia.model.records import ImageRecord
from micrographia.settings import Settings
from micrographia.testing.entries import make_draft, make_entry

SCOPE = {"id": "scope", "microscope": {"name": "Titan Krios", "voltage_kv": 300, "cs_mm": 2.7}, "pixel_size_a": 1.1, "dose_e_per_a2": 40}
MICROGRAPHS = {"id": "micrographs", "kind": "micrographs", "files": "m/*.mrc", "acquisition": "scope"}
PARTICLES = {"id": "particles", "kind": "particles", "files": "p.mrcs"}
MAP = {"id": "final", "file": "map.mrc"}


def step(name, kind, inputs, outputs, software=("RELION", "4.0"), **parameters):
    made_by = {"name": software[0], "version": software[1]}
    return {"id": name, "kind": kind, "software": made_by, "inputs": inputs, "outputs": outputs, "parameters": parameters}


EXTRACT = step("extract", "particle extraction", ["micrographs"], ["particles"], extract_size=256)
REFINE = step("refine", "3D refinement", ["particles"], ["final"], sym_name="C1", ini_high=60)
WHOLE = {"acquisitions": [SCOPE], "image_sets": [MICROGRAPHS, PARTICLES], "maps": [MAP], "processes": [EXTRACT, REFINE]}


@pytest.fixture
def archive(tmp_path):
    opened = open_archive(Settings(home=tmp_path, workers=1)).called_by(ANYONE)
    yield opened
    opened.catalogue.close()


@pytest.fixture
def release(archive):
    """Let an entry be released as its sheet says; returns its accession."""
    count = 0

    def put(state=State.RELEASED, images=(), **sheet):
        nonlocal count
        count += 1
        accession = f"MG-{10000 + count}"
        archive.catalogue.put_version(make_entry(accession, **{**WHOLE, **sheet}), state, images=images)
        return accession

    return put


@pytest.fixture
def differ(archive):
    """What the trace of two maps names, by field."""
    return lambda a, b: {d.field: (d.a, d.b) for d in trace(archive, a, b).differences}


def image(number, kind, role, path, shape, *, voxel_size=1.1, statistics=None, is_stack=False):
    axes = "zyx"[-len(shape) :]
    voxel = VoxelSize(voxel_size, voxel_size, voxel_size)
    return ImageRecord(
        number=number, path=path, format="mrc", kind=kind, role=role, axes=axes, shape=shape, dtype="float32", voxel_size=voxel,
        statistics=statistics, is_stack=is_stack,
    )  # fmt: skip


def chain_of_steps(*steps):
    """A sheet whose steps follow one another from the micrographs to the map."""
    made = ["micrographs", *(name for name, _ in steps[:-1]), "final"]
    ends = [[item] for item in made]
    processes = [step(name, kind, ends[i], ends[i + 1] if i + 1 == len(steps) else []) for i, (name, kind) in enumerate(steps)]
    return {"image_sets": [MICROGRAPHS], "processes": processes}


def test_exactly_what_was_changed_is_named(archive, release, differ):
    other = {**REFINE, "software": {"name": "RELION", "version": "5.0"}, "parameters": {"sym_name": "D2", "ini_high": 60}}
    scope = {**SCOPE, "microscope": {**SCOPE["microscope"], "voltage_kv": 200}}
    a, b = release(title="In C1"), release(title="In D2", acquisitions=[scope], processes=[EXTRACT, other])
    assert differ(a, b) == {"voltage_kv": (300, 200), "version": ("4.0", "5.0"), "symmetry": ("C1", "D2")}
    steps = {d.field: d.step for d in trace(archive, a, b).differences}
    assert steps == {"voltage_kv": "acquisition", "version": "3D refinement", "symmetry": "3D refinement"}


def test_a_map_does_not_differ_from_itself_nor_from_one_that_only_names_things_otherwise(release, differ):
    a = release(title="One")
    names = {
        "acquisitions": [{**SCOPE, "id": "krios", "date": "2024-01-01"}],
        "image_sets": [{**MICROGRAPHS, "id": "mics", "acquisition": "krios", "title": "Day 1"}, {**PARTICLES, "id": "ptcls"}],
        "maps": [{"id": "c1", "file": "other.mrc"}],
        "processes": [
            step(
                "J1", "Particle extraction", ["mics"], ["ptcls"], ("relion", "4.0"), extract_size="256", fn_in="Select/job7/particles.star"
            ),
            step("J2", "3D refinement", ["ptcls"], ["c1"], symmetry="c1", ini_high=60.0, reference="initial_model.mrc", source="J24"),
        ],
    }
    assert differ(a, release(title="Another", **names)) == {}
    assert differ(a, a) == {}


def test_symmetry_that_is_said_by_step_and_map_is_one_row(archive, release):
    a = release(maps=[{**MAP, "symmetry": "C1"}])
    b = release(maps=[{**MAP, "symmetry": "O"}], processes=[EXTRACT, {**REFINE, "parameters": {"sym_name": "O", "ini_high": 60}}])
    assert [(d.field, d.a, d.b) for d in trace(archive, a, b).differences] == [("symmetry", "C1", "O")]


def test_symmetry_that_one_says_of_the_step_and_the_other_of_the_map_is_compared(archive, release, differ):
    a = release()
    silent = {**REFINE, "parameters": {"ini_high": 60}}
    assert differ(a, release(maps=[{**MAP, "symmetry": "c1"}], processes=[EXTRACT, silent])) == {}
    assert differ(a, release(maps=[{**MAP, "symmetry": "D7"}], processes=[EXTRACT, silent])) == {"symmetry": ("C1", "D7")}


def test_a_step_more_shows_as_such_and_what_follows_is_compared_still(release, differ):
    a = release(**chain_of_steps(("m", "motion correction"), ("c", "CTF estimation"), ("r", "3D refinement")))
    steps = (("m", "motion correction"), ("c", "CTF estimation"), ("p", "Bayesian polishing"), ("r", "3D refinement"))
    assert differ(a, release(**chain_of_steps(*steps))) == {"step": (None, "Bayesian polishing")}


def test_of_several_steps_of_one_kind_the_most_alike_are_paired(archive, release):
    def classified(*taus):
        names = [f"c{i}" for i in range(len(taus))]
        ends = ["particles", *names]
        classes = [
            step(n, "3D classification", [ends[i]], [], tau_fudge=tau, nr_classes=4)
            for i, (n, tau) in enumerate(zip(names, taus, strict=True))
        ]
        return {"processes": [EXTRACT, *classes, {**REFINE, "inputs": [ends[-1]]}]}

    a, b = release(**classified(4, 8)), release(**classified(2, 4, 8))
    found = [(d.field, d.a, d.b, d.step) for d in trace(archive, a, b).differences]
    assert found == [("step", None, "3D classification", "3D classification 1")]


def test_the_same_difference_in_several_steps_is_told_once(archive, release):
    new = [{**p, "software": {"name": "RELION", "version": "5.0"}} for p in (EXTRACT, REFINE)]
    (only,) = trace(archive, release(), release(processes=new)).differences
    assert (only.field, only.a, only.b, only.step) == ("version", "4.0", "5.0", "particle extraction, 3D refinement")


def test_parameters_of_two_programs_are_compared_where_they_mean_the_same(release, differ):
    other = step("refine", "3D refinement", ["particles"], ["final"], ("cryoSPARC", "4.4"), refine_symmetry="C4", refine_res_init=30)
    found = differ(release(), release(processes=[EXTRACT, other]))
    assert found == {"software": ("RELION", "cryoSPARC"), "version": ("4.0", "4.4"), "symmetry": ("C1", "C4")}


def test_images_are_counted_and_maps_measured_by_their_headers(release, differ):
    def images(particles, size, voxel_size, mask):
        soft = Statistics(0.0, 1.0, mask, 0.2)
        return [
            image(1, "micrograph", "micrographs", "m/1.mrc", (64, 64)),
            image(2, "particles", "particles", "p.mrcs", (particles, 32, 32), is_stack=True),
            image(3, "map", "final", "map.mrc", (size,) * 3, voxel_size=voxel_size),
            image(4, "mask", "final", "mask.mrc", (size,) * 3, statistics=soft),
        ]

    masked = {"maps": [{**MAP, "mask": "mask.mrc"}]}
    a = release(images=images(1000, 32, 1.1, 0.1), **masked)
    b = release(images=images(800, 48, 1.0500000715, 0.25), **masked)
    assert differ(a, b) == {"particles": (1000, 800), "box_size": (32, 48), "voxel_size_a": (1.1, 1.05), "mask": (0.1, 0.25)}
    assert differ(a, release(images=images(1000, 32, 1.1000000238, 0.1), **masked)) == {}


def test_a_b_factor_counts_only_where_it_was_applied(release, differ):
    def sharpened(applied, factor):
        form = {"do_adhoc_bfac": applied, "adhoc_bfac": factor}
        return {
            "processes": [EXTRACT, {**REFINE, "outputs": ["unsharpened"]}, step("post", "post-processing", ["refine"], ["final"], **form)]
        }

    a = release(**sharpened(True, -80))
    assert differ(a, release(**sharpened(True, -120))) == {"b_factor_a2": (-80, -120)}
    assert differ(release(**sharpened(False, -80)), release(**sharpened(False, -120))) == {}


def test_a_mutation_is_a_difference(release, differ):
    def specimen(mutation):
        return {"specimens": [{"id": "s", "molecules": [{"name": "GroEL", "uniprot": "P0A6F5", "mutation": mutation}]}]}

    assert differ(release(**specimen("")), release(**specimen("D398A"))) == {"mutation": (None, "D398A")}


def test_the_chain_begins_with_images_that_were_made_from_no_others(archive, release):
    ctf = step("ctf", "CTF estimation", ["micrographs"], ["micrographs"])
    imported = step("import", "import", [], ["micrographs"])
    accession = release(processes=[imported, ctf, EXTRACT, REFINE])
    chain = find_chain(archive, accession)
    assert [raw.image_set.id for raw in chain.raw] == ["micrographs"]
    assert [s.process.id for s in chain.steps] == ["ctf", "import", "extract", "refine"]
    assert chain.unarchived == ""
    assert chain.raw[0].link == f"/entries/{accession}?version=1#thing-micrographs"


def test_chains_go_on_through_other_entries(archive, release):
    movies = release(image_sets=[{"id": "movies", "kind": "movies", "files": "*.tif"}], maps=[], processes=[])
    extract = {**EXTRACT, "inputs": [f"{movies}/movies"]}
    particles = release(image_sets=[PARTICLES], processes=[extract, REFINE])
    third = release(image_sets=[], processes=[{**REFINE, "inputs": [f"{particles}/particles"]}])
    chain = find_chain(archive, third)
    assert [(raw.accession, raw.image_set.id) for raw in chain.raw] == [(movies, "movies")]
    assert [(s.accession, s.process.id) for s in chain.steps] == [(particles, "extract"), (third, "refine")]


def test_an_entry_may_say_as_a_whole_whose_images_it_reprocesses(archive, release):
    first = release()
    related = [{"to": first, "relation": "reprocesses", "image_set": "micrographs"}]
    again = release(acquisitions=[], image_sets=[PARTICLES], processes=[REFINE], related=related)
    chain = find_chain(archive, again)
    assert [(raw.accession, raw.image_set.id) for raw in chain.raw] == [(first, "micrographs")]
    assert chain.acquisitions[0].microscope.voltage_kv == 300


def test_a_reference_map_of_another_entry_brings_not_its_images_along(archive, release):
    first = release()
    second = release(processes=[EXTRACT, {**REFINE, "inputs": ["particles", f"{first}/final"]}])
    assert {raw.accession for raw in find_chain(archive, second).raw} == {second}
    sharpened = release(image_sets=[], processes=[step("post", "post-processing", [f"{first}/final"], ["final"])])
    assert {raw.accession for raw in find_chain(archive, sharpened).raw} == {first}


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        ({"image_sets": [], "processes": [{**REFINE, "inputs": []}]}, "begins with nothing that is deposited here"),
        ({"image_sets": [PARTICLES], "processes": [REFINE]}, "begins with particles; what the microscope recorded is not here"),
        ({"image_sets": [], "processes": [{**REFINE, "inputs": ["MG-99999/movies"]}]}, "MG-99999/movies, which is not public here"),
    ],
)
def test_what_is_not_archived_is_said(archive, release, sheet, words):
    assert words in find_chain(archive, release(**sheet)).unarchived


def test_images_beside_a_map_of_which_no_step_tells_are_named_as_such(archive, release):
    chain = find_chain(archive, release(processes=[]))
    assert [(raw.image_set.id, raw.is_said) for raw in chain.raw] == [("micrographs", False), ("particles", False)]
    assert chain.unarchived == ""


def test_private_entries_are_as_if_they_were_not(archive, release):
    archive.catalogue.put_draft(make_draft("MG-20000", image_sets=[{"id": "movies", "kind": "movies", "files": "*"}]))
    gone = release()
    archive.catalogue.set_state(gone, None, State.WITHDRAWN, {"reason": "drawn by another"})
    accession = release(image_sets=[], processes=[{**REFINE, "inputs": ["MG-20000/movies", f"{gone}/micrographs"]}])
    chain = find_chain(archive, accession)
    assert (chain.raw, chain.lost) == ((), ("MG-20000/movies", f"{gone}/micrographs"))
    with pytest.raises(NotFoundError):
        trace(archive, "MG-20000", accession)


def test_circles_end(archive, release, differ):
    round_about = [
        step("a", "x", ["b", "particles"], ["particles"]),
        step("b", "y", ["a"], ["final"]),
        step("c", "z", ["c", "final"], ["c"]),
    ]
    accession = release(processes=round_about)
    chain = find_chain(archive, accession)
    assert {s.process.id for s in chain.steps} == {"a", "b"}
    assert [raw.image_set.id for raw in chain.raw] == ["particles"]
    first, second = "MG-10002", "MG-10003"
    release(image_sets=[PARTICLES], processes=[step("r", "3D refinement", [f"{second}/particles"], ["particles", "final"])])
    release(image_sets=[PARTICLES], processes=[step("r", "3D refinement", [f"{first}/particles"], ["particles", "final"])])
    assert {raw.accession for raw in find_chain(archive, first).raw} == {first, second}
    assert differ(first, second) == {}


def test_a_chain_of_too_many_steps_is_refused(archive, release):
    names = [f"s{i}" for i in range(MOST_STEPS + 1)]
    processes = [step(n, "filter", [names[i - 1]] if i else [], ["final"] if n == names[-1] else []) for i, n in enumerate(names)]
    with pytest.raises(TooLargeError, match="301 steps"):
        find_chain(archive, release(processes=processes))
    longest = [{**p, "outputs": ["final"]} if p["id"] == names[-2] else p for p in processes[:-1]]
    assert len(find_chain(archive, release(processes=longest)).steps) == MOST_STEPS


def test_maps_are_named_by_accession_map_or_image(archive, release):
    two = [MAP, {"id": "second", "file": "second.mrc"}]
    accession = release(
        maps=two, images=[image(1, "map", "second", "second.mrc", (8, 8, 8)), image(2, "micrograph", "micrographs", "m", (8, 8))]
    )
    assert [find_chain(archive, r).map.id for r in (accession, f"{accession}/second", f"{accession}.1.1")] == ["final", "second", "second"]
    for wrong, words in (
        (f"{accession}.1.2", "no map"),
        (f"{accession}/micrographs", "are final, second"),
        ("EMD-1832", "not an accession"),
        ("maps/half.mrc", "'maps/half.mrc' is not an accession"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            find_chain(archive, wrong)
    with pytest.raises(InvalidInputError, match="holds no map"):
        find_chain(archive, release(maps=[], processes=[]))
    with pytest.raises(NotFoundError):
        find_chain(archive, f"{accession}.1.9")


def test_a_number_beyond_all_numbers_stays_a_word(release, differ):
    odd = {**REFINE, "parameters": {"sym_name": "C1", "ini_high": 60, "nested": {"tau": "1e999", "shift": "2.50"}}}
    assert differ(release(), release(processes=[EXTRACT, odd])) == {"nested.tau": (None, "1e999"), "nested.shift": (None, 2.5)}


def test_the_document_holds_what_was_asked_for(archive, release):
    a, b = release(), release(image_sets=[PARTICLES], processes=[REFINE])
    said = trace(archive, a, b).as_json()
    assert said["raw"]["a"][0] == {
        "accession": a,
        "version": 1,
        "image_set": "micrographs",
        "kind": "micrographs",
        "title": "",
        "is_said": True,
        "link": f"/entries/{a}?version=1#thing-micrographs",
    }
    assert said["unarchived"]["a"] is None
    assert "No raw data archived" in said["unarchived"]["b"]
    assert {"field": "kind", "a": "micrographs", "b": "particles", "step": "raw data"} in said["differences"]
    assert {"step": "particle extraction", "a": True, "b": False} in said["steps"]


def test_a_curator_traces_what_the_public_does_not_see(archive, release):
    from micrographia.model.people import OPERATOR

    archive.catalogue.put_draft(make_draft("MG-20000", **WHOLE))
    assert trace(replace(archive, caller=OPERATOR), "MG-20000", release()).differences == ()
