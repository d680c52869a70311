import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.model.declared import Declared, compile_glob, escape_glob
from micrographia.model.sheet import Sheet


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("movies/*.tiff", "movies/a.tiff", True),
        ("movies/*.tiff", "movies/deep/a.tiff", False),
        ("**/*.mrc", "a.mrc", True),
        ("**/*.mrc", "x/y/a.mrc", True),
        ("plates/*", "plates/P1/A01.tif", True),
        ("image.ome.zarr", "image.ome.zarr/0/zarr.json", True),
        ("image.ome.zarr", "image.ome.zarr2", False),
        ("./a.mrc", "a.mrc", True),
        ("a?.mrc", "a1.mrc", True),
        ("a[12].mrc", "a2.mrc", True),
        ("a[!12].mrc", "a2.mrc", False),
        ("a[z-a].mrc", "ab.mrc", False),
        ("x/**", "x/y/z", True),
        ("a.mrc", "axmrc", False),
    ],
)
def test_a_glob_stays_in_its_folder_and_a_folder_holds_all_below_it(pattern, path, matches):
    assert bool(compile_glob(pattern).fullmatch(path)) is matches


@given(st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_an_escaped_name_matches_itself(name):
    if name.strip("/") and name not in (".", ".."):
        assert compile_glob(escape_glob(name)).fullmatch(name)


@given(st.text("ab*?[]!-.^\\", max_size=8), st.text("ab-.^", min_size=1, max_size=5))
def test_no_pattern_breaks_and_simple_ones_agree_with_fnmatch(pattern, name):
    ours = compile_glob(pattern).fullmatch(name)
    if "[" not in pattern and "**" not in pattern and not pattern.startswith("./"):
        assert bool(ours) is fnmatch.fnmatchcase(name, pattern)


def test_the_closest_declaration_comes_first_and_names_role_and_kind():
    sheet = Sheet.model_validate(
        {
            "image_sets": [{"id": "all", "kind": "micrographs", "files": "**/*.mrc", "metadata": "m.star"}],
            "maps": [
                {"id": "best", "file": "maps/full.mrc", "half_maps": ["maps/h1.mrc", "maps/h2.mrc"], "models": ["PDB-4V4Q", "fit.pdb"]}
            ],
            "other_files": ["README*"],
        }
    )
    declared = Declared(sheet)
    assert [(d.role, d.kind) for d in declared.of("maps/full.mrc")] == [("best", "map"), ("all", "micrograph")]
    assert declared.of("maps/h2.mrc")[0].kind == "half map"
    assert declared.of("m.star")[0].kind == "metadata"
    assert declared.of("fit.pdb")[0].kind == "model"
    assert declared.of("README.md")[0].place == "other_files[0]"
    assert declared.of("sub/README.md") == ()
    assert "PDB-4V4Q" not in {d.pattern for d in declared.all}


def test_accents_are_the_same_however_they_are_encoded():
    declared = Declared(Sheet.model_validate({"other_files": ["cafe\u0301.txt"]}))
    assert declared.of("caf\u00e9.txt") and declared.of("cafe\u0301.txt")
