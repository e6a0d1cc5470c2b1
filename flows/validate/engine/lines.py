"""The line of a file in which each record begins: another number than the record's where a cell holds a line break."""

import csv
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from flows.validate.engine import reference
from flows.validate.engine.reference import Opened

SEPARATED, OBJECTS = ("csv", "tsv"), ("jsonl", "ndjson")
"""Formats whose records begin in lines: those with a header, and those with an object in each line."""
BLOCK = 1 << 20
"""Bytes that are looked at together."""


class Lines:
    """The lines of a file of text, found as they are asked for, in order."""

    def __init__(self, table: Opened, resource: Any) -> None:
        """Begin at the top of the file of `resource`, opened as `table`."""
        plain = resource.path and not (resource.remote or resource.compression or resource.extrapaths)
        self.format = str(resource.format) if plain else ""
        self.path, self.encoding = Path(resource.normpath or ""), table.resource.encoding
        self.control: Any = reference.csv_control(table) if self.format in SEPARATED else None
        self.record = self.line = 0
        self.starts: Iterator[int] = iter(())

    @cached_property
    def may_differ(self) -> bool:
        """Whether a record may begin in a line of another number: not where no letter of the file quotes."""
        if self.format not in SEPARATED:
            return True
        return _has_any(self.path, self.encoding, [self.control.quotechar, self.control.escapechar])

    def of(self, record: int) -> int | None:
        """Return the line in which a record begins; its number where that cannot be told, None where none has one."""
        if self.format not in (*SEPARATED, *OBJECTS):
            return None
        if not self.may_differ:
            return record
        if not self.record or record < self.record:
            self.record, self.starts = 0, self._records() if self.format in SEPARATED else self._objects()
        while self.record < record:
            self.line = next(self.starts, record)
            self.record += 1
        return self.line

    def _records(self) -> Iterator[int]:
        with self.path.open(encoding=self.encoding, newline="", errors="replace") as file:
            records = csv.reader(file, self.control)
            try:
                before = 0
                for _ in records:
                    yield before + 1
                    before = records.line_num
            except csv.Error:
                return

    def _objects(self) -> Iterator[int]:
        """Yield the line of each object; first one of the names of the columns, which have none."""
        yield 1
        with self.path.open("rb") as file:
            yield from (number for number, line in enumerate(file, start=1) if line.strip())


def _has_any(path: Path, encoding: str, letters: list[str | None]) -> bool:
    """Return whether one of `letters` may stand in a file."""
    wanted = [letter.encode(encoding, "replace") for letter in letters if letter]
    if "a\n".encode(encoding) != b"a\n" or any(len(one) != 1 for one in wanted):
        return True
    with path.open("rb") as file:
        return any(one in block for block in iter(partial(file.read, BLOCK), b"") for one in wanted)
