"""What a request to change something brings: JSON of bounded size; and how its answers are described."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Depends, Request

from micrographia.errors import InvalidInputError
from micrographia.web.api.receiving import read_body

MOST_BYTES = 16 << 20


async def json_body(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request brings, empty where it brings none."""
    data = await read_body(request, MOST_BYTES)
    if not data.strip():
        return {}
    try:
        document = json.loads(data)
        if b"\\u" in data:  # half of a surrogate pair, or a NUL, is text to JSON and to no database
            json.dumps(document, ensure_ascii=False).encode()
            if b"\\u0000" in data:
                raise ValueError("it holds a NUL character")
    except (ValueError, RecursionError) as exc:
        raise InvalidInputError(f"The request is no JSON: {exc}.") from exc
    if not isinstance(document, dict):
        raise InvalidInputError(f"The request is JSON of another kind: expected an object {{…}}, found a {type(document).__name__}.")
    return document


Body = Annotated[dict[str, Any], Depends(json_body)]


def text_of(body: dict[str, Any], name: str) -> str:
    """Return a text that a request brings, empty where it brings none."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInputError(f"`{name}` is a {type(value).__name__}; expected text.")
    return value


def flag_of(body: dict[str, Any], name: str) -> bool:
    """Return a yes or no that a request brings, no where it brings none."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInputError(f"`{name}` is a {type(value).__name__}; expected true or false.")
    return value


def takes(**fields: str) -> dict[str, Any]:
    """Return the part of the description that says what a request brings."""
    kinds: dict[str, dict[str, Any]] = {name: {"description": words} for name, words in fields.items()}
    schema = {"type": "object", "properties": kinds}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


FAILURES: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody has signed in, and it takes somebody."},
    403: {"description": "You may not; `message` says who may."},
    404: {"description": "There is no such thing, or none that you may know of."},
    409: {"description": "It does not fit the state: `status` is the state, `allowed` what fits it."},
    412: {"description": "Somebody else changed it since you read it."},
    413: {"description": "More than one request may hold."},
    422: {"description": "The request makes no sense; `findings` say what, where and what to do."},
    503: {"description": "Not now; try again."},
}
