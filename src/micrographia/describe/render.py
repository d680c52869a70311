"""A draft as ``entry.yaml``: comments say what came from where and what is wanted; the first line tells whether a person edited it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from micrographia.describe._text import place
from micrographia.describe._text import plain as reads_as
from micrographia.describe._tree import Blank, Draft

_WIDTH = 110
_MARK = re.compile(r"# Drafted by `micrographia describe` \(sha256:([0-9a-f]{64})\).*\n")
_PLAIN = re.compile(r"[^\W\d][\w ./+*()@=;²³Åµ°–—-]*[\w*)./]|[^\W\d]|\d{4}-\d{2}-\d{2}")

_HEAD = """\
# Deposition sheet. What the files say is filled in; what no file says is left as "?" with a note: replace each, or delete the line.
# Only title and authors are needed everywhere. Files are relative to this sheet; globs are allowed.
# Check it with `micrographia check FOLDER`; `micrographia describe` never overwrites it once you have changed it.
"""


def render_yaml(draft: Draft) -> str:
    """Return the draft as the text of ``entry.yaml``; `load_sheet` reads it back as the same sheet and blanks."""
    body = _HEAD + "".join(f"{line}\n" for line in _mapping(draft.tree, draft.comments, "", 0))
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f"# Drafted by `micrographia describe` (sha256:{digest}) from {draft.file_count:,} files.\n{body}"


def is_untouched(text: str) -> bool:
    """Return whether a sheet is as `render_yaml` wrote it, so that nothing of a person's is lost by writing it anew."""
    text = text.replace("\r\n", "\n")
    match = _MARK.match(text)
    return match is not None and hashlib.sha256(text[match.end() :].encode()).hexdigest() == match[1]


def _mapping(tree: Mapping[str, Any], comments: Mapping[str, str], at: str, indent: int) -> Iterator[str]:
    pad = " " * indent
    for key, value in tree.items():
        here = place(at, key)
        if not at and isinstance(value, list):
            yield ""
        yield from _comment(comments.get(here), pad)
        yield from _entry(f"{pad}{_scalar(key)}:", value, comments, here, indent)


def _entry(head: str, value: Any, comments: Mapping[str, str], at: str, indent: int) -> Iterator[str]:
    if isinstance(value, Blank):
        yield f'{head} "?"  # ← {_one_line(value.wanted)}'
    elif not isinstance(value, Mapping | list | tuple):
        yield f"{head} {_scalar(value)}"
    elif (flow := _flow(value)) is not None and len(head) + len(flow) < _WIDTH:
        yield f"{head} {flow}"
    elif isinstance(value, Mapping):
        yield head
        yield from _mapping(value, comments, at, indent + 2)
    else:
        yield head
        yield from _items(value, comments, at, indent + 2)


def _items(items: Any, comments: Mapping[str, str], at: str, indent: int) -> Iterator[str]:
    pad = " " * indent
    for n, item in enumerate(items):
        here = place(at, n)
        yield from _comment(comments.get(here), pad)
        if not isinstance(item, Mapping):
            yield from _entry(f"{pad}-", item, comments, here, indent)
            continue
        first = True
        for line in _mapping(item, comments, here, indent + 2):
            is_text = not line.lstrip().startswith("#")
            yield f"{pad}- {line[indent + 2 :]}" if first and is_text else line
            first = first and not is_text


def _comment(text: str | None, pad: str) -> Iterator[str]:
    if text:
        yield f"{pad}# {_one_line(text)}"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:300]


def _flow(value: Any) -> str | None:
    """Return a value on one line, None when it holds a blank, or mappings in a list, or is too long."""
    if isinstance(value, Blank):
        return None
    if isinstance(value, Mapping):
        parts = [(_scalar(k), _flow(v)) for k, v in value.items()]
        return None if any(v is None for _, v in parts) else "{" + ", ".join(f"{k}: {v}" for k, v in parts) + "}"
    if isinstance(value, list | tuple):
        if len(value) > 12 or any(isinstance(v, Mapping) for v in value):
            return None
        items = [_flow(v) for v in value]
        return None if None in items else "[" + ", ".join(map(str, items)) + "]"
    return _scalar(value, flow=True)


def _scalar(value: object, *, flow: bool = False) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    is_plain = _PLAIN.fullmatch(text) and reads_as(text) == text and not text.startswith(("*", "-")) and " #" not in text
    if is_plain and not (flow and re.search(r"[,\[\]{}]", text)):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())
