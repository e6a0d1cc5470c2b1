"""What foreign keys refer to: the keys of a table, told apart exactly, by columns where that can be."""

from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.validate.engine import cells
from flows.validate.engine.beyond import hashable
from flows.validate.engine.digests import Digests
from flows.validate.engine.lanes import GREATEST, SMALLEST, Screened

IN_MEMORY = 8 << 20
"""Bytes of keys that are kept in memory; where there are more, all go to disk."""
DENSE = 16
"""Whole numbers that lie so many times apart, on average, are looked up in a table of bits."""


class Inexact(Exception):  # noqa: N818 - no error: frictionless is asked instead
    """Keys cannot be told apart by columns."""


class Known(NamedTuple):
    """The keys of a table: the distinct values of each field, and which of them stand together."""

    values: list[Any]
    together: NDArray[np.int64]
    """In order, a number for each key, made of the places of its values."""

    @property
    def kinds(self) -> list[Any]:
        """The types of the fields."""
        return [values.type for values in self.values]

    @property
    def bases(self) -> list[int]:
        """How many places each field has: one more than it has values, for none."""
        return [len(values) + 1 for values in self.values]


class Gathered:
    """The keys of a table, while its blocks are read."""

    def __init__(self) -> None:
        """Begin without a key."""
        self.blocks: list[list[Any]] = []
        self.size = 0
        self.disk: Digests | None = None

    def add(self, columns: list[Any]) -> None:
        """Take the columns of a block."""
        if self.disk:
            self.disk.add(columns)
            return
        self.blocks.append(columns)
        self.size += sum(column.nbytes for column in columns)
        if self.size > IN_MEMORY:
            self._spill()

    def _spill(self) -> Digests:
        self.disk = Digests([column.type for column in self.blocks[0]])
        for columns in self.blocks:
            self.disk.add(columns)
        self.blocks = []
        return self.disk

    def known(self) -> "Known | Digests":
        """Return the keys; Inexact where there is none."""
        if self.disk:
            return self.disk.finish()
        if not self.blocks:
            raise Inexact("there are no keys that are referred to")
        found = known([list(column) for column in zip(*self.blocks, strict=True)])
        return self._spill().finish() if found is None else found


def known(columns: list[list[Any]]) -> Known | None:
    """Return the keys that stand in `columns`, by field and block; None where they cannot be numbered."""
    whole = [pa.chunked_array(blocks).combine_chunks() for blocks in columns]
    values = [pc.drop_null(one.unique()) for one in whole]
    keys = Known(values, np.arange(len(values[0])))
    if len(values) == 1:
        return keys
    if np.prod([float(base) for base in keys.bases]) >= 1 << 62:
        return None
    places = _places(keys, whole)
    empty = sum(base_of_none(keys))
    return keys._replace(together=cells.distinct(places[places != empty]))


def base_of_none(keys: Known) -> list[int]:
    """Return what a key without any value is made of."""
    factor, found = 1, []
    for base in keys.bases:
        found.append((base - 1) * factor)
        factor *= base
    return found


def _places(keys: Known, columns: list[Any]) -> NDArray[np.int64]:
    """Return the number of each row's key; -1 where a value is none of the known."""
    factor, found = 1, np.zeros(len(columns[0]), np.int64)
    unknown = np.zeros(len(columns[0]), bool)
    for base, values, column in zip(keys.bases, keys.values, columns, strict=True):
        place = pc.index_in(column, value_set=values, skip_nulls=True)
        missing = cells.flags(column.is_null(), empty=False)
        unknown |= cells.flags(place.is_null(), empty=False) & ~missing
        found += np.where(missing, base - 1, cells.numbers(place)) * factor
        factor *= base
    return np.where(unknown, -1, found)


def lost(keys: Known | Digests, order: tuple[int, ...]) -> Callable[[list[Screened]], NDArray[np.bool_] | None]:
    """Return what says which rows refer to none of `keys`, by the columns in `order`."""
    find = _lost_on_disk(keys) if isinstance(keys, Digests) else _lost(keys)

    def gone(screened: list[Screened]) -> NDArray[np.bool_] | None:
        columns = [screened[place].exact for place in order]
        if any(column is None for column in columns):
            raise Inexact("a foreign key has whole numbers beyond 64 bits")
        return find(columns)

    return gone


Lost = Callable[[list[Any]], NDArray[np.bool_] | None]
"""Says which rows of some columns refer to nothing."""


def _lost_on_disk(keys: Digests) -> Lost:
    return lambda columns: cells.any_of(keys.lost(columns))


def _lost(keys: Known) -> Lost:
    nothing = sum(base_of_none(keys))
    table = _bits(keys) if len(keys.values) == 1 else None

    def gone(columns: list[Any]) -> NDArray[np.bool_] | None:
        if table is not None:
            return cells.any_of(_not_in(table, columns[0]))
        places = _places(keys, columns)
        at = np.minimum(np.searchsorted(keys.together, places), max(len(keys.together) - 1, 0))
        there = keys.together[at] == places if len(keys.together) else np.zeros(len(places), bool)
        return cells.any_of(~there & (places != nothing))

    return gone


def _bits(keys: Known) -> tuple[int, NDArray[np.bool_]] | None:
    """Return the least of whole numbers and, from there on, which are known; None where they lie too far apart."""
    (values,) = keys.values
    if not pa.types.is_int64(values.type) or not len(values):
        return None
    numbers = cells.numbers(values)
    least, greatest = int(numbers.min()), int(numbers.max())
    if greatest - least > DENSE * len(numbers) + 1024:
        return None
    bits = np.zeros(greatest - least + 1, bool)
    bits[numbers - least] = True
    return least, bits


def _not_in(table: tuple[int, NDArray[np.bool_]], column: Any) -> NDArray[np.bool_]:
    least, bits = table
    numbers = cells.numbers(column)
    inside = (numbers >= least) & (numbers < least + len(bits))
    found = bits[np.where(inside, numbers - least, 0)] & inside
    gone: NDArray[np.bool_] = ~found & cells.flags(column.is_valid(), empty=False)
    return gone


def there(keys: Known | Digests) -> Callable[[tuple[Any, ...]], bool]:
    """Return what says whether a key, read cell by cell, is among `keys`."""
    find = _there_on_disk(keys) if isinstance(keys, Digests) else _there(keys)
    return lambda values: find(tuple(map(hashable, values)))


def _there_on_disk(keys: Digests) -> Callable[[tuple[Any, ...]], bool]:
    def known(values: tuple[Any, ...]) -> bool:
        kinds = zip(values, keys.kinds, strict=True)
        if not all(value is None or _is_of(kind, value) for value, kind in kinds):
            return False
        columns = [_of_one(value, kind) for value, kind in zip(values, keys.kinds, strict=True)]
        return not keys.lost(columns)[0]

    return known


def _is_of(kind: Any, value: Any) -> bool:
    """Return whether a column of a kind can hold a value."""
    return SMALLEST <= value <= GREATEST if pa.types.is_int64(kind) else isinstance(value, str)


def _of_one(value: Any, kind: Any) -> Any:
    """Return the column of one value."""
    if pa.types.is_int64(kind):
        return cells.integers(np.array([value or 0], np.int64), np.array([value is None]))
    return cells.texts([value])


def _there(keys: Known) -> Callable[[tuple[Any, ...]], bool]:
    lock = Lock()
    made: list[list[dict[Any, int]]] = []

    def places() -> list[dict[Any, int]]:
        with lock:
            if not made:
                made.append([{value: place for place, value in enumerate(one.to_pylist())} for one in keys.values])
        return made[0]

    def known(values: tuple[Any, ...]) -> bool:
        factor, found = 1, 0
        for base, place, value in zip(keys.bases, places(), values, strict=True):
            at = base - 1 if value is None else place.get(value)
            if at is None:
                return False
            found, factor = found + at * factor, factor * base
        at = int(np.searchsorted(keys.together, found))
        return at < len(keys.together) and int(keys.together[at]) == found

    return known
