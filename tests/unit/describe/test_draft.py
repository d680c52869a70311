import json
from pathlib import Path

import pytest

from micrographia.checks import check
from micrographia.describe import draft_sheet, is_untouched, load_sheet, render_yaml
from micrographia.formats.source import folder_reader


def drafted(*descriptions, folder=Path("nowhere")):
    """Draft, render, load again; the loaded sheet is the drafted one and leaves no file undeclared."""
    draft = draft_sheet(iter(descriptions), folder_reader(folder))
    text = render_yaml(draft)
    loaded = load_sheet(text)
    assert loaded.findings == ()
    assert loaded.sheet == draft.sheet
    assert set(loaded.blanks) == set(draft.blanks)
    assert is_untouched(text)
    report = check(draft.sheet, descriptions, drafted=True)
    wrong = [f for f in report.findings if f.rule in ("files.undeclared", "files.missing") or f.rule.startswith(("sheet.", "header."))]
    assert wrong == []
    return draft.sheet


def test_an_edited_sheet_is_told_from_a_drafted_one(image):
    text = render_yaml(draft_sheet([image("a.map", (20, 20, 20), size=1.0)], folder_reader(Path("nowhere"))))
    assert is_untouched(text) and is_untouched(text.replace("\n", "\r\n"))
    assert not is_untouched(text.replace('title: "?"', "title: Ribosome"))
    assert not is_untouched("title: x\n")


def test_every_blank_says_what_is_wanted(image):
    text = render_yaml(draft_sheet([image("a.map", (20, 20, 20), size=1.0)], folder_reader(Path("nowhere"))))
    assert all("# ←" in line for line in text.splitlines() if line.rstrip().endswith('"?"') or '"?"  ' in line)
    assert 'resolution_a: "?"  # ← reported resolution, Å' in text


def test_movies_micrographs_particles_and_their_tables_become_image_sets(image, text):
    optics = (
        "# version 30001\n\ndata_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnVoltage #2\n_rlnSphericalAberration #3\n"
        "_rlnAmplitudeContrast #4\n_rlnMicrographOriginalPixelSize #5\n1 300 2.7 0.1 0.65\n\n"
        "data_particles\n\nloop_\n_rlnImageName #1\n_rlnDefocusU #2\n_rlnDefocusV #3\n"
        "000001@Extract/particles_01.mrcs 9000 8000\n000003@Extract/particles_02.mrcs 22000 21000\n"
    )
    sheet = drafted(
        *[image(f"movies/grid_{n:03}_fractions.tiff", (40, 4092, 5760), "uint8", is_stack=True) for n in range(30)],
        *[image(f"micrographs/grid_{n:03}.mrc", (4092, 5760), size=0.65) for n in range(30)],
        image("Extract/particles_01.mrcs", (12, 256, 256), size=1.3, is_stack=True),
        image("Extract/particles_02.mrcs", (7, 256, 256), size=1.3, is_stack=True),
        image("gain.mrc", (4092, 5760)),
        text("particles.star", optics),
        text("README.md", "hello"),
    )
    sets = {s.kind: s for s in sheet.image_sets}
    assert sets["movies"].files == ("movies/*.tiff",) and (sets["movies"].frames, sets["movies"].width_px) == (40, 5760)
    assert sets["micrographs"].files == ("micrographs/*.mrc",) and sets["micrographs"].pixel_size_a == 0.65
    assert sets["particles"].files == ("Extract/*.mrcs",) and sets["particles"].metadata == ("particles.star",)
    assert sets["particles"].frames is None
    acquisition = sheet.acquisitions[0]
    assert (acquisition.microscope.voltage_kv, acquisition.microscope.cs_mm, acquisition.pixel_size_a) == (300, 2.7, 0.65)
    assert acquisition.defocus_um == (0.8, 2.2) and acquisition.experiment == "single-particle"
    assert acquisition.detector.gain_reference == "gain.mrc"
    assert sheet.other_files == ("README.md",)


MDOC = """PixelSpacing = 2.7
Voltage = 300
ImageFile = TS_{n:02}.mrc
ImageSize = 928 960

[T = SerialEM: Titan Krios                05-Jun-23  12:00:00    ]
[T =     Tilt axis angle = 84.7, binning = 1  spot = 5  camera = 1 dosym = 8.0]

[ZValue = 0]
TiltAngle = -3.0
ExposureDose = 3
TargetDefocus = -3

[ZValue = 1]
TiltAngle = 0.0
ExposureDose = 3
TargetDefocus = -4

[ZValue = 2]
TiltAngle = 3.0
ExposureDose = 3
TargetDefocus = -5
"""


def test_tilt_series_are_matched_with_their_mdoc_and_tell_the_acquisition(image, text):
    sheet = drafted(
        *[image(f"TS_{n:02}.mrc", (3, 960, 928), "int16", 2.7, is_stack=True) for n in (1, 2)],
        *[text(f"TS_{n:02}.mrc.mdoc", MDOC.format(n=n)) for n in (1, 2)],
        *[text(f"TS_{n:02}.rawtlt", "-3\n0\n3\n") for n in (1, 2)],
        image("rec/TS_01_rec.mrc", (150, 464, 480), size=10.8),
    )
    series, tomogram = (next(s for s in sheet.image_sets if s.kind == k) for k in ("tilt series", "tomogram"))
    assert set(series.metadata) == {"*.mrc.mdoc", "*.rawtlt"}
    assert series.frames == 3 and tomogram.voxel_size_a == 10.8
    (acquisition,) = sheet.acquisitions
    assert acquisition.tilt.model_dump() == {"axis_deg": 84.7, "scheme": "dose-symmetric", "min_deg": -3, "max_deg": 3, "step_deg": 3}
    assert acquisition.dose_e_per_a2 == 9 and acquisition.defocus_um == (3, 5) and acquisition.software.name == "SerialEM"
    assert series.acquisition == tomogram.acquisition == acquisition.id


def test_a_stack_and_an_mdoc_alone_in_a_folder_belong_together(image, text):
    sheet = drafted(image("stack.mrc", (4, 240, 232), is_stack=True), text("018.mdoc", MDOC.format(n=17)))
    assert (sheet.image_sets[0].kind, sheet.image_sets[0].metadata) == ("tilt series", ("018.mdoc",))


def test_maps_get_their_half_maps_masks_and_sharpened_versions(image, header_statistics):
    grid = (64, 64, 64)
    sheet = drafted(
        image("J5/cryosparc_P1_J5_003_volume_map.mrc", grid, size=1.1),
        image("J5/cryosparc_P1_J5_003_volume_map_half_A.mrc", grid, size=1.1),
        image("J5/cryosparc_P1_J5_003_volume_map_half_B.mrc", grid, size=1.1),
        image("J5/cryosparc_P1_J5_003_volume_map_sharp.mrc", grid, size=1.1),
        image("J5/cryosparc_P1_J5_003_volume_mask_refine.mrc", grid, size=1.1, statistics=header_statistics(0, 1)),
        image("emdb/emd_1234.map", (100, 100, 100), size=1.0),
        image("emdb/emd_1234_half_map_1.map", (100, 100, 100), size=1.0),
        image("emdb/emd_1234_half_map_2.map", (100, 100, 100), size=1.0),
        image("plain/half1.mrc", (32, 32, 32), size=1.0),
        image("plain/half2.mrc", (32, 32, 32), size=1.0),
        image("plain/map.mrc", (32, 32, 32), size=1.0),
        image("plain/mask.mrc", (32, 32, 32), size=1.0),
    )
    maps = {m.file: m for m in sheet.maps}
    assert set(maps) == {"J5/cryosparc_P1_J5_003_volume_map.mrc", "emdb/emd_1234.map", "plain/map.mrc"}
    sparc = maps["J5/cryosparc_P1_J5_003_volume_map.mrc"]
    assert [h[-5] for h in sparc.half_maps] == ["A", "B"] and sparc.mask.endswith("mask_refine.mrc") and sparc.voxel_size_a == 1.1
    assert sparc.additional == ("J5/cryosparc_P1_J5_003_volume_map_sharp.mrc",)
    assert len(maps["emdb/emd_1234.map"].half_maps) == 2
    assert maps["plain/map.mrc"].mask == "plain/mask.mrc"


def test_a_volume_called_mask_whose_values_are_no_mask_stays_a_map(image, header_statistics):
    sheet = drafted(
        image("masked_map.mrc", (32, 32, 32), size=1.0, statistics=header_statistics(-3, 8)), image("mask.mrc", (32, 32, 32), size=1.0)
    )
    assert [(m.file, m.mask) for m in sheet.maps] == [("masked_map.mrc", "mask.mrc")]


def test_labels_become_a_segmentation_of_the_volume_of_their_grid(image):
    sheet = drafted(image("train-raw.tif", (32, 160, 160), "uint8"), image("train-labels.tif", (32, 160, 160), "uint16"))
    assert (sheet.image_sets[0].kind, sheet.annotations[0].kind) == ("volume EM", "segmentation")
    assert sheet.annotations[0].of == sheet.image_sets[0].id


def test_a_tomogram_without_a_telling_name_is_known_by_its_voxels(image):
    sheet = drafted(image("13pf.tif", (36, 206, 94), "uint8", 1.05, "nanometer"))
    assert (sheet.image_sets[0].kind, sheet.image_sets[0].voxel_size_nm) == ("tomogram", 1.05)


def test_picks_become_points_of_the_tomogram(image, text):
    star = "data_particles\n\nloop_\n_rlnTomoName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n_rlnCoordinateZ #4\nTS_01 1 2 3\n"
    sheet = drafted(image("tomo_01.rec", (100, 400, 400), size=10.0), text("picks.star", star))
    assert (sheet.annotations[0].kind, sheet.annotations[0].of, sheet.annotations[0].files) == ("points", "tomo_01", ("picks.star",))


def test_plates_are_known_by_the_names_of_their_wells(image, text):
    files = [image(f"P1/Channel{c}-{n:02}-{r}-{n:02}.tif", (100, 100), "uint8") for c in (1, 2) for n, r in ((1, "A"), (2, "B"), (12, "H"))]
    sheet = drafted(*files, text("P1/platemap.csv", "well,gene\n"))
    (screen,) = sheet.screens
    assert screen.plates == ("P1/*.tif",) and screen.library == "P1/platemap.csv" and len(sheet.image_sets) == 0
    assert (screen.geometry.rows, screen.geometry.columns) == (8, 12) and "(?P<row>[A-P])" in screen.pattern
    assert sheet.acquisitions[0].experiment == "high-content screen"


PIPELINE = """
# version 30001

data_pipeline_general

_rlnPipeLineJobCounter 4

data_pipeline_processes

loop_
_rlnPipeLineProcessName #1
_rlnPipeLineProcessAlias #2
_rlnPipeLineProcessType #3
_rlnPipeLineProcessStatus #4
MotionCorr/job002/ None 1 2
CtfFind/job003/ None 2 2
Extract/job007/ Extract/LoG/ 5 2
Refine3D/job019/ None 10 2
Refine3D/job020/ None 10 0

data_pipeline_nodes

loop_
_rlnPipeLineNodeName #1
_rlnPipeLineNodeType #2
MotionCorr/job002/corrected_micrographs.star 1

data_pipeline_input_edges

loop_
_rlnPipeLineEdgeFromNode #1
_rlnPipeLineEdgeProcess #2
MotionCorr/job002/corrected_micrographs.star CtfFind/job003/
CtfFind/job003/micrographs_ctf.star Extract/job007/
Extract/job007/particles.star Refine3D/job019/

data_pipeline_output_edges

loop_
_rlnPipeLineEdgeProcess #1
_rlnPipeLineEdgeToNode #2
MotionCorr/job002/ MotionCorr/job002/corrected_micrographs.star
CtfFind/job003/ CtfFind/job003/micrographs_ctf.star
Extract/job007/ Extract/job007/particles.star
Refine3D/job019/ Refine3D/job019/run_class001.mrc
"""
JOB = """
# version 30001

data_job

_rlnJobType 10
_rlnJobIsContinue 0

data_joboptions_values

loop_
_rlnJobOptionVariable #1
_rlnJobOptionValue #2
sym_name D2
do_queue No
ini_high 60
fn_mask ""
"""


def test_a_relion_project_drafts_the_chain_of_processes(image, text):
    sheet = drafted(
        text("default_pipeline.star", PIPELINE),
        text("Refine3D/job019/job.star", JOB),
        *[image(f"MotionCorr/job002/movies/m_{n}.mrc", (4000, 4000), size=0.8) for n in range(5)],
        image("Extract/job007/movies/m_1.mrcs", (20, 256, 256), size=1.6, is_stack=True),
        text("Extract/job007/particles.star", "data_particles\n\nloop_\n_rlnImageName #1\n000001@Extract/job007/movies/m_1.mrcs\n"),
        image("Refine3D/job019/run_class001.mrc", (256, 256, 256), size=1.6),
        image("Refine3D/job019/run_half1_class001_unfil.mrc", (256, 256, 256), size=1.6),
        image("Refine3D/job019/run_half2_class001_unfil.mrc", (256, 256, 256), size=1.6),
        image("Refine3D/job019/run_it005_half1_class001.mrc", (256, 256, 256), size=1.6),
    )
    steps = {p.job: p for p in sheet.processes}
    assert list(steps) == ["MotionCorr/job002", "CtfFind/job003", "Extract/job007", "Refine3D/job019"]
    ids = {s.kind: s.id for s in sheet.image_sets}
    refine = steps["Refine3D/job019"]
    assert (refine.kind, refine.software.name, refine.software.version) == ("3D refinement", "RELION", "3.1")
    assert refine.parameters == {"sym_name": "D2", "ini_high": 60}
    assert refine.inputs == (ids["particles"],) and sheet.maps[0].id in refine.outputs
    assert steps["MotionCorr/job002"].outputs == (ids["micrographs"],)
    assert steps["CtfFind/job003"].inputs == (ids["micrographs"],)
    assert steps["Extract/job007"].inputs == (steps["CtfFind/job003"].id,)  # its output is not deposited: the process stands for it
    assert len(sheet.maps) == 1 and len(sheet.maps[0].half_maps) == 2


def test_a_cryosparc_job_drafts_processes(image, tmp_path):
    from micrographia.formats.description import FileDescription

    job = {
        "uid": "J24",
        "project_uid": "P12",
        "type": "homo_refine_new",
        "version": "v4.4",
        "params_spec": {"refine_symmetry": {"value": "D7"}},
    }
    job["input_slot_groups"] = [{"connections": [{"job_uid": "J19"}]}]
    (tmp_path / "job.json").write_text(json.dumps(job))
    sheet = drafted(
        FileDescription("job.json", (tmp_path / "job.json").stat().st_size, "", "application/json"),
        image("cryosparc_P12_J24_volume_map.mrc", (64, 64, 64), size=2.9),
        folder=tmp_path,
    )
    steps = {p.job: p for p in sheet.processes}
    assert (steps["P12_J24"].kind, steps["P12_J24"].software.version) == ("3D refinement", "v4.4")
    assert steps["P12_J24"].parameters == {"refine_symmetry": "D7"} and steps["P12_J24"].outputs == (sheet.maps[0].id,)
    assert steps["P12_J24"].inputs == (steps["J19"].id,)


def test_many_files_become_few_globs_that_match_nothing_else(image, text):
    sheet = drafted(
        *[image(f"grid{n // 500}/mic_{n:05}.mrc", (512, 512), size=1.0) for n in range(2000)],
        *[image(f"grid0/ref_{n}.mrc", (512, 512), size=1.0) for n in range(3)],
        *[text(f"logs/{n}.log") for n in range(50)],
    )
    patterns = {p for s in sheet.image_sets for p in s.files}
    assert "grid*/mic_*.mrc" in patterns and len(patterns) <= 3
    assert sheet.other_files == ("logs/*.log",)


def test_names_with_wildcards_are_declared_all_the_same(image, text):
    drafted(
        image("a[1].mrc", (64, 64, 64), size=1.0),
        image("a1.mrc", (32, 32, 32), size=1.0),
        text("what*.txt"),
        text("what.txt"),
        text("#1: a.md"),
    )


def test_patterns_with_several_headers_are_told_apart(image):
    sheet = drafted(image("s1.mrcs", (5, 64, 64), size=1.0, is_stack=True), image("s2.mrcs", (5, 128, 128), size=1.0, is_stack=True))
    assert sorted(s.width_px for s in sheet.image_sets) == [64, 128]


def test_memory_does_not_grow_with_the_number_of_files(image):
    import tracemalloc

    def peak(n):
        tracemalloc.start()
        draft_sheet((image(f"g/m_{k:06}.mrc", (512, 512), size=1.0) for k in range(n)), folder_reader(Path("nowhere")))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(100)
    assert peak(3000) < peak(300) + 100_000


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (("ccpem_mrcfile/EMD-3197.map", "emdb-empiar_sfftk/images/emd_1832.map"), {"maps": 2}),
        (("gpl/cryocat/tilt_stack.mrc", "gpl/cryocat/TS_018/018.mdoc"), {"image_sets": 1, "acquisitions": 1}),
        (("gpl/cryodrgn/empiar_10076_7.mrc", "gpl/cryodrgn/empiar_10076_7.star"), {"image_sets": 1, "acquisitions": 1}),
        (("teamtomo_starfile/default_pipeline.star",), {"processes": 31}),
    ],
)
def test_real_files_are_drafted(real_data, files, wanted):
    from micrographia.formats.registry import inspect
    from micrographia.formats.source import FileSource

    descriptions = []
    for name in files:
        with FileSource(real_data / name) as source:
            descriptions.append(inspect(source, name.rpartition("/")[2]))
    sheet = drafted(*descriptions)
    assert {part: len(getattr(sheet, part)) for part in wanted} == wanted


def test_eer_movies_models_labels_and_pictures_find_their_places(image):
    from micrographia.formats.description import FileDescription
    from micrographia.model.image import ImageHeader

    def described(path, format_name, *headers, **metadata):
        return FileDescription(path, 1000, format_name, "", headers, metadata)

    drawn = {"kind": "closed contours", "mesh_count": 0}
    sheet = drafted(
        *[described(f"raw/grid_{n:03}.eer", "eer", ImageHeader("tyx", (300, 4096, 4096), "uint8")) for n in range(4)],
        image("cell_rec.mrc", (96, 400, 512), "int16", size=10.0),
        described("cell.mod", "imod", objects=[drawn], image_shape=[96, 400, 512], contour_count=2, mesh_count=0, object_count=1),
        described("cell_seg.am", "amira", ImageHeader("zyx", (96, 400, 512), "uint8", name="Labels"), materials=[]),
        described("figure 1.png", "picture.png", ImageHeader("cyx", (3, 900, 1200), "uint8", channels=("red", "green", "blue"))),
        *[described(f"sections/s_{n:03}.png", "picture.png", ImageHeader("yx", (900, 900), "uint8")) for n in range(5)],
    )
    sets = {s.kind: s for s in sheet.image_sets}
    assert sets["movies"].files == ("raw/*.eer",) and (sets["movies"].frames, sets["movies"].width_px) == (300, 4096)
    assert sets["images"].files == ("sections/*.png",)
    assert {(a.kind, a.files) for a in sheet.annotations} == {("segmentation", ("cell.mod",)), ("segmentation", ("cell_seg.am",))}
    assert all(a.of == "cell_rec" for a in sheet.annotations)
    assert sheet.other_files == ("figure 1.png",)
