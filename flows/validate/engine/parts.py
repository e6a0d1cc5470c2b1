"""A block of records: every column screened, and the rows gathered in which something may be wrong."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flows.validate.engine import cells, keys
from flows.validate.engine.blocks import Block
from flows.validate.engine.faults import CHUNK, Columns, Packed, in_bytes
from flows.validate.engine.keys import Codes, Places
from flows.validate.engine.lanes import GREATEST, SMALLEST, Lane, Screened
from flows.validate.engine.references import Inexact
from flows.validate.engine.rows import Known, Suspect, Table, judged, of_cells, of_keys, texts


class Plan(NamedTuple):
    """How a table is screened."""

    table: Table
    lanes: list[Lane]
    lost: tuple[Callable[[list[Screened]], NDArray[np.bool_] | None], ...]
    """For each foreign key, what says which rows of a block it leads nowhere from; None where from none."""
    referred: tuple[tuple[int, ...], ...] = ()
    """The keys that other tables refer to."""

    @property
    def wanted(self) -> list[tuple[int, ...]]:
        """The keys that have to be met once: of the unique fields, then the primary key."""
        primary = [self.table.primary] if self.table.primary else []
        return [(place,) for place in self.table.unique] + primary + list(self.table.also)


Exact = list[list[Any]]
"""The columns of a key: of the rows as wide as the table, and of the ragged ones."""


class Part(NamedTuple):
    """What a block came to; rows are numbered from 0, its first record."""

    records: int
    rows: int
    """Records that are rows."""
    read: int
    """Rows of which frictionless had to read a cell."""
    wrong: list[Packed]
    """What is wrong with rows, but for keys that are met twice, as a log keeps it."""
    codes: list[Codes]
    """For each key, the code of every row that has one."""
    places: list[Places]
    """For each key, the rows that `codes` are of."""
    exact: list[Exact | None]
    """For each key that others refer to, its values; None where they cannot be told apart by columns."""


class _Rows(NamedTuple):
    """The records of a block that are rows: those as wide as the table, in columns, and the ragged ones."""

    columns: list[Any]
    even: Places
    ragged: dict[int, list[Any]]
    came: list[list[Any]] | None
    """All records, where they came as values."""

    def taken(self, places: list[int]) -> list[list[Any]]:
        """Return the cells of the rows at `places`."""
        if self.came is not None:
            return [self.came[place] for place in places]
        even = [place for place in places if place not in self.ragged]
        lists = [column.to_pylist() for column in self._columns(even)] if even else []
        rows = (["" if cell is None else cell for cell in row] for row in zip(*lists, strict=True))
        found = dict(zip(even, rows, strict=True))
        return [self.ragged[place] if place in self.ragged else found[place] for place in places]

    def kept(self, places: list[int]) -> tuple[Columns, dict[int, list[str]]]:
        """Return the cells of the rows at `places` as a log keeps them."""
        if self.came is not None:
            return [], dict(enumerate(map(texts, self.taken(places))))
        even = [place for place in places if place not in self.ragged]
        apart = {at: texts(self.ragged[place]) for at, place in enumerate(places) if place in self.ragged}
        return [(bytes(cells.text(one)), cells.lengths(one).tobytes()) for one in self._columns(even)], apart

    def shown(self, order: int, inside: Places, places: list[int]) -> list[Any]:
        """Return the cells of one column, of the rows at `places`, which are those `inside` the columns."""
        if self.came is not None:
            return [self.came[place][order] for place in places]
        return ["" if cell is None else cell for cell in self.columns[order].take(cells.integers(inside)).to_pylist()]

    def _columns(self, even: list[int]) -> list[Any]:
        """Return those rows of the columns that stand at the places `even`."""
        inside = cells.integers(np.searchsorted(self.even, even))
        return [column.take(inside) for column in self.columns]


def part_of(read: Callable[[Any, int], Block], plan: Plan, piece: Any, above: int) -> Part:
    """Return what the records of a piece came to; the first `above` of them are no rows."""
    block = read(piece, above)
    rows = _rows(block, above)
    screened = [lane.screened(column) for lane, column in zip(plan.lanes, rows.columns, strict=True)]
    by_reference = cells.distinct(np.concatenate([NOWHERE, *(one.read for one in screened)]))
    coded = [_coded(plan, key, screened, rows) for key in plan.wanted]
    return Part(
        block.records,
        len(rows.even) + len(rows.ragged),
        len(by_reference),
        list(_wrong(plan, screened, rows)),
        [codes for codes, _ in coded],
        [where for _, where in coded],
        [_referred(plan, key, screened, rows) for key in plan.referred],
    )


NOWHERE: Places = np.zeros(0, np.int64)


def _referred(plan: Plan, key: tuple[int, ...], screened: list[Screened], rows: _Rows) -> Exact | None:
    with suppress(Inexact):
        return exact([(at, plan.lanes[at]) for at in key], [screened[at] for at in key], list(rows.ragged.values()))
    return None


def exact(lanes: list[tuple[int, Lane]], screened: list[Screened], ragged: list[list[Any]]) -> Exact:
    """Return the values of some columns, those of ragged rows apart; Inexact where a column has no such."""
    found = []
    for (place, lane), one in zip(lanes, screened, strict=True):
        if one.exact is None:
            raise Inexact("the table that is referred to has keys that are no whole numbers or texts")
        odd = [lane.reader(row[place] if place < len(row) else None)[0] for row in ragged]
        found.append((one.exact, _of_rows(odd, one.exact.type)))
    return [list(columns) for columns in zip(*found, strict=True)]


def _of_rows(values: list[Any], kind: Any) -> Any:
    if not pa.types.is_int64(kind):
        if any(not isinstance(value, str | None) for value in values):
            raise Inexact("the table that is referred to has keys that are no texts")
        return cells.texts(values)
    if any(value is not None and not SMALLEST <= value <= GREATEST for value in values):
        raise Inexact("the table that is referred to has whole numbers beyond 64 bits")
    empty = np.array([value is None for value in values], bool)
    return cells.integers(np.array([value or 0 for value in values], np.int64), empty)


def _wrong(plan: Plan, screened: list[Screened], rows: _Rows) -> Iterator[Packed]:
    """Yield the rows in which something is wrong, but for keys that are met twice, so many together."""
    known, lost, bare = _known(screened, rows), _lost(plan, screened, rows), _bare(plan, screened, rows)
    keyed = (place for place, bad in known.items() if not plan.table.keys.isdisjoint(bad))
    whole = {*bare, *rows.ragged, *keyed}
    places = sorted({*known, *lost, *whole})
    for start in range(0, len(places), CHUNK):
        some = places[start : start + CHUNK]
        faults = {place: of_cells(plan.table, known[place]) for place in some if place in known}
        for place, suspect in _suspects(rows, known, lost, [one for one in some if one in whole or one in lost]):
            if place in whole:
                faults[place] = [tuple(one) for one in judged(plan.table, suspect, None)]
            else:
                faults.setdefault(place, []).extend(map(tuple, of_keys(plan.table, suspect, None)))
        wrong = {place: faults[place] for place in some if faults[place]}
        if wrong:
            yield in_bytes(wrong, list(wrong.values()), *rows.kept(list(wrong)))


def _suspects(
    rows: _Rows, known: dict[int, Known], lost: dict[int, list[int]], places: list[int]
) -> Iterator[tuple[int, Suspect]]:
    """Yield the rows at `places` with what is known of them."""
    for place, row in zip(places, rows.taken(places), strict=True):
        notes = {order: notes for order, (notes, _) in known.get(place, {}).items()}
        ragged = place in rows.ragged
        yield place, Suspect(place, row) if ragged else Suspect(place, row, notes, tuple(lost.get(place, ())))


def _rows(block: Block, above: int) -> _Rows:
    ragged = {place: row for place, row in block.ragged if place >= above}
    even = np.arange(block.records)
    if block.ragged:
        even = np.delete(even, [place for place, _ in block.ragged])
    skipped = int(np.searchsorted(even, above))
    return _Rows([column.slice(skipped) for column in block.columns], even[skipped:], ragged, block.rows)


def _known(screened: list[Screened], rows: _Rows) -> dict[int, Known]:
    """Return, by row, what is wrong with its cells, from left to right."""
    found: dict[int, Known] = {}
    for order, one in enumerate(screened):
        if one.notes:
            inside = np.array(list(one.notes), np.int64)
            places = rows.even[inside].tolist()
            shown = rows.shown(order, inside, places)
            for place, notes, cell in zip(places, one.notes.values(), shown, strict=True):
                found.setdefault(place, {})[order] = notes, cell
    return found


def _bare(plan: Plan, screened: list[Screened], rows: _Rows) -> set[int]:
    """Return the rows that may be blank or without a primary key."""
    blank = _empty([_missing(lane, column) for lane, column in zip(plan.lanes, rows.columns, strict=True)])
    keyless = _empty([screened[order].empty for order in plan.table.primary])
    return set(rows.even[np.concatenate([blank, keyless])].tolist())


def _missing(lane: Lane, column: Any) -> NDArray[np.bool_] | None:
    """Return which cells are missing; None where none is."""
    missing = cells.nulls(column)
    return missing if lane.missing is None else cells.either(missing, cells.any_of(lane.is_missing(column)))


def _empty(columns: list[NDArray[np.bool_] | None]) -> Places:
    """Return the rows that are empty in every column."""
    if not columns or any(column is None for column in columns):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.logical_and.reduce([column for column in columns if column is not None]))


def _lost(plan: Plan, screened: list[Screened], rows: _Rows) -> dict[int, list[int]]:
    """Return, by row, the foreign keys that lead nowhere from it."""
    found: dict[int, list[int]] = {}
    for order, lost in enumerate(plan.lost):
        gone = lost(screened)
        for place in () if gone is None else np.flatnonzero(gone):
            found.setdefault(int(rows.even[place]), []).append(order)
    return found


def _coded(plan: Plan, key: tuple[int, ...], screened: list[Screened], rows: _Rows) -> tuple[Codes, Places]:
    """Return the codes of a key and the rows that have one, ragged ones among them."""
    parts = [screened[order] for order in key]
    codes = keys.mixed([keys.filled(part.codes, part.empty) for part in parts if part.codes is not None])
    empty = _empty([part.empty for part in parts])
    there = np.ones(len(codes), bool)
    there[empty] = False
    codes, places = codes[there], rows.even[there]
    if not rows.ragged:
        return codes, places
    extra = [(place, code) for place, row in rows.ragged.items() if (code := _code(plan, key, row)) is not None]
    codes = np.concatenate([codes, np.array([code for _, code in extra], np.uint64)])
    places = np.concatenate([places, np.array([place for place, _ in extra], np.int64)])
    order = np.argsort(places, kind="stable")
    return codes[order], places[order]


def _code(plan: Plan, key: tuple[int, ...], row: list[Any]) -> np.uint64 | None:
    """Return the code of the key of a ragged row, if it has one."""
    values = [plan.table.readers[order](row[order] if order < len(row) else None)[0] for order in key]
    if all(value is None for value in values):
        return None
    parts = [
        np.array([keys.NULL if value is None else plan.lanes[order].code(value)], np.uint64)
        for order, value in zip(key, values, strict=True)
    ]
    return np.uint64(keys.mixed(parts)[0])
