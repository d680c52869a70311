"""``entry.yaml`` as a person wrote it → `Sheet`, with everything that is wrong in it said at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from micrographia.describe import _text
from micrographia.describe._text import place
from micrographia.model.finding import Finding
from micrographia.model.records import SHEET_FILE
from micrographia.model.sheet import Sheet

# what stands where a person has still to write something
BLANKS = ("?", "«?»", "")
_GONE = object()
_MAX_ROUNDS = 12

# old spellings and other archives' words → ours
_SYNONYMS = {
    "license": "licence",
    "author": "authors",
    "organism": "organism",
    "pixel_size": "pixel_size_a",
    "voxel_size": "voxel_size_a",
    "resolution": "resolution_a",
    "color": "colour",
    "path": "files",
    "pattern": "files",
    "species": "organism",
    "half_map": "half_maps",
    "dose": "dose_e_per_a2",
    "defocus": "defocus_um",
    "voltage": "voltage_kv",
    "cs": "cs_mm",
}


@dataclass(frozen=True, slots=True)
class LoadedSheet:
    """A sheet as far as it could be read."""

    sheet: Sheet
    """What was valid."""
    blanks: tuple[str, ...] = ()
    """Places that still hold «?»: ``biosamples[0].organism.name``."""
    findings: tuple[Finding, ...] = ()
    """What was not valid; those places are missing from `sheet`."""


def load_sheet(text: str | bytes | Path, name: str = SHEET_FILE) -> LoadedSheet:
    """Read a deposition sheet; never raises on what a person wrote: all that is wrong becomes findings, the rest a `Sheet`.

    Parameters
    ----------
    text : str, bytes or Path
        YAML or JSON (UTF-8), at most 16 MiB; a Path is read.
    name : str
        Name of the sheet in findings.
    """
    try:
        parsed = _text.parse(_decode(text), name)
        if parsed.value is None:
            raise _text.TextError("it is empty", hint="`micrographia describe` drafts one from the files.")
        if not isinstance(parsed.value, dict):
            raise _text.TextError("it is not a mapping of keys to values", type(parsed.value).__name__, "Start with `title: …`.")
    except _text.TextError as exc:
        message, expected = f"{name} cannot be read: {exc.message}.", "YAML in UTF-8, at most 16 MiB"
        return LoadedSheet(Sheet(), (), (Finding("sheet.unreadable", "error", name, message, exc.found, expected, exc.hint),))
    return _validated(parsed.value, parsed.lines, name, parsed.findings)


def load_sheet_values(values: dict[str, Any], name: str = SHEET_FILE) -> LoadedSheet:
    """Read a sheet that is plain values already, as `load_sheet` reads a text."""
    return _validated(values, {}, name, ())


def _validated(values: Any, lines: dict[str, int], name: str, said: Iterable[Finding]) -> LoadedSheet:
    blanks: list[str] = []
    findings = list(said)
    data = _without_blanks(values, "", blanks)
    sheet = _Validation(data if isinstance(data, dict) else {}, lines, name, findings).sheet()
    return LoadedSheet(sheet, tuple(blanks), tuple(findings))


def _decode(text: str | bytes | Path) -> str:
    if isinstance(text, Path):
        try:
            with text.open("rb") as file:
                text = file.read(_text.MAX_BYTES + 1)
        except OSError as exc:
            raise _text.TextError(exc.strerror or str(exc)) from exc
    if len(text) > _text.MAX_BYTES:
        raise _text.TextError("it is larger than 16 MiB", f"{len(text):,} bytes", "Use globs instead of naming each file.")
    try:
        return text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as exc:
        raise _text.TextError("it is not UTF-8", f"byte {exc.start}", "Save it as UTF-8.") from exc


def _without_blanks(value: Any, at: str, blanks: list[str]) -> Any:
    """Return `value` without blanks and nulls; `_GONE` when nothing but blanks was in it."""
    if isinstance(value, str) and value.strip() in BLANKS:
        blanks.append(at)
        return _GONE
    if value is None:
        return _GONE
    before = len(blanks)
    if isinstance(value, dict):
        mapping = {k: kept for k, v in value.items() if (kept := _without_blanks(v, place(at, k), blanks)) is not _GONE}
        return _GONE if not mapping and len(blanks) > before else mapping
    if isinstance(value, list):
        items = [_without_blanks(v, place(at, n), blanks) for n, v in enumerate(value)]
        if len(blanks) > before and any(isinstance(v, int | float) for v in items):
            return _GONE  # [?, 6, 6]: a part of a triple is nothing
        # the place of an item is kept by _Validation, so what is gone stays here until then
        return items if any(v is not _GONE for v in items) or not items else _GONE
    return value


class _Validation:
    """Validates, says what is wrong, leaves it out and validates again until a Sheet results."""

    def __init__(self, data: dict[str, Any], lines: dict[str, int], name: str, findings: list[Finding]) -> None:
        self._data = data
        self._lines = lines
        self._name = name
        self._findings = findings
        self._said: set[str] = set()

    def sheet(self) -> Sheet:
        for _ in range(_MAX_ROUNDS):
            self._numbers: dict[str, list[int]] = {}
            try:
                return Sheet.model_validate(self._compact(self._data, ""))
            except ValidationError as exc:
                wrong = [(error, *self._keys(error["loc"])) for error in exc.errors(include_url=False)]
                for error, keys, _ in wrong:
                    self._say_once(error, keys)
                for _, keys, missing in wrong:
                    self._leave_out(keys[:-1] if missing else keys)
        return Sheet()

    def _compact(self, value: Any, at: str) -> Any:
        """Return the data without what was left out, remembering the numbers that list items had."""
        if isinstance(value, dict):
            return {k: self._compact(v, place(at, k)) for k, v in value.items()}
        if isinstance(value, list):
            self._numbers[at] = [n for n, v in enumerate(value) if v is not _GONE]
            return [self._compact(value[n], place(at, n)) for n in self._numbers[at]]
        return value

    def _leave_out(self, keys: list[Any]) -> None:
        parent: Any = self._data
        for key in keys[:-1]:
            parent = parent.get(key) if isinstance(parent, dict) else parent[key]
            if parent is None or parent is _GONE:
                return
        if keys and isinstance(parent, list):
            parent[keys[-1]] = _GONE
        elif keys:
            parent.pop(keys[-1], None)

    def _keys(self, loc: tuple[str | int, ...]) -> tuple[list[Any], bool]:
        """Return the keys of `loc` that lead through the data as written, and whether the last of them is missing there.

        Pydantic's own names of union members are left out.
        """
        keys: list[Any] = []
        value: Any = self._data
        for n, key in enumerate(loc):
            if isinstance(value, list):
                numbers = self._numbers[_spell(keys)]
                if not isinstance(key, int) or key >= len(numbers):
                    break
                key = numbers[key]
                value = value[key]
            elif isinstance(value, dict):
                if key not in value:
                    if n == len(loc) - 1 and isinstance(key, str):
                        return [*keys, key], True
                    continue  # a name of pydantic's, or one item written without its list
                value = value[key]
            else:
                break
            keys.append(key)
        return keys, False

    def _say_once(self, error: Any, keys: list[Any]) -> None:
        """Say what is wrong, unless it follows from what was said before (an author without a name, whose name was no text)."""
        at = _spell(keys)
        above = {_spell(keys[:n]) for n in range(1, len(keys) + 1)}
        if not above & self._said:
            self._say(error, keys)
        self._said.add(at)

    def _say(self, error: Any, keys: list[Any]) -> None:
        at, key = _spell(keys), str(keys[-1]) if keys else ""
        line = self._lines.get(at) or self._lines.get(_spell(keys[:-1]))
        found = "" if error["type"] == "missing" else _shown(error.get("input"))
        found += f" (line {line})" if line else ""
        path = f"{self._name}:{at}" if at else self._name
        if error["type"] == "extra_forbidden":
            known = _known_keys(keys[:-1])
            closest, hint = _closest(key, known)
            message = f"unknown key `{key}`" + (f"; did you mean `{closest}`?" if closest else ".")
            self._findings.append(
                Finding("sheet.unknown_key", "error", path, message, (f"line {line}" if line else ""), "one of " + ", ".join(known), hint)
            )
        elif error["type"] == "missing":
            self._findings.append(
                Finding("sheet.missing_key", "error", path, f"`{key}` is missing.", found.strip(), key, f"Add `{key}: …`.")
            )
        else:
            message, expected, hint = _meaning(error, key)
            self._findings.append(Finding("sheet.invalid_value", "error", path, message, found, expected, hint))


def _spell(keys: list[Any]) -> str:
    at = ""
    for key in keys:
        at = place(at, key)
    return at


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}".replace("dict", "mapping")
    return text if len(text) <= 80 else text[:77] + "…"


def _meaning(error: Any, key: str) -> tuple[str, str, str]:
    """Return message, expected, hint of a pydantic error, in words for a microscopist."""
    kind, context = error["type"], error.get("ctx", {})
    if key.startswith("voxel_size_"):
        return (
            f"`{key}` is not the size of a voxel.",
            "one number greater than 0, or three: [z, y, x]",
            "The unit is part of the key's name.",
        )
    if kind == "literal_error":
        choices = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        closest = difflib.get_close_matches(str(error.get("input")).lower(), [c.lower() for c in choices], 1, 0.5)
        best = next((c for c in choices if closest and c.lower() == closest[0]), "")
        return (
            f"`{key}` is not one of the words known here" + (f"; did you mean `{best}`?" if best else "."),
            "one of " + ", ".join(choices),
            "",
        )
    if kind in ("float_parsing", "float_type", "int_parsing", "int_type", "int_from_float"):
        whole = "a whole number" if kind.startswith("int") else "a number"
        return f"`{key}` is not {whole}.", f"{whole} without its unit", "The unit is part of the key's name."
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"`{key}` is not a mapping.", "keys and values: {…: …}", ""
    if kind in ("tuple_type", "list_type"):
        return f"`{key}` is not a list.", "a list: [ … ]", ""
    text = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    if kind == "string_pattern_mismatch":
        return f"`{key}` is not of the form asked for.", str(context.get("pattern", "")), ""
    if kind == "string_type":
        return f"`{key}` is not text.", "text", "Quote it."
    return f"`{key}` {text}.", text.removeprefix("must be ").removeprefix("should be "), ""


def models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the records that a field's annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_of(argument)


def _model_at(keys: list[Any]) -> type[BaseModel]:
    model: type[BaseModel] = Sheet
    for key in keys:
        if isinstance(key, str) and key in model.model_fields:
            model = next(models_of(model.model_fields[key].annotation), model)
    return model


def _known_keys(keys: list[Any]) -> list[str]:
    return [field.alias or name for name, field in _model_at(keys).model_fields.items()]


def _closest(key: str, known: list[str]) -> tuple[str, str]:
    """Return the known key that was probably meant (or empty), and a hint where it belongs when that is elsewhere."""
    wanted = _SYNONYMS.get(key.lower(), key.lower().replace("-", "_"))
    if wanted in known:
        return wanted, f"Write `{wanted}`."
    if near := difflib.get_close_matches(wanted, known, 1, 0.75):
        return near[0], f"Write `{near[0]}`."
    for where, name in _everywhere():
        if name == wanted:
            return f"{where}.{name}" if where else name, f"`{name}` belongs in `{where}`." if where else f"`{name}` belongs at the top."
    near = difflib.get_close_matches(wanted, known, 1, 0.6)
    return (near[0], f"Write `{near[0]}`.") if near else ("", "Leave it out, or say it in `description`.")


def _everywhere() -> Iterator[tuple[str, str]]:
    """Yield every key of the form with the key that holds it."""
    todo: list[tuple[str, type[BaseModel]]] = [("", Sheet)]
    seen: set[type[BaseModel]] = set()
    while todo:
        where, model = todo.pop(0)
        if model in seen:
            continue
        seen.add(model)
        for name, field in model.model_fields.items():
            yield where, field.alias or name
            todo += [(name, inner) for inner in models_of(field.annotation)]
