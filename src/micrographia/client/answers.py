"""What a server's refusal, or its silence, means: the class of failure that the server raised."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from micrographia.errors import (
    GoneError,
    InvalidInputError,
    MicrographiaError,
    NotFoundError,
    NotPermittedError,
    TooLargeError,
    UnavailableError,
    WrongStateError,
    error_from_json,
)

# For answers without a class in them (a proxy's, say).
_CLASS_OF_STATUS: Mapping[int, type[MicrographiaError]] = {
    400: InvalidInputError,
    401: NotPermittedError,
    403: NotPermittedError,
    404: NotFoundError,
    409: WrongStateError,
    410: GoneError,
    413: TooLargeError,
    416: InvalidInputError,
    422: InvalidInputError,
}
# What may be better in a moment.
RETRIED = frozenset({429, 502, 503, 504})


def failure_of(response: httpx.Response) -> MicrographiaError:
    """Return the failure that the server raised, of the same class."""
    try:
        response.read()
        document = response.json()
    except (ValueError, httpx.HTTPError):
        document = None
    if isinstance(document, dict):
        if error := error_from_json(document):
            return error
        said = document.get("message") or document.get("detail")
    else:
        said = None
    status = response.status_code
    kind = _CLASS_OF_STATUS.get(status, UnavailableError if status >= 500 or status == 429 else MicrographiaError)
    return kind(str(said) if isinstance(said, str) else f"{response.url} answered {status} {response.reason_phrase}.")


def away(location: str, exc: httpx.HTTPError, then: str = "Check the address and the network, then try again.") -> UnavailableError:
    """Return the failure to reach a server."""
    return UnavailableError(f"{location} cannot be reached: {str(exc) or type(exc).__name__}. {then}")
