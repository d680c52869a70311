from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocfl.layout_registry import get_layout

from micrographia.errors import InvalidInputError
from micrographia.ids import EntryId
from micrographia.model import ocfl


@given(st.integers(10001, 10**12 - 1))
def test_object_paths_are_those_of_extension_0003(number: int) -> None:
    layout = get_layout(ocfl.LAYOUT)
    layout.check_and_set_layout_params(dict(ocfl.LAYOUT_CONFIG))
    accession = EntryId.from_number(number)
    assert ocfl.object_path(accession) == layout.identifier_to_path(accession)


def test_what_is_no_accession_has_no_place() -> None:
    for text in ("../MG-10001", "MG-1", "mg-10001", ""):
        with pytest.raises(InvalidInputError):
            ocfl.object_path(text)


@given(st.text(st.characters(codec="utf-8"), max_size=40) | st.text("abé./\\e\u0301 ", max_size=20))
def test_a_safe_path_stays_inside_and_is_its_own_safe_path(text: str) -> None:
    try:
        safe = ocfl.safe_path(text)
    except InvalidInputError:
        return
    assert ocfl.safe_path(safe) == safe == unicodedata.normalize("NFC", text)
    inside = PurePosixPath(safe)
    assert not inside.is_absolute()
    assert str(inside) == safe
    assert ".." not in inside.parts
    assert ocfl.split_content_path(ocfl.content_path(3, safe)) == (3, safe)


def test_a_name_in_decomposed_unicode_is_kept_composed() -> None:
    assert ocfl.safe_path("A\u030angstro\u0308m.mrc") == "Ångström.mrc"


@pytest.mark.parametrize(
    "content", ["", "v1", "v1/content/", "v0/content/a", "v01/content/a", "v1/other/a", "v1/content/a/../../x", "v1/content//a"]
)
def test_what_is_no_content_path_is_refused(content: str) -> None:
    with pytest.raises(InvalidInputError):
        ocfl.split_content_path(content)


def test_version_folders() -> None:
    assert [ocfl.version_number(name) for name in ("v1", "v12", "v0", "v01", "x", "v1x")] == [1, 12, None, None, None, None]
