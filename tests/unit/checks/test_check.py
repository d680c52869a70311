from dataclasses import replace

import pytest

from micrographia.checks import check, rules_reference
from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import DataFacts
from micrographia.formats.source import folder_reader
from micrographia.model.finding import Finding
from micrographia.model.image import Statistics
from micrographia.model.sheet import Sheet

AUTHORS = [{"name": "Hooke, Robert", "orcid": "0000-0002-1825-0097"}]


def report(parts, descriptions, **options):
    return check(Sheet.model_validate({"title": "t", "authors": AUTHORS, **parts}), descriptions, **options)


def rules(parts, descriptions, **options):
    return {f.rule: f for f in report(parts, descriptions, **options).findings if not f.rule.startswith("metadata.")}


def plain(path, size=100, **rest):
    return FileDescription(path, size, "", "text/plain", **rest)


def facts_of(path, low=0.0, high=1.0, sha="ab" * 32, nan=0, **rest):
    return DataFacts(path, 1000, sha, (Statistics(low, high, (low + high) / 2, 1.0, nan_count=nan),), **rest)


# ---- files


def test_a_declared_file_that_is_not_there_is_an_error_with_a_suggestion():
    found = rules({"other_files": ["readme.md", "data/*.csv"]}, [plain("readme.txt")])
    finding = found["files.missing"]
    assert finding.severity == "error" and finding.path.startswith("entry.yaml:other_files[")
    report_ = report({"other_files": ["readme.md"]}, [plain("readme.txt")])
    assert "Did you mean `readme.txt`?" in next(f.hint for f in report_.findings if f.rule == "files.missing")


@pytest.mark.parametrize(("strict", "severity"), [(False, "warning"), (True, "error")])
def test_a_file_that_nothing_declares_is_found(strict, severity):
    assert rules({"other_files": "a"}, [plain("a"), plain("b")], strict=strict)["files.undeclared"].severity == severity


def test_members_of_a_declared_folder_are_declared():
    zarr = FileDescription("x.zarr", 10, "ome_zarr", "x", members=("x.zarr/zarr.json", "x.zarr/0/c/0"))
    for pattern in ("x.zarr", "x.zarr/**", "*.zarr"):
        assert not {"files.undeclared", "files.missing"} & set(rules({"other_files": pattern}, [zarr]))


def test_reserved_awkward_empty_and_duplicate_files_are_found():
    files = [plain("entry.json"), plain("a:b"), plain("none.txt", 0), plain("c1"), plain("c2")]
    facts = {p: DataFacts(p, 100, "cd" * 32) for p in ("c1", "c2")}
    found = rules({"other_files": "**"}, files, facts=facts)
    assert found["files.reserved_name"].severity == "error"
    assert found["files.awkward_name"].path == "a:b" and found["files.empty"].path == "none.txt"
    assert found["files.duplicate"].path == "c2" and "c1" in found["files.duplicate"].message


def test_an_image_that_no_reader_knows_is_a_warning_and_a_readme_is_none():
    found = report(
        {"image_sets": [{"id": "m", "kind": "movies", "files": "*.eer"}], "other_files": "*.txt"}, [plain("a.eer"), plain("b.txt")]
    )
    assert [f.path for f in found.findings if f.rule == "files.not_interpreted"] == ["a.eer"]


def test_what_readers_remark_and_the_data_tell_passes_through():
    remark = Finding("tiff.unreadable", "error", "bad.tif", "x")
    changed = Finding("file.changed", "error", "bad.tif", "y")
    found = rules(
        {"other_files": "**"}, [plain("bad.tif", remarks=(remark,))], facts={"bad.tif": DataFacts("bad.tif", 1, "", findings=(changed,))}
    )
    assert found["tiff.unreadable"] is remark and found["file.changed"] is changed


def test_a_link_is_named_once_by_its_remark():
    remark = Finding("file.symlink", "error", "out.mrc", "a symbolic link")
    found = report({"other_files": "b"}, [plain("out.mrc", remarks=(remark,)), plain("b")])
    assert [f.rule for f in found.findings if f.path == "out.mrc"] == ["file.symlink"]


def test_what_repeats_is_counted_and_the_first_hundred_are_named():
    found = [
        f
        for f in report({"other_files": "a"}, [plain("a"), *(plain(f"f{n}") for n in range(5000))]).findings
        if f.rule == "files.undeclared"
    ]
    assert len(found) == 101
    assert any("4,900 more like it: f100" in f.message for f in found)


# ---- the sheet


def test_title_author_and_files_are_always_needed():
    found = check(Sheet(), [plain("a")])
    assert {"sheet.title", "sheet.authors", "sheet.files"} <= {f.rule for f in found.findings if f.severity == "error"}
    assert "files.none" in {f.rule for f in check(Sheet(), []).findings}


def test_a_drafted_sheet_is_not_judged_and_no_sheet_asks_for_nothing():
    assert check(Sheet(), [plain("a")], drafted=True).errors == 0
    assert check(None, [plain("a")]).findings == ()


def test_references_are_resolved_with_suggestions():
    parts = {
        "specimens": [{"id": "ribosome"}],
        "image_sets": [{"id": "movies", "files": "a", "specimen": "ribosom", "acquisition": "krios"}],
        "processes": [{"id": "p", "kind": "x", "inputs": ["movie", "MG-10001/movies"], "outputs": ["p"]}],
        "annotations": [{"id": "movies", "kind": "points", "files": "a", "of": "nothing"}],
    }
    found = report(parts, [plain("a")]).findings
    places = {f.path: f for f in found if f.rule in ("sheet.reference", "sheet.process_reference")}
    assert set(places) == {
        "entry.yaml:image_sets[0].specimen",
        "entry.yaml:image_sets[0].acquisition",
        "entry.yaml:processes[0].inputs[0]",
        "entry.yaml:annotations[0].of",
    }
    assert "ribosome" in places["entry.yaml:image_sets[0].specimen"].hint and "movies" in places["entry.yaml:processes[0].inputs[0]"].hint
    assert any(f.rule == "sheet.ids_unique" for f in found)


@pytest.mark.parametrize(("licence", "severity"), [("CC-BY-4.0", "note"), ("CC BY", "warning")])
def test_other_licences_are_noted_and_unknown_ones_warned_of(licence, severity):
    assert rules({"licence": licence, "other_files": "a"}, [plain("a")])["sheet.licence"].severity == severity


def test_blanks_are_warnings_and_errors_where_curation_is_strict():
    for strict, severity in ((False, "warning"), (True, "error")):
        found = rules({"other_files": "a"}, [plain("a")], blanks=["abstract"], strict=strict)
        assert found["sheet.blank"].severity == severity
    missing = [f for f in report({"other_files": "a"}, [plain("a")], blanks=["abstract"]).findings if f.path == "entry.yaml:abstract"]
    assert len(missing) == 1


def test_an_experiment_asks_for_its_own_metadata():
    def missing(experiment, **more):
        found = report(
            {"other_files": "a", "acquisitions": [{"id": "a", "experiment": experiment, **more}]}, [plain("a")], strict=True
        ).findings
        return {
            f.path.removeprefix("entry.yaml:acquisitions[0].") for f in found if f.rule == "metadata.acquisition" and f.severity == "error"
        }

    assert missing("electron tomography") == {
        "microscope.name",
        "microscope.voltage_kv",
        "microscope.cs_mm",
        "detector.name",
        "dose_e_per_a2",
        "tilt",
    }
    assert "channels" in missing("confocal") and "microscope.voltage_kv" not in missing("confocal")
    assert missing("simulated") == set()


def test_values_that_no_instrument_has_are_found():
    acquisition = {
        "id": "a",
        "microscope": {"voltage_kv": 300000},
        "defocus_um": [2, 1],
        "tilt": {"min_deg": 60, "max_deg": -60},
        "date": "31/1/24",
    }
    found = report(
        {"other_files": "a", "acquisitions": [acquisition], "publications": [{"doi": "none"}], "related": [{"to": "see paper"}]},
        [plain("a")],
    )
    assert [f.rule for f in found.findings].count("sheet.range") == 3
    assert {"sheet.date", "sheet.doi", "sheet.related"} <= {f.rule for f in found.findings}


# ---- headers and data


def test_what_the_sheet_declares_has_to_agree_with_headers(image):
    parts = {
        "image_sets": [
            {"id": "m", "kind": "micrographs", "files": "*.mrc", "pixel_size_a": 1.05, "width_px": 100, "height_px": 50, "frames": 2}
        ]
    }
    found = report(parts, [image("a.mrc", (50, 90), size=1.2)]).findings
    assert {(f.rule, f.severity) for f in found if f.rule.startswith("header.")} == {
        ("header.voxel_size_declared", "warning"),
        ("header.dimensions_declared", "error"),
    }
    assert "1.2 Å, the sheet says 1.05 Å" in next(f.message for f in found if f.rule == "header.voxel_size_declared")
    assert not [
        f
        for f in report({"image_sets": [{"id": "m", "files": "*", "pixel_size_a": 1.2}]}, [image("a.mrc", (5, 9), size=1.201)]).findings
        if "header" in f.rule
    ]


@pytest.mark.parametrize(("frames", "fits"), [(3, True), (20, True), (5, False)])
def test_frames_of_a_volume_at_several_times_may_be_sections_or_times(image, frames, fits):
    parts = {"image_sets": [{"id": "f", "files": "f.mrc", "frames": frames}]}
    file = image("f.mrc", (3, 5, 9))
    header = replace(file.images[0], axes="tzyx", shape=(20, 3, 5, 9))
    file = replace(file, images=(header,))
    assert ("header.dimensions_declared" not in rules(parts, [file])) is fits


def test_absurd_voxels_are_found(image):
    assert "header.voxel_size_absurd" in rules({"other_files": "*"}, [image("a.map", (9, 9, 9), size=1e-4)])


def test_a_gain_reference_has_the_shape_of_the_movies(image):
    parts = {
        "acquisitions": [{"id": "k", "detector": {"gain_reference": "gain.mrc"}}],
        "image_sets": [{"id": "m", "kind": "movies", "files": "m.mrc", "acquisition": "k"}],
    }
    movie = image("m.mrc", (40, 100, 200), is_stack=True)
    for shape, wrong in (((100, 200), False), ((200, 100), False), ((200, 400), False), ((100, 100), True)):
        assert ("header.gain_shape" in rules(parts, [movie, image("gain.mrc", shape)])) is wrong


def test_nan_constant_repeated_and_lying_statistics_are_found(image, header_statistics):
    parts = {"maps": [{"id": "m", "file": "m.map"}], "image_sets": [{"id": "s", "files": "s.mrc"}]}
    files = [image("m.map", (9, 9, 9), size=1.0, statistics=header_statistics(-5, 5)), image("s.mrc", (9, 9))]
    facts = {"m.map": facts_of("m.map", nan=3), "s.mrc": facts_of("s.mrc", 2, 2, "cd" * 32, duplicate_sections=((0, 3),))}
    found = rules(parts, files, facts=facts)
    assert found["data.not_finite"].severity == "error" and found["data.constant"].severity == "warning"
    assert found["data.header_statistics"].path == "m.map" and found["data.repeated_sections"].path == "s.mrc"


# ---- maps


def half_map_sheet(**more):
    return {"maps": [{"id": "m", "file": "full.map", "half_maps": ["h1.map", "h2.map"], **more}]}


def volumes(image, sizes=(1.0, 1.0, 1.0), shapes=((20, 20, 20),) * 3):
    return [image(p, s, size=v) for p, s, v in zip(("full.map", "h1.map", "h2.map"), shapes, sizes, strict=True)]


def distinct(**changed):
    facts = {p: facts_of(p, -n - 1.0, n + 1.0, f"{n:x}" * 64) for n, p in enumerate(("full.map", "h1.map", "h2.map"))}
    return facts | changed


def test_sound_half_maps_pass(image):
    assert not [
        r
        for r in rules(half_map_sheet(contour_level=0.5, resolution_a=3.2), volumes(image), facts=distinct())
        if r.startswith(("map.", "data."))
    ]


def test_identical_half_maps_and_copies_of_the_full_map_are_errors(image):
    same = distinct(**{"h2.map": facts_of("h2.map", -2.0, 2.0, "1" * 64)})
    assert rules(half_map_sheet(), volumes(image), facts=same)["map.half_maps_identical"].severity == "error"
    copy = distinct(**{"h1.map": facts_of("h1.map", -1.0, 1.0, "9" * 64)})  # the same data under another header
    assert rules(half_map_sheet(), volumes(image), facts=copy)["map.half_map_is_map"].path == "h1.map"


def test_half_maps_share_one_grid(image):
    assert rules(half_map_sheet(), volumes(image, (1.06, 1.06, 1.05)))["map.half_maps_grid"].message.startswith(
        "voxel size 1.05 Å, but h1.map has 1.06 Å"
    )
    assert "map.half_maps_grid" in rules(half_map_sheet(), volumes(image, shapes=((20, 20, 20), (20, 20, 20), (20, 20, 22))))
    assert "map.half_maps_count" in rules({"maps": [{"id": "m", "file": "full.map", "half_maps": "h1.map"}]}, volumes(image)[:2])


def test_masks_lie_on_the_grid_and_between_0_and_1(image):
    parts = {"maps": [{"id": "m", "file": "full.map", "mask": "mask.mrc"}]}
    found = rules(
        parts,
        [image("full.map", (9, 9, 9), size=1.0), image("mask.mrc", (8, 9, 9), size=1.0)],
        facts={"mask.mrc": facts_of("mask.mrc", -4, 4)},
    )
    assert {"map.grid", "map.mask_range"} <= set(found)


def test_a_contour_level_lies_between_the_densities(image, header_statistics):
    assert rules(half_map_sheet(contour_level=7), volumes(image), facts=distinct())["map.contour_level"].severity == "error"
    by_header = [image("full.map", (9, 9, 9), size=1.0, statistics=header_statistics(-1, 1))]
    assert rules({"maps": [{"id": "m", "file": "full.map", "contour_level": 7}]}, by_header)["map.contour_level"].severity == "warning"


def test_a_resolution_beyond_nyquist_and_a_plane_as_a_map_are_found(image):
    assert "map.resolution" in rules(half_map_sheet(resolution_a=1.5), volumes(image))
    assert rules({"maps": [{"id": "m", "file": "flat.map"}]}, [image("flat.map", (20, 20))])["map.not_volume"].severity == "error"


# ---- tilt series, tables


def test_tilt_counts_that_disagree_are_warnings(image, text, tmp_path):
    (tmp_path / "a.rawtlt").write_text("-3\n0\n3\n6\n")
    mdoc = text("a.mrc.mdoc", "PixelSpacing = 1\n[ZValue = 0]\nTiltAngle = 1\n[ZValue = 1]\nTiltAngle = 4\n")
    parts = {
        "acquisitions": [{"id": "t", "tilt": {"min_deg": -3, "max_deg": 3}}],
        "image_sets": [{"id": "ts", "kind": "tilt series", "files": "a.mrc", "metadata": ["a.mrc.mdoc", "a.rawtlt"], "acquisition": "t"}],
    }
    found = report(
        parts, [image("a.mrc", (5, 9, 9), is_stack=True), mdoc, text("a.rawtlt", "-3\n0\n3\n6\n")], read=folder_reader(tmp_path)
    ).findings
    counts = [f for f in found if f.rule == "tilt_series.count"]
    assert {f.expected for f in counts} == {"2 angles", "4 angles"} and all(f.severity == "warning" for f in counts)
    assert [f.path for f in found if f.rule == "tilt_series.range"] == ["entry.yaml:acquisitions[0].tilt.max_deg"]
    assert "tilt_series.no_angles" in rules(
        {"image_sets": [{"id": "ts", "kind": "tilt series", "files": "a.mrc"}]}, [image("a.mrc", (5, 9, 9))]
    )


STAR = (
    "data_particles\n\nloop_\n_rlnImageName #1\n_rlnMicrographName #2\n"
    "000001@Extract/p.mrcs m1.mrc\n000009@Extract/p.mrcs m2.mrc\n000001@Extract/q.mrcs m2.mrc\n"
)


def test_star_files_refer_to_files_of_the_deposit_and_images_of_their_stacks(image, text):
    parts = {"image_sets": [{"id": "p", "kind": "particles", "files": "data/Extract/*.mrcs", "metadata": "data/p.star"}]}
    stacks = [image("data/Extract/p.mrcs", (5, 64, 64), is_stack=True)]
    found = rules(parts, [*stacks, text("data/p.star", STAR)])
    assert found["star.reference"].severity == "warning" and "Extract/q.mrcs" in found["star.reference"].found
    assert (found["particles.index"].path, found["particles.index"].found) == ("data/Extract/p.mrcs", "5 images")
    stacks.append(image("data/Extract/q.mrcs", (9, 64, 64), is_stack=True))
    assert "star.reference" not in rules(parts, [*stacks, text("data/p.star", STAR)])


def test_star_files_have_the_columns_that_they_need(image, text):
    parts = {
        "image_sets": [{"id": "p", "kind": "particles", "files": "*.mrcs", "metadata": "p.star"}],
        "annotations": [{"id": "a", "kind": "points", "files": "q.star"}],
    }
    table = "data_\n\nloop_\n_rlnMicrographName #1\n"
    found = report(parts, [image("p.mrcs", (5, 9, 9), is_stack=True), text("p.star", table), text("q.star", table)]).findings
    assert {f.path for f in found if f.rule == "star.columns"} == {"p.star", "q.star"} == {f.path for f in found if f.rule == "star.rows"}


# ---- annotations, screens


def test_segmentations_lie_on_the_grid_of_their_images_as_whole_numbers(image):
    parts = {
        "image_sets": [{"id": "v", "kind": "volume EM", "files": "v.tif"}],
        "annotations": [{"id": "s", "kind": "segmentation", "of": "v", "files": "s.tif"}],
    }
    found = rules(parts, [image("v.tif", (9, 20, 20), "uint8"), image("s.tif", (9, 20, 21), "float32")])
    assert {"annotation.grid", "annotation.labels"} <= set(found)
    assert not [
        r for r in rules(parts, [image("v.tif", (9, 20, 20), "uint8"), image("s.tif", (9, 20, 20), "uint16")]) if r.startswith("annotation")
    ]


def screen(pattern):
    return {"screens": [{"id": "s", "plates": "P/*", "pattern": pattern, "geometry": {"rows": 8, "columns": 12}, "library": "l.csv"}]}


@pytest.mark.parametrize(
    "pattern", ["(?P<row>[A-P]", r"(?P<channel>\d)", r"(?P<row>(a+)+)(?P<column>\d)", r"(?P<row>.*)(?P<column>.*).*.*.*.*.*x"]
)
def test_a_pattern_that_cannot_be_used_is_an_error(pattern, image):
    assert rules(screen(pattern), [image("P/" + "a" * 200 + ".tif", (9, 9)), plain("l.csv")])["screen.pattern"].severity == "error"


def test_names_outside_of_the_plate_are_found(image):
    files = [image(f"P/{n}.tif", (9, 9)) for n in ("A-01", "H-12", "H-13", "odd")] + [plain("l.csv")]
    found = report(screen(r"(?P<row>[A-P])-(?P<column>\d+)"), files).findings
    assert {f.path for f in found if f.rule == "screen.name"} == {"P/H-13.tif", "P/odd.tif"}


# ---- all of them


def test_every_rule_says_what_it_finds():
    reference = rules_reference()
    assert reference.startswith("# Checks") and reference.count("| `") > 45
    from micrographia.checks._rules import RULES

    assert all(rule.text.startswith(("Error", "Warning", "Note")) and rule.text.endswith(".") for rule in RULES.values())


def test_a_hundred_thousand_files_take_little_memory(image):
    import tracemalloc

    def peak(n):
        tracemalloc.start()
        report({"image_sets": [{"id": "m", "files": "g/*.mrc"}]}, (image(f"g/m_{k:06}.mrc", (512, 512), size=1.0) for k in range(n)))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(10)
    assert (peak(4000) - peak(400)) / 3600 < 250  # bytes a file


def test_names_that_differ_only_in_the_encoding_of_accents_are_an_error():
    found = [f for f in check(None, [plain("caf\u00e9.txt"), plain("cafe\u0301.txt"), plain("cafe.txt")]).findings if f.severity == "error"]
    assert [(f.rule, f.path) for f in found] == [("files.same_name", "cafe\u0301.txt")]


@pytest.mark.parametrize("name", ["entry.json", "Entry.JSON", "MANIFEST.jsonl"])
def test_names_that_the_archive_writes_are_refused_in_any_case(name):
    assert "files.reserved_name" in {f.rule for f in check(None, [plain(name)]).findings}
    assert "files.reserved_name" not in {f.rule for f in check(None, [plain(f"folder/{name}")]).findings}


def test_a_gap_is_said_once():
    sheet = Sheet.model_validate({"other_files": ["a.txt"], "authors": [{"name": "Hooke, Robert"}]})
    blanks = ("title", "authors[0].orcid", "acquisitions[0].experiment")
    places = [f.path for f in check(sheet, [plain("a.txt")], blanks=blanks).findings]
    assert places.count("entry.yaml:title") == 1
    assert "entry.yaml:experiment" not in places and "entry.yaml:authors" not in places
