"""SerialEM mdoc files, against mdocfile on real ones."""

from __future__ import annotations

import json

import mdocfile
import pytest

from micrographia.formats import mdoc
from micrographia.formats.description import UnreadableError
from micrographia.formats.source import BytesSource, FileSource


def read(text: str) -> mdoc.Mdoc:
    return mdoc.read_mdoc(BytesSource(text.encode(), "a.mdoc"))


def test_values_have_the_type_that_they_spell():
    (section,) = read(
        "[ZValue = 0]\nTiltAngle = -3.5\nNumSubFrames = 8\nStagePosition = 1 2.5\nSubFramePath = 12\nCameraX = 9e999\n"
    ).sections
    assert dict(section.values) == {
        "TiltAngle": -3.5,
        "NumSubFrames": 8,
        "StagePosition": [1, 2.5],
        "SubFramePath": "12",
        "CameraX": "9e999",
    }


def test_titles_tell_the_tilt_axis_and_the_microscope():
    titles = "[T = SerialEM: Titan D3946 at X   06-Jun-23]\n[T =   Tilt axis angle = 82.9, binning = 1  spot = 5]\n"
    said = mdoc.summary(read(titles + "[ZValue = 0]\nTiltAngle = 0\n"))
    assert (said["tilt_axis_deg"], said["binning"], said["microscope"]) == (82.9, 1.0, "Titan D3946 at X")


def test_doses_add_up_and_movies_lose_their_folders():
    said = mdoc.summary(
        read("".join(f"[ZValue = {i}]\nTiltAngle = {3 * i}\nExposureDose = 2.5\nSubFramePath = D:\\x\\m{i}.tif\n" for i in range(4)))
    )
    assert said["kind"] == "tilt_series"
    assert said["tilt_angles_deg"] == [0, 3, 6, 9]
    assert (said["dose_e_per_a2"], said["total_dose_e_per_a2"]) == (2.5, 10.0)
    assert said["movies"] == ["m0.tif", "m1.tif", "m2.tif", "m3.tif"]


@pytest.mark.parametrize("text", ["", "some prose\n", "\0\1"])
def test_what_is_no_mdoc_is_refused(text):
    with pytest.raises(UnreadableError):
        read(text)


def test_an_mdoc_without_sections_is_a_warning():
    contents = mdoc.inspect(BytesSource(b"PixelSpacing = 1.3\n", "a.mdoc"), "a.mdoc")
    assert [(r.rule, r.severity) for r in contents.remarks] == [("mdoc.sections", "warning")]


def test_real_files_are_read_as_mdocfile_reads_them(real_data):
    paths = sorted(real_data.rglob("*.mdoc"))
    assert len(paths) > 30
    for path in paths:
        contents = mdoc.inspect(FileSource(path), path.name)
        said = contents.metadata
        json.dumps(dict(said), allow_nan=False)
        assert not contents.remarks
        main = [s for s in said["sections"] if s["kind"] == ("FrameSet" if said["kind"] == "frame_sets" else "ZValue")]
        if any(s["kind"] == "MontSection" for s in said["sections"]) or path.parent.name == "frames_mdoc" or "frame_set" in path.name:
            continue
        try:
            table = mdocfile.read(path)
        except Exception:  # noqa: BLE001  the oracle does not read some that are odd
            continue
        assert len(table) == len(main)
        assert table["TiltAngle"].tolist() == pytest.approx([s["TiltAngle"] for s in main])


def test_the_tilt_series_of_a_real_stack(real_data):
    said = mdoc.inspect(FileSource(real_data / "gpl/cryocat/TS_018/018.mdoc"), "018.mdoc").metadata
    assert (said["kind"], len(said["tilt_angles_deg"]), said["image_file"]) == ("tilt_series", 60, "TS_017.mrc")
    assert (said["voltage_kv"], said["pixel_size_a"], said["magnification"]) == (300.0, 1.971, 64000.0)
