"""The keys that were met, and the row of each: in memory while they are few, in a file past that."""

import pickle
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.validate.engine.beyond import hashable

IN_MEMORY = 500_000
"""Keys that are kept in memory."""
MAKE = "CREATE TABLE seen (hash INTEGER, value BLOB, number INTEGER); CREATE INDEX places ON seen (hash)"
FAST = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000"


class Seen:
    """Keys, told apart as Python tells them apart, each with the last row that has it."""

    def __init__(self) -> None:
        """Begin without a key."""
        self.memory: dict[Any, int] = {}
        self.folder: tempfile.TemporaryDirectory[str] | None = None

    def last(self, value: Any, number: int) -> int | None:
        """Return the row that had `value` before, None where none had; row `number` has it now."""
        value = _hashable(value)
        if self.folder is None:
            last = self.memory.get(value)
            self.memory[value] = number
            if len(self.memory) > IN_MEMORY:
                self._spill()
            return last
        for place, _, last in self._alike(value):
            self.file.execute("UPDATE seen SET number = ? WHERE rowid = ?", (number, place))
            return last
        self.file.execute("INSERT INTO seen VALUES (?, ?, ?)", _entry(value, number))
        return None

    def __contains__(self, value: Any) -> bool:
        """Return whether a row has `value`."""
        value = _hashable(value)
        return value in self.memory if self.folder is None else next(self._alike(value), None) is not None

    def _spill(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="communique-")
        path = Path(self.folder.name, "seen.sqlite")
        self.file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.file.executescript(f"{FAST}; {MAKE}; BEGIN")
        self.file.executemany("INSERT INTO seen VALUES (?, ?, ?)", (_entry(*one) for one in self.memory.items()))
        self.memory = {}

    def _alike(self, value: Any) -> Iterator[tuple[int, Any, int]]:
        """Yield the entry that is equal to `value`, if there is one."""
        found = self.file.execute("SELECT rowid, value, number FROM seen WHERE hash = ?", (hash(value),)).fetchall()
        yield from (one for one in found if pickle.loads(one[1]) == value)  # noqa: S301 - written by ourselves


def _entry(value: Any, number: int) -> tuple[int, bytes, int]:
    return hash(value), pickle.dumps(value), number


def _hashable(value: Any) -> Any:
    return tuple(map(hashable, value)) if type(value) is tuple else hashable(value)
