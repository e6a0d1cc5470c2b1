"""A block of records: every column screened, and the rows gathered in which something may be wrong."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flows.validate.engine import cells, keys
from flows.validate.engine.blocks import Block
from flows.validate.engine.faults import CHUNK, Packed, RowFaults, packed, record
from flows.validate.engine.keys import Codes, Places
from flows.validate.engine.lanes import GREATEST, SMALLEST, Lane, Screened
from flows.validate.engine.references import Inexact
from flows.validate.engine.rows import Notes, Suspect, Table, judged, of_cells, told


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

    def taken(self, places: Places) -> list[list[Any]]:
        """Return the cells of the rows at `places`."""
        if self.came is not None:
            return [self.came[place] for place in places.tolist()]
        found = dict(self.ragged)
        even = [place for place in places.tolist() if place not in self.ragged]
        if even:
            inside = cells.integers(np.searchsorted(self.even, even))
            lists = [column.take(inside).to_pylist() for column in self.columns]
            rows = (["" if cell is None else cell for cell in row] for row in zip(*lists, strict=True))
            found.update(zip(even, rows, strict=True))
        return [found[place] for place in places.tolist()]


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
        list(packed(map(record, _explained(plan, screened, rows)))),
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


def _explained(plan: Plan, screened: list[Screened], rows: _Rows) -> Iterator[RowFaults]:
    """Yield the rows in which something is wrong, but for keys that are met twice."""
    known, lost, bare = _known(screened, rows), _lost(plan, screened, rows), _bare(plan, screened, rows)
    places = cells.distinct(np.array([*known, *lost, *bare, *rows.ragged], np.int64))
    for place, row in _taken(rows, places):
        notes = known.get(place, {})
        if place in rows.ragged:
            faults = judged(plan.table, Suspect(place, row), None)
        elif place in lost or place in bare or not plan.table.keys.isdisjoint(notes):
            faults = judged(plan.table, Suspect(place, row, notes, tuple(lost.get(place, ()))), None)
        else:
            faults = of_cells(plan.table, row, notes)
        if faults:
            yield RowFaults(place, row, faults) if rows.came is None else told(place, row, faults)


def _taken(rows: _Rows, places: Places) -> Iterator[tuple[int, list[Any]]]:
    """Yield each of some rows with its place and its cells, so many taken together."""
    for start in range(0, len(places), CHUNK):
        some = places[start : start + CHUNK]
        yield from zip(some.tolist(), rows.taken(some), strict=True)


def _rows(block: Block, above: int) -> _Rows:
    ragged = {place: row for place, row in block.ragged if place >= above}
    even = np.arange(block.records)
    if block.ragged:
        even = np.delete(even, [place for place, _ in block.ragged])
    skipped = int(np.searchsorted(even, above))
    return _Rows([column.slice(skipped) for column in block.columns], even[skipped:], ragged, block.rows)


def _known(screened: list[Screened], rows: _Rows) -> dict[int, dict[int, Notes]]:
    """Return, by row, what is wrong with its cells, from left to right."""
    found: dict[int, dict[int, Notes]] = {}
    for order, one in enumerate(screened):
        for place, notes in zip(rows.even[list(one.notes)].tolist(), one.notes.values(), strict=True):
            found.setdefault(place, {})[order] = notes
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
