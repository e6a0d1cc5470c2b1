"""Columns of text and the vectorised questions that masks are made of: Arrow's kernels, numpy on its buffers."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Bad = NDArray[np.bool_] | None
"""Which cells are suspect; None where none is."""
Column = Any
"""A `pa.StringArray`, in which a missing value is null."""
Fits = Callable[[Column], NDArray[np.bool_]]
"""Says which cells have a shape."""


def lengths(column: Column) -> NDArray[np.int32]:
    """Return how many bytes each cell has."""
    return np.diff(_offsets(column))


def _offsets(column: Column) -> NDArray[np.int32]:
    found: NDArray[np.int32] = np.frombuffer(column.buffers()[1], np.int32)
    return found[column.offset : column.offset + len(column) + 1]


def text(column: Column) -> memoryview:
    """Return the bytes of all cells, one after the other."""
    offsets, data = _offsets(column), column.buffers()[2]
    return memoryview(data if data is not None else b"")[offsets[0] : offsets[-1]]


def holds(column: Column, letters: bytes) -> bool:
    """Return whether one of `letters` is in some cell."""
    data = np.frombuffer(text(column), np.uint8)
    whole = data.tobytes() if len(data) else b""
    return any(whole.find(letters[place : place + 1]) >= 0 for place in range(len(letters)))


def letters_at(column: Column, place: int) -> NDArray[np.uint8]:
    """Return the byte at a place of each cell; any byte for a cell that is shorter."""
    data = _buffer(column, 2, np.uint8)
    return (
        data[np.minimum(_offsets(column)[:-1] + place, len(data) - 1)] if len(data) else np.zeros(len(column), np.uint8)
    )


def matches(column: Column, pattern: str) -> NDArray[np.bool_]:
    """Return which cells the pattern is found in; a missing one counts as one."""
    return flags(pc.match_substring_regex(column, pattern), empty=True)


def flags(column: Column, *, empty: bool) -> NDArray[np.bool_]:
    """Return booleans of Arrow as those of numpy, `empty` for null."""
    found = _unpacked(column, 1)
    return found if not column.null_count else np.where(_unpacked(column, 0), found, empty)


def _unpacked(column: Column, buffer: int) -> NDArray[np.bool_]:
    """Return the bits of a buffer: those of validity are the first, those of booleans the second."""
    bits = _buffer(column, buffer, np.uint8)
    there = np.unpackbits(bits, count=column.offset + len(column), bitorder="little")
    return there[column.offset :].view(np.bool_)


def _buffer(column: Column, number: int, kind: Any) -> NDArray[Any]:
    found: NDArray[Any] = np.frombuffer(column.buffers()[number] or b"", kind)
    return found


def nulls(column: Column) -> Bad:
    """Return which cells are missing."""
    return ~_unpacked(column, 0) if column.null_count else None


def without(column: Column, bad: Bad) -> Column:
    """Return the column with null for its bad cells."""
    return column if bad is None else pc.if_else(booleans(bad), pa.nulls(1, column.type)[0], column)


# Arrow imports pandas wherever it is given a plain value, and in `to_numpy`, to see whether it has to do with a series:
# 0.3 seconds and 40 MB for nothing. So arrays are made of buffers, and what numpy sees is a buffer of an array.


def booleans(values: NDArray[np.bool_]) -> Column:
    """Return an array of Arrow of the booleans."""
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def integers(values: NDArray[np.int64], empty: Bad = None) -> Column:
    """Return an array of Arrow of the whole numbers, null where they are `empty`."""
    valid = None if empty is None else _bits(~empty)
    return pa.Array.from_buffers(pa.int64(), len(values), [valid, pa.py_buffer(np.ascontiguousarray(values, np.int64))])


def texts(values: Sequence[str | None]) -> Column:
    """Return an array of Arrow of the texts, null for None."""
    data = [b"" if value is None else value.encode() for value in values]
    offsets = np.zeros(len(data) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, data), np.int32, len(data)), out=offsets[1:])
    empty = np.fromiter((value is None for value in values), np.bool_, len(values))
    valid = _bits(~empty) if empty.any() else None
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(data))]
    return pa.Array.from_buffers(pa.string(), len(data), buffers)


def _bits(values: NDArray[np.bool_]) -> Any:
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def either(one: Bad, other: Bad) -> Bad:
    """Return what is bad in one or the other."""
    if one is None or other is None:
        return other if one is None else one
    return one | other


def any_of(bad: NDArray[np.bool_]) -> Bad:
    """Return `bad`, or None where nothing is."""
    return bad if bad.any() else None


Read = Callable[[Column], tuple[Column, Bad]]
"""Returns the values of cells, and which cells have none of the kind."""


def casting(kind: Any, fits: Fits, letters: bytes = b"", forbidden: bytes = b"") -> Read:
    """Return what reads cells as values of a kind that Arrow casts texts to.

    All at once where Arrow can, unless a cell has one of the `forbidden` letters; else those of `letters` alone, where
    these are given, if it can read all of them; else those that `fits` takes. What Arrow can read has no other letters
    than these and the forbidden, or fits; so the first way is not tried where the cells before had some that are bad.
    """
    hopeful = True

    def whole(column: Column) -> tuple[Column, Bad] | None:
        return (column.cast(kind), None) if hopeful and not (forbidden and holds(column, forbidden)) else None

    def of_letters(column: Column) -> tuple[Column, Bad] | None:
        if not letters:
            return None
        odd = any_of(_of_other_letters(column, letters))
        return without(column, odd).cast(kind), odd

    def that_fit(column: Column) -> tuple[Column, Bad]:
        values = _salvaged(without(column, any_of(~fits(column))), kind)
        return values, any_of(flags(values.is_null(), empty=False) & flags(column.is_valid(), empty=False))

    def read(column: Column) -> tuple[Column, Bad]:
        nonlocal hopeful
        found = _first(column, whole, of_letters) or that_fit(column)
        hopeful = found[1] is None
        return found

    return read


def _first(column: Column, *ways: Callable[[Column], tuple[Column, Bad] | None]) -> tuple[Column, Bad] | None:
    """Return what the first way finds that Arrow can go."""
    for way in ways:
        with suppress(pa.ArrowInvalid):
            if found := way(column):
                return found
    return None


def _of_other_letters(column: Column, letters: bytes) -> NDArray[np.bool_]:
    """Return which cells have a byte that is none of `letters`."""
    other = np.ones(256, bool)
    other[list(letters)] = False
    offsets = _offsets(column)
    places = np.flatnonzero(other[np.frombuffer(text(column), np.uint8)]) + offsets[0]
    found = np.zeros(len(column), bool)
    found[np.searchsorted(offsets, places, side="right") - 1] = True
    return found


def _salvaged(column: Column, kind: Any) -> Column:
    """Return the values of the cells, null for each that cannot be cast: halves of halves, until it is found."""
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        if len(column) == 1:
            return pa.nulls(1, kind)
    half = len(column) // 2
    return pa.concat_arrays([_salvaged(column.slice(0, half), kind), _salvaged(column.slice(half), kind)])


def among(column: Column, values: Column) -> NDArray[np.bool_]:
    """Return which cells are one of `values`; a missing one counts as one."""
    return flags(pc.is_in(column, value_set=values), empty=False) | flags(column.is_null(), empty=False)


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values in order, each once; `np.unique` imports masked arrays first, which takes 10 ms."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def numbers(values: Column) -> NDArray[Any]:
    """Return the values as numbers, 0 for null."""
    values = _plain(values)
    found = _buffer(values, 1, NUMPY[values.type])[values.offset : values.offset + len(values)]
    return found if not values.null_count else np.where(_unpacked(values, 0), found, found.dtype.type(0))


NUMPY = {pa.float64(): np.float64, pa.int32(): np.int32, pa.int64(): np.int64}


def _plain(values: Column) -> Column:
    """Return days, times and instants as whole numbers."""
    if pa.types.is_date32(values.type) or pa.types.is_time32(values.type):
        return values.view(pa.int32())
    return values.view(pa.int64()) if pa.types.is_temporal(values.type) else values


def extremes(values: Column) -> tuple[Any, Any]:
    """Return the least and the greatest of the values, as `numbers` has them; None where there is none."""
    found = pc.min_max(_plain(values))
    return found["min"].as_py(), found["max"].as_py()
