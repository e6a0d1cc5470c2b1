"""Keys too many for memory: what stands for each, in order in files, and looked up there.

A whole number stands for itself; every other key has a digest of 128 bits.
"""

import mmap
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flows.validate.engine import cells

Pairs = NDArray[np.uint64]
"""Two numbers for each key, which together stand for it."""
PARTS, SHIFT = 64, np.uint64(58)
FACTOR = np.uint64(0xBF58476D1CE4E5B9)
"""An odd number: multiplied by it, no two whole numbers of 64 bits become one."""
SIZE = 16


def pairs(columns: list[Any]) -> tuple[Pairs, NDArray[np.bool_]]:
    """Return what stands for the key of each row, and which rows have no value in any column."""
    if not len(columns[0]):
        return np.zeros((0, 2), np.uint64), np.zeros(0, bool)
    none = np.logical_and.reduce([cells.flags(column.is_null(), empty=False) for column in columns])
    if len(columns) == 1 and pa.types.is_int64(columns[0].type):
        found = np.zeros((len(columns[0]), 2), np.uint64)
        with np.errstate(over="ignore"):
            found[:, 0] = columns[0].fill_null(0).to_numpy().view(np.uint64) * FACTOR
        return found, none
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    digests = b"".join(blake2b(repr(row).encode(), digest_size=SIZE).digest() for row in rows)
    return np.frombuffer(digests, np.uint64).reshape(-1, 2), none


class Digests:
    """A set of keys on disk: filled, then asked."""

    def __init__(self, kinds: list[Any]) -> None:
        """Begin without a key; `kinds` are the types of its columns."""
        self.kinds = kinds
        self.folder = tempfile.TemporaryDirectory(prefix="communique-")
        self.first = self.second = np.zeros(0, np.uint64)

    def add(self, columns: list[Any]) -> None:
        """Take the keys of more rows; a row without a value has none."""
        found, none = pairs(columns)
        part = found[:, 0] >> SHIFT
        for number in np.unique(part[~none]):
            with Path(self.folder.name, f"part{number}").open("ab") as file:
                file.write(found[(part == number) & ~none].tobytes())

    def finish(self) -> "Digests":
        """Put the keys in order, each once, into two files that are read where they are looked into."""
        paths = Path(self.folder.name, "first"), Path(self.folder.name, "second")
        with paths[0].open("wb") as first, paths[1].open("wb") as second:
            for number in range(PARTS):
                path = Path(self.folder.name, f"part{number}")
                if path.exists():
                    part = np.unique(np.fromfile(path, np.uint64).reshape(-1, 2), axis=0)
                    first.write(part[:, 0].tobytes())
                    second.write(part[:, 1].tobytes())
                    path.unlink()
        if paths[0].stat().st_size:
            self.first, self.second = (np.memmap(path, np.uint64, "r") for path in paths)
        return self

    def lost(self, columns: list[Any]) -> NDArray[np.bool_]:
        """Return which rows have a key that is none of the set."""
        wanted, none = pairs(columns)
        gone = ~none
        left = np.flatnonzero(gone)
        places = np.searchsorted(self.first, wanted[left, 0])
        while len(left):
            inside = places < len(self.first)
            left, places = left[inside], places[inside]
            alike = self.first[places] == wanted[left, 0]
            left, places = left[alike], places[alike]
            same = self.second[places] == wanted[left, 1]
            gone[left[same]] = False
            left, places = left[~same], places[~same] + 1
        for one in (self.first, self.second):
            if isinstance(one, np.memmap):
                one._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined] # noqa: SLF001 - numpy has no other way to it
        return gone
