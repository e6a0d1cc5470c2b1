"""How far the reading of a table is, told to whom it concerns."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import IO, cast

Watch = Callable[[str, int, int], None]
"""Takes the name of a file, how much of it is read, and how much there is; 0 where that is not known."""
WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)
ROWS = 1000
"""Rows after which it is told again."""


class _Watched:
    """A file that tells how far it is read."""

    def __init__(self, file: IO[bytes], name: str, size: int, watch: Watch) -> None:
        self.file, self.name, self.size, self.watch = file, name, size, watch

    def read(self, count: int) -> bytes:
        """Return the next bytes."""
        data = self.file.read(count)
        self.watch(self.name, self.file.tell(), self.size)
        return data


def watched(file: IO[bytes], name: str, size: int) -> IO[bytes]:
    """Return `file`, which tells how far it is read where somebody watches."""
    watch = WATCH.get()
    return file if watch is None else cast("IO[bytes]", _Watched(file, name, size, watch))


def rows(name: str, count: int) -> None:
    """Tell that `count` rows are read, every thousand of them."""
    watch = WATCH.get()
    if watch is not None and count % ROWS == 0:
        watch(name, count, 0)
