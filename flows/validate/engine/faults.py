"""What is wrong with a table, as frictionless words it, in records small enough to keep by the million."""

import marshal
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice, pairwise
from os import SEEK_END
from typing import Any, NamedTuple

CHUNK = 1024
"""Rows that are packed together."""
IN_MEMORY = 4 << 20
"""Bytes of rows that are kept in memory."""


class Fault(NamedTuple):
    """One error: its type and note as frictionless has them, and where it is."""

    type: str
    note: str
    field: str = ""
    number: int = 0
    """Position of the field, from 1; 0 where the error is about no field."""
    cell: str = ""
    more: tuple[tuple[str, Any], ...] = ()
    """What else frictionless keeps: labels of a header, fields of a foreign key."""


class RowFaults(NamedTuple):
    """The errors of one row, its number as a person counts it, and its cells."""

    row: int
    cells: list[str]
    faults: list[Fault]


Told = tuple[Any, ...]
"""A fault as it is kept: a plain tuple, which takes a fraction of the time to make and to write."""
Record = tuple[int, list[str], list[Told]]
"""A row as it is kept: its number, its cells and its errors, all of them tuples, lists, text and numbers."""


class Packed(NamedTuple):
    """Some rows as they are kept, in bytes: a tenth of what they take as objects."""

    numbers: "array[int]"
    faults: bytes
    """Their errors, apart from the cells, without which they are counted."""
    cells: bytes


Columns = list[tuple[bytes, bytes]]
"""By column, its texts one after the other in UTF-8, and how many bytes each has, in 32 bits."""


def packed(records: Iterable[Record]) -> Iterator[Packed]:
    """Yield `records` in bytes, so many together."""
    records = iter(records)
    while some := list(islice(records, CHUNK)):
        numbers, cells, faults = zip(*some, strict=True)
        yield in_bytes(numbers, faults, [], dict(enumerate(cells)))


def in_bytes(numbers: Iterable[int], faults: Any, columns: Columns, apart: dict[int, list[str]]) -> Packed:
    """Return rows in bytes: their cells in columns, but for those that stand `apart`, by their place among the rows."""
    return Packed(array("q", numbers), marshal.dumps(faults), marshal.dumps((columns, apart)))


def _rows_of(count: int, columns: Columns, apart: dict[int, list[str]]) -> Iterator[list[str]]:
    """Yield the cells of so many rows, in their order."""
    together = map(list, zip(*(_texts(*column) for column in columns), strict=True))
    return (apart[place] if place in apart else next(together) for place in range(count))


def _texts(data: bytes, sizes: bytes) -> Iterator[str]:
    """Yield the texts of a column."""
    ends = list(accumulate(array("i", sizes), initial=0))
    return (data[start:end].decode() for start, end in pairwise(ends))


class _Chunk(NamedTuple):
    """Rows that were added together: which, and where their errors and, after these, their cells lie in the file."""

    rows: slice
    start: int
    faults: int
    """Bytes that the errors take."""
    cells: int


class RowLog:
    """The rows that have errors, in their order, on disk where they are many; read as often as one likes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.numbers = array("q")
        self.again: RowLog | None = None
        """Rows that take the place of what was kept of them."""
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - lives as long as the log
        self._chunks: list[_Chunk] = []

    def extend(self, records: Iterable[Record]) -> None:
        """Keep `records`, which come after all that are kept."""
        for some in packed(records):
            self.add(some)

    def add(self, some: Packed, first: int = 0) -> None:
        """Keep some rows, which come after all that are kept; their numbers are counted from `first`."""
        before = len(self.numbers)
        self.numbers.extend(number + first for number in some.numbers)
        start = self._file.seek(0, SEEK_END)
        sizes = self._file.write(some.faults), self._file.write(some.cells)
        self._chunks.append(_Chunk(slice(before, len(self.numbers)), start, *sizes))

    def correct(self, records: Iterable[Record]) -> None:
        """Keep `records`, in their order, in their places and instead of what was kept of the same rows."""
        self.again = RowLog()
        self.again.extend(records)

    def __contains__(self, number: int) -> bool:
        """Return whether the row of that number was kept first."""
        place = bisect_left(self.numbers, number)
        return place < len(self.numbers) and self.numbers[place] == number

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.numbers) + sum(number not in self for number in (self.again.numbers if self.again else ()))

    def __iter__(self) -> Iterator[Record]:
        """Yield the rows as they are kept."""
        return self._kept() if self.again is None else _corrected(self._kept(), iter(self.again))

    def _kept(self) -> Iterator[Record]:
        for rows, start, faults, cells in self._chunks:
            numbers = self.numbers[rows]
            texts = _rows_of(len(numbers), *self._read(start + faults, cells))
            yield from zip(numbers, texts, self._read(start, faults), strict=True)

    def _read(self, start: int, size: int) -> Any:
        self._file.seek(start)
        return marshal.loads(self._file.read(size))  # noqa: S302 - written above, in a file without a name

    def faults(self) -> Iterator[Sequence[list[Told]]]:
        """Yield the errors of each row, of many rows at once, in no order: to be counted."""
        replaced = set(self.again.numbers if self.again else ())
        for rows, start, size, _ in self._chunks:
            numbers, found = self.numbers[rows], self._read(start, size)
            yield [one for number, one in zip(numbers, found, strict=True) if number not in replaced]
        if self.again:
            yield from self.again.faults()

    def rows(self) -> Iterator[RowFaults]:
        """Yield the rows, in their order."""
        for row, cells, faults in self:
            yield RowFaults(row, cells, [Fault(*fault) for fault in faults])


def _corrected(kept: Iterator[Record], again: Iterator[Record]) -> Iterator[Record]:
    """Yield the rows of both, in their order; of a row that is in both, what `again` has."""
    other = next(again, None)
    for one in kept:
        while other is not None and other[0] < one[0]:
            yield other
            other = next(again, None)
        if other is not None and other[0] == one[0]:
            yield other
            other = next(again, None)
        else:
            yield one
    if other is not None:
        yield other
    yield from again
