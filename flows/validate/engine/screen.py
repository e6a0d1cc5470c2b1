"""A source by columns: blocks are screened on two threads, explained in order, and keys met twice at the end."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np

from flows.validate.engine import keys, rows
from flows.validate.engine.blocks import Block
from flows.validate.engine.delimited import Unreadable
from flows.validate.engine.faults import Log, RowLog
from flows.validate.engine.keys import Codes, Repeats
from flows.validate.engine.parts import Part, Plan, part_of
from flows.validate.engine.rows import Memory, Suspect, Table

THREADS = 2
AHEAD = 3
"""Blocks that are read before the first of them is done."""
MANY = 5000
"""Suspect rows of a block from which on none is read ahead, for they take room."""


class Source(NamedTuple):
    """Records in blocks."""

    blocks: Callable[[], AbstractContextManager[Iterator[Callable[[], Block]]]]
    """Opens the source; yields what reads each block, on whatever thread."""
    first: int
    """The number of the first record that is a row."""


class Outcome(NamedTuple):
    """What a file came to."""

    rows: int
    read: int


def screened(source: Source, plan: Plan, log: RowLog) -> Outcome:
    """Put the errors of a file into `log`, in order; Unreadable where it is no text in its encoding."""
    held, repeats = Log(), [Repeats() for _ in plan.wanted]
    count = read = 0
    for first, part in _parts(source, plan):
        count, read = count + part.rows, read + part.read
        suspects = [one._replace(number=one.number + first) for one in part.suspects]
        for repeat, codes in zip(repeats, part.codes, strict=True):
            repeat.add(codes)
        if repeats:
            held.extend(tuple(one) for one in suspects)
        else:
            _explain(plan.table, suspects, None, log)
        del part, suspects  # before the next block is read
    if repeats:
        twice = [repeat.found() for repeat in repeats]
        again = _met_again(source, plan, twice) if any(map(len, twice)) else iter(())
        _merge(plan.table, (Suspect(*one) for one in held), again, log)
    return Outcome(count, read)


def _explain(table: Table, suspects: list[Suspect], seen: Memory | None, log: RowLog) -> None:
    found = ((one, rows.judged(table, one, seen)) for one in suspects)
    log.add(rows.told(one.number, one.cells, faults) for one, faults in found if faults)


def _merge(table: Table, held: Iterator[Suspect], again: Iterator[Suspect], log: RowLog) -> None:
    """Explain the rows that are suspect and those whose key is met twice, in the order of the file."""
    seen = rows.memory(table)
    marked = heapq.merge(((one.number, 0, one) for one in held), ((one.number, 1, one) for one in again), key=_order)
    waiting: Suspect | None = None
    for number, twice, one in marked:
        if waiting is not None and waiting.number != number:
            _explain(table, [waiting], None, log)
        if twice:
            known = waiting if waiting is not None and waiting.number == number else one
            _explain(table, [known], seen, log)
            waiting = None
        else:
            waiting = one
    if waiting is not None:
        _explain(table, [waiting], None, log)


def _order(entry: tuple[int, int, Suspect]) -> tuple[int, int]:
    return entry[0], entry[1]


def _met_again(source: Source, plan: Plan, twice: list[Codes]) -> Iterator[Suspect]:
    """Yield the rows that have a key whose code is met twice."""
    for first, part in _parts(source, plan):
        places = [
            rows_of[keys.met(codes, wanted)]
            for codes, rows_of, wanted in zip(part.codes, part.places, twice, strict=True)
        ]
        wanted = np.unique(np.concatenate(places))
        for place, row in zip(wanted.tolist(), part.taken(wanted), strict=True):
            yield Suspect(first + place, row, {}, ())


def _parts(source: Source, plan: Plan) -> Iterator[tuple[int, Part]]:
    """Yield what each block came to, with the number of its first record; in order, a few at once."""
    first = 1
    with source.blocks() as blocks, ThreadPoolExecutor(THREADS) as pool:
        for part in _in_order(pool, blocks, plan, source.first - 1):
            if first == 1 and part.records < source.first - 1:
                raise Unreadable
            yield first, part
            first += part.records


def _in_order(
    pool: ThreadPoolExecutor, blocks: Iterator[Callable[[], Block]], plan: Plan, above: int
) -> Iterator[Part]:
    waiting: deque[Future[Part]] = deque()
    ahead = 0
    for read in blocks:
        waiting.append(pool.submit(part_of, read, plan, above))
        above = 0
        while len(waiting) > ahead:
            part = waiting.popleft().result()
            ahead = 0 if len(part.suspects) > MANY else AHEAD
            yield part
            del part
    while waiting:
        yield waiting.popleft().result()
