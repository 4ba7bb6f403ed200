"""Tables of numbers as text: what is a separator, a comment, a heading, and a number. The rules are in docs/data.md."""

from __future__ import annotations

import csv
import gzip
import zlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TextIO

import numpy as np

from ...theory.errors import SpecError
from ..kernels.columns import unnamed_index
from ..kernels.exact_rows import LONGEST_DIGITS, ExactRow, split_row
from .reading import Choice, Contents, Reading, choose, signs

COMMENTS = ("#", "%")
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "?", "."})
INTEGERS = 2**53
MAX_SHOWN = 40


class _Lines:
    """The lines of a file without blank ones and comments, the number of the last one, and the size read so far."""

    def __init__(self, file: TextIO, path: Path, memory: int) -> None:
        self.file, self.path, self.memory = file, path, memory
        self.number = self.comments = self.read = 0

    def __iter__(self) -> Iterator[str]:
        for line in self.file:
            self.number += 1
            self.read += len(line)
            if self.read > self.memory:
                raise SpecError(
                    f"data: {self.path} is larger than the budget of {self.memory / 1e9:.2g} GB: raise memory."
                )
            if line.lstrip().startswith(COMMENTS):
                self.comments += 1
            elif line.strip():
                yield line


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """A text file, compressed where its name ends in .gz; what is no such file is a :class:`SpecError`."""
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as packed:
                yield packed
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield file
    except (UnicodeDecodeError, csv.Error) as error:
        raise SpecError(f"{path}: not readable as CSV ({error}): save it as plain UTF-8 CSV.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise SpecError(f"{path}: not readable ({str(error).rstrip('.')}): save it again.") from None


def separator(line: str) -> str:
    """What separates the fields of a line: the first of tab, semicolon, comma that is in it, else blanks.

    >>> separator("1,5;2,5"), separator("1 2")
    (';', ' ')
    """
    return next((mark for mark in "\t;," if mark in line), " ")


def read_text(path: Path, n: int | None, reading: Reading, memory: int) -> Contents:
    """The first ``n`` points of a text file, or all; :class:`SpecError` names the line of anything unusable."""
    with opened(path) as file:
        lines = _Lines(file, path, memory)
        return _Table(path, reading, lines).contents(n)


class _Table:
    """One pass over a file: the state that its rules share."""

    def __init__(self, path: Path, reading: Reading, lines: _Lines) -> None:
        self.path, self.reading, self.lines = path, reading, lines
        self.mark = ","
        self.first = ""
        self.commas = self.points = False
        self.notes: list[str] = []

    def contents(self, n: int | None) -> Contents:
        """Everything that the file says about its first ``n`` points."""
        rows = self._rows()
        first = next(rows, None)
        if first is None:
            raise self._empty()
        start, fields = first
        trailing = len(fields) > 1 and not fields[-1].strip()
        if trailing:
            fields = fields[:-1]
        width, names = len(fields), self._heading(fields)
        index = [] if names is None else unnamed_index(names)
        choice = choose(names, width, index, self.reading, str(self.path))
        values, exact, raw = array("d"), dict[int, ExactRow](), list[object]()
        k = 0
        for number, row in [] if names is not None else [(start, fields)]:
            self._take(number, row, choice, values, exact, raw, k)
            k += 1
        while n is None or k < n:
            following = next(rows, None)
            if following is None:
                break
            number, row = following
            if trailing and len(row) == width + 1 and not row[-1].strip():
                row = row[:-1]
            if len(row) != width:
                raise SpecError(
                    f"{self.path}: line {number} has {len(row)} columns, the first has {width}:"
                    " every row must have the same length."
                )
            self._take(number, row, choice, values, exact, raw, k)
            k += 1
        if k == 0:
            raise self._empty()
        table = np.frombuffer(values, dtype=np.float64).reshape(k, len(choice.kept)).copy()
        self._counted(table, names, choice)
        labels = raw if choice.label is not None else None
        return Contents(table, exact, labels, self._told(start, names, choice, trailing))

    def _empty(self) -> SpecError:
        return SpecError(
            f"{self.path}: no rows of numbers found: write one point per line, columns separated by commas."
        )

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The lines as fields, with their numbers; the separator is that of the second line, or of the only one."""
        lines = iter(self.lines)
        head: list[tuple[int, str]] = []
        for line in lines:
            head.append((self.lines.number, line))
            if len(head) == 2:
                break
        if not head:
            return
        self.first, self.mark = head[0][1].strip(), separator(head[-1][1])

        def again() -> Iterator[str]:
            for self.lines.number, line in head:
                yield line
            yield from lines

        if self.mark == " ":
            for line in again():
                yield self.lines.number, line.split()
        else:
            for fields in csv.reader(again(), delimiter=self.mark, skipinitialspace=True):
                yield self.lines.number, fields

    # -- headings -------------------------------------------------------------------

    def _heading(self, fields: list[str]) -> list[str] | None:
        """The names in the first line where that is a heading; None where it is a point."""
        names = [field.strip() for field in fields]
        named = [self.reading.labels, *self.reading.columns, *self.reading.drop]
        if self.reading.header is not None:
            return names if self.reading.header else None
        if any(isinstance(c, str) for c in named):
            return names
        seen = choose(None, len(fields), [], self.reading, str(self.path)).kept
        chosen = [names[k] for k in seen]
        if any(self._numeric(name) for name in chosen):
            if chosen[1:] == [str(k) for k in range(len(chosen) - 1)] and not chosen[0]:
                return names  # the heading of an index, and the numbers of columns without names
            if not _consecutive(chosen):
                return None  # a point, or a line that is refused as one
            raise SpecError(
                f"{self.path}: the first line is {', '.join(chosen)[:MAX_SHOWN]}: is it a heading or a point? Say"
                " header = true or header = false in [data] (--header or --no-header)."
            )
        if all(name.lower() in MISSING for name in chosen):
            return None
        if any(self._all_numbers(mark) for mark in "\t;, " if mark != self.mark):
            raise SpecError(
                f"{self.path}: the first line, {self.first[:MAX_SHOWN]}, is made of numbers, but separated unlike the"
                " next one: every row must have the same columns; say --header if it is a heading."
            )
        return names

    def _all_numbers(self, mark: str) -> bool:
        """Whether the first line is made of numbers alone where ``mark`` separates them."""
        fields = [field.strip(' \t"') for field in self.first.strip(mark).split(None if mark == " " else mark)]
        try:
            found = [Decimal(x if mark == "," else x.replace(",", ".", 1)) for x in fields if x.lower() not in MISSING]
        except InvalidOperation:
            return False
        return len(fields) > 1 and bool(found)

    def _numeric(self, field: str) -> bool:
        try:
            self._decimal(field)
        except (InvalidOperation, ValueError):
            return False
        return field.lower() not in MISSING

    # -- numbers --------------------------------------------------------------------

    def _decimal(self, field: str) -> Decimal:
        if "_" in field:  # Python's own notation
            raise ValueError(field)
        comma = self.mark != "," and "," in field and "." not in field
        found = Decimal(field.replace(",", ".", 1) if comma else field)
        self.commas |= comma
        self.points |= "." in field
        return found

    def _take(
        self,
        number: int,
        fields: list[str],
        choice: Choice,
        values: array[float],
        exact: dict[int, ExactRow],
        raw: list[object],
        k: int,
    ) -> None:
        """Append the point on line ``number``."""
        where = f"{self.path}: line {number}"
        chosen = [fields[j] for j in choice.kept]
        row = self._numbers(chosen, where)
        if self.commas and self.points and self.mark != ",":
            raise SpecError(f"{where}: some numbers have decimal commas and others decimal points: write one of them.")
        rest: ExactRow | None = None
        if self.reading.numbers == "binary64" or type(row[0]) is int:  # integers up to 2^53: both are one
            floats = [float(x) for x in row]
            if not all(map(np.isfinite, floats)):
                raise SpecError(f"{where} has an entry that is NaN or infinite: remove the line or fill it in.")
        else:
            floats, rest = split_row(row, where)
        if not (any(floats) or self.reading.zero_rows):
            raise SpecError(f"{where} is zero, so it has no direction: remove the line or fill it in.")
        values.extend(floats)
        if rest is not None:
            exact[k] = rest
        if choice.label is not None:
            raw.append(fields[choice.label])

    def _numbers(self, fields: Sequence[str], where: str) -> Sequence[int | Decimal]:
        try:
            whole = list(map(int, fields))  # the common case of pixels and counts, at the speed of int
            if all(-INTEGERS <= x <= INTEGERS for x in whole) and not any("_" in field for field in fields):
                return whole
        except ValueError:
            pass
        try:
            row = [self._decimal(field.strip()) for field in fields]
        except (InvalidOperation, ValueError):
            if any(field.strip().lower() in MISSING for field in fields):
                raise SpecError(f"{where} has an entry that is missing: remove the line or fill it in.") from None
            shown = ", ".join(fields)[:MAX_SHOWN]
            raise SpecError(
                f"{where} is not made of numbers ({shown!r}): write one point per line, numbers separated by commas;"
                " a heading is said by header = true, other columns are left out by drop."
            ) from None
        for x in row:
            if not x.is_finite():
                raise SpecError(f"{where} has an entry that is NaN or infinite: remove the line or fill it in.")
            if abs(x.adjusted()) > LONGEST_DIGITS and x:
                raise SpecError(f"{where} has a number of more than {LONGEST_DIGITS} digits: give shorter numbers.")
        return row

    # -- what is told ---------------------------------------------------------------

    def _counted(self, table: np.ndarray, names: list[str] | None, choice: Choice) -> None:
        """Refuse, or mention, a first column that only counts the rows."""
        n, d = table.shape
        if n < 3 or d < 2 or self.reading.columns or self.reading.square:
            return
        counts = np.arange(n)
        if not (np.array_equal(table[:, 0], counts) or np.array_equal(table[:, 0], counts + 1)):
            return
        if names is not None:
            self.notes.append(f"column {names[choice.kept[0]]!r} counts the rows, and is kept as a coordinate")
        elif not self.reading.drop:
            raise SpecError(
                f"{self.path}: the first column counts the rows: is it an index or a coordinate? Say drop = [0] or"
                " columns = [...] in [data] (--drop 0, or --columns)."
            )

    def _told(self, start: int, names: list[str] | None, choice: Choice, trailing: bool) -> tuple[str, ...]:
        mark = {" ": "blanks", "\t": "tabs", ";": "semicolons", ",": "commas"}[self.mark]
        notes = [f"line {start} is a heading"] if names is not None else []
        if self.lines.comments:
            notes.append(f"comment lines skipped: {self.lines.comments}")
        if self.mark != ",":
            notes.append(f"columns are separated by {mark}" + (", numbers have decimal commas" if self.commas else ""))
        if trailing:
            notes.append("an empty last column is left out")
        return (*notes, *choice.notes, *self.notes)


def _consecutive(names: Sequence[str]) -> bool:
    """Whether these may number columns: 0, 1, ..., or three and more that begin at 1 or, as years, at 1000 and beyond.

    >>> _consecutive(["0", "1"]), _consecutive(["1", "2"]), _consecutive(["2019", "2020", "2021"])
    (True, False, True)
    """
    if not all(name.isascii() and name.isdigit() and len(name) < 10 for name in names):
        return False
    found = list(map(int, names))
    first, count = found[0], len(found)
    return (
        found == list(range(first, first + count))
        and count > 1
        and (first == 0 or (count > 2 and (first == 1 or first >= 1000)))
    )


def read_labels(path: Path, n: int) -> tuple[np.ndarray, str]:
    """The labels of ``n`` points from a text file of one column; a heading makes it one line longer."""
    with opened(path) as file:
        rows = [line.strip().strip('"') for line in _Lines(file, path, 1 << 30)]
    note = ""
    if len(rows) == n + 1:
        rows, note = rows[1:], " (its first line is a heading)"
    if len(rows) < n:
        raise SpecError(f"{path}: {len(rows)} labels for {n} points: give one line for each point.")
    found, told = signs(rows[:n], path.name)
    return found, told + note
