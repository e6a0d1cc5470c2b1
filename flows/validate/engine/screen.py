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
from flows.validate.engine import keys, rows
from flows.validate.engine.blocks import Block
from flows.validate.engine.delimited import Unreadable
from flows.validate.engine.faults import RowLog, record
from flows.validate.engine.keys import Codes, Repeats
from flows.validate.engine.parts import Part, Plan, keys_of, part_of
from flows.validate.engine.rows import Suspect, Table

THREADS = 2
AHEAD = 3
"""Blocks that are read before the first of them is done."""
MANY = 5000
"""Bad rows of a block from which on none is read ahead, for they take room."""
Work = Callable[..., Part]
"""What is made of a block, given what reads it and how many of its records are no rows."""


class Source(NamedTuple):
    """Records in blocks."""

    blocks: Callable[[], AbstractContextManager[Iterator[Callable[[], Block]]]]
    """Opens the source; yields what reads each block, on whatever thread."""
    first: int
    """The number of the first record that is a row."""


class Outcome(NamedTuple):
    """What a file came to."""

    log: RowLog
    rows: int
    read: int


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
    log, repeats = RowLog(), [Repeats() for _ in plan.wanted]
    count = read = 0
    for first, part in _parts(source, partial(part_of, plan=plan)):
        count, read = count + part.rows, read + part.read
        for repeat, codes in zip(repeats, part.codes, strict=True):
            repeat.add(codes)
        log.extend((place + first, cells, faults) for place, cells, faults in part.wrong)
        del part  # before the next block is read
    twice = [repeat.found() for repeat in repeats]
    if any(map(len, twice)):
        log = _with_repeats(plan.table, log, _met_again(source, plan, twice))
    return Outcome(log, count, read)


def _with_repeats(table: Table, log: RowLog, again: Iterator[Suspect]) -> RowLog:
    """Return the errors in `log` and those of the rows whose key is met again, in the order of the file."""
    found = RowLog()
    found.extend(_in_turn(table, iter(log), again))
    return found


def _in_turn(table: Table, wrong: Iterator[Any], again: Iterator[Suspect]) -> Iterator[Any]:
    seen, waiting = rows.memory(table), next(wrong, None)
    for suspect in again:
        while waiting is not None and waiting[0] < suspect.number:
            yield waiting
            waiting = next(wrong, None)
        if waiting is not None and waiting[0] == suspect.number:
            faults = rows.judged(table, Suspect(suspect.number, suspect.cells), seen)
            waiting = next(wrong, None)
        else:
            faults = rows.judged(table, suspect, seen)
        if faults:
            yield record(rows.told(suspect.number, suspect.cells, faults))
    if waiting is not None:
        yield waiting
    yield from wrong


def _met_again(source: Source, plan: Plan, twice: list[Codes]) -> Iterator[Suspect]:
    """Yield the rows that have a key whose code is met twice, as if nothing else were wrong with them."""
    for first, part in _parts(source, partial(keys_of, plan=plan)):
        places = [
            rows_of[keys.met(codes, wanted)]
            for codes, rows_of, wanted in zip(part.codes, part.places, twice, strict=True)
        ]
        wanted = np.unique(np.concatenate(places))
        for place, row in zip(wanted.tolist(), part.taken(wanted), strict=True):
            yield Suspect(first + place, row, {}, ())


def _parts(source: Source, work: Work) -> Iterator[tuple[int, Part]]:
    """Yield what each block came to, with the number of its first record; in order, a few at once."""
    first = 1
    with source.blocks() as blocks, ThreadPoolExecutor(THREADS) as pool:
        for part in _in_order(pool, blocks, work, source.first - 1):
            if first == 1 and part.records < source.first - 1:
                raise Unreadable
            records = part.records
            yield first, part
            del part
            first += records


def _in_order(
    pool: ThreadPoolExecutor, blocks: Iterator[Callable[[], Block]], work: Work, above: int
) -> Iterator[Part]:
    waiting: deque[Future[Part]] = deque()
    ahead = 0
    for read in blocks:
        waiting.append(pool.submit(work, read, above=above))
        above = 0
        while len(waiting) > ahead:
            part = waiting.popleft().result()
            ahead = 0 if len(part.wrong) > MANY else AHEAD
            yield part
            del part
    while waiting:
        yield waiting.popleft().result()
