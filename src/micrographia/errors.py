"""Failures, classed by what the caller can do about them.

::

    MicrographiaError
    ├── InvalidInputError      what was given is wrong: correct it (findings say where)
    ├── NotFoundError          there is no such thing, or none that you may know of
    │   └── GoneError          it was here and was withdrawn: a tombstone answers
    ├── NotPermittedError      it is held, or not yours
    ├── WrongStateError        do something else first
    ├── IntegrityError         bytes are not what their checksum says
    ├── TooLargeError          more than a limit allows
    ├── TooManyAttemptsError   wait before trying that again
    └── UnavailableError       try again later (disk full, locked, a service away)

*Findings* about data are not failures: they are values, gathered and reported all at once (`micrographia.model.finding`).
No class here knows of HTTP or exit codes: `web/status_codes.py` and `cli/exit_codes.py` hold one table each.
A message says what was found, what was expected, where, and what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class MicrographiaError(Exception):
    """Any failure that Micrographia raises on purpose; `message` is one or two sentences for a person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def as_json(self) -> dict[str, object]:
        """Return ``{"error": name of the class, "message": …}`` and what else the class says; `error_from_json` reads it back."""
        kind = next(k.__name__ for k in type(self).__mro__ if k.__name__ in _CLASSES)  # a room's own subclass is told by its parent's name
        said = {name: getattr(self, name) for name in vars(_CLASSES[kind](""))}
        return {"error": kind, **{name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}}


class InvalidInputError(MicrographiaError):
    """What was given is wrong; `findings` (JSON-ready mappings) say what, where and what to do."""

    def __init__(self, message: str, findings: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class NotFoundError(MicrographiaError):
    """There is no such thing, or none that the caller may know of."""


class GoneError(NotFoundError):
    """It was released and has been withdrawn; `tombstone` says title, reason and date."""

    def __init__(self, message: str, tombstone: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.tombstone = dict(tombstone or {})


class NotPermittedError(MicrographiaError):
    """The caller may not do this."""


class WrongStateError(MicrographiaError):
    """The verb does not fit the state; `status` is the state, `allowed` the verbs that fit it."""

    def __init__(self, message: str, *, status: str = "", allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.allowed = tuple(allowed)


class IntegrityError(MicrographiaError):
    """Bytes are not what their checksum says."""


class TooLargeError(MicrographiaError):
    """More than a limit allows."""


class TooManyAttemptsError(MicrographiaError):
    """Tried too often; `wait_s` says after how many seconds once more is answered."""

    def __init__(self, message: str, *, wait_s: int = 0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class UnavailableError(MicrographiaError):
    """Not now: the disk is full, the database is locked, a service is away. Try again."""


def error_from_json(document: Mapping[str, object]) -> MicrographiaError | None:
    """Return the failure that `as_json` wrote down, of the same class; None when `document` is no such thing."""
    kind = _CLASSES.get(str(document.get("error")))
    if kind is None:
        return None
    error = kind(str(document.get("message") or kind.__doc__))
    for name, value in vars(error).items():
        given = document.get(name)
        wanted: type | tuple[type, ...] = list if isinstance(value, tuple) else type(value)
        if name != "message" and isinstance(given, wanted):
            setattr(error, name, tuple(given) if isinstance(given, list) else given)
    return error


_CLASSES: Mapping[str, type[MicrographiaError]] = {
    kind.__name__: kind
    for kind in (
        MicrographiaError,
        InvalidInputError,
        NotFoundError,
        GoneError,
        NotPermittedError,
        WrongStateError,
        IntegrityError,
        TooLargeError,
        TooManyAttemptsError,
        UnavailableError,
    )
}
