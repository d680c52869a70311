import gzip
import os
import tracemalloc

import numpy as np
import pytest
import tifffile

from micrographia.errors import InvalidInputError
from micrographia.formats import survey as survey_module
from micrographia.formats.survey import survey
from micrographia.testing.mrc_files import mrc_bytes

MRC = mrc_bytes(bytes(240))


def paths(folder, **kwargs):
    return [d.path for d in survey(folder, **kwargs)]


def rules(folder):
    return {d.path: [(r.rule, r.severity) for r in d.remarks] for d in survey(folder)}


def test_files_come_in_natural_order_with_what_their_headers_say(tmp_path):
    for name in ("image10.mrc", "image2.mrc", "b/x.mrc", "a1/notes.txt", "image1.mrc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(MRC)
    found = list(survey(tmp_path))
    assert [d.path for d in found] == ["a1/notes.txt", "b/x.mrc", "image1.mrc", "image2.mrc", "image10.mrc"]
    assert found[2].images[0].shape == (5, 4, 3)
    assert found[2].size_bytes == len(MRC)
    assert found[0].format == "mrc"  # its bytes say so


def test_formats_of_large_libraries_come_in_the_same_order(tmp_path):
    for i in range(40):
        if i % 3:
            (tmp_path / f"{i}.mrc").write_bytes(MRC)
        else:
            tifffile.imwrite(tmp_path / f"{i}.tif", np.full((8, 9), i, np.uint8))
    found = list(survey(tmp_path, workers=1))
    assert [int(d.path.split(".")[0]) for d in found] == list(range(40))
    assert all(d.images and not d.remarks for d in found)


def test_the_sheet_and_litter_are_left_out_and_other_hidden_files_are_not(tmp_path):
    for name in ("entry.yaml", ".DS_Store", "Thumbs.db", "._a.mrc", ".git/config", ".hidden", "sub/entry.yaml", "sub/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert paths(tmp_path) == [".hidden", "sub/entry.yaml"]


def test_links_pipes_and_odd_names_are_named_and_never_read(tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_bytes(b"the secret")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.mrc").symlink_to(secret / "key.txt")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "folder").symlink_to(secret)
    os.mkfifo(folder / "pipe.mrc")
    (folder / "two\nlines\x1b[31m.mrc").write_bytes(MRC)
    with open(os.fsencode(folder) + b"/bad\xff.mrc", "wb") as file:
        file.write(MRC)
    (folder / "Ångström µ.mrc").write_bytes(MRC)
    assert rules(folder) == {
        "link.mrc": [("file.symlink", "error")],
        "dangling": [("file.symlink", "error")],
        "folder": [("file.symlink", "error")],
        "pipe.mrc": [("file.special", "error")],
        "two\\nlines\\x1b[31m.mrc": [("file.name", "error")],
        "bad\\xff.mrc": [("file.name", "error")],
        "Ångström µ.mrc": [],
    }
    assert all(d.size_bytes == 0 for d in survey(folder) if d.remarks)


def test_unreadable_files_are_a_finding_each(tmp_path):
    (tmp_path / "empty.mrc").write_bytes(b"")
    (tmp_path / "lying.mrc").write_bytes(mrc_bytes(bytes(100), nx=200_000, ny=200_000, nz=200))
    (tmp_path / "cut.map.gz").write_bytes(gzip.compress(MRC)[:30])
    (tmp_path / "broken.tif").write_bytes(b"II*\0" + bytes(range(200)))
    found = rules(tmp_path)
    assert found["empty.mrc"] == [("mrc.unreadable", "error")]
    assert found["lying.mrc"] == [("mrc.truncated", "error")]
    assert found["cut.map.gz"] == [("mrc.unreadable", "error")]
    assert [severity for _, severity in found["broken.tif"]] == ["error"]


def test_a_folder_too_deep_and_a_path_too_long_are_refused(tmp_path):
    deep = tmp_path / "/".join("d" * 70)
    deep.mkdir(parents=True)
    (deep / "a.mrc").write_bytes(MRC)
    long = tmp_path.joinpath(*["n" * 200] * 5)
    long.mkdir(parents=True)
    (long / "a.mrc").write_bytes(MRC)
    assert [r for remarks in rules(tmp_path).values() for r, _ in remarks] == ["file.depth", "file.name"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_a_finding(tmp_path):
    (tmp_path / "a.mrc").write_bytes(MRC)
    (tmp_path / "a.mrc").chmod(0)
    assert rules(tmp_path) == {"a.mrc": [("file.unreadable", "error")]}


def test_an_ome_zarr_folder_is_one_description_with_members(tmp_path):
    top = tmp_path / "data" / "cells.ome.zarr"
    (top / "0" / "c").mkdir(parents=True)
    for name in ("zarr.json", "0/zarr.json", "0/c/0"):
        (top / name).write_bytes(b"{}")
    (top / "0" / "outside").symlink_to("/etc/hostname")
    (tmp_path / "a.mrc").write_bytes(MRC)
    image, zarr = sorted(survey(tmp_path), key=lambda d: d.path)
    assert image.path == "a.mrc"
    assert (zarr.path, zarr.format, zarr.size_bytes) == ("data/cells.ome.zarr", "ome_zarr", 6)
    assert zarr.members == tuple(f"data/cells.ome.zarr/{m}" for m in ("0/c/0", "0/zarr.json", "zarr.json"))
    assert ("file.symlink", "data/cells.ome.zarr/0/outside") in {(r.rule, r.path) for r in zarr.remarks}


def test_a_real_ome_zarr_folder_opens(real_data):
    found = list(survey(real_data / "BioImageTools_ome-zarr-image-analysis-nextflow", workers=1))
    assert [d.format for d in found] == ["ome_zarr"]
    assert found[0].images
    assert len(found[0].members) > 5


def test_progress_tells_each_file_once(tmp_path, monkeypatch):
    monkeypatch.setattr(survey_module, "_PROGRESS_EVERY", 4)
    for i in range(10):
        (tmp_path / f"{i}.mrc").write_bytes(MRC)
    told = []
    paths(tmp_path, progress=told.append)
    assert told == [4, 4, 2]


def test_memory_stays_flat(tmp_path):
    for i in range(1200):
        (tmp_path / f"{i}.mrc").write_bytes(MRC)
    tracemalloc.start()
    try:
        assert sum(1 for _ in survey(tmp_path)) == 1200
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="not a folder"):
        list(survey(tmp_path / "nothing"))
