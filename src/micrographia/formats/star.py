"""STAR tables (RELION, Warp, mmCIF): blocks of values and loops, streamed, so that 10⁶ rows cost time but no memory.

The grammar is that of Hall (1991) as RELION, Warp and the PDB write it: `data_` blocks, `loop_` tables, single values, quotes,
text fields between semicolons, comments. What the columns mean is the subject of `relion.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.description import Contents, UnreadableError
from micrographia.formats.source import ByteSource

_CHUNK_BYTES = 1 << 22
# a STAR file with a longer line is none
_LONGEST_LINE_BYTES = 1 << 24
_MOST_TABLES = 100_000
_MOST_COLUMNS = 10_000

# what ends the rows of a loop: a block, a loop, a name, a comment, a text field; «data_001.mrc 1 2» is a row
_MARK = re.compile(rb"^(?:[ \t]*(?:data_[^\s]*[ \t]*\r?$|loop_(?=\s|$)|save_|[_#])|;)", re.MULTILINE)
# a line that starts otherwise has no mark
_MARK_STARTS = np.isin(np.arange(256), np.frombuffer(b"_#;dls", np.uint8))
_TOKEN = re.compile(rb"""'((?:[^'\n]|'(?!\s|$))*)'(?=\s|$)|"((?:[^"\n]|"(?!\s|$))*)"(?=\s|$)|(?:(?<=\s)|^)(\#[^\n]*)|(\S+)""", re.MULTILINE)


class StarEvents(Protocol):
    """What `parse` tells whoever listens, in the order of the file."""

    def comment(self, text: str) -> None:
        """Receive a comment line without its `#`."""

    def table(self, block: str, columns: tuple[str, ...], is_loop: bool) -> None:
        """Receive the start of a loop, or of a run of single values (then `columns` is empty and `value` brings the names)."""

    def value(self, name: str, value: bytes) -> None:
        """Receive one single value of the table that started last."""

    def rows(self, tokens: list[bytes]) -> None:
        """Receive some whole rows of the loop that started last, all tokens in one list."""


@dataclass(frozen=True, slots=True)
class StarTable:
    """One loop, or the single values of a block as a table of one row."""

    name: str
    """Name of the block, without `data_`."""
    columns: tuple[str, ...]
    """Names without the leading underscore: ``rlnImageName``."""
    row_count: int
    """Number of rows."""
    is_loop: bool
    """False for single values."""
    _pieces: Mapping[str, list[NDArray[np.bytes_]]] = field(default_factory=dict, repr=False)

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def text(self, column: str) -> NDArray[np.str_]:
        """Return a column as text, shape (row_count,); KeyError when there is none or it was not asked for."""
        values = self._bytes(column)
        try:
            return values.astype(np.str_)  # ASCII, which is fast
        except UnicodeDecodeError:
            return np.char.decode(values, "utf-8", "replace")

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers, shape (row_count,); NaN where there is no number; KeyError as `text`."""
        return to_numbers(self._bytes(column))

    def value(self, column: str, default: str = "") -> str:
        """Return the first row of a column, `default` when there is none."""
        pieces = self._pieces.get(column)
        return bytes(pieces[0][0]).decode("utf-8", "replace") if pieces and len(pieces[0]) else default

    def _bytes(self, column: str) -> NDArray[np.bytes_]:
        pieces = self._pieces[column]
        return np.concatenate(pieces) if pieces else np.empty(0, "S1")


@dataclass(frozen=True, slots=True)
class StarBlock:
    """Everything between one `data_` and the next; RELION's blocks hold one table, those of mmCIF many."""

    name: str
    """Name without `data_`; may be empty."""
    tables: tuple[StarTable, ...]
    """In the order of the file."""

    def table_with(self, column: str) -> StarTable | None:
        """Return the first table with this column."""
        return next((t for t in self.tables if column in t), None)

    def value(self, column: str, default: str = "") -> str:
        """Return the first value of a column of any table, `default` when there is none."""
        table = self.table_with(column)
        return table.value(column, default) if table else default


def read_star(source: ByteSource, columns: Collection[str] | None = None) -> dict[str, StarBlock]:
    """Return the blocks of a STAR file by name (a name that comes again gets ``#2``, ``#3``).

    Parameters
    ----------
    source : ByteSource
    columns : collection of str, optional
        Keep the values of these loop columns only, which saves time and memory; None keeps all. Single values are always kept.

    Raises
    ------
    UnreadableError
        The file is no STAR file, or a loop ends in the middle of a row.
    """
    gathered = _Gathered(columns)
    parse(source, gathered)
    return gathered.blocks()


def parse(source: ByteSource, events: StarEvents) -> None:
    """Read a STAR file from start to end and tell `events` what comes; UnreadableError when it is none."""
    parser = _Parser(source.name, events)
    for chunk in _whole_lines(source):
        parser.feed(chunk)
    parser.finish()


def to_numbers(column: NDArray[np.bytes_]) -> NDArray[np.float64]:
    """Return the numbers that a column of bytes spells, NaN where there is none."""
    try:
        return column.astype(np.float64)
    except ValueError:
        return np.array([_number(value) for value in column], np.float64)


def inspect(source: ByteSource, path: str) -> Contents:
    """Return what a STAR file holds, in RELION's terms where it is one of RELION's."""
    from micrographia.formats.relion import describe_star  # the meaning is built on the grammar

    return describe_star(source, path)


def _number(value: bytes) -> float:
    try:
        return float(value)
    except ValueError:
        return np.nan


def _whole_lines(source: ByteSource) -> Iterator[bytes]:
    rest = b""
    for start in range(0, source.size, _CHUNK_BYTES):
        data = rest + source.read(start, min(_CHUNK_BYTES, source.size - start))
        if b"\0" in data:
            raise UnreadableError("star.unreadable", f"{source.name} holds binary data.", found="a zero byte", expected="text")
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if len(rest) > _LONGEST_LINE_BYTES:
            raise UnreadableError(
                "star.unreadable", f"{source.name} has a line of more than {_LONGEST_LINE_BYTES >> 20} MiB: it is no STAR file."
            )
        if end:
            yield data[:end]
    if rest:
        yield rest + b"\n"


class _Parser:
    """The state between two chunks: which block, which names of a loop's head, which tokens of a row not yet whole."""

    def __init__(self, file_name: str, events: StarEvents) -> None:
        self._file_name = file_name
        self._events = events
        self._block: str | None = None
        self._head: list[str] | None = None  # names of a loop whose rows have not begun
        self._width = 0  # columns of the loop whose rows we are in; 0 outside of loops
        self._in_values = False
        self._row: list[bytes] = []
        self._pending: str | None = None  # name of a single value that comes on the next line
        self._text: list[bytes] | None = None
        self._tables = 0

    def feed(self, chunk: bytes) -> None:
        position = 0
        while position < len(chunk):
            if self._width and self._text is None:
                mark = _MARK.search(chunk, position) if _may_have_mark(chunk, position) else None
                end = mark.start() if mark else len(chunk)
                if end > position:
                    self._rows(chunk[position:end])
                    position = end
                    continue
            end = chunk.find(b"\n", position) + 1
            self._line(chunk[position:end])
            position = end

    def finish(self) -> None:
        if self._block is None:
            raise self._unreadable("it has no data_ block", "data_ and loop_ or names")
        if self._text is not None:
            raise self._unreadable("a text field has no end", "a line with ;")
        self._end_table()

    def _line(self, line: bytes) -> None:
        if self._text is not None:
            self._text_line(line)
            return
        words = line.strip()
        if not words:
            return
        if words.startswith(b"#"):
            self._events.comment(words[1:].strip().decode("utf-8", "replace"))
        elif line.startswith(b";") and self._block is not None:
            self._text = [line[1:]]
        elif words.startswith(b"data_") and (self._head is None or not self._head or len(words.split()) == 1) and self._pending is None:
            self._end_table()
            self._block = words.split()[0][5:].decode("utf-8", "replace")
        elif self._block is None:
            raise self._unreadable(words[:60].decode("utf-8", "replace"), "data_ before anything else")
        elif words.startswith(b"loop_") and (len(words) == 5 or words[5:6].isspace()):
            self._end_table()
            self._head = []
            self._line(words[5:])
        elif words.startswith(b"save_"):
            self._end_table()
        elif words.startswith(b"_") and self._pending is None:
            self._name(words)
        elif self._head:
            self._start_rows()
            self._rows(line)
        elif self._pending is not None:
            self._value(_tokens(words)[0])
        else:
            raise self._unreadable(words[:60].decode("utf-8", "replace"), "a name, a loop or a comment")

    def _text_line(self, line: bytes) -> None:
        assert self._text is not None
        if not line.startswith(b";"):
            self._text.append(line)
            return
        text = b"".join(self._text).strip(b"\r\n")
        self._text = None
        if self._head:
            self._start_rows()
        if self._width:
            self._keep([text])
            if line[1:].strip():
                self._rows(line[1:])
        elif self._pending is not None:
            self._value(text)
        else:
            raise self._unreadable("a text field without a name", "a name before it")

    def _name(self, words: bytes) -> None:
        name, _, rest = words.partition(b" ") if b"\t" not in words else _split_once(words)
        label = name[1:].strip().decode("utf-8", "replace")
        if self._head is not None:
            self._head.append(label)
            if len(self._head) > _MOST_COLUMNS:
                raise self._unreadable(f"a loop of more than {_MOST_COLUMNS} columns", "fewer")
            return
        if not self._in_values:
            self._end_table()
            self._start_table((), is_loop=False)
            self._in_values = True
        self._pending = label
        values = _tokens(rest)
        if values:
            self._value(values[0])

    def _value(self, value: bytes) -> None:
        assert self._pending is not None
        self._events.value(self._pending, value)
        self._pending = None

    def _start_rows(self) -> None:
        assert self._head
        self._start_table(tuple(self._head), is_loop=True)
        self._width, self._head = len(self._head), None

    def _start_table(self, columns: tuple[str, ...], *, is_loop: bool) -> None:
        self._tables += 1
        if self._tables > _MOST_TABLES:
            raise self._unreadable(f"more than {_MOST_TABLES} tables", "fewer")
        self._events.table(self._block or "", columns, is_loop)

    def _end_table(self) -> None:
        if self._head:  # a loop without rows
            self._start_rows()
        if self._row:
            raise self._unreadable(
                f"a row of {len(self._row)} values at the end of a loop in block {self._block!r}", f"{self._width} values, one a column"
            )
        if self._pending is not None:
            self._value(b"")
        self._head, self._width, self._in_values = None, 0, False

    def _rows(self, region: bytes) -> None:
        self._keep(_tokens(region))

    def _keep(self, tokens: list[bytes]) -> None:
        if self._row:
            tokens = self._row + tokens
        whole = len(tokens) - len(tokens) % self._width
        self._row = tokens[whole:]
        if whole:
            self._events.rows(tokens[:whole] if self._row else tokens)

    def _unreadable(self, found: str, expected: str) -> UnreadableError:
        return UnreadableError(
            "star.unreadable",
            f"{self._file_name} is no whole STAR file: {found}.",
            found=found,
            expected=expected,
            hint="Write it again with the program that made it; was it cut off?",
        )


def _tokens(region: bytes) -> list[bytes]:
    if b'"' not in region and b"'" not in region and b"#" not in region:
        return region.split()
    return [m[m.lastindex or 0] for m in _TOKEN.finditer(region) if m.lastindex != 3]


def _may_have_mark(chunk: bytes, position: int) -> bool:
    """Return whether a line from `position` on starts as a mark does; several times faster than the pattern, over rows that have none."""
    data = np.frombuffer(chunk, np.uint8)
    starts = np.append(position, position + 1 + np.flatnonzero(data[position:-1] == ord("\n")))
    while len(starts):
        first = data[starts]
        if _MARK_STARTS[first].any():
            return True
        starts = starts[((first == ord(" ")) | (first == ord("\t")))] + 1  # chunks end with a line end, so this stays inside
    return False


def _split_once(words: bytes) -> tuple[bytes, bytes, bytes]:
    parts = words.split(None, 1)
    return parts[0], b" ", parts[1] if len(parts) > 1 else b""


class _Gathered:
    """Listener that keeps the columns asked for, as arrays of bytes."""

    def __init__(self, columns: Collection[str] | None) -> None:
        self._wanted = None if columns is None else frozenset(columns)
        self._blocks: list[tuple[str, list[_Table]]] = []
        self._last_block: str | None = None

    def comment(self, text: str) -> None:
        pass

    def table(self, block: str, columns: tuple[str, ...], is_loop: bool) -> None:
        if not self._blocks or block != self._blocks[-1][0]:
            self._blocks.append((block, []))
        kept = {c: i for i, c in enumerate(columns) if self._wanted is None or c in self._wanted}
        self._blocks[-1][1].append(_Table(columns, is_loop, kept))

    def value(self, name: str, value: bytes) -> None:
        table = self._blocks[-1][1][-1]
        table.columns += (name,)
        table.row_count = 1
        table.pieces[name] = [np.array([value])]

    def rows(self, tokens: list[bytes]) -> None:
        table = self._blocks[-1][1][-1]
        width = len(table.columns)
        table.row_count += len(tokens) // width
        for column, i in table.kept.items():
            table.pieces[column].append(np.array(tokens[i::width]))

    def blocks(self) -> dict[str, StarBlock]:
        result: dict[str, StarBlock] = {}
        for name, tables in self._blocks:
            key, n = name, 1
            while key in result:
                n += 1
                key = f"{name}#{n}"
            result[key] = StarBlock(name, tuple(StarTable(name, t.columns, t.row_count, t.is_loop, t.pieces) for t in tables))
        return result


class _Table:
    __slots__ = ("columns", "is_loop", "kept", "pieces", "row_count")

    def __init__(self, columns: tuple[str, ...], is_loop: bool, kept: dict[str, int]) -> None:
        self.columns = columns
        self.is_loop = is_loop
        self.kept = kept
        self.row_count = 0
        self.pieces: dict[str, list[NDArray[Any]]] = {column: [] for column in kept}
