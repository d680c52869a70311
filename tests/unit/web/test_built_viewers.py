"""What `./dev viewers` built and is committed."""

import json
from pathlib import Path

import pytest

import micrographia.web
from micrographia.web.pages.viewing import viewer_files

ROOT = Path(__file__).resolve().parents[3]
BUILT = Path(micrographia.web.__file__).parent / "static/viewers"


def test_every_file_of_the_manifest_is_there_and_nothing_else():
    manifest = json.loads((BUILT / "manifest.json").read_text())
    named = {entry["file"] for entry in manifest.values()} | {css for entry in manifest.values() for css in entry.get("css", ())}
    present = {file.name for file in BUILT.iterdir()} - {"manifest.json", "licences.md"}
    # the workers and their chunks are built by themselves and named in no manifest
    texts = "".join((BUILT / name).read_text() for name in present)
    assert named <= present and all(name in texts for name in present - named)
    files = viewer_files()
    assert files is not None and (BUILT / Path(files.script).name).is_file()


def test_the_build_is_small_and_without_source_maps():
    files = list(BUILT.iterdir())
    assert sum(file.stat().st_size for file in files) < 12e6
    assert not [file for file in files if file.suffix == ".map"]


def test_the_licences_of_what_is_built_in_are_shipped():
    text = (BUILT / "licences.md").read_text()
    assert all(name in text for name in ("molstar", "neuroglancer", "openseadragon", "zarrita"))


def test_the_lock_file_names_no_host():
    lock = ROOT / "frontend/package-lock.json"
    if not lock.is_file():
        pytest.skip("the sources of the viewers are not here")
    packages = json.loads(lock.read_text())["packages"].values()
    assert not [p["resolved"] for p in packages if "://" in p.get("resolved", "")]
