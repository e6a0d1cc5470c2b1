"""Masks of texts: their length, their pattern, the format that they have."""

from collections.abc import Callable

import numpy as np
import pyarrow.compute as pc

from flows.validate.engine import cells, shapes
from flows.validate.engine.cells import Bad, Column, any_of, either
from flows.validate.engine.masks.asked import Mask, Rules, Screened
from flows.validate.engine.patterns import translated

URI = r"\A[a-zA-Z][a-zA-Z0-9+.-]*://?[^/?#\[\]\s]"
EMAIL = (
    r"\A[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@"
    r"(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,20}\z"
)
EMAIL_BYTES = 63
UUID = r"\A[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\z"
BASE64 = r"\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\z"
GEOPOINT = r"\A-?(?:[0-9]{1,2}|1[0-7][0-9])(?:\.[0-9]{1,20})?, ?-?[0-8]?[0-9](?:\.[0-9]{1,20})?\z"


def of_string(asked: Rules) -> Mask | None:
    """Return the mask of texts: of their format, length, pattern and list."""
    prove = FORMATS.get(asked.field.format, lambda _: None)
    enum = None if asked.enum is None else cells.texts([one for one in asked.enum if isinstance(one, str)])
    if asked.field.format == "wkt":
        return None
    follow = None if asked.pattern is None else _following(asked.pattern)

    def screen(column: Column) -> Screened:
        bad = either(prove(column), _length(column, asked.shortest, asked.longest))
        if follow is not None:
            bad = either(bad, follow(column))
        return (bad if enum is None else either(bad, any_of(~cells.among(column, enum)))), None

    return screen


def _length(column: Column, shortest: int | None, longest: int | None) -> Bad:
    """Return which texts have too few or too many letters: bytes decide where they can."""
    if shortest is None and longest is None:
        return None
    sizes = cells.lengths(column)
    bad = np.zeros(len(sizes), bool)
    if longest is not None:
        bad |= sizes > longest
    if shortest is not None:
        bad |= sizes < 4 * shortest if shortest > 1 else sizes < shortest
    if not bad.any():
        return None
    letters = cells.numbers(pc.utf8_length(column))
    bad = letters < (shortest or 0)
    if longest is not None:
        bad |= letters > longest
    return any_of(bad & cells.flags(column.is_valid(), empty=False))


def _shaped(pattern: str, sure: shapes.Sure | None = None) -> Callable[[Column], Bad]:
    return lambda column: any_of(~shapes.matches(column, pattern, sure))


def _following(pattern: str) -> Callable[[Column], Bad]:
    """Return what says which cells do not follow a pattern; ArrowInvalid where it is too large for RE2."""
    found = translated(pattern)
    cells.matches(cells.texts([""]), found)
    return _shaped(found, shapes.fixed(pattern))


def _email(column: Column) -> Bad:
    return either(any_of(cells.lengths(column) > EMAIL_BYTES), any_of(~shapes.matches(column, EMAIL, shapes.mail)))


FORMATS: dict[str, Callable[[Column], Bad]] = {
    "uri": _shaped(URI, shapes.uri),
    "email": _email,
    "uuid": _shaped(UUID),
    "binary": _shaped(BASE64),
}


def of_any(asked: Rules) -> Mask | None:
    """Return the mask of what may be anything, or one of a list."""
    if asked.enum is None:
        return lambda _: (None, None)
    enum = cells.texts([one for one in asked.enum if isinstance(one, str)])
    return lambda column: (any_of(~cells.among(column, enum)), None)


def of_list(asked: Rules) -> Mask | None:
    """Return the mask of lists of texts, which are whatever stands there."""
    field = asked.field
    if field.item_type != "string" or asked.shortest is not None or asked.longest is not None or not field.delimiter:
        return None
    return lambda _: (None, None)


def of_geopoint(asked: Rules) -> Mask | None:
    """Return the mask of places: two decimals, the longitude first."""
    if asked.enum is not None or asked.field.format != "default":
        return None
    return lambda column: (any_of(~cells.matches(column, GEOPOINT)), None)
