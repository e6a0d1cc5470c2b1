"""What is found in a table, and what is known of the tables of a package from one to the next."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flows.validate.engine.beyond import Extras
from flows.validate.engine.examples import Examples
from flows.validate.engine.faults import Fault, RowFaults, RowLog
from flows.validate.engine.lines import Lines
from flows.validate.engine.seen import Seen

Name = tuple[str, tuple[str, ...]]
"""A table and the fields of a key that is referred to."""


@dataclass
class Others:
    """What is known of the tables of a package, from one to the next."""

    extras: dict[str, Extras] = field(default_factory=dict)
    """What is asked of each beyond the reference."""
    keys: dict[Name, Seen] = field(default_factory=dict)
    """The keys that stand there, where they were read row by row."""
    columns: dict[Name, Any] = field(default_factory=dict)
    """The same, where they were read by columns."""


@dataclass
class Handed:
    """What was handed over to frictionless, for no mask could judge it."""

    files: list[str] = field(default_factory=list)
    """Why the whole file was."""
    columns: dict[str, str] = field(default_factory=dict)
    """Columns of which each distinct value was, and why."""
    rows: int = 0
    """Rows of which a cell was."""


@dataclass
class Result:
    """What was found in one table."""

    name: str
    place: str
    format: str = ""
    """What its file was read as, as csv."""
    fields: list[str] = field(default_factory=list)
    """The fields of the schema, in its order."""
    names: list[str] = field(default_factory=list)
    """The fields of the columns: those of the schema, and one for each column that is none of them."""
    labels: list[str] = field(default_factory=list)
    """The header, as it stands in the file."""
    first: list[Fault] = field(default_factory=list)
    """Errors of the source and its header."""
    lines: Lines | None = None
    """The lines in which its records begin, of a table that could be opened."""
    key: list[str] = field(default_factory=list)
    """The fields of the primary key."""
    log: RowLog = field(default_factory=RowLog)
    last: list[Fault] = field(default_factory=list)
    """Errors that are seen at the end: a row that cannot be read, digest, bytes, rows."""
    rows: int = 0
    bytes: int | None = None
    handed: Handed = field(default_factory=Handed)
    warnings: list[str] = field(default_factory=list)
    extras: Extras = field(default_factory=Extras)
    """What was asked beyond the reference."""
    schema: str = ""
    """The file that its schema has of its own."""
    examples: dict[str, Examples] = field(default_factory=dict)
    """How a value of each field is written, where something is wrong."""

    def errors(self) -> Iterator[tuple[RowFaults | None, Fault]]:
        """Yield every error with its row, in frictionless's order."""
        yield from ((None, one) for one in self.first)
        for row in self.log.rows():
            yield from ((row, one) for one in row.faults)
        yield from ((None, one) for one in self.last)


class Broken(Exception):  # noqa: N818 - it ends the table, not the program
    """A table that another refers to cannot be read."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep what is wrong."""
        super().__init__(faults)
        self.faults = faults


def told(result: Result) -> list[tuple[int | None, list[str] | None, Fault]]:
    """Return every error as `reference.judged` has it."""
    return [(row.row if row else None, row.cells if row else None, one) for row, one in result.errors()]
