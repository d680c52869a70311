"""The deposition sheet accepts what depositors write and says what is wrong with the rest."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from micrographia.model.sheet import Author, Sheet, sheet_json_schema

SHEET = """
schema: micrographia/entry/1
title: Apoferritin, a standard
authors: [{name: "Hooke, Robert", orcid: 0000-0002-1825-0097}]
specimens:
  - id: apoferritin
    molecules: [{name: ferritin heavy chain, uniprot: P02794, copies: 24}]
acquisitions:
  - {id: krios, experiment: single-particle, microscope: {voltage_kv: 300, cs_mm: 2.7}, defocus_um: [0.8, 2.2]}
image_sets:
  - {id: movies, kind: movies, files: movies/*.tiff, acquisition: krios, pixel_size_a: 0.65, frames: 40}
  - {id: block, kind: volume EM, files: [block.tif], voxel_size_nm: [30, 6, 6]}
maps:
  - {id: final, file: map.mrc, half_maps: [half1.mrc, half2.mrc], symmetry: O, resolution_a: 1.6}
"""


def test_a_sheet_survives_being_written_and_read_again():
    sheet = Sheet.model_validate(yaml.safe_load(SHEET))
    assert Sheet.model_validate(yaml.safe_load(yaml.safe_dump(sheet.as_json()))) == sheet


def test_one_file_may_stand_without_a_list():
    assert Sheet.model_validate(yaml.safe_load(SHEET)).image_sets[0].files == ("movies/*.tiff",)


def test_the_licence_is_cc0_unless_said_otherwise():
    assert Sheet().licence == "CC0-1.0"


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="voltage_kV"):
        Sheet.model_validate({"acquisitions": [{"id": "a", "microscope": {"voltage_kV": 300}}]})


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_pixel_size_that_is_no_size_is_refused(value):
    with pytest.raises(ValidationError, match="greater than 0"):
        Sheet.model_validate({"acquisitions": [{"id": "a", "pixel_size_a": value}]})


@given(st.from_regex(r"\A[0-9]{15}\Z"))
def test_exactly_one_check_character_fits_an_orcid(digits):
    fitting = []
    for last in "0123456789X":
        try:
            fitting.append(Author(name="Hooke, Robert", orcid=digits + last))
        except ValidationError:
            continue
    assert len(fitting) == 1


def test_every_field_of_the_schema_is_explained():
    schema = sheet_json_schema()
    records = {"Sheet": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, record in records.items()
        for key, field in record.get("properties", {}).items()
        if "description" not in field
    ]
    assert silent == []
