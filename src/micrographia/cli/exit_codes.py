"""The one table from failure to exit code. 0 is success, 1 a bug (or nobody reads our output), 2 a command that was typed wrongly."""

from __future__ import annotations

from collections.abc import Mapping

from micrographia.errors import (
    GoneError,
    IntegrityError,
    InvalidInputError,
    MicrographiaError,
    NotFoundError,
    NotPermittedError,
    TooLargeError,
    TooManyAttemptsError,
    UnavailableError,
    WrongStateError,
)

EXIT_CODES: Mapping[type[MicrographiaError], int] = {
    InvalidInputError: 3,
    IntegrityError: 4,
    NotFoundError: 5,
    GoneError: 6,
    NotPermittedError: 7,
    WrongStateError: 8,
    TooLargeError: 9,
    UnavailableError: 10,
    TooManyAttemptsError: 11,
}
FINDINGS = EXIT_CODES[InvalidInputError]
DAMAGE = EXIT_CODES[IntegrityError]
# as a shell reports a process that SIGINT ended
INTERRUPTED = 130


def exit_code(error: MicrographiaError) -> int:
    """Return the exit code of a failure; a class that is not in the table counts as its nearest ancestor."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)
