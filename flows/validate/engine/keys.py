"""Keys by columns: a number for every value, equal for equal values; what is met twice is looked at again."""

import tempfile
from itertools import count
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from flows.validate.engine import cells

Codes = NDArray[np.uint64]
Places = NDArray[np.int64]
NULL = np.uint64(0x9E3779B97F4A7C15)
SEED, FACTOR = 0x100000001B3, np.uint64(0xBF58476D1CE4E5B9)
IN_MEMORY = 6_000_000
"""Codes that are kept in memory; more go to disk, in parts that fit."""
PARTS = 64
_powers: dict[int, tuple[Codes, Codes]] = {}


def of_numbers(values: Any) -> Codes:
    """Return a code for each number, date or instant; equal for equal ones."""
    numbers = cells.numbers(values)
    if numbers.dtype.kind == "f":
        return (numbers + 0.0).view(np.uint64)
    return numbers.astype(np.int64).view(np.uint64)


def of_texts(column: Any) -> Codes:
    """Return a code for each text, made of its bytes and their places."""
    data = np.frombuffer(cells.text(column), np.uint8)
    ends = np.concatenate(([0], np.cumsum(cells.lengths(column), dtype=np.int64)))
    up, down = _power(len(data) + 1)
    sums = np.zeros(len(data) + 1, np.uint64)
    with np.errstate(over="ignore"):
        np.cumsum((data.astype(np.uint64) + np.uint64(1)) * up[: len(data)], out=sums[1:])
        return (sums[ends[1:]] - sums[ends[:-1]]) * down[ends[:-1]]


def _power(size: int) -> tuple[Codes, Codes]:
    """Return the powers of an odd number, and of its inverse, up to `size`."""
    known = max(_powers, default=0)
    if known < size:
        known = 1 << size.bit_length()
        with np.errstate(over="ignore"):
            found = _powers_of(SEED, known), _powers_of(pow(SEED, -1, 1 << 64), known)
        _powers.clear()
        _powers[known] = found
    return _powers[known]


def _powers_of(factor: int, size: int) -> Codes:
    found: Any = np.cumprod(np.concatenate((np.ones(1, np.uint64), np.full(size - 1, factor, np.uint64))))
    return cast("Codes", found)


class Names:
    """A number for each value of a kind that has no other: the same for what Python holds equal."""

    def __init__(self) -> None:
        """Begin without a value."""
        self.known: dict[Any, int] = {}
        self.next = count(1)

    def of(self, value: Any) -> int:
        """Return the number of `value`."""
        return self.known.setdefault(value, next(self.next))


def mixed(parts: list[Codes]) -> Codes:
    """Return a code for each row of a key of several fields."""
    if len(parts) == 1:
        return parts[0]
    found = np.zeros(len(parts[0]), np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            found = (found ^ part) * FACTOR
            found ^= found >> np.uint64(29)
    return found


class Repeats:
    """The codes of a key, and in which records one is that is met more than once."""

    def __init__(self) -> None:
        """Begin without a record."""
        self.runs: list[tuple[Codes, Places]] = []
        self.held = 0
        self.rising: tuple[bool, np.uint64 | None] = (True, None)
        self.folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, codes: Codes, places: Places) -> None:
        """Take the codes of more records, and where these stand; of records without a gap, where the first does."""
        if not len(codes):
            return
        rising, last = self.rising
        rising = rising and (last is None or codes[0] > last) and bool((codes[1:] > codes[:-1]).all())
        self.rising = rising, codes[-1]
        whole = int(places[-1] - places[0]) + 1 == len(places)
        self.runs.append((codes, places[:1].copy() if whole else places))
        self.held += len(codes) * (1 if whole else 2)
        if self.held > IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        self.folder = self.folder or tempfile.TemporaryDirectory(prefix="communique-")
        for codes, places in self.runs:
            with np.errstate(over="ignore"):
                part = ((codes * FACTOR) >> np.uint64(58)).astype(np.uint8)
            pairs = np.stack([codes, _all_of(places, len(codes)).view(np.uint64)], axis=1)
            for number in range(PARTS):
                with Path(self.folder.name, str(number)).open("ab") as file:
                    file.write(pairs[part == number].tobytes())
        self.runs, self.held = [], 0

    def found(self) -> Places:
        """Return the places of the records whose code another has."""
        if self.rising[0]:
            return np.zeros(0, np.int64)
        if not self.folder:
            return _twice(self.runs)
        self._spill()
        paths = [Path(self.folder.name, str(number)) for number in range(PARTS)]
        pairs = (np.fromfile(path, np.uint64).reshape(-1, 2) for path in paths)
        found = [_twice([(part[:, 0], part[:, 1].view(np.int64))]) for part in pairs]
        self.folder.cleanup()
        return np.concatenate(found)


def _all_of(places: Places, size: int) -> Places:
    """Return where each of so many records stands, given each place or the first."""
    return places if len(places) == size else places[0] + np.arange(size)


def _twice(runs: list[tuple[Codes, Places]]) -> Places:
    """Return the places of the records whose code is met more than once."""
    codes = np.concatenate([run for run, _ in runs])
    codes.sort(kind="stable")  # in a tenth of the time where most stand in order already
    wanted = cells.distinct(codes[1:][codes[1:] == codes[:-1]])
    found = [_all_of(places, len(run))[_met(run, wanted)] for run, places in runs]
    return np.concatenate(found)


def _met(codes: Codes, wanted: Codes) -> NDArray[np.bool_]:
    """Return which codes are among `wanted`, which are in order."""
    if not len(wanted):
        return np.zeros(len(codes), bool)
    places = np.searchsorted(wanted, codes)
    found: NDArray[np.bool_] = wanted[np.minimum(places, len(wanted) - 1)] == codes
    return found


def filled(codes: Codes, empty: NDArray[np.bool_] | None) -> Codes:
    """Return the codes, that of null where there is no value."""
    return codes if empty is None else np.where(empty, NULL, codes)
