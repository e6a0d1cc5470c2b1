"""Keys too many for memory: what stands for each, in order in files, and looked up there.

A whole number stands for itself; every other key has a digest of 128 bits.
"""

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
FEW = 64
"""Keys for which a part is not read whole."""


def pairs(columns: list[Any]) -> tuple[Pairs, NDArray[np.bool_]]:
    """Return what stands for the key of each row, and which rows have no value in any column."""
    if not len(columns[0]):
        return np.zeros((0, 2), np.uint64), np.zeros(0, bool)
    none = np.logical_and.reduce([cells.flags(column.is_null(), empty=False) for column in columns])
    if len(columns) == 1 and pa.types.is_int64(columns[0].type):
        found = np.zeros((len(columns[0]), 2), np.uint64)
        with np.errstate(over="ignore"):
            found[:, 0] = cells.numbers(columns[0]).view(np.uint64) * FACTOR
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

    def add(self, columns: list[Any]) -> None:
        """Take the keys of more rows; a row without a value has none."""
        found, none = pairs(columns)
        part = found[:, 0] >> SHIFT
        for number in np.unique(part[~none]):
            with self._part(int(number)).open("ab") as file:
                file.write(found[(part == number) & ~none].tobytes())

    def _part(self, number: int) -> Path:
        return Path(self.folder.name, str(number))

    def finish(self) -> "Digests":
        """Put the keys of each part in order, each once."""
        for path in filter(Path.exists, map(self._part, range(PARTS))):
            np.unique(np.fromfile(path, np.uint64).reshape(-1, 2), axis=0).tofile(path)
        return self

    def lost(self, columns: list[Any]) -> NDArray[np.bool_]:
        """Return which rows have a key that is none of the set; for few keys, only the pages looked at are read."""
        wanted, none = pairs(columns)
        gone, part = ~none, wanted[:, 0] >> SHIFT
        for number in np.unique(part[~none]).tolist():
            if self._part(number).exists():
                rows = np.flatnonzero((part == number) & ~none)
                path = self._part(number)
                there = np.fromfile(path, np.uint64) if len(rows) > FEW else np.memmap(path, np.uint64, "r")
                gone[rows] = ~_among(wanted[rows], there.reshape(-1, 2))
        return gone


def _among(wanted: Pairs, there: Pairs) -> NDArray[np.bool_]:
    """Return which pairs are among others, which are in order."""
    first, second = there[:, 0], there[:, 1]
    found = np.zeros(len(wanted), bool)
    left, places = np.arange(len(wanted)), np.searchsorted(first, wanted[:, 0])
    while len(left):
        inside = places < len(first)
        left, places = left[inside], places[inside]
        alike = first[places] == wanted[left, 0]
        left, places = left[alike], places[alike]
        same = second[places] == wanted[left, 1]
        found[left[same]] = True
        left, places = left[~same], places[~same] + 1
    return found
