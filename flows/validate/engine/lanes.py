"""One column on its way: screened by its mask, explained by frictionless where the mask does not prove it good."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.validate.engine import cells, keys, masks
from flows.validate.engine.beyond import hashable
from flows.validate.engine.keys import Codes, Names
from flows.validate.engine.masks.times import EPOCH
from flows.validate.engine.reference import Reader
from flows.validate.engine.rows import Notes

MEMO, MEMO_LETTERS = 20_000, 200
"""How many texts a lane remembers, and how long the longest may be."""
WHOLE, TEXT, FLOAT, OTHER = "whole", "text", "float", "other"
KINDS = {
    "any": TEXT,
    "date": WHOLE,
    "datetime": WHOLE,
    "integer": WHOLE,
    "number": FLOAT,
    "string": TEXT,
    "year": WHOLE,
}
"""What the keys of a type are told apart by; of any other type, by what Python holds equal."""
EXACT = {"any", "integer", "string", "year"}
"""Types of which two values are equal where their text, or their whole number, is."""
SMALLEST, GREATEST = -(1 << 63), (1 << 63) - 1


Read = tuple[Any, Notes | None]
"""The value of a cell, and what is wrong with it."""


class Screened(NamedTuple):
    """What is wrong in a column of a block."""

    notes: dict[int, Notes]
    """By position, what is wrong with each bad cell."""
    read: NDArray[np.int64]
    """Positions of the cells that frictionless had to read."""
    empty: NDArray[np.bool_] | None
    """Which cells have no value: missing, or not of the type; None for a column that is in no key, or has no such."""
    codes: Codes | None
    """A code for each value, for a column that is in a key."""
    exact: Any
    """The values, where two are equal if they are the same whole number or text; null for none."""


class Lane:
    """A column of a table."""

    def __init__(  # noqa: PLR0913 - what a lane is made of
        self,
        field: Any,
        reader: Reader,
        missing: frozenset[str],
        *,
        empty_is_missing: bool,
        key: bool,
        plain: bool = True,
    ) -> None:
        """Make the mask of `field`; one that is not `plain` is asked more than masks know."""
        self.field, self.reader, self.key = field, reader, key
        self.mask = masks.mask(field) if plain else None
        beside = missing - {""} if empty_is_missing else missing
        self.missing = cells.texts(sorted(beside)) if beside else None
        self.kind = KINDS.get(field.type, OTHER)
        self.memo: dict[str, Read] = {}
        self.names = Names()

    def screened(self, raw: Any) -> Screened:
        """Return what is wrong in the cells `raw`."""
        column = raw if self.missing is None else cells.without(raw, cells.any_of(self.is_missing(raw)))
        if self.mask is None:
            return self._read_all(raw)
        bad, values = self.mask(column)
        places = np.zeros(0, np.int64) if bad is None else np.flatnonzero(bad)
        texts = raw.take(cells.integers(places)).to_pylist() if len(places) else []
        read = {place: self._read(text) for place, text in zip(places.tolist(), texts, strict=True)}
        notes = {place: one[1] for place, one in read.items() if one[1]}
        if not self.key:
            return Screened(notes, places, None, None, None)
        return self._keyed(column, values, {place: one[0] for place, one in read.items()}, notes, places)

    def is_missing(self, raw: Any) -> NDArray[np.bool_]:
        """Return which cells have a text that stands for a missing value, the empty one aside."""
        return cells.flags(pc.is_in(raw, value_set=self.missing), empty=False)

    def _read(self, text: str | None) -> Read:
        """Return the value of a cell and what is wrong with it, as frictionless says."""
        text = text or ""
        found = self.memo.get(text)
        if found is None:
            found = self.reader(text)
            if len(text) <= MEMO_LETTERS:
                if len(self.memo) >= MEMO:
                    self.memo.clear()
                self.memo[text] = found
        return found

    def _read_all(self, raw: Any) -> Screened:
        """Return what frictionless says of each distinct cell."""
        coded = raw.dictionary_encode(null_encoding="encode")
        places = cells.numbers(coded.indices)
        told = [self._read(text) for text in coded.dictionary.to_pylist()]
        wrong = np.array([bool(notes) for _, notes in told], bool)
        bad = np.flatnonzero(wrong[places]) if wrong.any() else np.zeros(0, np.int64)
        notes = {int(place): told[places[place]][1] or {} for place in bad}
        read = np.arange(len(raw))
        if not self.key:
            return Screened(notes, read, None, None, None)
        codes = np.array([0 if value is None else self.code(value) for value, _ in told], np.uint64)[places]
        empty = np.array([value is None for value, _ in told], bool)[places]
        return Screened(notes, read, cells.any_of(empty), codes, None)

    def _keyed(
        self, column: Any, values: Any, unread: dict[int, Any], notes: dict[int, Notes], read: NDArray[np.int64]
    ) -> Screened:
        """Return the codes of a column too, and its values where they are exact."""
        if self.kind is OTHER or (values is None and self.kind is not TEXT):
            return self._read_all(column)._replace(notes=notes, read=read)
        codes = keys.of_texts(column) if self.kind is TEXT else keys.of_numbers(values)
        empty = cells.flags(column.is_null(), empty=False)
        codes = codes.copy() if unread and not codes.flags.writeable else codes
        for place, value in unread.items():
            empty[place] = value is None
            codes[place] = 0 if value is None else self.code(value)
        return Screened(notes, read, cells.any_of(empty), codes, self._exact(column, codes, empty, unread))

    def _exact(self, column: Any, codes: Codes, empty: NDArray[np.bool_], unread: dict[int, Any]) -> Any:
        if self.field.type not in EXACT:
            return None
        if self.kind is TEXT:
            return cells.without(column, cells.any_of(empty))
        if any(value is not None and not SMALLEST <= value <= GREATEST for value in unread.values()):
            return None
        return cells.integers(codes.view(np.int64), cells.any_of(empty))

    def code(self, value: Any) -> int:
        """Return the code of a value that frictionless has read, as `keys` has it for a column of them."""
        if self.kind is TEXT and not isinstance(value, str):
            return hash(hashable(value)) & 0xFFFFFFFFFFFFFFFF
        if self.kind is TEXT:
            return int(keys.of_texts(cells.texts([value]))[0])
        if self.kind is FLOAT:
            return _float_code(value)
        if self.kind is WHOLE:
            return _whole(value) & 0xFFFFFFFFFFFFFFFF
        return self.names.of(hashable(value))


def _float_code(value: Any) -> int:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf") if value > 0 else float("-inf")
    except ValueError:  # a signaling NaN, which is equal to nothing
        number = float("nan")
    return int(np.array([number + 0.0]).view(np.uint64)[0])


def _whole(value: Any) -> int:
    if isinstance(value, datetime):
        gone = value.replace(tzinfo=value.tzinfo or UTC) - EPOCH
        return (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds
    if isinstance(value, date):
        return value.toordinal() - EPOCH.toordinal()
    return int(value) if SMALLEST <= value <= GREATEST else hash(value)
