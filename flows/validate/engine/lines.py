"""The line of a file in which each record begins: another number than the record's where a cell holds a line break."""

import csv
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from flows.validate.engine import reference
from flows.validate.engine.reference import Opened

BLOCK = 1 << 20
"""Bytes that are looked at together."""


class Lines:
    """The lines of a CSV file, found as they are asked for, in order."""

    def __init__(self, table: Opened) -> None:
        """Begin at the top."""
        one = table.resource
        self.there = bool(one.path) and one.format == "csv" and not (table.source or one.remote or one.compression)
        self.path, self.encoding = Path(one.normpath or ""), one.encoding
        self.control: Any = reference.csv_control(table) if self.there else None
        self.record = self.line = 0
        self.starts: Iterator[int] = iter(())

    @cached_property
    def may_differ(self) -> bool:
        """Whether a record may begin in a line of another number: not where the file has no letter that quotes."""
        return self.there and _has_any(self.path, self.encoding, [self.control.quotechar, self.control.escapechar])

    def of(self, record: int) -> int:
        """Return the line in which a record begins; its number where that cannot be told."""
        if not self.may_differ:
            return record
        if not self.record or record < self.record:
            self.record, self.starts = 0, self._starts()
        while self.record < record:
            self.line = next(self.starts, record)
            self.record += 1
        return self.line

    def _starts(self) -> Iterator[int]:
        with self.path.open(encoding=self.encoding, newline="", errors="replace") as file:
            records = csv.reader(file, self.control)
            try:
                before = 0
                for _ in records:
                    yield before + 1
                    before = records.line_num
            except csv.Error:
                return


def _has_any(path: Path, encoding: str, letters: list[str | None]) -> bool:
    """Return whether one of `letters` may stand in a file."""
    wanted = [letter.encode(encoding, "replace") for letter in letters if letter]
    if "a\n".encode(encoding) != b"a\n" or any(len(one) != 1 for one in wanted):
        return True
    with path.open("rb") as file:
        return any(one in block for block in iter(partial(file.read, BLOCK), b"") for one in wanted)
