"""Masks of numbers, years and booleans: what Arrow casts as frictionless reads it."""

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.validate.engine import cells
from flows.validate.engine.cells import Bad, Column, any_of, casting, either
from flows.validate.engine.masks.asked import (
    BOUND_NAMES,
    COMPARE,
    Mask,
    Rules,
    Screened,
    fits,
    int_enum,
    outside,
    small,
)

INTEGER = r"\A-?[0-9]{1,18}\z"
NUMBER = r"\A[+-]?(?:[0-9]{1,300}(?:\.[0-9]*)?|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,3})?\z"
INTEGERS, NUMBERS, YEARS = fits(INTEGER), fits(NUMBER), fits(r"\A[0-9]{4}\z")
EXACT_BYTES = 15
"""A decimal of so many letters, without an exponent, is told from every other by the nearest float."""


def of_integer(asked: Rules) -> Mask | None:
    """Return the mask of whole numbers: those that Arrow casts, within their bounds or their list."""
    if not asked.field.bare_number or not all(map(small, asked.bounds.values())):
        return None
    enum = int_enum(asked.enum)
    if asked.enum is not None and enum is None:
        return None
    read = casting(pa.int64(), INTEGERS, b"0123456789-", b"xX")

    def screen(column: Column) -> Screened:
        values, bad = read(column)
        bad = either(bad, outside(values, asked.bounds))
        return (bad if enum is None else either(bad, any_of(~cells.among(values, enum)))), values

    return screen


def of_number(asked: Rules) -> Mask | None:
    """Return the mask of numbers: those that Arrow casts, within their bounds."""
    field = asked.field
    if not (field.bare_number and field.decimal_char):  # Arrow has no end with a letter that is none
        return None
    if asked.enum is not None or not all(map(_finite, asked.bounds.values())):
        return None
    limits = {name: float(bound) for name, bound in asked.bounds.items()}
    exact = all(len(str(bound)) <= EXACT_BYTES and "E" not in str(bound).upper() for bound in asked.bounds.values())
    plain = not {"group_char", "decimal_char"} & set(field.list_defined())
    read = casting(pa.float64(), NUMBERS, b"0123456789-+.", b"nNiIeE")

    def screen(column: Column) -> Screened:
        written, bad = (column, None) if plain else _plain_number(column, field)
        values, wrong = read(written)
        return either(either(bad, wrong), _beyond(values, limits, written if exact else None)), values

    return screen


def _finite(bound: Any) -> bool:
    return isinstance(bound, int | float | Decimal) and Decimal(bound).is_finite()


def _plain_number(column: Column, field: Any) -> tuple[Column, Bad]:
    """Return the cells with a dot for their decimal character and without their group character."""
    if field.group_char:
        column = pc.replace_substring(column, field.group_char, "")
    bad = None
    if field.decimal_char != ".":
        bad = any_of(cells.flags(pc.match_substring(column, "."), empty=False))
        column = pc.replace_substring(column, field.decimal_char, ".")
    return column, bad


def _beyond(values: Column, limits: dict[str, float], written: Column | None) -> Bad:
    """Return which floats may lie outside the limits: rounding keeps order, so one strictly within is within.

    One equal to a limit is within where both are short enough for a float to tell them apart.
    """
    if not limits:
        return None
    least, greatest = cells.extremes(values)
    ends = () if least is None else (least, greatest)
    if all(COMPARE[STRICT[name]](end, limit) for end in ends for name, limit in limits.items()):
        return None
    found = np.zeros(len(values), bool)
    numbers = cells.numbers(values)
    short = np.zeros(len(values), bool) if written is None else _short(written)
    for name, limit in limits.items():
        good = COMPARE[STRICT[name]](numbers, limit)
        if name not in STRICT.values():
            good |= (numbers == limit) & short
        found |= ~good
    return any_of(found & cells.flags(values.is_valid(), empty=False))


STRICT = {name: "exclusiveM" + name.lower().removeprefix("exclusive")[1:] for name in BOUND_NAMES}


def _short(column: Column) -> NDArray[np.bool_]:
    exponents = cells.holds(column, b"eE")
    return np.zeros(len(column), bool) if exponents else cells.lengths(column) <= EXACT_BYTES


def of_boolean(asked: Rules) -> Mask | None:
    """Return the mask of booleans: the texts that stand for a value that is allowed."""
    values = {**dict.fromkeys(asked.field.true_values, True), **dict.fromkeys(asked.field.false_values, False)}
    good = [text for text, value in values.items() if asked.enum is None or value in asked.enum]
    allowed = cells.texts(good)
    return lambda column: (any_of(~cells.among(column, allowed)), None)


def of_year(asked: Rules) -> Mask | None:
    """Return the mask of years: four digits, within their bounds or their list."""
    if not all(map(small, asked.bounds.values())):
        return None
    enum = int_enum(asked.enum)
    if asked.enum is not None and enum is None:
        return None
    read = casting(pa.int64(), YEARS, b"0123456789", b"xX-")

    def screen(column: Column) -> Screened:
        bad = any_of((cells.lengths(column) != len("2020")) & cells.flags(column.is_valid(), empty=False))
        values, wrong = read(cells.without(column, bad))
        bad = either(either(bad, wrong), outside(values, asked.bounds))
        return (bad if enum is None else either(bad, any_of(~cells.among(values, enum)))), values

    return screen
