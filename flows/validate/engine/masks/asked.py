"""What a field asks of its cells, and what masks of several types share."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from flows.validate.engine import cells, shapes
from flows.validate.engine.cells import Bad, Column, any_of

Screened = tuple[Bad, Column | None]
"""Which cells are suspect, and the values of the others where they are numbers of some kind."""
Mask = Callable[[Column], Screened]
Bounds = dict[str, Any]
"""Bounds by name, as frictionless reads them."""
BOUND_NAMES = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


class Rules(NamedTuple):
    """What a field asks of its cells, read once."""

    field: Any
    bounds: Bounds
    enum: list[Any] | None
    required: bool
    pattern: str | None
    shortest: int | None
    longest: int | None


def rules(field: Any) -> Rules:
    """Return what `field` asks; its bounds and list as values."""
    stated = {name: value for name, value in field.constraints.items() if name in field.supported_constraints}
    read = field.create_value_reader()
    enum = stated.get("enum")
    return Rules(
        field,
        {name: read(stated[name]) for name in BOUND_NAMES if stated.get(name) is not None},
        None if enum is None else [read(value) for value in enum],
        bool(stated.get("required")),
        stated.get("pattern"),
        stated.get("minLength"),
        stated.get("maxLength"),
    )


def fits(pattern: str, sure: shapes.Sure | None = None) -> cells.Fits:
    """Return what says which cells `pattern` is found in; `sure` proves some of them faster."""
    return lambda column: shapes.matches(column, pattern, sure)


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": lambda values, bound: values >= bound,
    "maximum": lambda values, bound: values <= bound,
    "exclusiveMinimum": lambda values, bound: values > bound,
    "exclusiveMaximum": lambda values, bound: values < bound,
}


def outside(values: Column, bounds: Bounds) -> Bad:
    """Return which values, as whole numbers, are not within the bounds; null is."""
    if not bounds:
        return None
    least, greatest = cells.extremes(values)
    if least is None or (_within(least, bounds) and _within(greatest, bounds)):
        return None
    found = np.zeros(len(values), bool)
    numbers = cells.numbers(values)
    for name, bound in bounds.items():
        found |= ~COMPARE[name](numbers, bound)
    return any_of(found & cells.flags(values.is_valid(), empty=False))


def _within(value: Any, bounds: Bounds) -> bool:
    return all(COMPARE[name](value, bound) for name, bound in bounds.items())


def small(value: Any) -> bool:
    """Return whether a value is a whole number that 64 bits hold with room to spare."""
    return type(value) is int and abs(value) < 1 << 62


def int_enum(values: list[Any] | None) -> Any:
    """Return a list of whole numbers as a column; None where it is none."""
    if values is None or not all(map(small, values)):
        return None
    return cells.integers(np.array(values, np.int64))
