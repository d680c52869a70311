"""Identifiers parse what they print and refuse the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.errors import InvalidInputError
from micrographia.ids import EntryId, ImageId, Sha256


@given(st.integers(10001, 10**11), st.integers(1, 999), st.integers(1, 10**9))
def test_an_image_identifier_survives_printing(number, version, image):
    identifier = ImageId(EntryId.from_number(number), version, image)
    assert ImageId.parse(str(identifier)) == identifier
    assert identifier.accession.number == number


@pytest.mark.parametrize("text", ["", "MG-1", "MG-01000", "mg-10001", "MG-10001/..", "MG-10001\n", "EMD-1832", "MG-10001.1.3"])
def test_what_is_no_accession_is_refused(text):
    with pytest.raises(InvalidInputError, match="MG-10001"):
        EntryId.parse(text)


@pytest.mark.parametrize("text", ["MG-10001", "MG-10001.0.1", "MG-10001.1.0", "MG-10001.1.3.4", "MG-10001.1.x"])
def test_what_is_no_image_identifier_is_refused(text):
    with pytest.raises(InvalidInputError):
        ImageId.parse(text)


def test_a_digest_is_64_hexadecimal_digits_in_lower_case():
    assert Sha256.parse("AB" * 32) == "ab" * 32
    with pytest.raises(InvalidInputError):
        Sha256.parse("ab" * 31)
