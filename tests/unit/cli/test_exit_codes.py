"""One class of failure, one exit code, one HTTP status, the same class again in the client."""

from __future__ import annotations

import pytest

from micrographia import errors
from micrographia.cli.exit_codes import EXIT_CODES, INTERRUPTED, exit_code
from micrographia.errors import GoneError, InvalidInputError, MicrographiaError, error_from_json

LEAVES = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, MicrographiaError) and k is not MicrographiaError]


def test_every_class_has_an_exit_code_of_its_own() -> None:
    assert set(EXIT_CODES) == set(LEAVES)
    codes = [*EXIT_CODES.values(), 0, 1, 2, INTERRUPTED]
    assert len(set(codes)) == len(codes)


def test_every_class_has_an_http_status() -> None:
    status_codes = pytest.importorskip("micrographia.web.status_codes", exc_type=ImportError)
    assert set(LEAVES) <= set(status_codes.STATUS_CODES)
    assert all(400 <= status < 600 for status in status_codes.STATUS_CODES.values())


@pytest.mark.parametrize("kind", LEAVES, ids=lambda k: k.__name__)
def test_every_class_survives_the_way_through_json(kind: type[MicrographiaError]) -> None:
    again = error_from_json(kind("what was found").as_json())
    assert type(again) is kind
    assert again.message == "what was found"


def test_a_room_s_own_subclass_counts_as_its_parent() -> None:
    class UnreadableError(InvalidInputError):
        pass

    assert exit_code(UnreadableError("no")) == EXIT_CODES[InvalidInputError]
    assert type(error_from_json(UnreadableError("no").as_json())) is InvalidInputError
    assert exit_code(GoneError("no")) != exit_code(errors.NotFoundError("no"))


def test_json_that_is_no_failure_is_not_taken_for_one() -> None:
    assert error_from_json({}) is None
    assert error_from_json({"error": "SystemExit", "message": "no"}) is None
    gone = error_from_json({"error": "GoneError", "message": 7, "tombstone": "no mapping", "message_": 1})
    assert isinstance(gone, GoneError) and gone.tombstone == {}
