"""What is wrong with a table, as frictionless words it, in records small enough to keep by the million."""

import marshal
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any, NamedTuple

CHUNK = 4096
"""Records that are kept as they are, before they go to disk together."""


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


class RowLog:
    """The rows that have errors, in their order, on disk but for the newest; read as often as one likes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.numbers = array("q")
        self.again: RowLog | None = None
        """Rows that take the place of what was kept of them."""
        self._newest: list[Record] = []
        self._file: IO[bytes] | None = None
        self._sizes: list[int] = []

    def extend(self, records: Iterable[Record]) -> None:
        """Keep `records`, which come after all that are kept."""
        records = iter(records)
        while more := list(islice(records, CHUNK - len(self._newest))):
            self._newest += more
            self.numbers.extend(number for number, _, _ in more)
            if len(self._newest) >= CHUNK:
                self._spill()

    def correct(self, records: Iterable[Record]) -> None:
        """Keep `records`, in their order, in their places and instead of what was kept of the same rows."""
        self.again = RowLog()
        self.again.extend(records)

    def _spill(self) -> None:
        self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the log
        self._sizes.append(self._file.write(marshal.dumps(self._newest)))
        self._newest = []

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
        for size in self._sizes:
            yield from self._chunk(place, size)
            place += size
        yield from self._newest

    def _chunk(self, place: int, size: int) -> list[Record]:
        """Return the records that were written at `place`; the file stands at its end again."""
        if self._file is None:
            return []
        self._file.seek(place)
        chunk: list[Record] = marshal.loads(self._file.read(size))  # noqa: S302 - written above, in a file without a name
        self._file.seek(0, 2)
        return chunk

    def add(self, rows: Iterable[RowFaults]) -> None:
        """Keep `rows`."""
        self.extend(map(record, rows))

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
