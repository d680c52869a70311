"""The shortest names for a group of files: a glob where one matches exactly these, else several, else the files themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from micrographia.describe._patterns import NUMBER, Pattern
from micrographia.model.declared import compile_glob, escape_glob

_STARS = re.compile(r"\*+(?:[-.]?\*+)*")
# above so many patterns, exactness is asked of the same folder only
_MOST_COMPARED = 3_000


class Globs:
    """Finds globs that match one group and nothing else of the deposit."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._samples = {id(p): p.sample for p in patterns}
        self._by_folder: dict[str, dict[int, str]] = {}
        for p in patterns:
            self._by_folder.setdefault(p.folder, {})[id(p)] = p.sample

    def of(self, group: Sequence[Pattern]) -> tuple[str, ...]:
        """Return names for all files of `group`; a glob among them matches no other file."""
        if len(group) == 1 and group[0].count == 1:
            return (escape_glob(group[0].sample),)
        mine = {id(p) for p in group}
        for candidate in _candidates(group):
            if self._is_exact(candidate, mine, group):
                return (candidate,)
        out: list[str] = []
        for pattern in group:
            if pattern.count == 1:
                out.append(escape_glob(pattern.sample))
                continue
            exact = next((c for c in _candidates((pattern,)) if self._is_exact(c, {id(pattern)} | mine, (pattern,))), None)
            if exact is None and all(v.is_listed for v in pattern.variants.values()):
                out += [escape_glob(f.path) for v in pattern.variants.values() for f in v.files]
            else:
                out.append(exact or _as_glob(pattern.sample))
        return tuple(dict.fromkeys(out))

    def _is_exact(self, glob: str, mine: set[int], group: Sequence[Pattern]) -> bool:
        expression = compile_glob(glob)
        samples = self._samples if len(self._samples) <= _MOST_COMPARED else self._by_folder.get(group[0].folder, self._samples)
        covers = all(expression.fullmatch(self._samples[id(p)]) for p in group)
        return covers and not any(expression.fullmatch(sample) for key, sample in samples.items() if key not in mine)


def _candidates(group: Sequence[Pattern]) -> list[str]:
    """Return globs that may match the group, the shortest to read first."""
    samples = [p.sample for p in group]
    folders = {s.rpartition("/")[0] for s in samples}
    names = [s.rpartition("/")[2] for s in samples]
    suffixes = {p.suffix for p in group}
    if len(folders) > 1:
        return []
    folder = _as_glob(folders.pop())
    at = f"{folder}/" if folder else ""
    out: list[str] = []
    if len(suffixes) == 1:
        suffix = next(iter(suffixes))
        out.append(f"{at}*{_as_glob(names[0][len(names[0]) - len(suffix) :])}")
        prefix = _common_start(names).split(NUMBER)[0]
        if prefix and len(prefix) < min(map(len, names)):
            tail = names[0][len(names[0]) - len(suffix) :]
            out.append(f"{at}{escape_glob(prefix)}*{_as_glob(tail)}")
    if len(names) == 1:
        out.append(at + _as_glob(names[0]))
    return out


def _as_glob(masked: str) -> str:
    """Return a masked name as a glob."""
    return _STARS.sub("*", escape_glob(masked).replace(NUMBER, "*"))


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return next((first[:n] for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), first)
