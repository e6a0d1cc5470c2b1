"""Rows as a person looks at them: one that is too short or too long is told once, with all its cells."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from flows.validate.engine.answers import Answer, Finding
from flows.validate.engine.results import Result
from schemas.tablerules import LONG, SHORT

BLANK = "␣"
"""What stands for a blank at the start or the end of a cell, which nobody sees."""


def blanks_shown(cell: str) -> str:
    """Return a cell with a sign for each blank at its start and at its end."""
    text = cell.lstrip()
    before, text = len(cell) - len(text), text.rstrip()
    return BLANK * before + text + BLANK * (len(cell) - before - len(text))


def folded(result: Result, found: Iterable[Finding]) -> Iterator[tuple[Finding, int]]:
    """Yield the errors of a table, each with how many it stands for: one for all cells that a row lacks or has more."""
    for _, same in groupby(enumerate(found), key=_alike):
        _, one = next(same)
        places = _ragged(result, one)
        yield (_of_all(result, one, places), len(places)) if len(places) > 1 else (one, 1)


def all_by(answer: Answer) -> str:
    """Return how one sees all errors, where a face shows a part of them."""
    return f"--limit {answer.total} shows all"


def marked(result: Result, found: Finding) -> set[int]:
    """Return the positions of the cells that an error is about, those of a key among them."""
    names = [one for one in found.field.split(", ") if one in result.names]
    return {found.number, *(result.names.index(name) + 1 for name in names), *_ragged(result, found)} - {0}


def _alike(numbered: tuple[int, Finding]) -> tuple[int | None, str | int]:
    """Return the same for errors that are told as one."""
    number, one = numbered
    return (one.row, one.rule) if one.rule in (SHORT, LONG) else (None, number)


def _ragged(result: Result, one: Finding) -> range:
    """Return the positions of the cells that a row lacks, or has more than its header."""
    if one.rule == SHORT:
        return range(len(one.cells) + 1, len(result.names) + 1)
    return range(len(result.names) + 1, len(one.cells) + 1) if one.rule == LONG else range(0)


def _of_all(result: Result, one: Finding, places: range) -> Finding:
    """Return an error that is told of all those cells."""
    number = len(places)
    if one.rule == LONG:
        message = f'Row at position "{one.row}" has {number} extra values, from position "{places[0]}" on'
        return one._replace(message=message, expected="no cells here")
    fields = ", ".join(result.names[place - 1] for place in places)
    message = f'Row at position "{one.row}" has {number} missing cells, from position "{places[0]}" on'
    return one._replace(field=fields, message=one.said or message, expected=f"{number} cells here")
