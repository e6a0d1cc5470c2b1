"""A mask for each type: which cells of a column are proven good.

A mask may suspect a good cell, never pass a bad one: each proves a part of what frictionless takes, the part that
files are full of. A field that has no mask here is read by frictionless, each distinct value once.
"""

from collections.abc import Callable
from typing import Any

from flows.validate.engine import cells
from flows.validate.engine.cells import Column, either
from flows.validate.engine.masks import numbers, texts, times
from flows.validate.engine.masks.asked import Mask, Rules, Screened, rules
from flows.validate.engine.patterns import PatternRefused

MASKS: dict[str, Callable[[Rules], Mask | None]] = {
    "any": texts.of_any,
    "boolean": numbers.of_boolean,
    "date": times.of_date,
    "datetime": times.of_datetime,
    "duration": times.of_duration,
    "geopoint": texts.of_geopoint,
    "integer": numbers.of_integer,
    "list": texts.of_list,
    "number": numbers.of_number,
    "string": texts.of_string,
    "time": times.of_time,
    "year": numbers.of_year,
    "yearmonth": times.of_yearmonth,
}


def mask(field: Any) -> Mask | None:
    """Return the mask of `field`, or None where frictionless has to read its cells."""
    make = MASKS.get(field.type)
    try:
        asked = rules(field)
        screen = make(asked) if make else None
    except (PatternRefused, ArithmeticError, TypeError, ValueError):
        return None
    if screen is None:
        return None
    return _required(screen) if asked.required else screen


def _required(screen: Mask) -> Mask:
    def with_nulls(column: Column) -> Screened:
        bad, values = screen(column)
        return either(bad, cells.nulls(column)), values

    return with_nulls
