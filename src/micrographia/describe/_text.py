"""YAML or JSON of a stranger → plain values, with the line of every place. Nothing is constructed but text, numbers, lists and mappings."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from micrographia.model.finding import Finding

MAX_BYTES = 16 << 20
_MAX_DEPTH = 24
_CORE_TAGS = tuple(f"tag:yaml.org,2002:{t}" for t in ("str", "int", "float", "bool", "null", "seq", "map"))

# YAML 1.2 core schema, so that `no`, `12:30`, `0123` and `2024-01-31` stay the words that a depositor wrote
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "Null": None, "true": True, "True": True, "false": False, "False": False}

_QUOTE = "Mind the indentation; quote text that holds `: ` or ` #`, and question marks in brackets."

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TextError(Exception):
    """The text cannot be read as YAML at all."""

    def __init__(self, message: str, found: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message, self.found, self.hint = message, found, hint


@dataclass
class Parsed:
    """Plain values of a text."""

    value: Any
    lines: dict[str, int] = field(default_factory=dict)
    """Line, from 1, of each place (``maps[0].mask``)."""
    findings: list[Finding] = field(default_factory=list)
    """Repeated keys."""


def parse(text: str, name: str) -> Parsed:
    """Return the values of a YAML or JSON document; TextError when it is neither, or more than a sheet may hold."""
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith("{"):
        try:
            return _parse_json(stripped, name)
        except (ValueError, RecursionError):
            pass  # flow-style YAML starts so too
    return _Builder(text, name).parsed()


def place(parent: str, key: str | int) -> str:
    """Return the place of `key` in `parent`: ``maps[0].mask``."""
    if isinstance(key, int):
        return f"{parent}[{key}]"
    return f"{parent}.{key}" if parent else key


def _parse_json(text: str, name: str) -> Parsed:
    repeated: list[Finding] = []

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in pairs:
            if key in out:
                repeated.append(_repeated(name, key, ""))
            out.setdefault(key, value)
        return out

    return Parsed(json.loads(text, object_pairs_hook=mapping), {}, repeated)


def _repeated(name: str, at: str, found: str) -> Finding:
    key = at.rpartition(".")[2]
    return Finding("sheet.repeated_key", "error", f"{name}:{at}", f"`{key}` stands twice.", found, "each key once", "Keep one of them.")


class _Number(float):
    """A number that, where text is asked for, is the word as it was written: the colour 30E060, the version 1.10."""

    written: str

    def __new__(cls, written: str) -> _Number:
        number = super().__new__(cls, written)
        number.written = written
        return number

    def __str__(self) -> str:
        return self.written


class _Builder:
    """Builds values straight from parser events, so that nothing is expanded or constructed behind our back."""

    def __init__(self, text: str, name: str) -> None:
        self._events = yaml.parse(text, _Loader)
        self._name = name
        self._out = Parsed(None)

    def parsed(self) -> Parsed:
        try:
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    self._out.value = self._node(next(self._events), "", 0)
                    break
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    hint = "Write one document; `---` stands at most at the top."
                    raise TextError("there is more than one YAML document", _line(event), hint)
        except yaml.MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise TextError(f"it is not valid YAML: {exc.problem or exc}", where, _QUOTE) from exc
        except (yaml.YAMLError, ValueError) as exc:
            raise TextError(f"it is not valid YAML: {str(exc)[:200]}") from exc
        return self._out

    def _node(self, event: Any, at: str, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            _refuse("aliases (*name) are not allowed", event)
        if getattr(event, "anchor", None):
            _refuse("anchors (&name) are not allowed", event)
        tag = getattr(event, "tag", None)
        if tag and tag != "!" and tag not in _CORE_TAGS:
            _refuse(f"the tag {tag[:80]} is not allowed", event)
        if depth > _MAX_DEPTH:
            _refuse(f"it is nested more than {_MAX_DEPTH} deep", event)
        self._out.lines[at] = event.start_mark.line + 1
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(at, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(event, place(at, len(items)), depth + 1))
            return items
        return _scalar(event, tag)

    def _mapping(self, at: str, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                _refuse("a key is not a word", event)
            key = event.value
            if event.anchor:
                _refuse("anchors (&name) are not allowed", event)
            if key == "<<" and not event.style:
                _refuse("merge keys (<<) are not allowed", event)
            child = place(at, key)
            if key in out:
                self._out.findings.append(_repeated(self._name, child, _line(event)))
                self._node(next(self._events), "", depth + 1)
                continue
            out[key] = self._node(next(self._events), child, depth + 1)
        return out


def _refuse(what: str, event: Any) -> NoReturn:
    raise TextError(what, _line(event), "Write the values out, plainly.")


def _line(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"


def plain(text: str) -> object:
    """Return what a word without quotes means: null, a truth value, a number or text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    if _FLOAT.fullmatch(text) and not (text.lstrip("+-").startswith("0") and text.lstrip("+-").isdigit()):
        return _Number(text)
    return text


def _scalar(event: Any, tag: str | None) -> object:
    is_text = event.style or tag in ("!", "tag:yaml.org,2002:str")
    return event.value if is_text else plain(event.value)
