"""What is wrong with a table, as frictionless words it, in records small enough to keep by the million."""

import marshal
import tempfile
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


class Log:
    """Records in the order in which they came, on disk but for the newest; read as often as one likes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.count = 0
        self._newest: list[Any] = []
        self._file: IO[bytes] | None = None
        self._sizes: list[int] = []

    def extend(self, records: Iterable[Any]) -> None:
        """Keep `records`, made of tuples, lists, text and numbers."""
        records = iter(records)
        while more := list(islice(records, CHUNK - len(self._newest))):
            self._newest += more
            self.count += len(more)
            if len(self._newest) >= CHUNK:
                self._spill()

    def _spill(self) -> None:
        self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the log
        self._sizes.append(self._file.write(marshal.dumps(self._newest)))
        self._newest = []

    def __iter__(self) -> Iterator[Any]:
        """Yield the records, oldest first."""
        place = 0
        for size in self._sizes:
            yield from self._chunk(place, size)
            place += size
        yield from self._newest

    def _chunk(self, place: int, size: int) -> Any:
        """Return the records that were written at `place`; the file stands at its end again."""
        if self._file is None:
            return []
        self._file.seek(place)
        chunk = marshal.loads(self._file.read(size))  # noqa: S302 - written above, in a file without a name
        self._file.seek(0, 2)
        return chunk


def record(one: RowFaults) -> tuple[int, list[str], list[Any]]:
    """Return a row as a log of rows keeps it."""
    return one.row, one.cells, [tuple(fault) for fault in one.faults]


class RowLog(Log):
    """The rows that have errors."""

    def add(self, rows: Iterable[RowFaults]) -> None:
        """Keep `rows`."""
        self.extend(map(record, rows))

    def rows(self) -> Iterator[RowFaults]:
        """Yield the rows, in the order in which they came."""
        for row, cells, faults in self:
            yield RowFaults(row, cells, [Fault(*fault) for fault in faults])

    def faults(self) -> Iterator[tuple[Any, ...]]:
        """Yield the errors of all rows as tuples, in the order in which they came."""
        for _, _, faults in self:
            yield from faults
