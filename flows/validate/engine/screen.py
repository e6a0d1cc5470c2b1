"""A source by columns: blocks are screened on two threads, explained in order, and keys met twice at the end."""

import gc
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from flows import memory
from flows.validate.engine import cells, rows
from flows.validate.engine.blocks import Block
from flows.validate.engine.delimited import Unreadable
from flows.validate.engine.faults import Record, RowLog
from flows.validate.engine.keys import Places, Repeats
from flows.validate.engine.parts import NOWHERE, Exact, Part, Plan, part_of
from flows.validate.engine.references import Gathered
from flows.validate.engine.rows import Suspect, Table

THREADS = 2
AHEAD = 3
"""Blocks that are read before the first of them is done."""
MANY = 5000
"""Bad rows of a block from which on none is read ahead, for they take room."""


class Source(NamedTuple):
    """Records in pieces."""

    pieces: Callable[[], AbstractContextManager[Iterator[Any]]]
    """Opens the source; yields its pieces, the same each time."""
    read: Callable[[Any, int], Block]
    """Reads a piece, on whatever thread, of which the first so many records are no rows."""
    taken: Callable[[Any, Places, int], list[list[Any]]]
    """Reads the cells of some records of a piece, which has so many."""
    first: int
    """The number of the first record that is a row."""


class Outcome(NamedTuple):
    """What a file came to."""

    log: RowLog
    rows: int
    read: int
    referred: list[Gathered | None]
    """The keys that other tables refer to; None where they cannot be told apart by columns."""


def screened(source: Source, plan: Plan) -> Outcome:
    """Return the errors of a file, in order; Unreadable where it is no text in its encoding."""
    memory.keep()
    with _uncollected():
        return _screened(source, plan)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let Python look for no cycles meanwhile: rows have none, and looking takes a fifth of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _screened(source: Source, plan: Plan) -> Outcome:
    log, repeats, sizes = RowLog(), [Repeats() for _ in plan.wanted], []
    referred: list[Gathered | None] = [Gathered() for _ in plan.referred]
    first, count, read = 1, 0, 0
    for part in _parts(source, plan):
        count, read = count + part.rows, read + part.read
        for repeat, codes, places in zip(repeats, part.codes, part.places, strict=True):
            repeat.add(codes, places + first)
        referred = [_gathered(*one) for one in zip(referred, part.exact, strict=True)]
        for some in part.wrong:
            log.add(some, first)
        sizes.append(part.records)
        first += part.records
        del part  # before the next block is read
    again = cells.distinct(np.concatenate([NOWHERE, *(repeat.found() for repeat in repeats)]))
    if len(again):
        log.correct(_judged_again(plan.table, _met_again(source, again, sizes), log))
    return Outcome(log, count, read, referred)


def _gathered(keys: Gathered | None, more: Exact | None) -> Gathered | None:
    """Return the keys with those of another block."""
    if keys is None or more is None:
        return None
    for columns in more:
        keys.add(columns)
    return keys


def _judged_again(table: Table, suspects: Iterator[tuple[int, list[Any]]], log: RowLog) -> Iterator[Record]:
    """Yield those rows of which a key is met again that have an error, with those that are in the log."""
    seen = rows.memory(table)
    for number, cells_of in suspects:
        if number in log:
            faults = rows.judged(table, Suspect(number, cells_of), seen)
        else:
            faults = rows.of_keys(table, Suspect(number, cells_of, {}, ()), seen)
        if faults:
            yield rows.recorded(number, cells_of, faults)


def _met_again(source: Source, again: Places, sizes: list[int]) -> Iterator[tuple[int, list[Any]]]:
    """Yield the number and the cells of each row of which a key is met again."""
    first = 1
    with source.pieces() as pieces:
        for piece, size in zip(pieces, sizes, strict=True):
            begin, end = np.searchsorted(again, (first, first + size))
            numbers = again[begin:end]
            rows_of = source.taken(piece, numbers - first, size) if len(numbers) else []
            yield from zip(numbers.tolist(), rows_of, strict=True)
            first += size


def _parts(source: Source, plan: Plan) -> Iterator[Part]:
    """Yield what each piece came to; in order, a few at once."""
    above = source.first - 1
    with source.pieces() as pieces, ThreadPoolExecutor(THREADS) as pool:
        for part in _in_order(pool, pieces, partial(part_of, source.read, plan), above):
            if part.records < above:
                raise Unreadable
            above = 0
            yield part
            del part


def _in_order(
    pool: ThreadPoolExecutor, pieces: Iterator[Any], work: Callable[[Any, int], Part], above: int
) -> Iterator[Part]:
    waiting: deque[Future[Part]] = deque()
    ahead = 0
    for piece in pieces:
        waiting.append(pool.submit(work, piece, above))
        above = 0
        while len(waiting) > ahead:
            part = waiting.popleft().result()
            ahead = 0 if sum(len(some.numbers) for some in part.wrong) > MANY else AHEAD
            yield part
            del part
    while waiting:
        yield waiting.popleft().result()
