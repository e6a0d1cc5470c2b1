"""What is wrong with a table, as frictionless words it, in records small enough to keep by the million."""

import marshal
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
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


Record = tuple[int, list[str], list[Any]]
"""A row as it is kept: its number, its cells and its errors, all of them tuples, lists, text and numbers."""


def record(one: RowFaults) -> Record:
    """Return a row as a log of rows keeps it."""
    return one.row, one.cells, [tuple(fault) for fault in one.faults]


class Packed(NamedTuple):
    """Some rows as they are kept, in bytes: a tenth of what they take as objects."""

    numbers: "array[int]"
    data: bytes


def packed(records: Iterable[Record]) -> Iterator[Packed]:
    """Yield `records` in bytes, so many together."""
    records = iter(records)
    while some := list(islice(records, CHUNK)):
        yield Packed(array("q", [number for number, _, _ in some]), marshal.dumps(some))


class RowLog:
    """The rows that have errors, in their order, on disk where they are many; read as often as one likes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.numbers = array("q")
        self.again: RowLog | None = None
        """Rows that take the place of what was kept of them."""
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - lives as long as the log
        self._chunks: list[tuple[int, int]] = []
        """Of those that were added together, what each number lacks, and how many bytes they take."""

    def extend(self, records: Iterable[Record]) -> None:
        """Keep `records`, which come after all that are kept."""
        for some in packed(records):
            self.add(some)

    def add(self, some: Packed, first: int = 0) -> None:
        """Keep some rows, which come after all that are kept; their numbers are counted from `first`."""
        self.numbers.extend(number + first for number in some.numbers)
        self._chunks.append((first, self._file.write(some.data)))

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
        place = 0
        for first, size in self._chunks:
            self._file.seek(place)
            chunk: list[Record] = marshal.loads(self._file.read(size))  # noqa: S302 - written above, in a file without a name
            self._file.seek(0, SEEK_END)
            yield from ((number + first, cells, faults) for number, cells, faults in chunk)
            place += size

    def rows(self) -> Iterator[RowFaults]:
        """Yield the rows, in their order."""
        for row, cells, faults in self:
            yield RowFaults(row, cells, [Fault(*fault) for fault in faults])

    def faults(self) -> Iterator[tuple[Any, ...]]:
        """Yield the errors of all rows as tuples, in their order."""
        for _, _, faults in self:
            yield from faults


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
