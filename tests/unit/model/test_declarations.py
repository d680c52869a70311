"""Files find their place in the sheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.model.declarations import Declarations, glob_pattern
from micrographia.model.sheet import Sheet

SHEET = Sheet.model_validate(
    {
        "acquisitions": [{"id": "krios", "detector": {"gain_reference": "gain.mrc"}}],
        "image_sets": [
            {"id": "movies", "kind": "movies", "files": "movies/*.tiff"},
            {"id": "cells", "kind": "fluorescence", "files": "cells.ome.zarr"},
            {"id": "ts", "kind": "tilt series", "files": "**/*.st", "metadata": "**/*.mdoc"},
        ],
        "maps": [{"id": "final", "file": "map.mrc", "half_maps": ["h1.mrc", "h2.mrc"], "mask": "mask.mrc"}],
        "annotations": [{"id": "labels", "kind": "segmentation", "files": "labels.tif"}],
        "other_files": ["*.txt"],
    }
)


@pytest.mark.parametrize(
    ("path", "identifier", "kind"),
    [
        ("movies/a.tiff", "movies", "movie"),
        ("cells.ome.zarr/0/c/0/0", "cells", "fluorescence"),
        ("TS_01.st", "ts", "tilt series"),
        ("deep/er/TS_01.st", "ts", "tilt series"),
        ("TS_01.st.mdoc", "ts", ""),
        ("map.mrc", "final", "map"),
        ("h2.mrc", "final", "half map"),
        ("mask.mrc", "final", "mask"),
        ("labels.tif", "labels", "segmentation"),
        ("gain.mrc", "krios", "gain reference"),
        ("notes.txt", "", ""),
    ],
)
def test_a_file_is_what_the_sheet_says(path, identifier, kind):
    declaration = Declarations(SHEET).first(path)
    assert declaration is not None
    assert (declaration.id, declaration.kind) == (identifier, kind)


@pytest.mark.parametrize("path", ["movies/deeper/a.tiff", "other/movies/a.tiff", "sub/notes.txt", "xmap.mrc", "movies/a.tif"])
def test_a_file_that_no_pattern_names_is_undeclared(path):
    assert Declarations(SHEET).of(path) == []


@given(st.text(max_size=20))
def test_any_text_is_a_glob(text):
    glob_pattern(text)


@given(st.text(alphabet=st.characters(exclude_characters="*?[/.\x00"), min_size=1))
def test_a_glob_without_wildcards_matches_itself(name):
    assert glob_pattern(name).fullmatch(name)
